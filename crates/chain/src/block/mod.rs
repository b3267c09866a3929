//! A whole block applied to a whole state, without consensus.
//!
//! **What it does.** From the state before and the block: which reports are judged bad, which
//! became available and which timed out, their accumulation in order and within the block's gas,
//! the block's preimages, the reports newly pending, the authorizer pools, the histories, the
//! entropy and the cores' and services' statistics.
//!
//! **What it takes as given.** Signatures, seals, the proofs of tickets, who guarantees on which
//! core, the lookup anchors that the block names (but for those of recent blocks), and the entropy
//! that it adds. Components that only consensus changes are left as they are: Safrole, disputes,
//! validator sets, the validators' statistics. So header and disputes are held against them only in
//! states that are said to have them as they should be. A state may do without these, without
//! authorizer pools and without recent blocks; the rules about them are then taken as kept.
//!
//! A block that breaks a [rule](Refusal) is refused and changes nothing.

mod disputes;
mod genesis;
mod guarantees;
mod header;
mod pools;
mod recent;
mod refusal;
mod reports;

use std::sync::Arc;

use jambox_codec::Decode;
use jambox_state::{Accounts, Changes, Component, PartialState, StateError, Values};
use jambox_types::{
    Block, DeferredTransfer, Gas, Hash, PerCore, PerQueuePosition, Protocol, RecentBlocks,
    ServiceId, ServiceStatistics, Statistics, TimeSlot, WorkReport,
};

use crate::accumulation::{
    self, AccumulationState, BlockContext, BlockOutcome, Outputs, accumulate_block, preimages,
};
use crate::alone::Ran;
use crate::{ServiceCall, advance_entropy, check_slot};
use jambox_invocation::{Env, Observer};

pub use disputes::{DisputeError, Offense};
pub use genesis::genesis;
use guarantees::Rules;
use header::{Consensus, ValidatorCounts};
use pools::Pools;
pub use refusal::{BlockError, Refusal};
use reports::{Pending, Reports};

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
    /// The accumulations in the order in which they ran.
    pub calls: Vec<ServiceCall>,
    /// The transfers that services made, in the order in which they made them.
    pub transfers: Vec<DeferredTransfer>,
}

/// The components of the state that applying a block sets. Of the statistics it sets those of
/// cores and services; pools and recent blocks it sets where there are any.
pub const COMPONENTS: &[Component] = &[
    Component::AuthorizerPools,
    Component::RecentBlocks,
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

/// The rules that a block is held against before it is applied, none of which needs a signature.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Checks {
    /// All of them: the state before is whole, with this root, and consensus did its part in it.
    All {
        /// The root of the state before.
        prior_root: Hash,
    },
    /// All but those about the state's root and what block production has in it. Applying a block
    /// leaves the part of consensus as it was, so a state in which that was done here is not whole.
    WithoutConsensus,
    /// None: somebody else found the block to be valid.
    None,
}

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
    checks: Checks,
    entropy: Hash,
    observer: &mut dyn Observer,
) -> Result<Applied, BlockError> {
    let protocol = env.protocol();
    let parameters = &protocol.parameters;
    let extrinsic = &block.extrinsic;
    let slot = block.header.slot;
    let before = read_accumulation(prior, protocol)?;
    let prior_slot = before.slot;
    let admitted = admit(&**prior, &before, block, checks, protocol)?;

    let context = BlockContext { slot, entropy };
    let available = admitted.reports.available.clone();
    let mut ran = Ran::default();
    let invoke = |call| ran.accumulate(env, call, observer);
    let outcome = accumulate_block(before, context, available, protocol, invoke)?;
    let mut state = outcome.state.state.clone();
    preimages::integrate(&mut state.accounts, &extrinsic.preimages, slot)?;

    let services = services(block, &outcome);
    let mut changes = Changes::default();
    changes.set_accounts(&**prior, &state.accounts)?;
    set_accumulation(&mut changes, &state, &outcome, protocol);
    let entropies: [Hash; 4] = Component::Entropy.read(&**prior, protocol)?;
    let entropies = advance_entropy(entropies, entropy, prior_slot, slot, parameters);
    changes.set_component(Component::Entropy, &entropies, protocol);
    let statistics: Statistics = Component::Statistics.read(&**prior, protocol)?;
    let cores = admitted.reports.core_records(block, parameters);
    let statistics = Statistics { cores, services: services.clone(), ..statistics };
    changes.set_component(Component::Statistics, &statistics, protocol);
    admitted.advance(&mut changes, block, &outcome, protocol);

    let gas = outcome.statistics.values().map(|service| service.gas_used.0);
    Ok(Applied {
        changes,
        accounts: state.accounts,
        available: admitted.reports.available,
        outputs: outcome.outputs,
        services,
        gas_used: Gas(gas.fold(0, u64::saturating_add)),
        calls: ran.calls,
        transfers: ran.transfers,
    })
}

