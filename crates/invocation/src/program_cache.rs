//! Prepared programs by the hash of their code: one cache for all threads and environments of the
//! process, in which each configuration of an engine has a part with limits of its own.

use std::collections::BTreeMap;
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};

use jambox_engine::{CacheLimits, Config, Engine, EngineError, EngineErrorKind, StandardModule};
use jambox_program::StandardProgram;
use jambox_types::Hash;

use crate::failure::Cause;

/// A prepared standard program, with the octets it was made of.
pub(crate) struct Program {
    pub(crate) ready: StandardModule,
    octets: Box<[u8]>,
}

/// Programs by the hash of their code. The least recently used leave first.
pub(crate) struct ProgramCache {
    parts: Mutex<BTreeMap<Config, Entries>>,
}

/// Programs for engines of one configuration.
#[derive(Default)]
struct Entries {
    programs: BTreeMap<Hash, Entry>,
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
    const fn new() -> Self {
        Self { parts: Mutex::new(BTreeMap::new()) }
    }

    /// The cache of the process.
    pub(crate) fn of_process() -> &'static Self {
        static CACHE: ProgramCache = ProgramCache::new();
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
        let config = engine.config();
        if let Some(program) = self.lock().entry(config).or_default().get(&code_hash, octets) {
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
        let mut parts = self.lock();
        let entries = parts.entry(config).or_default();
        // Another thread may have prepared it in the meantime.
        if let Some(program) = entries.get(&code_hash, octets) {
            return Ok(Ok(program));
        }
        entries.insert(code_hash, &program);
        entries.shrink(config.cache);
        Ok(Ok(program))
    }

    /// Records the size of a program's native code. To be called after a run of the program.
    pub(crate) fn settle(&self, engine: &Engine, code_hash: Hash) {
        let config = engine.config();
        let mut parts = self.lock();
        let Some(entries) = parts.get_mut(&config) else { return };
        let Entries { programs, native_octets, .. } = &mut *entries;
        let Some(entry) = programs.get_mut(&code_hash) else { return };
        let now = entry.program.ready.module().native_octets();
        *native_octets = native_octets.saturating_sub(entry.native_octets).saturating_add(now);
        entry.native_octets = now;
        entries.shrink(config.cache);
    }

    fn lock(&self) -> MutexGuard<'_, BTreeMap<Config, Entries>> {
        self.parts.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

impl Entries {
    fn get(&mut self, key: &Hash, octets: &[u8]) -> Option<Arc<Program>> {
        let entry = self.programs.get_mut(key)?;
        if *entry.program.octets != *octets {
            return None;
        }
        self.clock = self.clock.saturating_add(1);
        entry.used = self.clock;
        Some(Arc::clone(&entry.program))
    }

    fn insert(&mut self, key: Hash, program: &Arc<Program>) {
        self.remove(&key);
        self.clock = self.clock.saturating_add(1);
        self.octets = self.octets.saturating_add(program.octets.len());
        let entry = Entry { program: Arc::clone(program), used: self.clock, native_octets: 0 };
        self.programs.insert(key, entry);
    }

    fn remove(&mut self, key: &Hash) {
        if let Some(entry) = self.programs.remove(key) {
            self.octets = self.octets.saturating_sub(entry.program.octets.len());
            self.native_octets = self.native_octets.saturating_sub(entry.native_octets);
        }
    }

