//! Chains that begin with the state of others: forks of a state file, or of a chain on disk.

use std::collections::BTreeMap;
use std::fs::File;
use std::io::Read;
use std::path::Path;
use std::sync::Arc;

use jambox_chain::block::read_accumulation;
use jambox_package::{Disk, Snapshot, load_state};
use jambox_sdk::types::{Hash, ServiceId, TimeSlot};
use jambox_state::{Component, Meaning, StateError, Values};
use jambox_store::FileState;

use crate::Chain;
use crate::chain::History;

impl Chain {
    /// Continues from a state file or a chain on disk (`chain.redb`): with its services, their
    /// storage, and its entropy, in the slot after its last. This chain's own services are gone;
    /// the file stays unchanged. Needs the feature `load`.
    ///
    /// Services run as their blobs, on the engine; [`Chain::upgrade`] replaces the code of one.
    ///
    /// # Panics
    ///
    /// When the file cannot be read, or is of another revision or other parameters than this chain.
    pub fn load(&mut self, path: impl AsRef<Path>) {
        let path = path.as_ref();
        let loaded = match is_store(path) {
            true => self.load_store(path).map_err(|error| error.to_string()),
            false => self.load_file(path),
        };
        loaded.unwrap_or_else(|error| panic!("{}: {error}", path.display()));
        self.install_authorizer();
    }

    fn load_file(&mut self, path: &Path) -> Result<(), String> {
        let loaded = load_state(&Disk, path, &self.protocol).map_err(|invalid| {
            let problems = invalid.problems.iter().map(|problem| problem.kind.to_string());
            problems.collect::<Vec<_>>().join("; ")
        });
        let Snapshot { slot, entropy, state, .. } = loaded?;
        (self.state, self.entropy) = (state, entropy);
        (self.history, self.stored, self.exports) = (None, None, BTreeMap::new());
        self.begin_after(slot);
        Ok(())
    }

    fn load_store(&mut self, path: &Path) -> Result<(), StateError> {
        let state = Arc::new(FileState::open(path)?);
        state.expect(Some(self.protocol.revision), Some(&self.protocol.parameters))?;
        let begun = read_accumulation(&state, &self.protocol)?;
        let [entropy, ..]: [Hash; 4] = Component::Entropy.read(&*state, &self.protocol)?;
        let (slot, ready, accumulated) = (begun.slot, begun.ready, begun.accumulated);
        (self.state, self.entropy) = (begun.state, entropy);
        self.history = Some(History { slot, ready, accumulated });
        (self.stored, self.exports) = (Some(state), BTreeMap::new());
        self.begin_after(slot);
        Ok(())
    }

    fn begin_after(&mut self, slot: TimeSlot) {
        self.slot = jambox_chain::next_slot(slot).expect("there is a slot after the file's");
    }

    /// Entries of a service's storage in the chain that this one began from.
    pub(crate) fn stored_in(
        state: &FileState,
        service: ServiceId,
    ) -> Result<BTreeMap<Vec<u8>, Vec<u8>>, StateError> {
        let mut found = BTreeMap::new();
        for key in state.entries_of(service)? {
            if let Some(Meaning::Storage(_, name)) = state.meaning(&key)?
                && let Some(value) = state.value(&key)?
            {
                found.insert(name.to_vec(), value.to_vec());
            }
        }
        Ok(found)
    }
}

fn is_store(path: &Path) -> bool {
    let mut head = Vec::new();
    let read = File::open(path).and_then(|file| file.take(16).read_to_end(&mut head));
    read.is_ok() && FileState::is_begun_by(&head)
}
