//! Modules of inner machines: one for each distinct blob.

use std::collections::{BTreeMap, VecDeque};

use jambox_engine::{EngineErrorKind, Module};
use jambox_program::ProgramBlob;
use jambox_types::Hash;

use crate::{Env, HostError, Stop};

/// Modules by the hash of their blob. Modules in use stay; idle modules leave oldest first.
pub(crate) struct CodeCache {
    modules: BTreeMap<Hash, Code>,
    /// Blobs that became idle and have not been examined since, oldest first.
    queue: VecDeque<Hash>,
    /// Octets of idle blobs, and the largest number kept.
    idle_octets: usize,
    idle_limit: usize,
    used_octets: usize,
}

/// Reason for refusing a blob.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum NoModule {
    /// The octets are no program blob.
    NoProgram,
    /// The revision does not run the program.
    NotValid,
}

impl Default for CodeCache {
    fn default() -> Self {
        Self {
            modules: BTreeMap::new(),
            queue: VecDeque::new(),
            idle_octets: 0,
            idle_limit: 16 << 20,
            used_octets: 0,
        }
    }
}

struct Code {
    module: Module,
    octets: usize,
    users: usize,
    is_queued: bool,
}

impl CodeCache {
    /// The module of a blob, counted as used once more, and the hash by which it is released.
    pub(crate) fn acquire(
        &mut self,
        env: &Env,
        blob: &[u8],
    ) -> Result<Result<(Hash, Module), NoModule>, Stop> {
        let hash = Hash::blake2b(blob);
        if !self.modules.contains_key(&hash) {
            let Ok(program) = ProgramBlob::parse(blob) else {
                return Ok(Err(NoModule::NoProgram));
            };
            let module = match Module::new(env.engine(), program) {
                Ok(module) => module,
                Err(error) => match error.kind() {
                    EngineErrorKind::InvalidProgram { .. } => return Ok(Err(NoModule::NotValid)),
                    _ => return Err(error.into()),
                },
            };
            let octets = blob.len();
            self.idle_octets = self.idle_octets.saturating_add(octets);
            self.modules.insert(hash, Code { module, octets, users: 0, is_queued: false });
        }
        let Some(code) = self.modules.get_mut(&hash) else {
            return Ok(Err(NoModule::NoProgram));
        };
        if code.users == 0 {
            self.idle_octets = self.idle_octets.saturating_sub(code.octets);
            self.used_octets = self.used_octets.saturating_add(code.octets);
        }
        code.users = code.users.saturating_add(1);
        let module = code.module.clone();
        let limit = env.limits().inner_code;
        if self.used_octets > limit {
            return Err(HostError::TooMuchInnerCode(limit).into());
        }
        Ok(Ok((hash, module)))
    }

    /// Removes one user of the module named `hash`.
    pub(crate) fn release(&mut self, hash: &Hash) {
        let Some(code) = self.modules.get_mut(hash) else { return };
        code.users = code.users.saturating_sub(1);
        if code.users > 0 {
            return;
        }
        self.used_octets = self.used_octets.saturating_sub(code.octets);
        self.idle_octets = self.idle_octets.saturating_add(code.octets);
        if !code.is_queued {
            code.is_queued = true;
            self.queue.push_back(*hash);
        }
        self.shrink();
    }

    fn shrink(&mut self) {
        while self.idle_octets > self.idle_limit {
            let Some(hash) = self.queue.pop_front() else { return };
            let Some(code) = self.modules.get_mut(&hash) else { continue };
            code.is_queued = false;
            if code.users == 0 {
                self.idle_octets = self.idle_octets.saturating_sub(code.octets);
                self.modules.remove(&hash);
            }
        }
    }
}

#[cfg(test)]
mod tests {
    use jambox_types::Protocol;

    use super::*;
    use crate::Limits;

    /// A blob with `code` octets of code, 3 octets of lengths and an eighth of the code for the
    /// bitmask.
    fn blob(code: u8) -> Vec<u8> {
        let octets = usize::from(code);
        [vec![0, 0, code], vec![0; octets], vec![0; octets.div_ceil(8)]].concat()
    }

    #[test]
    fn idle_code_leaves_and_code_in_use_stays() {
        let env = Env::new(Protocol::new(
            jambox_types::Revision::GrayPaper072,
            jambox_types::Parameters::FULL,
        ))
        .unwrap();
        let mut cache = CodeCache { idle_limit: 150, ..CodeCache::default() };
        let acquire =
            |cache: &mut CodeCache, code| cache.acquire(&env, &blob(code)).unwrap().unwrap().0;
        // 3 + 80 + 10 and 3 + 88 + 11 octets: together above the limit.
        let (first, second) = (acquire(&mut cache, 80), acquire(&mut cache, 88));
        assert_eq!((cache.modules.len(), cache.used_octets), (2, 195));
        cache.release(&first);
        assert_eq!((cache.modules.len(), cache.idle_octets, cache.used_octets), (2, 93, 102));
        // In use again, it is not idle and stays.
        assert_eq!(acquire(&mut cache, 80), first);
        cache.release(&second);
        assert_eq!((cache.modules.len(), cache.idle_octets, cache.used_octets), (2, 102, 93));
        cache.release(&first);
        assert_eq!((cache.idle_octets, cache.used_octets), (102, 0));
        assert!(cache.modules.contains_key(&second));
        // Repeated use does not fill the queue.
        for _ in 0..100 {
            let again = acquire(&mut cache, 88);
            cache.release(&again);
        }
        assert_eq!((cache.modules.len(), cache.queue.len()), (1, 1));
    }

    #[test]
    fn code_in_use_is_limited() {
        let limits = Limits { inner_code: 100, ..Limits::default() };
        let env = Env::new(Protocol::new(
            jambox_types::Revision::GrayPaper072,
            jambox_types::Parameters::FULL,
        ))
        .unwrap()
        .with_limits(limits);
        let mut cache = CodeCache::default();
        for _ in 0..1000 {
            cache.acquire(&env, &blob(16)).unwrap().unwrap();
        }
        let refused = cache.acquire(&env, &blob(80)).map(|_| ());
        assert!(matches!(refused, Err(Stop::Host(HostError::TooMuchInnerCode(100)))));
        assert!(cache.acquire(&env, b"no blob").unwrap().is_err());
    }
}
