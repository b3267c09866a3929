//! Accumulation of one report in a block of its own, for callers without blocks.

use std::collections::BTreeSet;

use jambox_invocation::{
    AccumulateCall, Accumulated, Env, Failure, HostError, NoCode, Observer, accumulate,
};
use jambox_state::{Changes, Component, PartialState, StateError, Values};
use jambox_types::{
    AccumulatedQueue, DeferredTransfer, Gas, Hash, Parameters, PerSlot, Protocol, ServiceId,
    Statistics, TimeSlot, WorkReport,
};

use crate::accumulation::statistics::of_services;
use crate::accumulation::{AccumulationState, BlockContext, BlockOutcome, accumulate_block};
use crate::advance_entropy;
use crate::components::set_accumulation;

/// Result of a report's accumulation.
#[derive(Clone, Debug)]
pub struct Alone {
    /// The accumulations, in the order of their runs.
    pub calls: Vec<ServiceCall>,
    /// Transfers made by services, in the order of their calls.
    pub transfers: Vec<DeferredTransfer>,
    /// Result of the block.
    pub after: BlockOutcome,
    block: BlockContext,
    prior: TimeSlot,
}

/// The accumulation of one service.
#[derive(Clone, Debug)]
pub struct ServiceCall {
    /// The service.
    pub service: ServiceId,
    /// Gas of the accumulation.
    pub gas: Gas,
    /// Reason for running no code; `None` if code ran.
    pub no_code: Option<NoCode>,
    /// Failure of the guest, if it failed.
    pub failure: Option<Box<Failure>>,
}

impl ServiceCall {
    /// True if no code ran, or the guest failed.
    #[must_use]
    pub const fn has_failed(&self) -> bool {
        self.no_code.is_some() || self.failure.is_some()
    }
}

/// Record of the accumulations so far.
#[derive(Debug, Default)]
pub(crate) struct Ran {
    pub calls: Vec<ServiceCall>,
    pub transfers: Vec<DeferredTransfer>,
}

impl Ran {
    /// Accumulates one service and records the run.
    pub fn accumulate(
        &mut self,
        env: &Env,
        call: AccumulateCall,
        observer: &mut dyn Observer,
    ) -> Result<Accumulated, HostError> {
        let (service, gas) = (call.service, call.gas);
        let done = accumulate(env, call, observer)?;
        let (no_code, failure) = (done.no_code, done.failure.clone());
        self.calls.push(ServiceCall { service, gas, no_code, failure });
        self.transfers.extend(done.transfers.iter().cloned());
        Ok(done)
    }
}

impl AccumulationState {
    /// A state without history, for a block in the slot `next`.
    #[must_use]
    pub fn without_history(state: PartialState, next: TimeSlot, parameters: &Parameters) -> Self {
        Self {
            slot: TimeSlot(next.0.saturating_sub(1)),
            state,
            ready: PerSlot::from_fn(parameters, |_| Vec::new()),
            accumulated: AccumulatedQueue::from_fn(parameters, |_| BTreeSet::new()),
        }
    }
}

/// Accumulates a report in a block of its own, as if it had become available there. Its
/// dependencies are taken as met. The caller has checked that the block's slot [may follow].
///
/// [may follow]: crate::check_slot
///
/// # Errors
///
/// When the host cannot go on.
pub fn accumulate_alone(
    env: &Env,
    mut prior: AccumulationState,
    block: BlockContext,
    report: &WorkReport,
    observer: &mut dyn Observer,
) -> Result<Alone, HostError> {
    let accumulated = &mut prior.accumulated;
    let known: BTreeSet<Hash> = accumulated.iter().flatten().copied().collect();
    let needed = report.context.prerequisites.iter().chain(report.segment_roots.keys());
    if let Some(latest) = accumulated.last_mut() {
        latest.extend(needed.filter(|package| !known.contains(package)));
    }
    let prior_slot = prior.slot;
    let mut ran = Ran::default();
    let invoke = |call| ran.accumulate(env, call, observer);
    let after = accumulate_block(prior, block, vec![report.clone()], env.protocol(), invoke)?;
    let Ran { calls, transfers } = ran;
    Ok(Alone { calls, transfers, after, block, prior: prior_slot })
}

impl Alone {
    /// All changes of the block, relative to the whole state before it.
    ///
    /// # Errors
    ///
    /// When a component is missing, does not decode, or cannot be read.
    pub fn changes<V: Values>(
        &self,
        prior: &V,
        protocol: &Protocol,
    ) -> Result<Changes, StateError> {
        let mut changes = Changes::default();
        let state = &self.after.state.state;
        changes.set_accounts(prior, &state.accounts)?;
        set_accumulation(&mut changes, state, &self.after, protocol);
        let entropy = Component::Entropy.read(prior, protocol)?;
        let BlockContext { slot, entropy: accumulator } = self.block;
        let entropy = advance_entropy(entropy, accumulator, self.prior, slot, &protocol.parameters);
        changes.set_component(Component::Entropy, &entropy, protocol);
        let statistics: Statistics = Component::Statistics.read(prior, protocol)?;
        let services = of_services([], &[], &self.after.statistics);
        let statistics = Statistics { services, ..statistics };
        changes.set_component(Component::Statistics, &statistics, protocol);
        Ok(changes)
    }
}
