//! Stores: a state that lasts from block to block.

use std::fmt::Debug;
use std::sync::Arc;

use jambox_types::Hash;

use crate::trie::pages::{self, MemoryPage, MemoryPages, Root};
use crate::{Changes, KeyedBase, StateError, Values};

/// Keeps a state, its root along with it.
///
/// # Errors
///
/// Every method fails with [`StateError::Store`] when the store cannot be read or written.
pub trait Store: Debug {
    /// The state as it is read.
    type State: Values + 'static;

    /// The state as it was last committed; later commits do not change it under its holder, and
    /// its holder keeps no commit waiting.
    fn state(&self) -> Result<Arc<Self::State>, StateError>;

    /// Makes changes, all or none of them, and gives the root of the state with them.
    fn commit(&mut self, changes: &Changes) -> Result<Hash, StateError>;

    /// The root of the state as it was last committed.
    fn root(&self) -> Result<Hash, StateError>;
}

/// A state in memory, which is gone with its process.
#[derive(Clone, Debug, Default)]
pub struct MemoryStore {
    values: KeyedBase,
    trie: Option<Root<MemoryPage>>,
}

impl Store for MemoryStore {
    type State = KeyedBase;

    fn state(&self) -> Result<Arc<KeyedBase>, StateError> {
        Ok(Arc::new(self.values.clone()))
    }

    fn commit(&mut self, changes: &Changes) -> Result<Hash, StateError> {
        self.values.change(changes);
        let leaves = changes.iter().map(|(key, change)| {
            let leaf = change.value.as_ref().map(|value| (pages::leaf_hash(key, value), ()));
            (*key, leaf)
        });
        let Ok(root) = pages::update(&mut MemoryPages, self.trie.as_ref(), leaves);
        let hash = root.hash;
        self.trie = Some(root);
        Ok(hash)
    }

    fn root(&self) -> Result<Hash, StateError> {
        Ok(self.trie.as_ref().map_or(Hash::ZERO, |root| root.hash))
    }
}
