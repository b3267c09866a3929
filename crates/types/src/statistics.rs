//! Activity statistics (`sec:bookkeeping`, 0.7.2).

use alloc::collections::BTreeMap;

use jambox_codec::impl_codec;

use crate::{Gas, PerCore, PerValidator, Protocol, Revised, ServiceId};

/// Activity of a validator in an epoch (`eq:activityspec`, 0.7.2).
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default)]
pub struct ValidatorRecord {
    /// Blocks authored.
    pub blocks: u32,
    /// Tickets in its blocks.
    pub tickets: u32,
    /// Preimages in its blocks.
    pub preimages: u32,
    /// Octets of these preimages.
    pub preimage_size: u32,
    /// Reports guaranteed.
    pub guarantees: u32,
    /// Assurances made.
    pub assurances: u32,
}

impl_codec!(ValidatorRecord { blocks, tickets, preimages, preimage_size, guarantees, assurances });

/// Activity of a core in a block.
///
/// Counts are naturals without a bound in the paper; 64 bits hold the sums of any block.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default)]
pub struct CoreRecord {
    /// Octets put into the data lakes by reports that became available.
    pub data_load: u64,
    /// Validators that assured the core's report.
    pub popularity: u64,
    /// Segments imported.
    pub imports: u64,
    /// Extrinsic blobs.
    pub extrinsic_count: u64,
    /// Octets in all extrinsic blobs.
    pub extrinsic_size: u64,
    /// Segments exported.
    pub exports: u64,
    /// Octets in the work bundle.
    pub bundle_size: u64,
    /// Gas used by refine.
    pub gas_used: Gas,
}

impl_codec!(CoreRecord {
    data_load: natural,
    popularity: natural,
    imports: natural,
    extrinsic_count: natural,
    extrinsic_size: natural,
    exports: natural,
    bundle_size: natural,
    gas_used: natural,
});

/// Activity of a service in a block.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default)]
pub struct ServiceRecord {
    /// Preimages provided.
    pub provided_count: u64,
    /// Octets of these preimages.
    pub provided_size: u64,
    /// Work items refined.
    pub refinement_count: u64,
    /// Gas that refine used.
    pub refinement_gas_used: Gas,
    /// Segments imported.
    pub imports: u64,
    /// Extrinsic blobs.
    pub extrinsic_count: u64,
    /// Octets in all extrinsic blobs.
    pub extrinsic_size: u64,
    /// Segments exported.
    pub exports: u64,
    /// Work items accumulated.
    pub accumulate_count: u64,
    /// Transfers received; 0 under revisions that do not count them.
    pub transfer_count: u64,
    /// Gas that accumulate used.
    pub accumulate_gas_used: Gas,
}

impl_codec!(ServiceRecord for Revised {
    provided_count: natural,
    provided_size: natural,
    refinement_count: natural,
    refinement_gas_used: natural,
    imports: natural,
    extrinsic_count: natural,
    extrinsic_size: natural,
    exports: natural,
    accumulate_count: natural,
    transfer_count: natural if transfers_in_statistics,
    accumulate_gas_used: natural,
});

/// Statistics of all services.
pub type ServiceStatistics = BTreeMap<ServiceId, ServiceRecord>;

/// All statistics: the value of state key 13 (`eq:activityspec`, 0.7.2).
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Statistics {
    /// Validators in the present epoch.
    pub current: PerValidator<ValidatorRecord>,
    /// Validators in the previous epoch.
    pub previous: PerValidator<ValidatorRecord>,
    /// Cores in the block.
    pub cores: PerCore<CoreRecord>,
    /// Services in the block.
    pub services: ServiceStatistics,
}

impl_codec!(Statistics in Protocol { current, previous, cores, services });
