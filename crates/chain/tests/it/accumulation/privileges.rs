//! Changes of state other than accounts, by privilege: `R` and its neighbours in `eq:accpar`.

use std::collections::BTreeMap;
use std::sync::Arc;

use jambox_chain::accumulation::accumulate_reports;
use jambox_invocation::AccumulateCall;
use jambox_state::PartialState;
use jambox_types::{
    Gas, Hash, PerCore, PerQueuePosition, PerValidator, Privileges, ServiceId, ValidatorKey,
};

use super::{BLOCK, Invoked, PARAMETERS, PROTOCOL, idle, report, state};

const MANAGER: u32 = 1;
const DELEGATOR: u32 = 2;
const REGISTRAR: u32 = 3;
/// The assigners of core 0 and core 1.
const ASSIGNERS: [u32; 2] = [4, 5];
const NOBODY: u32 = 6;

fn before() -> PartialState {
    let mut state = state(1..=6);
    *Arc::make_mut(&mut state.privileges) = Privileges {
        manager: ServiceId(MANAGER),
        assigners: PerCore::from_fn(&PARAMETERS, |core| ServiceId(ASSIGNERS[core])),
        delegator: ServiceId(DELEGATOR),
        registrar: ServiceId(REGISTRAR),
        always_accumulate: BTreeMap::new(),
    };
    state
}

/// One round with `services`, each of which applies `change` to the state.
fn round(services: &[u32], change: impl Fn(u32, &mut PartialState)) -> PartialState {
    let digests: Vec<_> = services.iter().map(|service| (*service, 10)).collect();
    let report = report(1, &digests);
    let invoke = |call: AccumulateCall| -> Invoked {
        let service = call.service.0;
        let mut outcome = idle(call);
        change(service, &mut outcome.state);
        Ok(outcome)
    };
    accumulate_reports(Gas(1000), BLOCK, &[&report], before(), PROTOCOL.rules(), invoke)
        .unwrap()
        .state
}

fn privileges(state: &mut PartialState) -> &mut Privileges {
    Arc::make_mut(&mut state.privileges)
}

/// Every change that a bless by `service` can make, with values derived from `mark`.
fn bless(state: &mut PartialState, mark: u32) {
    *privileges(state) = Privileges {
        manager: ServiceId(mark),
        assigners: PerCore::from_fn(&PARAMETERS, |core| ServiceId(mark + 1 + core as u32)),
        delegator: ServiceId(mark + 3),
        registrar: ServiceId(mark + 4),
        always_accumulate: BTreeMap::from([(ServiceId(mark), Gas(5))]),
    };
}

#[test]
fn the_manager_changes_all() {
    let after = round(&[MANAGER], |_, state| bless(state, 100));
    let mut expected = before();
    bless(&mut expected, 100);
    assert_eq!(after.privileges, expected.privileges);
}

#[test]
fn a_holder_passes_on_its_own_privilege_and_no_other() {
    let holders = [DELEGATOR, REGISTRAR, ASSIGNERS[0], ASSIGNERS[1], NOBODY];
    let after = round(&holders, |service, state| bless(state, 100 * service));
    let expected = Privileges {
        manager: ServiceId(MANAGER),
        assigners: PerCore::from_fn(&PARAMETERS, |core| {
            ServiceId(100 * ASSIGNERS[core] + 1 + core as u32)
        }),
        delegator: ServiceId(100 * DELEGATOR + 3),
        registrar: ServiceId(100 * REGISTRAR + 4),
        always_accumulate: BTreeMap::new(),
    };
    assert_eq!(*after.privileges, expected);
}

#[test]
fn the_manager_overrules_the_holders() {
    let everyone = [MANAGER, DELEGATOR, REGISTRAR, ASSIGNERS[0], ASSIGNERS[1]];
    let after = round(&everyone, |service, state| bless(state, 100 * service));
    let mut expected = before();
    bless(&mut expected, 100 * MANAGER);
    assert_eq!(after.privileges, expected.privileges);
}

#[test]
fn what_the_manager_leaves_alone_the_holders_may_change() {
    let after = round(&[MANAGER, DELEGATOR, ASSIGNERS[1]], |service, state| match service {
        MANAGER => privileges(state).assigners[0] = ServiceId(70),
        DELEGATOR => privileges(state).delegator = ServiceId(71),
        _ => privileges(state).assigners[1] = ServiceId(72),
    });
    assert_eq!(after.privileges.manager, ServiceId(MANAGER));
    assert_eq!(after.privileges.delegator, ServiceId(71));
    assert_eq!(after.privileges.assigners[..], [ServiceId(70), ServiceId(72)]);
}

#[test]
fn only_the_delegator_sets_the_staging_set() {
    let keys = |mark: u8| {
        let metadata = jambox_types::ValidatorMetadata([mark; 128]);
        Arc::new(PerValidator::from_fn(&PROTOCOL, |_| ValidatorKey {
            metadata,
            ..ValidatorKey::default()
        }))
    };
    let set = |service: u32, state: &mut PartialState| state.staging_set = keys(service as u8);
    let others = [MANAGER, REGISTRAR, ASSIGNERS[0], NOBODY];
    assert_eq!(round(&others, set).staging_set, before().staging_set);
    assert_eq!(round(&[MANAGER, DELEGATOR], set).staging_set, keys(DELEGATOR as u8));
}

#[test]
fn only_its_assigner_sets_a_cores_queue() {
    let queue =
        |mark: u32| Arc::new(PerQueuePosition::from_fn(&PARAMETERS, |_| Hash([mark as u8; 32])));
    let set = |service: u32, state: &mut PartialState| {
        let queues = Arc::make_mut(&mut state.authorizer_queues);
        queues.iter_mut().for_each(|core| *core = queue(service));
    };
    let others = [MANAGER, DELEGATOR, NOBODY];
    assert_eq!(round(&others, set).authorizer_queues, before().authorizer_queues);
    let after = round(&[MANAGER, ASSIGNERS[1]], set);
    assert_eq!(after.authorizer_queues[0], before().authorizer_queues[0]);
    assert_eq!(after.authorizer_queues[1], queue(ASSIGNERS[1]));
}

/// The assigner before the round sets the queue, even if it is replaced in the round.
#[test]
fn an_assigner_that_is_replaced_still_sets_the_queue_of_this_round() {
    let queue = Arc::new(PerQueuePosition::from_fn(&PARAMETERS, |_| Hash([9; 32])));
    let after = round(&[MANAGER, ASSIGNERS[0]], |service, state| match service {
        MANAGER => privileges(state).assigners[0] = ServiceId(NOBODY),
        _ => Arc::make_mut(&mut state.authorizer_queues)[0] = Arc::clone(&queue),
    });
    assert_eq!(after.privileges.assigners[0], ServiceId(NOBODY));
    assert_eq!(after.authorizer_queues[0], queue);
}
