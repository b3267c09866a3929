//! A chain's state in one file.
//!
//! **Contents.** [`FileStore`], a [`Store`](jambox_state::Store) in a file: the serialised state in
//! its trie, the meanings of the keys whose writing was seen, exports of work packages, and records
//! that others keep beside the state. [`FileState`], a state of such a file, which may be
//! read-only. A commit is made whole or not at all: after a kill, the file opens with the last
//! committed state.
//!
//! **Not here.** No decisions about states, and no archive: of each value only the latest is kept.
//!
//! **Invariants.**
//!
//! - Every part is checked before it is used: values and pages against the hashes of the trie that
//!   leads to them, heads and references against checksums. A mismatch is
//!   [`Damaged`](StoreError::Damaged), never a panic, and never read as absent.
//! - A commit is written after all others and over none, its head last. So a [`FileState`] shows
//!   the state at the time when it was taken, whichever process commits meanwhile; readers and
//!   writers do not wait for each other.
//! - One process writes to a file at a time; a second one gets [an error that names
//!   it](StoreError::Held).
//! - A file of another version is refused and left unchanged.
//! - The cache's memory is bounded.
//!
//! ```
//! use jambox_state::{Changes, Component, Store, Values};
//! use jambox_store::FileStore;
//! use jambox_types::{Parameters, Protocol, Revision, TimeSlot};
//!
//! # let folder = tempfile::tempdir()?;
//! # let path = folder.path().join("chain.redb");
//! let protocol = Protocol::new(Revision::GrayPaper072, Parameters::TINY);
//! let mut store = FileStore::create(&path, &protocol)?;
//! let mut changes = Changes::default();
//! changes.set_component(Component::Slot, &TimeSlot(7), &protocol);
//! let root = store.commit(&changes)?;
//! drop(store);
//!
//! let store = FileStore::open(&path)?;
//! assert_eq!(store.root()?, root);
//! let slot: TimeSlot = Component::Slot.read(&*store.state()?, &store.protocol())?;
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

mod cache;
mod changes;
mod compact;
mod cursor;
mod disk;
mod error;
mod file;
mod holder;
mod layout;
mod log;
mod state;
mod tree;

pub use disk::Disk;
pub use error::{Damage, StoreError};
pub use file::{Batch, Exports, FileStore, Record};
pub use holder::Holder;
pub use state::FileState;
