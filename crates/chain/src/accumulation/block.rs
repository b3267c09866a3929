//! Accumulation of a block: the state before and after it.

use jambox_codec::encode;
use jambox_state::{PartialState, StateError, merkle};
use jambox_types::{AccumulatedQueue, Hash, Protocol, ReadyQueue, Rules, TimeSlot, WorkReport};

use super::queue::{self, Arrivals};
use super::{
    AccumulationStatistics, BlockContext, Outputs, ReportsOutcome, ServiceAccumulation,
    accumulate_reports, block_gas,
};
use jambox_invocation::{AccumulateCall, Accumulated};

/// The state that accumulation carries from block to block.
#[derive(Clone, Debug)]
pub struct AccumulationState {
    /// Time slot of the last block.
    pub slot: TimeSlot,
    /// The components that services may change.
    pub state: PartialState,
    /// Reports with unmet dependencies.
    pub ready: ReadyQueue,
    /// Packages accumulated within the last epoch.
    pub accumulated: AccumulatedQueue,
}

/// Result of a block's accumulation.
#[derive(Clone, Debug)]
pub struct BlockOutcome {
    /// The state after it, before the integration of the block's preimages.
    pub state: AccumulationState,
    /// Accumulation outputs (`yield`) of the services.
    pub outputs: Outputs,
    /// Statistics of each service.
    pub statistics: AccumulationStatistics,
}

/// Accumulates the reports that a block makes available, and the queued reports that depend on them
/// (`sec:accumulation`, 0.7.2).
///
/// # Errors
///
/// The errors of [`accumulate_reports`].
pub fn accumulate_block<E: From<StateError>>(
    prior: AccumulationState,
    block: BlockContext,
    available: Vec<WorkReport>,
    protocol: &Protocol,
    invoke: impl FnMut(AccumulateCall) -> Result<Accumulated, E>,
) -> Result<BlockOutcome, E> {
    let slot = block.slot;
    let AccumulationState { slot: prior_slot, state, mut ready, mut accumulated } = prior;
    let arrivals = Arrivals::new(available, &accumulated);
    let order = queue::accumulatable(&arrivals, &ready, slot);
    let gas = block_gas(&state.privileges, &protocol.parameters);
    let outcome = accumulate_reports(gas, block, &order, state, protocol.rules(), invoke)?;

    let done = order.get(..outcome.accumulated).unwrap_or(&order);
    let packages = queue::package_hashes(done.iter().copied());
    let statistics = statistics(done, &outcome, protocol.rules());
    queue::advance(&mut ready, arrivals.queued, &packages, prior_slot, slot);
    queue::record(&mut accumulated, packages);

    let mut state = outcome.state;
    for service in statistics.keys() {
        if state.accounts.contains(*service)? {
            state.accounts.update(*service, |info| info.last_accumulation = slot)?;
        }
    }
    Ok(BlockOutcome {
        state: AccumulationState { slot, state, ready, accumulated },
        outputs: outcome.outputs,
        statistics,
    })
}

/// `eq:accumulationstatisticsdef`: a service is listed if any of its numbers is not zero.
fn statistics(
    reports: &[&WorkReport],
    outcome: &ReportsOutcome,
    rules: &Rules,
) -> AccumulationStatistics {
    let mut statistics = AccumulationStatistics::new();
    for (service, gas) in &outcome.gas_used {
        let total = &mut statistics.entry(*service).or_default().gas_used.0;
        *total = total.saturating_add(gas.0);
    }
    for digest in reports.iter().flat_map(|report| &report.digests) {
        let items = &mut statistics.entry(digest.service).or_default().items;
        *items = items.saturating_add(1);
    }
    for service in outcome.receivers.iter().filter(|_| rules.transfers_in_statistics) {
        let transfers = &mut statistics.entry(*service).or_default().transfers;
        *transfers = transfers.saturating_add(1);
    }
    statistics.retain(|_, service| *service != ServiceAccumulation::default());
    statistics
}

/// Commitment to a block's accumulation outputs, a leaf of the accumulation-output log
/// (`eq:accoutbeltdef`, 0.7.2).
#[must_use]
pub fn output_root(outputs: &Outputs) -> Hash {
    let leaves: Vec<Vec<u8>> = outputs.iter().map(encode).collect();
    merkle::well_balanced(&leaves, Hash::keccak)
}
