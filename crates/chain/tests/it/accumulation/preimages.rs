//! Preimages: provided by services in accumulation, and by the block's extrinsic.

use jambox_chain::accumulation::preimages::{PreimagesError, check, integrate};
use jambox_chain::accumulation::statistics::of_services;
use jambox_chain::accumulation::{AccumulationStatistics, ServiceAccumulation, accumulate_reports};
use jambox_invocation::AccumulateCall;
use jambox_state::{Accounts, Blob, RequestHistory, RequestKey};
use jambox_types::{Gas, Hash, Preimage, RefineLoad, ServiceId, ServiceRecord, TimeSlot};

use super::{BLOCK, Invoked, PROTOCOL, SLOT, idle, report, state};

fn preimage(service: u32, data: &[u8]) -> Preimage {
    Preimage { service: ServiceId(service), data: data.to_vec() }
}

fn key(data: &[u8]) -> RequestKey {
    RequestKey { hash: Hash::blake2b(data), length: data.len() as u32 }
}

fn request(accounts: &mut Accounts, service: u32, data: &[u8]) {
    let requested = Some(RequestHistory::Requested);
    accounts.set_request(ServiceId(service), key(data), requested).unwrap();
}

fn history(accounts: &Accounts, service: u32, data: &[u8]) -> Option<RequestHistory> {
    accounts.request(ServiceId(service), &key(data)).unwrap()
}

#[test]
fn provisions_of_services_are_taken_in_after_the_round() {
    let mut before = state([5, 6, 7]);
    request(&mut before.accounts, 6, b"wanted");
    request(&mut before.accounts, 6, b"dropped");
    request(&mut before.accounts, 7, b"gone");
    let report = report(1, &[(5, 10), (6, 10)]);
    let mut states = Vec::new();
    let invoke = |call: AccumulateCall| -> Invoked {
        states.push(history(&call.state.accounts, 6, b"wanted"));
        let service = call.service.0;
        let mut outcome = idle(call);
        if service == 5 {
            let provided: [(u32, &[u8]); 5] =
                [(6, b"wanted"), (6, b"dropped"), (6, b"unwanted"), (7, b"gone"), (9, b"x")];
            outcome.provisions =
                provided.map(|(service, data)| (ServiceId(service), Blob::from(data))).into();
            outcome.state.accounts.remove(ServiceId(7)).unwrap();
        } else {
            outcome.state.accounts.set_request(ServiceId(6), key(b"dropped"), None).unwrap();
        }
        Ok(outcome)
    };
    let after =
        accumulate_reports(Gas(100), BLOCK, &[&report], before, PROTOCOL.rules(), invoke).unwrap();
    let accounts = after.state.accounts;
    assert_eq!(states, [Some(RequestHistory::Requested); 2], "not before the round is over");
    assert_eq!(history(&accounts, 6, b"wanted"), Some(RequestHistory::Available(SLOT)));
    let found = accounts.preimage(ServiceId(6), &Hash::blake2b(b"wanted")).unwrap();
    assert_eq!(found.as_deref(), Some(b"wanted".as_slice()));
    assert_eq!(history(&accounts, 6, b"dropped"), None);
    assert_eq!(history(&accounts, 6, b"unwanted"), None);
    assert!(!accounts.contains(ServiceId(7)).unwrap());
}

#[test]
fn the_extrinsic_must_be_ordered_and_needed() {
    let mut accounts = state([5, 6]).accounts;
    for (service, data) in [(5, b"a"), (5, b"b"), (6, b"a")] {
        request(&mut accounts, service, data);
    }
    let valid = [preimage(5, b"a"), preimage(5, b"b"), preimage(6, b"a")];
    check(&accounts, &valid).unwrap();
    check(&accounts, &[]).unwrap();

    let unordered = |preimages: &[Preimage]| match check(&accounts, preimages) {
        Err(PreimagesError::NotSortedUnique { index, .. }) => index,
        other => panic!("{other:?}"),
    };
    assert_eq!(unordered(&[preimage(6, b"a"), preimage(5, b"b")]), 1);
    assert_eq!(unordered(&[preimage(5, b"b"), preimage(5, b"a")]), 1);
    assert_eq!(unordered(&[preimage(5, b"a"), preimage(5, b"b"), preimage(5, b"b")]), 2);

    let unneeded = |preimages: &[Preimage]| match check(&accounts, preimages) {
        Err(PreimagesError::Unneeded { index, .. }) => index,
        other => panic!("{other:?}"),
    };
    assert_eq!(unneeded(&[preimage(5, b"a"), preimage(5, b"c")]), 1);
    assert_eq!(unneeded(&[preimage(9, b"a")]), 0);

    integrate(&mut accounts, &valid, TimeSlot(8)).unwrap();
    assert_eq!(history(&accounts, 6, b"a"), Some(RequestHistory::Available(TimeSlot(8))));
    let provided = check(&accounts, &valid);
    assert!(matches!(provided, Err(PreimagesError::Unneeded { index: 0, .. })));
}

#[test]
fn what_accumulation_made_useless_is_disregarded() {
    let mut accounts = state([5]).accounts;
    integrate(&mut accounts, &[preimage(5, b"a"), preimage(9, b"b")], SLOT).unwrap();
    assert_eq!(history(&accounts, 5, b"a"), None);
    assert_eq!(accounts.preimage(ServiceId(5), &Hash::blake2b(b"a")).unwrap(), None);
}

/// The services' part of "Cores and Services".
#[test]
fn statistics_of_services() {
    let mut incoming = report(1, &[(5, 10), (6, 10), (5, 10)]);
    for digest in &mut incoming.digests {
        digest.load = RefineLoad {
            gas_used: Gas(100),
            imports: 1,
            extrinsic_count: 2,
            extrinsic_size: 30,
            exports: 4,
        };
    }
    let preimages = [preimage(6, b"abc"), preimage(6, b"de"), preimage(7, b"")];
    let used = ServiceAccumulation { gas_used: Gas(77), items: 2, transfers: 3 };
    let accumulation = AccumulationStatistics::from([(ServiceId(8), used)]);
    let statistics = of_services([&incoming], &preimages, &accumulation);

    let refined = |count: u64| ServiceRecord {
        refinement_count: count,
        refinement_gas_used: Gas(100 * count),
        imports: count,
        extrinsic_count: 2 * count,
        extrinsic_size: 30 * count,
        exports: 4 * count,
        ..ServiceRecord::default()
    };
    let expected = [
        (5, refined(2)),
        (6, ServiceRecord { provided_count: 2, provided_size: 5, ..refined(1) }),
        (7, ServiceRecord { provided_count: 1, ..ServiceRecord::default() }),
        (
            8,
            ServiceRecord {
                accumulate_count: 2,
                transfer_count: 3,
                accumulate_gas_used: Gas(77),
                ..ServiceRecord::default()
            },
        ),
    ];
    let expected = expected.map(|(service, record)| (ServiceId(service), record));
    assert!(statistics.into_iter().eq(expected));
}
