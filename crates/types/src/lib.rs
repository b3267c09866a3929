//! The protocol's types and parameters, with their encodings.
//!
//! **What it is.** The vocabulary that the rooms above share: numbers with a meaning
//! ([`ServiceId`], [`Gas`], ..), hashes and keys, work packages and reports, blocks, the inputs of
//! accumulation, statistics, and [`Parameters`].
//!
//! **What it is not.** It checks no signature and holds no state; what a type's octets mean for
//! the chain is decided above. Values that decode are well formed, not yet valid.
//!
//! **Invariants.** Types without dependence on parameters decode in any context; types with such a
//! dependence only with [`Parameters`] (see `jambox_codec`). Hashes are over exactly the encoding.
//! Every encoding is the paper's (`sec:serialization`, 0.7.2) and checked against public vectors.
//!
//! # Example
//!
//! ```
//! use jambox_codec::{decode_all_with, encode};
//! use jambox_types::{Gas, Parameters, PerCore, Privileges, ServiceId};
//!
//! let parameters = Parameters::TINY;
//! let privileges = Privileges {
//!     manager: ServiceId(1),
//!     assigners: PerCore::from_fn(&parameters, |_| ServiceId(2)),
//!     delegator: ServiceId(3),
//!     registrar: ServiceId(4),
//!     always_accumulate: [(ServiceId(5), Gas(6))].into(),
//! };
//! let octets = encode(&privileges);
//! assert_eq!(octets.len(), 4 + 2 * 4 + 4 + 4 + 1 + 4 + 8);
//! assert_eq!(decode_all_with::<Privileges, _>(&octets, &parameters)?, privileges);
//! assert!(decode_all_with::<Privileges, _>(&octets, &Parameters::FULL).is_err());
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
mod octets;
mod parameters;
mod protocol;
mod recent;
mod rules;
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
    BandersnatchKey, BandersnatchSignature, BlsKey, Ed25519Key, Ed25519Signature, Hash, HexError,
    Memo, RingRoot, RingSignature, ValidatorMetadata,
};
pub use parameters::{
    ParameterInfo, Parameters, ParametersError, Preset, UnknownPreset, constants,
};
pub use protocol::{Abi, Protocol, Revision, UnknownAbi};
pub use recent::{RecentBlock, RecentBlocks};
pub use rules::Rules;
pub use scalars::{Balance, CoreIndex, Gas, ServiceId, TimeSlot, ValidatorIndex};
pub use sized::{
    CoreBits, LengthError, PerCore, PerQueuePosition, PerSlot, PerSuperMajority, PerValidator,
};
pub use statistics::{CoreRecord, ServiceRecord, ServiceStatistics, Statistics, ValidatorRecord};
pub use work_package::{
    ExtrinsicSpec, ImportSource, ImportSpec, RefineContext, WorkItem, WorkPackage,
};
pub use work_report::{
    AvailabilitySpec, RefineLoad, WorkDigest, WorkError, WorkReport, WorkResult,
};
