//! The state after a block, in memory.

use std::sync::Arc;

use imbl::OrdMap;
use jambox_state::trie::pages::{self, MemoryPage, MemoryPages, Root};
use jambox_state::{Changes, KeyedBase, Meaning, StateKey};
use jambox_types::Hash;

/// A whole state with its root. A clone costs O(1), and states share what they have in common.
#[derive(Clone, Debug)]
pub struct World {
    /// The values.
    pub values: Arc<KeyedBase>,
    /// The root.
    pub root: Hash,
    /// What hashed keys stand for, of those that were seen being written.
    pub meanings: OrdMap<[u8; 31], Meaning>,
    trie: Option<Root<MemoryPage>>,
}

impl World {
    /// A state of these values.
    #[must_use]
    pub fn new(changes: &Changes) -> Self {
        let empty =
            Self { values: Arc::default(), root: Hash::ZERO, meanings: OrdMap::new(), trie: None };
        empty.after(changes)
    }

    /// The state after changes.
    #[must_use]
    pub fn after(&self, changes: &Changes) -> Self {
        let mut after = self.clone();
        Arc::make_mut(&mut after.values).change(changes);
        for (key, change) in changes.iter() {
            let meaning = change.meaning.as_ref().filter(|meaning| meaning.is_hashed());
            if let (Some(meaning), Some(_)) = (meaning, &change.value) {
                after.meanings.insert(key.0, meaning.clone());
            }
        }
        let leaves = changes.iter().map(|(key, change)| {
            let leaf = change.value.as_ref().map(|value| (pages::leaf_hash(key, value), ()));
            (*key, leaf)
        });
        let Ok(trie) = pages::update(&mut MemoryPages, self.trie.as_ref(), leaves);
        after.root = trie.hash;
        after.trie = Some(trie);
        after
    }

    /// What a key stands for, if it tells by itself or was seen being written.
    #[must_use]
    pub fn meaning(&self, key: &StateKey) -> Option<Meaning> {
        Meaning::of(key).or_else(|| self.meanings.get(&key.0).cloned())
    }
}
