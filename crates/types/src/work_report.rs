//! Work reports: what came of a package.

use alloc::collections::BTreeMap;
use alloc::vec::Vec;

use jambox_codec::{Decode, DecodeError, Encode, Reader, encode_natural, encode_with, impl_codec};

use crate::{CoreIndex, Credential, Gas, Hash, RefineContext, Revised, ServiceId, TimeSlot};

/// Why a work item has no output (`eq:workerror`, 0.7.2).
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash, thiserror::Error)]
pub enum WorkError {
    /// Its gas ran out.
    #[error("out of gas")]
    OutOfGas,
    /// The program panicked.
    #[error("panic")]
    Panic,
    /// It exported more or fewer segments than the package says.
    #[error("bad exports: not as many segments as the item declares")]
    BadExports,
    /// Its output would make the report too large.
    #[error("oversize: the output would make the report too large")]
    Oversize,
    /// The service's code could not be looked up.
    #[error("bad code: the service's code is not available")]
    BadCode,
    /// The service's code is larger than allowed.
    #[error("big code: the service's code is larger than allowed")]
    BigCode,
}

/// What came of a work item: its output, or why there is none.
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

/// What a work item imposed on its core.
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

/// What came of a work item, as the chain sees it (`eq:workdigest`, 0.7.2).
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct WorkDigest {
    /// The service that did the work and whose state it may change.
    pub service: ServiceId,
    /// The hash of its code.
    pub code_hash: Hash,
    /// The hash of the item's payload.
    pub payload_hash: Hash,
    /// Gas for accumulate.
    pub accumulate_gas_limit: Gas,
    /// The output of refine.
    pub result: WorkResult,
    /// What it cost.
    pub load: RefineLoad,
}

impl_codec!(WorkDigest { service, code_hash, payload_hash, accumulate_gas_limit, result, load });

/// What makes the data of a package available (`eq:avspec`).
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default)]
pub struct AvailabilitySpec {
    /// The hash of the package.
    pub package_hash: Hash,
    /// The length of the bundle that auditors need, in octets.
    pub bundle_length: u32,
    /// The root of the tree of erasure-coded data.
    pub erasure_root: Hash,
    /// Erasure-coded chunks, one for each validator; 0 under revisions that do not say.
    pub erasure_shards: u16,
    /// The root of the tree of exported segments.
    pub segment_root: Hash,
    /// Segments exported.
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

/// What came of a package (`eq:workreport`, 0.7.2).
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct WorkReport {
    /// What makes its data available.
    pub availability: AvailabilitySpec,
    /// The chain as the package saw it.
    pub context: RefineContext,
    /// The core that did the work.
    pub core: CoreIndex,
    /// The hash that names the authorizer.
    pub authorizer: Hash,
    /// Gas that is-authorized used.
    pub auth_gas_used: Gas,
    /// The authorizer's output.
    pub auth_trace: Vec<u8>,
    /// Segment roots of the packages that imports name by their hash.
    pub segment_roots: BTreeMap<Hash, Hash>,
    /// What came of each item.
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
    /// The hash of the report's encoding, which guarantors sign and verdicts name.
    #[must_use]
    pub fn hash(&self, revised: &(impl Revised + ?Sized)) -> Hash {
        Hash::blake2b(&encode_with(self, revised))
    }
}

/// A report that was guaranteed and waits to become available (`eq:reportingstate`).
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct PendingReport {
    /// The report.
    pub report: WorkReport,
    /// When it was guaranteed; 0 under revisions that do not keep guarantees.
    pub guaranteed: TimeSlot,
    /// Its guarantors; none under revisions that do not keep guarantees.
    pub credentials: Vec<Credential>,
    /// The slot of the block that brought it.
    pub reported: TimeSlot,
}

impl_codec!(PendingReport for Revised {
    report,
    guaranteed if guarantees_in_pending,
    credentials if guarantees_in_pending,
    reported,
});