/// What is left of the state before a block when it was found to break no rule.
struct Admitted {
    reports: Reports,
    pools: Option<Pools>,
    recent: Option<RecentBlocks>,
}

/// Fails on the first rule that a block breaks.
fn admit(
    prior: &impl Values,
    before: &AccumulationState,
    block: &Block,
    checks: Checks,
    protocol: &Protocol,
) -> Result<Admitted, BlockError> {
    let is_checked = checks != Checks::None;
    if is_checked {
        check_header(block, before.slot, protocol)?;
    }
    let validators = match Consensus::read(prior, before.slot, protocol)? {
        Some(consensus) => {
            if let Checks::All { prior_root } = checks {
                consensus.check(prior_root, block, protocol)?;
            }
            consensus.validators(block, protocol)
        }
        None => ValidatorCounts::without_consensus(protocol),
    };
    let mut recent: Option<RecentBlocks> = read_any(prior, Component::RecentBlocks, protocol)?;
    recent.as_mut().map_or(Ok(()), |recent| recent::take_header(recent, block, is_checked))?;
    let pools: Option<Pools> = read_any(prior, Component::AuthorizerPools, protocol)?;
    let pending: Pending = Component::PendingReports.read(prior, protocol)?;
    let on_the_way = guarantees::on_the_way(&pending, &before.ready, &before.accumulated);
    let pending = reports::judged(pending, block, protocol);
    if is_checked {
        preimages::check(&before.state.accounts, &block.extrinsic.preimages)?;
        reports::check_assurances(&pending, block, validators.before)?;
    }
    let reports = Reports::advance(pending, block, validators, protocol);
    if is_checked {
        let rules = Rules {
            protocol,
            validators,
            accounts: &before.state.accounts,
            reports: &reports,
            pools: pools.as_ref(),
            recent: recent.as_ref(),
            on_the_way: &on_the_way,
        };
        rules.check(block)?;
    }
    Ok(Admitted { reports, pools, recent })
}

impl Admitted {
    /// Sets pending reports, pools and recent blocks.
    fn advance(
        &self,
        changes: &mut Changes,
        block: &Block,
        outcome: &BlockOutcome,
        protocol: &Protocol,
    ) {
        let pending = self.reports.pending_after(block);
        changes.set_component(Component::PendingReports, &pending, protocol);
        if let Some(pools) = self.pools.clone() {
            let queues = &outcome.state.state.authorizer_queues;
            let pools = pools::advance(pools, block, queues, &protocol.parameters);
            changes.set_component(Component::AuthorizerPools, &pools, protocol);
        }
        if let Some(recent) = self.recent.clone() {
            let recent = recent::add(recent, block, &outcome.outputs, protocol);
            changes.set_component(Component::RecentBlocks, &recent, protocol);
        }
    }
}

