//! Records of activity (`sec:bookkeeping`, 0.7.2).

use alloc::collections::BTreeMap;

use jambox_codec::impl_codec;

use crate::{Gas, PerCore, PerValidator, Protocol, Revised, ServiceId};

/// What a validator did in an epoch (`eq:activityspec`, 0.7.2).
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default)]
pub struct ValidatorRecord {
    /// Blocks made.
    pub blocks: u32,
    /// Tickets brought into blocks.
    pub tickets: u32,
    /// Preimages brought into blocks.
    pub preimages: u32,
    /// Octets in these preimages.
    pub preimage_size: u32,
    /// Reports guaranteed.
    pub guarantees: u32,
    /// Assurances made.
    pub assurances: u32,
}

impl_codec!(ValidatorRecord { blocks, tickets, preimages, preimage_size, guarantees, assurances });

/// What happened on a core in a block.
///
/// Counts are naturals without a bound in the paper; 64 bits hold what a block can sum up to.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default)]
pub struct CoreRecord {
    /// Octets that reports which became available put into the data lakes.
    pub data_load: u64,
    /// Validators that assured the availability of the core's report.
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

/// What happened for a service in a block.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default)]
pub struct ServiceRecord {
    /// Preimages provided.
    pub provided_count: u64,
    /// Octets in these preimages.
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

/// The services' part of the statistics.
pub type ServiceStatistics = BTreeMap<ServiceId, ServiceRecord>;

/// All statistics, as state key 13 holds them (`eq:activityspec`, 0.7.2).
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Statistics {
    /// Of the present epoch.
    pub current: PerValidator<ValidatorRecord>,
    /// Of the last epoch.
    pub previous: PerValidator<ValidatorRecord>,
    /// Of the block.
    pub cores: PerCore<CoreRecord>,
    /// Of the block.
    pub services: ServiceStatistics,
}

impl_codec!(Statistics in Protocol { current, previous, cores, services });
