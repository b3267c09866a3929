//! The protocol's types and parameters, with their encodings.
//!
//! **Contents.** The vocabulary shared by the crates above: numbers with a unit ([`ServiceId`],
//! [`Gas`], ..), hashes and keys, work packages and reports, blocks, the inputs of accumulation,
//! statistics, and [`Parameters`].
//!
//! **Not here.** No signature is checked and no state is held; validity is decided by the crates
//! above. A decoded value is well formed, not yet valid.
//!
//! **Invariants.** A type whose encoding is the same under every revision and all parameters
//! encodes in any context; a type whose encoding differs by revision alone, in any context with a
//! revision ([`Revised`]); a type whose encoding depends on parameters too, only in a [`Protocol`]
//! (see `jambox_codec`). A field that a revision lacks takes no octet and is decoded to its
//! default. Hashes are over exactly the encoding. Every encoding is the paper's
//! (`sec:serialization`) and checked against public vectors.
//!
//! # Example
//!
//! ```
//! use jambox_codec::{decode_all_with, encode_with};
//! use jambox_types::{Gas, Parameters, PerCore, Privileges, Protocol, Revision, ServiceId};
//!
//! let tiny = Protocol::new(Revision::GrayPaper072, Parameters::TINY);
//! let privileges = Privileges {
//!     manager: ServiceId(1),
//!     assigners: PerCore::from_fn(&tiny.parameters, |_| ServiceId(2)),
//!     delegator: ServiceId(3),
//!     registrar: ServiceId(4),
//!     always_accumulate: [(ServiceId(5), Gas(6))].into(),
//! };
//! let octets = encode_with(&privileges, &tiny);
//! assert_eq!(octets.len(), 4 + 2 * 4 + 4 + 4 + 1 + 4 + 8);
//! assert_eq!(decode_all_with::<Privileges, _>(&octets, &tiny)?, privileges);
//! let full = Protocol { parameters: Parameters::FULL, ..tiny };
//! assert!(decode_all_with::<Privileges, _>(&octets, &full).is_err());
//! # Ok::<(), jambox_codec::DecodeError>(())
//! ```
#![no_std]
#![cfg_attr(
    not(test),
    deny(
        clippy::unwrap_used,
        clippy::expect_used,
        clippy::indexing_slicing,
        clippy::arithmetic_side_effects
    )
)]

extern crate alloc;

mod accumulation;
mod block;
mod extrinsic;
mod keccak;
mod octets;
mod parameters;
mod protocol;
mod recent;
mod rules;
mod safrole;
mod scalars;
mod sized;
mod statistics;
mod work_package;
mod work_report;

pub use accumulation::{
    AccumulateInput, AccumulatedQueue, DeferredTransfer, Operand, Privileges, ReadyQueue,
    ReadyReport, ValidatorKey,
};
pub use block::{Block, EpochMark, EpochMarkKeys, Header};
pub use extrinsic::{
    Assurance, Credential, Culprit, Disputes, Extrinsic, Fault, Guarantee, Judgment, Preimage,
    Ticket, TicketEnvelope, Verdict,
};
pub use octets::{
    BandersnatchKey, BandersnatchSignature, Blake2b, BlsKey, Ed25519Key, Ed25519Signature, Hash,
    HexError, Memo, RingRoot, RingSignature, ValidatorMetadata,
};
pub use parameters::{
    ParameterInfo, Parameters, ParametersError, Preset, UnknownPreset, constants, data_shards,
    ticket_entries,
};
pub use protocol::{Abi, Protocol, Revised, Revision, UnknownAbi, UnknownRevision, super_majority};
pub use recent::{RecentBlock, RecentBlocks};
pub use rules::Rules;
pub use safrole::{DisputeRecords, Safrole, SlotSealers};
pub use scalars::{Balance, CoreIndex, Gas, ServiceId, TimeSlot, ValidatorIndex};
pub use sized::{
    CoreBits, LengthError, Lengths, PerCore, PerQueuePosition, PerSlot, PerSuperMajority,
    PerValidator,
};
pub use statistics::{CoreRecord, ServiceRecord, ServiceStatistics, Statistics, ValidatorRecord};
pub use work_package::{
    ExtrinsicSpec, ImportSource, ImportSpec, RefineContext, WorkItem, WorkPackage,
};
pub use work_report::{
    AvailabilitySpec, PendingReport, RefineLoad, WorkDigest, WorkError, WorkReport, WorkResult,
};
