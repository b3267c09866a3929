//! A whole block applied to a whole state, without consensus.
//!
//! **What it does.** From the state before and the block: which reports are judged bad, which
//! became available and which timed out, their accumulation in order and within the block's gas,
//! the block's preimages, the reports newly pending, the histories, the entropy and the cores' and
//! services' statistics.
//!
//! **What it takes as given.** Signatures, seals, tickets, who guarantees on which core, and the
//! entropy that the block adds. Components that only consensus changes are left as they are:
//! authorizer pools, recent blocks, Safrole, disputes, validator sets, the validators' statistics.
//!
//! A block that breaks a [rule](Refusal) is refused and changes nothing.

mod refusal;
mod reports;

use std::sync::Arc;

use jambox_state::{Accounts, Changes, Component, PartialState, StateError, Values};
use jambox_types::{
    Block, Gas, Hash, Parameters, PerCore, PerQueuePosition, ServiceId, ServiceStatistics,
    Statistics, TimeSlot, WorkReport,
};

use crate::accumulation::{
    self, AccumulationState, BlockContext, BlockOutcome, Outputs, accumulate_block, preimages,
};
use crate::{Env, HostError, Observer, accumulate};

pub use refusal::{BlockError, Refusal};
use reports::Reports;

/// What became of a block that was applied.
#[derive(Clone, Debug)]
pub struct Applied {
    /// All that it changes of the state.
    pub changes: Changes,
    /// The accounts afterwards, over those before.
    pub accounts: Accounts,
    /// The reports that became available, in the order of their cores.
    pub available: Vec<WorkReport>,
    /// What services yielded.
    pub outputs: Outputs,
    /// What the block meant for each service.
    pub services: ServiceStatistics,
    /// Gas that accumulation used.
    pub gas_used: Gas,
}

/// The components of the state that applying a block sets. Of the statistics it sets those of
/// cores and services.
pub const COMPONENTS: &[Component] = &[
    Component::AuthorizerQueues,
    Component::Entropy,
    Component::StagingSet,
    Component::PendingReports,
    Component::Slot,
    Component::Privileges,
    Component::Statistics,
    Component::ReadyQueue,
    Component::Accumulated,
    Component::Outputs,
];

/// Applies `block` to the state `prior`. `entropy` is the accumulator after the block, which
/// consensus gives.
///
/// # Errors
///
/// The block is [refused](BlockError::Refused), or the host cannot go on.
pub fn apply<V: Values + 'static>(
    env: &Env,
    prior: &Arc<V>,
    block: &Block,
    entropy: Hash,
    observer: &mut dyn Observer,
) -> Result<Applied, BlockError> {
    let parameters = env.parameters();
    let extrinsic = &block.extrinsic;
    let slot = block.header.slot;
    let before = read_accumulation(prior, parameters)?;
    let accounts = before.state.accounts.clone();
    let prior_slot = before.slot;
    refusal::check_header(block, prior_slot)?;
    preimages::check(&accounts, &extrinsic.preimages)?;
    let reports =
        Reports::advance(Component::PendingReports.read(&**prior, parameters)?, block, parameters)?;
    refusal::check_guarantees(block, &reports, &accounts, parameters)?;

    let context = BlockContext { slot, entropy };
    let available = reports.available.clone();
    let invoke = |call| -> Result<_, HostError> { accumulate(env, call, observer) };
    let outcome = accumulate_block(before, context, available, parameters, invoke)?;
    let mut state = outcome.state.state.clone();
    preimages::integrate(&mut state.accounts, &extrinsic.preimages, slot)?;

    let services = services(block, &outcome);
    let mut changes = Changes::default();
    changes.set_accounts(&**prior, &state.accounts)?;
    set_accumulation(&mut changes, &state, &outcome);
    let entropies: [Hash; 4] = Component::Entropy.read(&**prior, parameters)?;
    let entropies = advance_entropy(entropies, entropy, prior_slot, slot, parameters);
    changes.set_component(Component::Entropy, &entropies);
    let statistics: Statistics = Component::Statistics.read(&**prior, parameters)?;
    let cores = reports.core_records(block, parameters);
    let statistics = Statistics { cores, services: services.clone(), ..statistics };
    changes.set_component(Component::Statistics, &statistics);
    changes.set_component(Component::PendingReports, &reports.pending_after(block));

    let gas = outcome.statistics.values().map(|service| service.gas_used.0);
    Ok(Applied {
        changes,
        accounts: state.accounts,
        available: reports.available,
        outputs: outcome.outputs,
        services,
        gas_used: Gas(gas.fold(0, u64::saturating_add)),
    })
}

