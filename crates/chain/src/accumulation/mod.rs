//! Accumulation of the reports of a block: which of them, in which rounds, and what comes of it
//! (`sec:accumulation`, 0.7.2).
//!
//! Everything here is bookkeeping around the single-service invocation, [`accumulate`], which
//! callers pass in as a function: nothing in this module runs a program.
//!
//! [`accumulate`]: jambox_invocation::accumulate
//!
//! - [`queue`]: which reports can be accumulated now, and which wait for others;
//! - [`accumulate_reports`]: rounds within the block's gas, services of a round independently;
//! - [`join`]: what the services of a round make of the state together;
//! - [`accumulate_block`]: both, with history, queue and last-accumulation slots brought forward;
//! - [`preimages`]: the preimages that come with a block;
//! - [`statistics`]: the services' part of a block's statistics.

mod block;
mod calls;
mod parallel;
pub mod preimages;
pub mod queue;
mod rounds;
pub mod statistics;

use std::collections::{BTreeMap, BTreeSet};

use jambox_types::{Gas, Hash, ServiceId, TimeSlot};

pub use block::{AccumulationState, BlockOutcome, accumulate_block, output_root};
pub use parallel::join;
pub use rounds::{ReportsOutcome, accumulate_reports, block_gas};

/// What a block is to the services that accumulate in it.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct BlockContext {
    /// Its time slot.
    pub slot: TimeSlot,
    /// Its posterior entropy.
    pub entropy: Hash,
}

/// What services yielded, in the order in which the state keeps it (`eq:lastaccoutspec`, 0.7.2).
pub type Outputs = BTreeSet<(ServiceId, Hash)>;

/// What accumulation meant for a service in a block (`eq:accumulationstatisticsspec`, 0.7.2).
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct ServiceAccumulation {
    /// Gas used, over all rounds.
    pub gas_used: Gas,
    /// Work items accumulated.
    pub items: u64,
    /// Transfers received; 0 under revisions that do not count them.
    pub transfers: u64,
}

/// [`ServiceAccumulation`] of every service of which it is not all zero.
pub type AccumulationStatistics = BTreeMap<ServiceId, ServiceAccumulation>;
