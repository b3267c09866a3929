//! The state after a block, in memory.

use std::sync::Arc;

use imbl::OrdMap;
use jambox_state::trie::pages::{self, MemoryPage, MemoryPages, Root};
use jambox_state::{Changes, Meaning, StateError, StateKey};
use jambox_types::Hash;

use crate::held::Held;
use crate::origin::Origin;

/// A whole state with its root. A clone costs O(1), and states share their common parts.
///
/// The root of a fork is not the root of a trie of the whole state, which nobody here knows: it is
/// the BLAKE2b hash of the root that the fork began with and of the root of a trie of the changes
/// since. In that trie, a value has an octet 1 before it, and a removed one is an octet 0.
#[derive(Clone, Debug)]
pub struct World {
    /// The values.
    pub values: Arc<Held>,
    /// The root.
    pub root: Hash,
    /// Meanings of hashed keys, of those that were seen being written.
    pub meanings: OrdMap<[u8; 31], Meaning>,
    trie: Option<Root<MemoryPage>>,
}

impl World {
    /// A state of these values.
    ///
    /// # Errors
    ///
    /// As [`World::after`].
    pub fn new(changes: &Changes) -> Result<Self, StateError> {
        let empty =
            Self { values: Arc::default(), root: Hash::ZERO, meanings: OrdMap::new(), trie: None };
        empty.after(changes)
    }

    /// The state that a chain begins with: these values, over another node's in a fork.
    ///
    /// # Errors
    ///
    /// As [`World::after`].
    pub fn beginning(changes: &Changes, origin: Option<Arc<Origin>>) -> Result<Self, StateError> {
        match origin {
            Some(origin) => Self::forked(changes, origin),
            None => Self::new(changes),
        }
    }

    /// The state that is elsewhere, with these components of it.
    ///
    /// # Errors
    ///
    /// As [`World::after`].
    pub fn forked(components: &Changes, origin: Arc<Origin>) -> Result<Self, StateError> {
        let root = origin.root;
        let mut values = Held::over(origin);
        values.change(components)?;
        Ok(Self { values: Arc::new(values), root, meanings: OrdMap::new(), trie: None })
    }

    /// The state after changes.
    ///
    /// # Errors
    ///
    /// The state is a fork, and the state it was forked from cannot be read.
    pub fn after(&self, changes: &Changes) -> Result<Self, StateError> {
        let mut after = self.clone();
        Arc::make_mut(&mut after.values).change(changes)?;
        for (key, change) in changes.iter() {
            let meaning = change.meaning.as_ref().filter(|meaning| meaning.is_hashed());
            if let (Some(meaning), Some(_)) = (meaning, &change.value) {
                after.meanings.insert(key.0, meaning.clone());
            }
        }
        let origin = self.values.origin();
        let leaves = changes.iter().map(|(key, change)| {
            let value = change.value.as_deref();
            let leaf = match origin {
                None => value.map(|value| pages::leaf_hash(key, value)),
                Some(_) => Some(pages::leaf_hash(key, &told(value))),
            };
            (*key, leaf.map(|leaf| (leaf, ())))
        });
        let Ok(trie) = pages::update(&mut MemoryPages, self.trie.as_ref(), leaves);
        after.root = match origin {
            None => trie.hash,
            Some(origin) => Hash::blake2b(&[origin.root.0, trie.hash.0].concat()),
        };
        after.trie = Some(trie);
        Ok(after)
    }

    /// The meaning of a key, if it tells by itself or was seen being written, or read elsewhere.
    #[must_use]
    pub fn meaning(&self, key: &StateKey) -> Option<Meaning> {
        let written = || self.meanings.get(&key.0).cloned();
        let read = || self.values.origin()?.meaning(key);
        Meaning::of(key).or_else(written).or_else(read)
    }
}

/// A change in the trie of a fork's changes.
fn told(value: Option<&[u8]>) -> Vec<u8> {
    match value {
        Some(value) => [&[1], value].concat(),
        None => vec![0],
    }
}
