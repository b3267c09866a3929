//! Prepared programs by the hash of their code: one cache for all threads and environments of the
//! process.

use std::collections::BTreeMap;
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};

use jambox_engine::{Config, Engine, EngineError, EngineErrorKind, StandardModule};
use jambox_program::StandardProgram;
use jambox_types::Hash;

use crate::failure::Cause;

/// Limits of the cache.
#[derive(Clone, Copy, Debug)]
struct Limits {
    /// Octets of programs. The interpreter's decoded form is a fixed multiple.
    programs: usize,
    /// Octets of native code.
    native: usize,
}

/// The process's limits. Native code of running modules is not counted; no module has more than 64
/// MiB of it.
const LIMITS: Limits = Limits { programs: 16 << 20, native: 256 << 20 };

/// A prepared standard program, with the octets it was made of.
pub(crate) struct Program {
    pub(crate) ready: StandardModule,
    octets: Box<[u8]>,
}

/// A code hash, and the engine configuration of the prepared program.
type Key = (Hash, Config);

/// Programs by the hash of their code. The least recently used leave first.
pub(crate) struct ProgramCache {
    limits: Limits,
    entries: Mutex<Entries>,
}

#[derive(Default)]
struct Entries {
    programs: BTreeMap<Key, Entry>,
    /// Number of uses so far.
    clock: u64,
    octets: usize,
    native_octets: usize,
}

struct Entry {
    program: Arc<Program>,
    used: u64,
    /// Octets of native code at the last count.
    native_octets: usize,
}

impl ProgramCache {
    const fn new(limits: Limits) -> Self {
        let programs = BTreeMap::new();
        let entries = Entries { programs, clock: 0, octets: 0, native_octets: 0 };
        Self { limits, entries: Mutex::new(entries) }
    }

    /// The cache of the process.
    pub(crate) fn of_process() -> &'static Self {
        static CACHE: ProgramCache = ProgramCache::new(LIMITS);
        &CACHE
    }

    /// The standard program in `octets`, prepared for an engine. The inner error is for octets that
    /// are no standard program, or a program that the revision does not run.
    ///
    /// `code_hash` is only the key of the search: the octets found are compared with `octets`.
    pub(crate) fn program(
        &self,
        engine: &Engine,
        code_hash: Hash,
        octets: &[u8],
    ) -> Result<Result<Arc<Program>, Cause>, EngineError> {
        let key = (code_hash, engine.config());
        if let Some(program) = self.lock().get(&key, octets) {
            return Ok(Ok(program));
        }
        let standard = match StandardProgram::parse(octets) {
            Ok(standard) => standard,
            Err(error) => return Ok(Err(Cause::NotAProgram(error))),
        };
        let ready = match StandardModule::new(engine, standard).map_err(EngineError::into_kind) {
            Ok(ready) => ready,
            Err(EngineErrorKind::Malformed(error)) => return Ok(Err(Cause::NotAProgram(error))),
            Err(EngineErrorKind::InvalidProgram { reason, .. }) => {
                return Ok(Err(Cause::InvalidProgram(reason)));
            }
            Err(other) => return Err(other.into()),
        };
        let program = Arc::new(Program { ready, octets: octets.into() });
        let mut entries = self.lock();
        // Another thread may have prepared it in the meantime.
        if let Some(program) = entries.get(&key, octets) {
            return Ok(Ok(program));
        }
        entries.insert(key, &program);
        entries.shrink(self.limits);
        Ok(Ok(program))
    }

    /// Records the size of a program's native code. To be called after a run of the program.
    pub(crate) fn settle(&self, engine: &Engine, code_hash: Hash) {
        let key = (code_hash, engine.config());
        let mut entries = self.lock();
        let Entries { programs, native_octets, .. } = &mut *entries;
        let Some(entry) = programs.get_mut(&key) else { return };
        let now = entry.program.ready.module().native_octets();
        *native_octets = native_octets.saturating_sub(entry.native_octets).saturating_add(now);
        entry.native_octets = now;
        entries.shrink(self.limits);
    }

    fn lock(&self) -> MutexGuard<'_, Entries> {
        self.entries.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

impl Entries {
    fn get(&mut self, key: &Key, octets: &[u8]) -> Option<Arc<Program>> {
        let entry = self.programs.get_mut(key)?;
        if *entry.program.octets != *octets {
            return None;
        }
        self.clock = self.clock.saturating_add(1);
        entry.used = self.clock;
        Some(Arc::clone(&entry.program))
    }

    fn insert(&mut self, key: Key, program: &Arc<Program>) {
        self.remove(&key);
        self.clock = self.clock.saturating_add(1);
        self.octets = self.octets.saturating_add(program.octets.len());
        let entry = Entry { program: Arc::clone(program), used: self.clock, native_octets: 0 };
        self.programs.insert(key, entry);
    }