/// What the header alone can break.
fn check_header(block: &Block, prior: TimeSlot, protocol: &Protocol) -> Result<(), Refusal> {
    let header = &block.header;
    check_slot(prior, header.slot)?;
    if header.extrinsic_hash != block.extrinsic.hash(protocol) {
        return Err(Refusal::ExtrinsicHash);
    }
    let disputes = &block.extrinsic.disputes;
    let counts = [disputes.verdicts.len(), disputes.culprits.len(), disputes.faults.len()];
    let most = protocol.rules().max_disputes.map_or(usize::MAX, |most| most as usize);
    match counts.into_iter().find(|count| *count > most) {
        Some(count) => Err(Refusal::DisputeCount { count, most }),
        None => Ok(()),
    }
}

/// A component that a state may do without.
fn read_any<T: Decode<Protocol>>(
    state: &impl Values,
    component: Component,
    protocol: &Protocol,
) -> Result<Option<T>, StateError> {
    match component.read(state, protocol) {
        Err(StateError::NoComponent(_)) => Ok(None),
        read => read.map(Some),
    }
}

/// The part of a state that accumulation works on.
///
/// # Errors
///
/// A component is missing, does not decode, or cannot be read.
pub fn read_accumulation<V: Values + 'static>(
    state: &Arc<V>,
    protocol: &Protocol,
) -> Result<AccumulationState, StateError> {
    let parameters = &protocol.parameters;
    let queues: PerCore<PerQueuePosition<Hash>> =
        Component::AuthorizerQueues.read(&**state, protocol)?;
    let mut queues = queues.into_vec().into_iter().map(Arc::new);
    let empty = PerQueuePosition::from_fn(parameters, |_| Hash::ZERO);
    let queues =
        PerCore::from_fn(parameters, |_| queues.next().unwrap_or_else(|| Arc::new(empty.clone())));
    let base = Arc::clone(state);
    Ok(AccumulationState {
        slot: Component::Slot.read(&**state, protocol)?,
        state: PartialState {
            accounts: Accounts::new(base),
            staging_set: Arc::new(Component::StagingSet.read(&**state, protocol)?),
            authorizer_queues: Arc::new(queues),
            privileges: Arc::new(Component::Privileges.read(&**state, protocol)?),
        },
        ready: Component::ReadyQueue.read(&**state, protocol)?,
        accumulated: Component::Accumulated.read(&**state, protocol)?,
    })
}

/// Sets what accumulation leaves, accounts excepted.
pub fn set_accumulation(
    changes: &mut Changes,
    state: &PartialState,
    outcome: &BlockOutcome,
    protocol: &Protocol,
) {
    set_partial(changes, state, protocol);
    changes.set_component(Component::Slot, &outcome.state.slot, protocol);
    changes.set_component(Component::ReadyQueue, &outcome.state.ready, protocol);
    changes.set_component(Component::Accumulated, &outcome.state.accumulated, protocol);
    let outputs: Vec<(ServiceId, Hash)> = outcome.outputs.iter().copied().collect();
    changes.set_component(Component::Outputs, &outputs, protocol);
}

/// Sets what services may change, accounts excepted.
pub fn set_partial(changes: &mut Changes, state: &PartialState, protocol: &Protocol) {
    let queues: Vec<u8> =
        state.authorizer_queues.iter().flat_map(|queue| jambox_codec::encode(&**queue)).collect();
    let meaning = jambox_state::Meaning::Component(Component::AuthorizerQueues);
    changes.set(meaning, Some(queues.into()));
    changes.set_component(Component::StagingSet, &*state.staging_set, protocol);
    changes.set_component(Component::Privileges, &*state.privileges, protocol);
}

fn services(block: &Block, outcome: &BlockOutcome) -> ServiceStatistics {
    let guarantees = block.extrinsic.guarantees.iter();
    accumulation::statistics::of_services(
        guarantees.map(|guarantee| &guarantee.report),
        &block.extrinsic.preimages,
        &outcome.statistics,
    )
}
