//! A chain's state in one file.
//!
//! **What it is.** [`FileStore`], a [`Store`](jambox_state::Store) over an embedded database: the
//! serialised state, the pages of its trie, the names of the keys that were seen being written, and
//! what work packages exported. A commit is made whole or not at all: whoever is killed finds,
//! on opening, the last state that was committed.
//!
//! **What it is not.** It decides nothing about states, and it is no archive: of each value it
//! keeps the latest.
//!
//! **Invariants.**
//!
//! - The root kept is that of the values kept.
//! - A [`FileState`] shows the state as it was when it was taken, whatever is committed meanwhile;
//!   neither waits for the other.
//! - One process holds a file at a time; another is [told which](StoreError::Held).
//! - A file that a newer version wrote is refused and left as it is.
//!
//! ```
//! use jambox_state::{Changes, Component, Store, Values};
//! use jambox_store::FileStore;
//! use jambox_types::{Parameters, TimeSlot};
//!
//! # let folder = tempfile::tempdir()?;
//! # let path = folder.path().join("chain.redb");
//! let mut store = FileStore::create(&path, &Parameters::TINY)?;
//! let mut changes = Changes::default();
//! changes.set_component(Component::Slot, &TimeSlot(7));
//! let root = store.commit(&changes)?;
//! drop(store);
//!
//! let store = FileStore::open(&path)?;
//! assert_eq!(store.root()?, root);
//! let slot: TimeSlot = Component::Slot.read(&*store.state()?, store.parameters())?;
//! assert_eq!(slot, TimeSlot(7));
//! # Ok::<(), Box<dyn std::error::Error>>(())
//! ```
#![cfg_attr(
    not(test),
    deny(
        clippy::unwrap_used,
        clippy::expect_used,
        clippy::indexing_slicing,
        clippy::arithmetic_side_effects
    )
)]

mod error;
mod file;
mod holder;
mod state;
mod tables;

pub use error::StoreError;
pub use file::{Exports, FileStore};
pub use holder::Holder;
pub use state::FileState;
