//! A whole block applied to a whole state, without consensus.
//!
//! **Contents.** From the state before and the block: reports judged bad, reports newly available
//! and timed out, their accumulation in order and within the block's gas, the block's preimages,
//! newly pending reports, authorizer pools, histories, entropy, and the statistics of cores and
//! services.
//!
//! **Not here.** Taken as given are signatures, seals, the proofs of tickets, the assignment of
//! guarantors to cores, the lookup anchors of the block (except for recent blocks), and the entropy
//! added by the block. Components that only consensus changes are left unchanged: Safrole,
//! disputes, validator sets, the validators' statistics. Header and disputes are therefore checked
//! against them only if the caller declares the state whole. A state may lack these components,
//! authorizer pools and recent blocks; the rules about them then count as kept.
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

use jambox_state::{Accounts, Changes, Component, Values};
use jambox_types::{
    Block, DeferredTransfer, Gas, Hash, Protocol, RecentBlocks, ServiceStatistics, Statistics,
    TimeSlot, WorkReport,
};

use crate::accumulation::{
    self, AccumulationState, BlockContext, BlockOutcome, Outputs, accumulate_block, preimages,
};
use crate::alone::Ran;
use crate::components::{read_any, set_accumulation};
use crate::{ServiceCall, advance_entropy, check_slot};
use jambox_invocation::{Env, Observer};

pub use crate::components::{read_accumulation, set_partial};
pub use disputes::{DisputeError, Offense};
pub use genesis::genesis;
use guarantees::Rules;
use header::{Consensus, ValidatorCounts};
use pools::Pools;
pub use refusal::{BlockError, Refusal};
use reports::{Pending, Reports};

/// Result of applying a block.
#[derive(Clone, Debug)]
pub struct Applied {
    /// All changes of the state.
    pub changes: Changes,
    /// The accounts after the block, as an overlay over those before.
    pub accounts: Accounts,
    /// The reports that became available, in the order of their cores.
    pub available: Vec<WorkReport>,
    /// Accumulation outputs (`yield`) of the services.
    pub outputs: Outputs,
    /// Statistics of each service in the block.
    pub services: ServiceStatistics,
    /// Gas used by accumulation.
    pub gas_used: Gas,
    /// The accumulations, in the order of their runs.
    pub calls: Vec<ServiceCall>,
    /// Transfers made by services, in the order of their calls.
    pub transfers: Vec<DeferredTransfer>,
}

/// Components of the state that applying a block sets. In the statistics it sets those of cores and
/// services. Pools and recent blocks are set only if the prior state has them.
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

/// The rules that a block is checked against before it is applied. None of them needs a signature.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Checks {
    /// All rules. The state before is whole, has this root, and includes the changes of consensus.
    All {
        /// Root of the state before.
        prior_root: Hash,
    },
    /// All rules except those about the state's root and the state of block production. Applying a
    /// block leaves the components of consensus unchanged, so a state after such a block is not
    /// whole.
    WithoutConsensus,
    /// None: the block has been found valid elsewhere.
    None,
}

/// Applies `block` to the state `prior`. `entropy` is the entropy accumulator after the block,
/// computed by consensus.
///
/// # Errors
///
/// When the block is [refused](BlockError::Refused), or the host cannot go on.
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

/// Parts of the prior state, read while checking a block that broke no rule.
struct Admitted {
    reports: Reports,
    pools: Option<Pools>,
    recent: Option<RecentBlocks>,
}

/// Fails on the first broken rule.
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

/// Checks the rules of the header alone.
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

fn services(block: &Block, outcome: &BlockOutcome) -> ServiceStatistics {
    let guarantees = block.extrinsic.guarantees.iter();
    accumulation::statistics::of_services(
        guarantees.map(|guarantee| &guarantee.report),
        &block.extrinsic.preimages,
        &outcome.statistics,
    )
}
