//! Work reports, the results of packages.

use alloc::collections::BTreeMap;
use alloc::vec::Vec;

use jambox_codec::{Decode, DecodeError, Encode, Reader, encode_natural, encode_with, impl_codec};

use crate::{CoreIndex, Credential, Gas, Hash, RefineContext, Revised, ServiceId, TimeSlot};

/// Reason for a work item without output (`eq:workerror`, 0.7.2).
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash, thiserror::Error)]
pub enum WorkError {
    /// The item ran out of gas.
    #[error("out of gas")]
    OutOfGas,
    /// The program panicked.
    #[error("panic")]
    Panic,
    /// Refine exported a number of segments other than the item's.
    #[error("bad exports: not as many segments as the item declares")]
    BadExports,
    /// The output would make the report too large.
    #[error("oversize: the output would make the report too large")]
    Oversize,
    /// The service's code could not be looked up.
    #[error("bad code: the service's code is not available")]
    BadCode,
    /// The service's code is larger than allowed.
    #[error("big code: the service's code is larger than allowed")]
    BigCode,
}

/// Result of a work item: its output, or the reason for its absence.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct WorkResult(pub Result<Vec<u8>, WorkError>);

impl WorkResult {
    const LAST_DISCRIMINATOR: u64 = 6;
}

impl<C: ?Sized> Encode<C> for WorkResult {
    fn encode_to(&self, out: &mut Vec<u8>, context: &C) {
        let discriminator = match &self.0 {
            Ok(_) => 0,
            Err(WorkError::OutOfGas) => 1,
            Err(WorkError::Panic) => 2,
            Err(WorkError::BadExports) => 3,
            Err(WorkError::Oversize) => 4,
            Err(WorkError::BadCode) => 5,
            Err(WorkError::BigCode) => Self::LAST_DISCRIMINATOR,
        };
        encode_natural(discriminator, out);
        if let Ok(output) = &self.0 {
            output.encode_to(out, context);
        }
    }
}

impl<C: ?Sized> Decode<C> for WorkResult {
    fn decode(reader: &mut Reader<'_>, context: &C) -> Result<Self, DecodeError> {
        Ok(Self(match reader.take_discriminator(Self::LAST_DISCRIMINATOR)? {
            0 => Ok(Vec::decode(reader, context)?),
            1 => Err(WorkError::OutOfGas),
            2 => Err(WorkError::Panic),
            3 => Err(WorkError::BadExports),
            4 => Err(WorkError::Oversize),
            5 => Err(WorkError::BadCode),
            _ => Err(WorkError::BigCode),
        }))
    }
}

/// Resources used by a work item's refinement.
///
/// Counts are naturals without a bound in the paper, below 2^64 in its encoding.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default)]
pub struct RefineLoad {
    /// Gas that refine used.
    pub gas_used: Gas,
    /// Segments imported.
    pub imports: u64,
    /// Extrinsic blobs.
    pub extrinsic_count: u64,
    /// Octets in all extrinsic blobs.
    pub extrinsic_size: u64,
    /// Segments exported.
    pub exports: u64,
}

impl_codec!(RefineLoad {
    gas_used: natural,
    imports: natural,
    extrinsic_count: natural,
    extrinsic_size: natural,
    exports: natural,
});

/// Digest of a work item, the chain's record of its result (`eq:workdigest`, 0.7.2).
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct WorkDigest {
    /// The service that did the work and may change its state in accumulation.
    pub service: ServiceId,
    /// Hash of the service's code.
    pub code_hash: Hash,
    /// Hash of the item's payload.
    pub payload_hash: Hash,
    /// Gas for accumulate.
    pub accumulate_gas_limit: Gas,
    /// The output of refine.
    pub result: WorkResult,
    /// Resources used by refine.
    pub load: RefineLoad,
}

impl_codec!(WorkDigest { service, code_hash, payload_hash, accumulate_gas_limit, result, load });

/// Commitments to a package's data, from which validators make it available (`eq:avspec`).
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default)]
pub struct AvailabilitySpec {
    /// Hash of the package.
    pub package_hash: Hash,
    /// Length of the bundle that auditors recompute the package from, in octets.
    pub bundle_length: u32,
    /// Root of the tree of erasure-coded data.
    pub erasure_root: Hash,
    /// Number of erasure-coded chunks, one for each validator; 0 under revisions that lack the
    /// field.
    pub erasure_shards: u16,
    /// Root of the tree of exported segments.
    pub segment_root: Hash,
    /// Number of exported segments.
    pub segment_count: u16,
}

impl_codec!(AvailabilitySpec for Revised {
    package_hash,
    bundle_length,
    erasure_root,
    erasure_shards if shards_in_availability,
    segment_root,
    segment_count,
});

/// A work report (`eq:workreport`, 0.7.2).
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct WorkReport {
    /// Commitments to the package's data.
    pub availability: AvailabilitySpec,
    /// Chain state assumed by the package.
    pub context: RefineContext,
    /// The core of the work.
    pub core: CoreIndex,
    /// Hash of the authorizer.
    pub authorizer: Hash,
    /// Gas that is-authorized used.
    pub auth_gas_used: Gas,
    /// The authorizer's output.
    pub auth_trace: Vec<u8>,
    /// Segment roots of packages, by package hash, for imports that name a package.
    pub segment_roots: BTreeMap<Hash, Hash>,
    /// Digests of the items, in their order.
    pub digests: Vec<WorkDigest>,
}

impl_codec!(WorkReport for Revised {
    availability,
    context,
    core: natural,
    authorizer,
    auth_gas_used: natural,
    auth_trace,
    segment_roots,
    digests,
});

impl WorkReport {
    /// Hash of the report's encoding: the message of guarantors' signatures, and the report's name
    /// in verdicts.
    #[must_use]
    pub fn hash(&self, revised: &(impl Revised + ?Sized)) -> Hash {
        Hash::blake2b(&encode_with(self, revised))
    }
}

/// A report that is pending availability (`eq:reportingstate`).
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct PendingReport {
    /// The report.
    pub report: WorkReport,
    /// Slot of the guarantee; 0 under revisions that do not keep guarantees.
    pub guaranteed: TimeSlot,
    /// Signatures of its guarantors; empty under revisions that do not keep guarantees.
    pub credentials: Vec<Credential>,
    /// Slot of the block with the guarantee.
    pub reported: TimeSlot,
}

impl_codec!(PendingReport for Revised {
    report,
    guaranteed if guarantees_in_pending,
    credentials if guarantees_in_pending,
    reported,
});