    fn shrink(&mut self, limits: CacheLimits) {
        while self.octets > limits.programs || self.native_octets > limits.code {
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

    fn engine(backend: Backend, cache: CacheLimits) -> Engine {
        let revision = jambox_engine::Revision::GrayPaper072;
        let config = Config::default().with_revision(revision).with_backend(backend);
        Engine::new(config.with_cache(cache)).unwrap()
    }

    /// A program of 100 equal octets of read-only data, and one instruction, a trap.
    fn octets(data: u8) -> Vec<u8> {
        StandardProgram::new([data; 100], [], 0, 0, [0, 0, 1, 0, 1]).unwrap().encode()
    }

    fn limits(programs: usize) -> CacheLimits {
        CacheLimits { programs, code: 1 << 20 }
    }

    fn take(cache: &ProgramCache, engine: &Engine, data: u8) -> Arc<Program> {
        cache.program(engine, Hash([data; 32]), &octets(data)).unwrap().unwrap()
    }

    /// Number of programs, their octets, and those of their native code.
    fn sizes(cache: &ProgramCache, engine: &Engine) -> (usize, usize, usize) {
        let parts = cache.lock();
        let entries = parts.get(&engine.config()).expect("it was used");
        (entries.programs.len(), entries.octets, entries.native_octets)
    }

    #[test]
    fn what_was_used_longest_ago_leaves_first() {
        let engine = engine(Backend::default(), limits(3 * octets(0).len()));
        let cache = ProgramCache::new();
        let first = take(&cache, &engine, 1);
        let second = take(&cache, &engine, 2);
        take(&cache, &engine, 3);
        assert!(Arc::ptr_eq(&first, &take(&cache, &engine, 1)));
        take(&cache, &engine, 4);
        assert_eq!(sizes(&cache, &engine).0, 3);
        assert!(Arc::ptr_eq(&first, &take(&cache, &engine, 1)));
        assert!(!Arc::ptr_eq(&second, &take(&cache, &engine, 2)));
        assert_eq!(sizes(&cache, &engine).1, 3 * octets(0).len());
    }

    #[test]
    fn a_program_larger_than_all_is_not_kept() {
        let engine = engine(Backend::default(), limits(octets(0).len() - 1));
        let cache = ProgramCache::new();
        take(&cache, &engine, 1);
        assert_eq!(sizes(&cache, &engine), (0, 0, 0));
    }

    #[test]
    fn native_code_counts_too() {
        let engine = engine(Backend::default(), CacheLimits { programs: 1 << 20, code: 0 });
        let cache = ProgramCache::new();
        let program = take(&cache, &engine, 1);
        cache.settle(&engine, Hash([1; 32]));
        assert_eq!(sizes(&cache, &engine).0, 1, "it has no code yet");
        let mut instance = Instance::new(program.ready.module()).unwrap();
        instance.set_gas(10);
        assert_eq!(instance.run(), Exit::Panic);
        cache.settle(&engine, Hash([1; 32]));
        let is_native = program.ready.module().native_octets() > 0;
        let kept = sizes(&cache, &engine);
        assert_eq!((kept.0, kept.2), (usize::from(!is_native), 0));
    }

    #[test]
    fn threads_share_and_engines_do_not() {
        let engines =
            [Backend::default(), Backend::Interpreter].map(|it| engine(it, limits(1 << 20)));
        let cache = ProgramCache::new();
        let programs: Vec<_> = std::thread::scope(|scope| {
            let (cache, engines) = (&cache, &engines);
            let threads: Vec<_> =
                (0..8).map(|it| scope.spawn(move || take(cache, &engines[it % 2], 1))).collect();
            threads.into_iter().map(|it| it.join().unwrap()).collect()
        });
        assert!(engines.iter().all(|engine| sizes(&cache, engine).0 == 1));
        for (index, program) in programs.iter().enumerate() {
            assert!(Arc::ptr_eq(program, &programs[index % 2]));
        }
        assert!(!Arc::ptr_eq(&programs[0], &programs[1]));
    }

    #[test]
    fn engines_have_limits_of_their_own() {
        let [small, large] = [1, 3].map(|programs| limits(programs * octets(0).len()));
        let [small, large] = [small, large].map(|it| engine(Backend::default(), it));
        let cache = ProgramCache::new();
        for data in 0..5 {
            take(&cache, &small, data);
            take(&cache, &large, data);
        }
        assert_eq!((sizes(&cache, &small).0, sizes(&cache, &large).0), (1, 3));
    }

    #[test]
    fn a_wrong_hash_does_not_lead_to_another_program() {
        let engine = engine(Backend::default(), limits(1 << 20));
        let cache = ProgramCache::new();
        let hash = Hash([1; 32]);
        let first = cache.program(&engine, hash, &octets(1)).unwrap().unwrap();
        let second = cache.program(&engine, hash, &octets(2)).unwrap().unwrap();
        assert!(first.ready.program() != second.ready.program());
        assert_eq!(sizes(&cache, &engine), (1, octets(0).len(), 0));
        assert!(cache.program(&engine, hash, &[1, 2, 3]).unwrap().is_err());
    }
}
