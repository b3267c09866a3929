//! A JAM chain in one process, for the clients that people already use.
//!
//! **Contents.** [`Node`]: a chain whose blocks it makes itself, packages and preimages that wait
//! to come into them, and the account of each package. [`rpc`] serves it by JIP-2 and by methods of
//! its own.
//!
//! **Not here.** A validator: nothing is signed, seals and signatures are zeros (the entropy source
//! is a hash, so that entropy differs from block to block), and there are no other nodes. The
//! effects of a block are decided by `jambox-chain`.
//!
//! # Invariants
//!
//! - What was acknowledged is in the chain's file; a node that is killed goes on from there.
//! - The state after each block, the roots and the statistics are computed by the rules of blocks.
//! - Readers see the chain as it was at a moment and never hold up blocks.
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
mod archive;
mod authoring;
mod blobs;
pub mod bootstrap;
pub mod client;
mod fork;
pub mod genesis;
mod held;
mod ledger;
mod node;
mod octets;
mod origin;
mod packages;
mod records;
pub mod rpc;
mod trace;
mod world;

pub use account::{SymbolTable, hex};
pub use archive::read::ArchiveError;
pub use authoring::AuthoringError;
pub use blobs::Blobs;
pub use fork::{Fork, ForkError, fork};
pub use genesis::{Genesis, development};
pub use held::Held;
pub use ledger::{Entry, Ledger};
pub use node::{Event, Listener, Node, NodeError, Pace, SubmitError};
pub use origin::{Origin, OriginError};
pub use packages::{Refused, unbundle};
pub use records::{Descriptor, Input, PackageRecord, Stage, Status, Summary};
pub use trace::TraceError;
pub use world::World;