    fn remove(&mut self, key: &Key) {
        if let Some(entry) = self.programs.remove(key) {
            self.octets = self.octets.saturating_sub(entry.program.octets.len());
            self.native_octets = self.native_octets.saturating_sub(entry.native_octets);
        }
    }

    fn shrink(&mut self, limits: Limits) {
        while self.octets > limits.programs || self.native_octets > limits.native {
            let oldest = self.programs.iter().min_by_key(|(_, entry)| entry.used);
            let Some(key) = oldest.map(|(key, _)| *key) else { return };
            self.remove(&key);
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use jambox_engine::{Backend, Exit, Instance};

    fn engine(backend: Backend) -> Engine {
        Engine::new(Config { backend, revision: jambox_engine::Revision::GrayPaper072 }).unwrap()
    }

    /// A program of 100 equal octets of read-only data, and one instruction, a trap.
    fn octets(data: u8) -> Vec<u8> {
        StandardProgram::new([data; 100], [], 0, 0, [0, 0, 1, 0, 1]).unwrap().encode()
    }

    fn limits(programs: usize) -> Limits {
        Limits { programs, native: 1 << 20 }
    }

    fn take(cache: &ProgramCache, engine: &Engine, data: u8) -> Arc<Program> {
        cache.program(engine, Hash([data; 32]), &octets(data)).unwrap().unwrap()
    }

    fn count(cache: &ProgramCache) -> usize {
        cache.lock().programs.len()
    }

    #[test]
    fn what_was_used_longest_ago_leaves_first() {
        let engine = engine(Backend::default());
        let cache = ProgramCache::new(limits(3 * octets(0).len()));
        let first = take(&cache, &engine, 1);
        let second = take(&cache, &engine, 2);
        take(&cache, &engine, 3);
        assert!(Arc::ptr_eq(&first, &take(&cache, &engine, 1)));
        take(&cache, &engine, 4);
        assert_eq!(count(&cache), 3);
        assert!(Arc::ptr_eq(&first, &take(&cache, &engine, 1)));
        assert!(!Arc::ptr_eq(&second, &take(&cache, &engine, 2)));
        assert_eq!(cache.lock().octets, 3 * octets(0).len());
    }

    #[test]
    fn a_program_larger_than_all_is_not_kept() {
        let engine = engine(Backend::default());
        let cache = ProgramCache::new(limits(octets(0).len() - 1));
        take(&cache, &engine, 1);
        assert_eq!((count(&cache), cache.lock().octets), (0, 0));
    }

    #[test]
    fn native_code_counts_too() {
        let engine = engine(Backend::default());
        let cache = ProgramCache::new(Limits { programs: 1 << 20, native: 0 });
        let program = take(&cache, &engine, 1);
        cache.settle(&engine, Hash([1; 32]));
        assert_eq!(count(&cache), 1, "it has no code yet");
        let mut instance = Instance::new(program.ready.module()).unwrap();
        instance.set_gas(10);
        assert_eq!(instance.run(), Exit::Panic);
        cache.settle(&engine, Hash([1; 32]));
        let is_native = program.ready.module().native_octets() > 0;
        assert_eq!(count(&cache), usize::from(!is_native));
        assert_eq!(cache.lock().native_octets, 0);
    }

    #[test]
    fn threads_share_and_engines_do_not() {
        let engines = [engine(Backend::default()), engine(Backend::Interpreter)];
        let cache = ProgramCache::new(limits(1 << 20));
        let programs: Vec<_> = std::thread::scope(|scope| {
            let (cache, engines) = (&cache, &engines);
            let threads: Vec<_> =
                (0..8).map(|it| scope.spawn(move || take(cache, &engines[it % 2], 1))).collect();
            threads.into_iter().map(|it| it.join().unwrap()).collect()
        });
        assert_eq!(count(&cache), 2);
        for (index, program) in programs.iter().enumerate() {
            assert!(Arc::ptr_eq(program, &programs[index % 2]));
        }
        assert!(!Arc::ptr_eq(&programs[0], &programs[1]));
    }

    #[test]
    fn a_wrong_hash_does_not_lead_to_another_program() {
        let engine = engine(Backend::default());
        let cache = ProgramCache::new(limits(1 << 20));
        let hash = Hash([1; 32]);
        let first = cache.program(&engine, hash, &octets(1)).unwrap().unwrap();
        let second = cache.program(&engine, hash, &octets(2)).unwrap().unwrap();
        assert!(first.ready.program() != second.ready.program());
        assert_eq!((count(&cache), cache.lock().octets), (1, octets(0).len()));
        assert!(cache.program(&engine, hash, &[1, 2, 3]).unwrap().is_err());
    }
}
