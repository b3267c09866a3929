//! Inputs of accumulation, and the state components that it reads and writes.

use alloc::collections::{BTreeMap, BTreeSet};
use alloc::vec::Vec;

use jambox_codec::{Decode, DecodeError, Encode, Reader, encode_natural, impl_codec};

use crate::{
    Balance, BandersnatchKey, BlsKey, Ed25519Key, Gas, Hash, Memo, PerCore, PerSlot, Protocol,
    Revised, ServiceId, ValidatorMetadata, WorkDigest, WorkReport, WorkResult,
};

/// The operand of accumulate for one work item (`eq:operandtuple`, 0.7.2).
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Operand {
    /// Hash of the work package.
    pub package_hash: Hash,
    /// Root of the package's exported segments.
    pub segment_root: Hash,
    /// Hash of the authorizer.
    pub authorizer: Hash,
    /// Hash of the item's payload.
    pub payload_hash: Hash,
    /// Gas that the item adds to the service's limit.
    pub gas_limit: Gas,
    /// The output of refine.
    pub result: WorkResult,
    /// The authorizer's output.
    pub auth_trace: Vec<u8>,
}

impl_codec!(Operand {
    package_hash,
    segment_root,
    authorizer,
    payload_hash,
    gas_limit: natural,
    result,
    auth_trace,
});

impl Operand {
    /// The operand for one digest of a report.
    #[must_use]
    pub fn new(report: &WorkReport, digest: &WorkDigest) -> Self {
        Self {
            package_hash: report.availability.package_hash,
            segment_root: report.availability.segment_root,
            authorizer: report.authorizer,
            payload_hash: digest.payload_hash,
            gas_limit: digest.accumulate_gas_limit,
            result: digest.result.clone(),
            auth_trace: report.auth_trace.clone(),
        }
    }
}

/// A transfer made in the sender's accumulation and an input of a later accumulation of the
/// receiver (`eq:defxfer`, 0.7.2).
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct DeferredTransfer {
    /// The sender.
    pub source: ServiceId,
    /// The receiver.
    pub destination: ServiceId,
    /// Amount of balance sent.
    pub amount: Balance,
    /// Message to the receiver.
    pub memo: Memo,
    /// Gas for the receiver's accumulation.
    pub gas_limit: Gas,
}

impl_codec!(DeferredTransfer { source, destination, amount, memo, gas_limit });

/// One input of accumulate (`eq:accinput`, 0.7.2).
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum AccumulateInput {
    /// The operand of a work item.
    Operand(Operand),
    /// A transfer from another service.
    Transfer(DeferredTransfer),
}

impl<C: ?Sized> Encode<C> for AccumulateInput {
    fn encode_to(&self, out: &mut Vec<u8>, context: &C) {
        match self {
            Self::Operand(operand) => {
                encode_natural(0, out);
                operand.encode_to(out, context);
            }
            Self::Transfer(transfer) => {
                encode_natural(1, out);
                transfer.encode_to(out, context);
            }
        }
    }
}

impl<C: ?Sized> Decode<C> for AccumulateInput {
    fn decode(reader: &mut Reader<'_>, context: &C) -> Result<Self, DecodeError> {
        match reader.take_discriminator(1)? {
            0 => Operand::decode(reader, context).map(Self::Operand),
            _ => DeferredTransfer::decode(reader, context).map(Self::Transfer),
        }
    }
}

/// A validator's keys and metadata: 336 octets (`eq:validatorkeys`, 0.7.2).
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default)]
pub struct ValidatorKey {
    /// Key for block production.
    pub bandersnatch: BandersnatchKey,
    /// Key for signatures on the chain.
    pub ed25519: Ed25519Key,
    /// Key for the signed commitments of the accumulation-output log.
    pub bls: BlsKey,
    /// The validator's network address and its other metadata.
    pub metadata: ValidatorMetadata,
}

impl ValidatorKey {
    /// Length of the encoding, in octets.
    pub const LENGTH: usize = 336;
}

impl_codec!(ValidatorKey { bandersnatch, ed25519, bls, metadata });

/// The privileged services (`eq:privilegesspec`, 0.7.2).
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Privileges {
    /// The service that may change the privileges.
    pub manager: ServiceId,
    /// For each core, the service that may set its authorizer queue.
    pub assigners: PerCore<ServiceId>,
    /// The service that may set the next validators.
    pub delegator: ServiceId,
    /// The service that may create services below
    /// [`constants::MIN_PUBLIC_INDEX`](crate::constants::MIN_PUBLIC_INDEX).
    pub registrar: ServiceId,
    /// Services that accumulate in every block, with the gas of that accumulation.
    pub always_accumulate: BTreeMap<ServiceId, Gas>,
}

impl_codec!(Privileges in Protocol {
    manager,
    assigners,
    delegator,
    registrar,
    always_accumulate,
});

/// A report in the accumulation queue, with its unmet dependencies (`eq:readyspec`, 0.7.2).
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct ReadyReport {
    /// The report.
    pub report: WorkReport,
    /// Hashes of the packages to be accumulated before it.
    pub dependencies: BTreeSet<Hash>,
}

impl_codec!(ReadyReport for Revised { report, dependencies });

/// The accumulation queue: for each slot of an epoch, the queued reports that became available in
/// it (`eq:readyspec`, 0.7.2).
pub type ReadyQueue = PerSlot<Vec<ReadyReport>>;

/// The accumulation history: for each slot of an epoch, the packages accumulated in it
/// (`eq:accumulatedspec`, 0.7.2).
pub type AccumulatedQueue = PerSlot<BTreeSet<Hash>>;
