//! Accumulation of the reports of a block: their selection, their rounds, and the resulting state
//! (`sec:accumulation`, 0.7.2).
//!
//! This module calls the single-service invocation, [`accumulate`], through a function given by the
//! caller, and runs no program itself.
//!
//! [`accumulate`]: jambox_invocation::accumulate
//!
//! - [`queue`]: reports without unmet dependencies, and the queue of the others;
//! - [`accumulate_reports`]: rounds within the block's gas; the services of a round run
//!   independently;
//! - [`join`]: the state after a round, merged from its services;
//! - [`accumulate_block`]: all of these, with history, queue and last-accumulation slots updated;
//! - [`preimages`]: the preimages of a block;
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

/// The block's data visible to services.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct BlockContext {
    /// Time slot of the block.
    pub slot: TimeSlot,
    /// Posterior entropy of the block.
    pub entropy: Hash,
}

/// Accumulation outputs (`yield`), in the order of the state (`eq:lastaccoutspec`, 0.7.2).
pub type Outputs = BTreeSet<(ServiceId, Hash)>;

/// Statistics of a service's accumulation in a block (`eq:accumulationstatisticsspec`, 0.7.2).
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct ServiceAccumulation {
    /// Gas used, over all rounds.
    pub gas_used: Gas,
    /// Work items accumulated.
    pub items: u64,
    /// Transfers received; 0 under revisions that do not count them.
    pub transfers: u64,
}

/// [`ServiceAccumulation`] of every service with a number that is not zero.
pub type AccumulationStatistics = BTreeMap<ServiceId, ServiceAccumulation>;
