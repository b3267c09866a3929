//! Service state: accounts with their storage, preimages and requests, and the other components
//! that accumulation may change.
//!
//! **Contents.** [`Accounts`], a persistent overlay over a read-only [`Base`]: reads fall through
//! to the base, writes stay in the overlay, a clone costs O(1). [`PartialState`], the state that
//! accumulation passes along. [`Difference`]s of two states for people to read. The keys of the
//! serialised state, the state [trie]'s root, and the general [merkle] trees.
//!
//! **Not here.** Nothing is run, and there is no I/O: a store implements [`Base`]. The conditions
//! of host calls and blocks are checked by their handlers before they change state.
//!
//! **Invariants.**
//!
//! - An account's footprint is always the footprint of its dictionaries: every change of an entry
//!   adjusts it, and nothing else can.
//! - A clone of a state is unaffected by changes of the original.
//! - Values are shared (`Arc`), never copied.
//! - Iteration is in the order of keys; nothing depends on addresses or time.
//!
//! ```
//! use std::sync::Arc;
//! use jambox_state::{AccountInfo, Accounts, Blob, MemoryAccount, MemoryBase};
//! use jambox_types::{Balance, Parameters, ServiceId};
//!
//! let mut accounts = Accounts::new(Arc::new(MemoryBase::default()));
//! let service = ServiceId(7);
//! accounts.create(service, AccountInfo { balance: Balance(500), ..AccountInfo::default() })?;
//!
//! let checkpoint = accounts.clone();
//! accounts.set_storage(service, b"name", Some(Blob::from(*b"jam")))?;
//! let info = accounts.get(service)?.unwrap();
//! assert_eq!((info.footprint.items, info.footprint.octets), (1, 34 + 4 + 3));
//! assert_eq!(info.threshold_balance(&Parameters::FULL), Balance(100 + 10 + 41));
//!
//! let changes: Vec<_> =
//!     checkpoint.diff(&accounts)?.iter().map(ToString::to_string).collect();
//! assert_eq!(changes[2], "service 7 storage \"name\": nothing -> \"jam\"");
//! # Ok::<(), jambox_state::StateError>(())
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

mod account;
mod accounts;
mod base;
mod changes;
mod component;
mod diff;
mod error;
mod key;
mod keyed;
mod meaning;
mod memory;
mod merge;
pub mod merkle;
mod part;
mod partial;
mod request;
mod store;
pub mod trie;
mod values;

pub use account::{AccountInfo, Footprint};
pub use accounts::{AccountChange, Accounts};
pub use base::{Base, Blob};
pub use changes::{Change, Changes};
pub use component::Component;
pub use diff::{Difference, Place, Value};
pub use error::StateError;
pub use key::{KeyKind, StateKey};
pub use keyed::KeyedBase;
pub use meaning::Meaning;
pub use memory::{MemoryAccount, MemoryBase};
pub use part::Part;
pub use partial::{AuthorizerQueue, PartialState};
pub use request::{RequestHistory, RequestKey};
pub use store::{MemoryStore, Store};
pub use values::{Named, Values};
