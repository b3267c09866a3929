//! Components of a state that blocks and accumulation read and set.

use std::sync::Arc;

use jambox_codec::Decode;
use jambox_state::{Accounts, Changes, Component, PartialState, StateError, Values};
use jambox_types::{Hash, PerCore, PerQueuePosition, Protocol, ServiceId};

use crate::accumulation::{AccumulationState, BlockOutcome};

/// Reads a component that a state may lack.
pub fn read_any<T: Decode<Protocol>>(
    state: &impl Values,
    component: Component,
    protocol: &Protocol,
) -> Result<Option<T>, StateError> {
    match component.read(state, protocol) {
        Err(StateError::NoComponent(_)) => Ok(None),
        read => read.map(Some),
    }
}

/// The components of a state that accumulation reads.
///
/// # Errors
///
/// When a component is missing, does not decode, or cannot be read.
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

/// Sets the components after accumulation, except for accounts.
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

/// Sets the components that services may change, except for accounts.
pub fn set_partial(changes: &mut Changes, state: &PartialState, protocol: &Protocol) {
    let queues: Vec<u8> =
        state.authorizer_queues.iter().flat_map(|queue| jambox_codec::encode(&**queue)).collect();
    let meaning = jambox_state::Meaning::Component(Component::AuthorizerQueues);
    changes.set(meaning, Some(queues.into()));
    changes.set_component(Component::StagingSet, &*state.staging_set, protocol);
    changes.set_component(Component::Privileges, &*state.privileges, protocol);
}
