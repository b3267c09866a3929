//! What accumulation takes in and what it keeps.

use alloc::collections::{BTreeMap, BTreeSet};
use alloc::vec::Vec;

use jambox_codec::{Decode, DecodeError, Encode, Reader, encode_natural, impl_codec};

use crate::{
    Balance, BandersnatchKey, BlsKey, Ed25519Key, Gas, Hash, Memo, PerCore, PerSlot, Protocol,
    Revised, ServiceId, ValidatorMetadata, WorkDigest, WorkReport, WorkResult,
};

/// What accumulate is told of a work item (`eq:operandtuple`, 0.7.2).
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Operand {
    /// The hash of the package.
    pub package_hash: Hash,
    /// The root of the segments that the package exported.
    pub segment_root: Hash,
    /// The hash that names the authorizer.
    pub authorizer: Hash,
    /// The hash of the item's payload.
    pub payload_hash: Hash,
    /// Gas that the item brings.
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

/// A transfer that one service makes in its accumulation and another sees in a later one
/// (`eq:defxfer`, 0.7.2).
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct DeferredTransfer {
    /// Who sends.
    pub source: ServiceId,
    /// Who receives.
    pub destination: ServiceId,
    /// How much.
    pub amount: Balance,
    /// A message to the receiver.
    pub memo: Memo,
    /// Gas for the receiver's accumulation.
    pub gas_limit: Gas,
}

impl_codec!(DeferredTransfer { source, destination, amount, memo, gas_limit });

/// One input of accumulate (`eq:accinput`, 0.7.2).
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum AccumulateInput {
    /// What came of a work item.
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

/// The keys of a validator and what it tells of itself: 336 octets (`eq:validatorkeys`, 0.7.2).
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default)]
pub struct ValidatorKey {
    /// For block production.
    pub bandersnatch: BandersnatchKey,
    /// For signatures on the chain.
    pub ed25519: Ed25519Key,
    /// For the signed commitments of the accumulation-output log.
    pub bls: BlsKey,
    /// An address not least.
    pub metadata: ValidatorMetadata,
}

impl ValidatorKey {
    /// Octets in the encoding.
    pub const LENGTH: usize = 336;
}

impl_codec!(ValidatorKey { bandersnatch, ed25519, bls, metadata });

/// The services that may do what others may not (`eq:privilegesspec`, 0.7.2).
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Privileges {
    /// Who may change the privileges.
    pub manager: ServiceId,
    /// Who may set each core's authorizer queue.
    pub assigners: PerCore<ServiceId>,
    /// Who may set the next validators.
    pub delegator: ServiceId,
    /// Who may create services of the lower indices.
    pub registrar: ServiceId,
    /// Services that accumulate in every block, with the gas they have for it.
    pub always_accumulate: BTreeMap<ServiceId, Gas>,
}

impl_codec!(Privileges in Protocol {
    manager,
    assigners,
    delegator,
    registrar,
    always_accumulate,
});

/// A report that waits for others (`eq:readyspec`, 0.7.2).
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct ReadyReport {
    /// The report.
    pub report: WorkReport,
    /// Hashes of the packages that must be accumulated before.
    pub dependencies: BTreeSet<Hash>,
}

impl_codec!(ReadyReport for Revised { report, dependencies });

/// The accumulation queue: for each slot of an epoch the reports that came in it and wait
/// (`eq:readyspec`, 0.7.2).
pub type ReadyQueue = PerSlot<Vec<ReadyReport>>;

/// The accumulation history: for each slot of an epoch the packages accumulated in it
/// (`eq:accumulatedspec`, 0.7.2).
pub type AccumulatedQueue = PerSlot<BTreeSet<Hash>>;
