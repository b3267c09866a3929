//! A chain's state in one file.
//!
//! **What it is.** [`FileStore`], a [`Store`](jambox_state::Store) in a file: the serialised state
//! in its trie, the names of the keys that were seen being written, what work packages exported,
//! and records that others keep beside the state. [`FileState`], a state of such a file, for which
//! it need not be writable. A commit is made whole or not at all: whoever is killed finds, on
//! opening, the last state that was committed.
//!
//! **What it is not.** It decides nothing about states, and it is no archive: of each value it
//! keeps the latest.
//!
//! **Invariants.**
//!
//! - Nothing that is read is believed before it is checked: values and pages against the hashes of
//!   the trie that leads to them, heads and places against sums. What does not match is
//!   [`Damaged`](StoreError::Damaged), never a panic, and never read as absent.
//! - A commit is written after all others and over none, its head last. So a [`FileState`] shows
//!   the state as it was when it was taken, whatever is committed meanwhile, by whatever process;
//!   neither waits for the other.
//! - One process writes to a file at a time; another is [told which](StoreError::Held).
//! - A file that another version wrote is refused and left as it is.
//! - Memory for what is kept at hand is bounded.
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
