//! Rounds of accumulation within the gas of a block (`eq:accseq`).

use std::collections::BTreeMap;

use jambox_state::{PartialState, StateError};
use jambox_types::{DeferredTransfer, Gas, Parameters, Privileges, Rules, ServiceId, WorkReport};

use super::calls::Round;
use super::parallel::accumulate_round;
use super::{BlockContext, Outputs};
use jambox_invocation::{AccumulateCall, Accumulated};

/// Result of accumulating reports.
#[derive(Clone, Debug)]
pub struct ReportsOutcome {
    /// Number of reports, from the first, accumulated within the gas.
    pub accumulated: usize,
    /// The state after them.
    pub state: PartialState,
    /// Accumulation outputs (`yield`) of the services.
    pub outputs: Outputs,
    /// Gas used, by round and service.
    pub gas_used: Vec<(ServiceId, Gas)>,
    /// Receivers of the transfers taken, existing or not.
    pub receivers: Vec<ServiceId>,
}

/// Gas of a block's accumulation (`eq:finalstateaccumulation`, 0.7.2).
#[must_use]
pub fn block_gas(privileges: &Privileges, parameters: &Parameters) -> Gas {
    let reports = parameters.report_accumulate_gas.saturating_mul(parameters.cores.into());
    let free = privileges.always_accumulate.values();
    let needed = free.fold(reports, |sum, gas| sum.saturating_add(gas.0));
    Gas(parameters.block_accumulate_gas.max(needed))
}

/// Accumulates as many of `reports` as `gas` covers, in rounds (`eq:accseq`). Each round takes the
/// transfers made in the one before; the first also runs the always-accumulating services.
///
/// [`Rules::gas_covers_whole_rounds`] decides on the gas of the other inputs. If it is set, `gas`
/// covers all inputs of a round, and the gas of transfers is added when they are made. Otherwise
/// `gas` covers reports only, and the gas of transfers is added when they are taken. Transfers and
/// always-accumulating services never wait for gas.
///
/// `invoke` accumulates one service in one round (`eq:accinvocation`).
///
/// # Errors
///
/// The errors of `invoke`, and errors of the state: its base cannot be read, or two services
/// created the same index, which makes the block invalid.
pub fn accumulate_reports<E: From<StateError>>(
    gas: Gas,
    block: BlockContext,
    reports: &[&WorkReport],
    state: PartialState,
    rules: &Rules,
    mut invoke: impl FnMut(AccumulateCall) -> Result<Accumulated, E>,
) -> Result<ReportsOutcome, E> {
    let mut gas = gas.0;
    let mut free = state.privileges.always_accumulate.clone();
    let mut transfers = Vec::new();
    let mut waiting = reports;
    let mut outcome = ReportsOutcome {
        accumulated: 0,
        state,
        outputs: Outputs::new(),
        gas_used: Vec::new(),
        receivers: Vec::new(),
    };
    loop {
        let mut round = Round { block, transfers, reports: &[], free };
        let (taken, covered) = (transferred_gas(&round.transfers), round.gas());
        let left = if rules.gas_covers_whole_rounds { gas.checked_sub(covered) } else { Some(gas) };
        let count = left.map_or(0, |left| affordable(left, waiting));
        let (now, later) = waiting.split_at(count);
        round.reports = now;
        if round.is_empty() {
            return Ok(outcome);
        }
        outcome.receivers.extend(round.transfers.iter().map(|transfer| transfer.destination));
        let result = accumulate_round(&outcome.state, round, &mut invoke)?;
        let made = transferred_gas(&result.transfers);
        gas = gas.saturating_add(if rules.gas_covers_whole_rounds { made } else { taken });
        for (_, used) in &result.gas_used {
            gas = gas.saturating_sub(used.0);
        }
        outcome.accumulated = outcome.accumulated.saturating_add(now.len());
        outcome.state = result.state;
        outcome.outputs.extend(result.outputs);
        outcome.gas_used.extend(result.gas_used);
        (waiting, transfers, free) = (later, result.transfers, BTreeMap::new());
    }
}

/// Gas of transfers.
fn transferred_gas(transfers: &[DeferredTransfer]) -> u64 {
    transfers.iter().fold(0, |sum, transfer| sum.saturating_add(transfer.gas_limit.0))
}

/// Number of reports, from the first, covered by `gas`.
fn affordable(gas: u64, reports: &[&WorkReport]) -> usize {
    let mut left = gas;
    reports
        .iter()
        .take_while(|report| {
            let limits = report.digests.iter().map(|digest| digest.accumulate_gas_limit.0);
            let needed = limits.fold(0_u64, u64::saturating_add);
            let enough = left.checked_sub(needed);
            left = enough.unwrap_or(0);
            enough.is_some()
        })
        .count()
}
