//! Stores: states that last from block to block.

use std::fmt::Debug;
use std::sync::Arc;

use jambox_types::Hash;

use crate::trie::pages::{self, MemoryPage, MemoryPages, Root};
use crate::{Changes, KeyedBase, StateError, Values};

/// A store of a state and its root.
///
/// # Errors
///
/// Every method fails with [`StateError::Store`] when the store cannot be read or written.
pub trait Store: Debug {
    /// Read access to a state.
    type State: Values + 'static;

    /// The last committed state. Later commits do not change it while it is held, and holding it
    /// delays no commit.
    fn state(&self) -> Result<Arc<Self::State>, StateError>;

    /// Commits changes, all or none of them, and returns the root of the new state.
    fn commit(&mut self, changes: &Changes) -> Result<Hash, StateError>;

    /// Root of the last committed state.
    fn root(&self) -> Result<Hash, StateError>;
}

/// A store in memory, lost with its process.
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