/// The part of a state that accumulation works on.
///
/// # Errors
///
/// A component is missing, does not decode, or cannot be read.
pub fn read_accumulation<V: Values + 'static>(
    state: &Arc<V>,
    parameters: &Parameters,
) -> Result<AccumulationState, StateError> {
    let queues: PerCore<PerQueuePosition<Hash>> =
        Component::AuthorizerQueues.read(&**state, parameters)?;
    let mut queues = queues.into_vec().into_iter().map(Arc::new);
    let empty = PerQueuePosition::from_fn(parameters, |_| Hash::ZERO);
    let queues =
        PerCore::from_fn(parameters, |_| queues.next().unwrap_or_else(|| Arc::new(empty.clone())));
    let base = Arc::clone(state);
    Ok(AccumulationState {
        slot: Component::Slot.read(&**state, parameters)?,
        state: PartialState {
            accounts: Accounts::new(base),
            staging_set: Arc::new(Component::StagingSet.read(&**state, parameters)?),
            authorizer_queues: Arc::new(queues),
            privileges: Arc::new(Component::Privileges.read(&**state, parameters)?),
        },
        ready: Component::ReadyQueue.read(&**state, parameters)?,
        accumulated: Component::Accumulated.read(&**state, parameters)?,
    })
}

/// Sets what accumulation leaves, accounts excepted.
pub fn set_accumulation(changes: &mut Changes, state: &PartialState, outcome: &BlockOutcome) {
    set_partial(changes, state);
    changes.set_component(Component::Slot, &outcome.state.slot);
    changes.set_component(Component::ReadyQueue, &outcome.state.ready);
    changes.set_component(Component::Accumulated, &outcome.state.accumulated);
    let outputs: Vec<(ServiceId, Hash)> = outcome.outputs.iter().copied().collect();
    changes.set_component(Component::Outputs, &outputs);
}

/// Sets what services may change, accounts excepted.
pub fn set_partial(changes: &mut Changes, state: &PartialState) {
    let queues: Vec<u8> =
        state.authorizer_queues.iter().flat_map(|queue| jambox_codec::encode(&**queue)).collect();
    let meaning = jambox_state::Meaning::Component(Component::AuthorizerQueues);
    changes.set(meaning, Some(queues.into()));
    changes.set_component(Component::StagingSet, &*state.staging_set);
    changes.set_component(Component::Privileges, &*state.privileges);
}

fn services(block: &Block, outcome: &BlockOutcome) -> ServiceStatistics {
    let guarantees = block.extrinsic.guarantees.iter();
    accumulation::statistics::of_services(
        guarantees.map(|guarantee| &guarantee.report),
        &block.extrinsic.preimages,
        &outcome.statistics,
    )
}

/// The entropy after a block: the accumulator that consensus gives, and, in the first block of
/// an epoch, its value at the end of the last one put into the history
/// (`sec:sealandentropy`, 0.7.2).
fn advance_entropy(
    before: [Hash; 4],
    accumulator: Hash,
    prior: TimeSlot,
    slot: TimeSlot,
    parameters: &Parameters,
) -> [Hash; 4] {
    let epoch = |slot: TimeSlot| slot.0.checked_div(parameters.epoch_length);
    let [last, first, second, third] = before;
    if epoch(prior) == epoch(slot) {
        [accumulator, first, second, third]
    } else {
        [accumulator, last, first, second]
    }
}
