//! One round: every service with inputs accumulates from the same state, and the results are merged
//! (`eq:accpar`, 0.7.2).

use std::collections::{BTreeMap, BTreeSet};
use std::sync::Arc;

use jambox_state::{Accounts, AuthorizerQueue, Blob, PartialState, StateError};
use jambox_types::{DeferredTransfer, Gas, PerCore, Privileges, ServiceId, TimeSlot};

use super::Outputs;
use super::calls::Round;
use jambox_invocation::{AccumulateCall, Accumulated};

/// Result of a round.
pub(super) struct RoundOutcome {
    pub state: PartialState,
    pub transfers: Vec<DeferredTransfer>,
    pub outputs: Outputs,
    pub gas_used: Vec<(ServiceId, Gas)>,
}

/// Runs one round from `state`.
pub(super) fn accumulate_round<E: From<StateError>>(
    state: &PartialState,
    round: Round<'_>,
    invoke: &mut impl FnMut(AccumulateCall) -> Result<Accumulated, E>,
) -> Result<RoundOutcome, E> {
    let slot = round.block.slot;
    let mut outcomes = Vec::new();
    for (service, call) in round.into_calls(state) {
        outcomes.push((service, invoke(call)?));
    }
    let mut joined = RoundOutcome {
        state: join(state, outcomes.iter().map(|(service, outcome)| (*service, outcome)), slot)?,
        transfers: Vec::new(),
        outputs: Outputs::new(),
        gas_used: Vec::new(),
    };
    for (service, outcome) in outcomes {
        joined.transfers.extend(outcome.transfers);
        joined.outputs.extend(outcome.yielded.map(|output| (service, output)));
        joined.gas_used.push((service, outcome.gas_used));
    }
    Ok(joined)
}

/// The state after a round, merged from the state before it and the results of its services.
/// Changes that a service may not make are dropped, and provided preimages are integrated at `slot`
/// (`eq:accpar`, 0.7.2).
///
/// # Errors
///
/// When the state's base cannot be read, or two services created the same index, which makes the
/// block invalid.
pub fn join<'a>(
    before: &'a PartialState,
    outcomes: impl IntoIterator<Item = (ServiceId, &'a Accumulated)>,
    slot: TimeSlot,
) -> Result<PartialState, StateError> {
    Results { before, outcomes: outcomes.into_iter().collect() }.joined_state(slot)
}

/// The state before a round, and the results of its services.
struct Results<'a> {
    before: &'a PartialState,
    outcomes: BTreeMap<ServiceId, &'a Accumulated>,
}

impl Results<'_> {
    /// The state after `service` accumulated. A service without inputs in the round leaves the
    /// state unchanged, since without gas no program can change anything.
    fn left_by(&self, service: ServiceId) -> &PartialState {
        self.outcomes.get(&service).map_or(self.before, |outcome| &outcome.state)
    }

    fn joined_state(&self, slot: TimeSlot) -> Result<PartialState, StateError> {
        let before = &self.before.privileges;
        Ok(PartialState {
            accounts: self.accounts(slot)?,
            staging_set: Arc::clone(&self.left_by(before.delegator).staging_set),
            authorizer_queues: self.authorizer_queues(),
            privileges: self.privileges(),
        })
    }

    fn accounts(&self, slot: TimeSlot) -> Result<Accounts, StateError> {
        let outcomes = self.outcomes.iter();
        let mut accounts = self
            .before
            .accounts
            .merged(outcomes.map(|(service, outcome)| (*service, &outcome.state.accounts)))?;
        let provisions: BTreeSet<&(ServiceId, Blob)> =
            self.outcomes.values().flat_map(|outcome| &outcome.provisions).collect();
        for (service, preimage) in provisions {
            accounts.provide(*service, Arc::clone(preimage), slot)?;
        }
        Ok(accounts)
    }

    /// Each core's queue, from the state left by the core's assigner.
    fn authorizer_queues(&self) -> Arc<PerCore<AuthorizerQueue>> {
        let mut queues = Arc::clone(&self.before.authorizer_queues);
        for (core, assigner) in self.before.privileges.assigners.iter().enumerate() {
            let left = self.left_by(*assigner).authorizer_queues.get(core);
            let Some(left) = left.filter(|left| Some(*left) != queues.get(core)) else { continue };
            if let Some(queue) = Arc::make_mut(&mut queues).get_mut(core) {
                *queue = Arc::clone(left);
            }
        }
        queues
    }

    /// The manager's choice of privileges. A privilege that it leaves unchanged may be passed on by
    /// its holder.
    fn privileges(&self) -> Arc<Privileges> {
        let before = &self.before.privileges;
        let managed = &self.left_by(before.manager).privileges;
        let mut after = Privileges::clone(managed);
        for (core, holder) in before.assigners.iter().enumerate() {
            let own = self.left_by(*holder).privileges.assigners.get(core);
            if let (Some(assigner), Some(own)) = (after.assigners.get_mut(core), own) {
                *assigner = changed_or(*holder, *assigner, *own);
            }
        }
        let own = self.left_by(before.delegator).privileges.delegator;
        after.delegator = changed_or(before.delegator, managed.delegator, own);
        let own = self.left_by(before.registrar).privileges.registrar;
        after.registrar = changed_or(before.registrar, managed.registrar, own);
        if after == **before { Arc::clone(before) } else { Arc::new(after) }
    }
}

/// The manager's choice for a privilege, or, if it is unchanged, the holder's (function `R` of
/// `sec:accumulationexecution`, 0.7.2).
fn changed_or(before: ServiceId, by_manager: ServiceId, by_holder: ServiceId) -> ServiceId {
    if by_manager == before { by_holder } else { by_manager }
}
