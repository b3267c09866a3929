//! `n` and `m` of `eq:accpar`: the changes of each service are merged.

use jambox_state::{Accounts, StateError};
use jambox_types::{Balance, ServiceId};

use crate::model;

fn three_services() -> Accounts {
    let mut accounts = model::empty();
    for service in 1..=3 {
        accounts.create(ServiceId(service), model::info(10)).unwrap();
    }
    accounts
}

fn balance(accounts: &Accounts, service: u32) -> Option<u64> {
    accounts.get(ServiceId(service)).unwrap().map(|info| info.balance.0)
}

#[test]
fn a_service_changes_itself_creates_and_removes() {
    let before = three_services();
    let mut first = before.clone();
    first.update(ServiceId(1), |info| info.balance = Balance(11)).unwrap();
    first.create(ServiceId(9), model::info(90)).unwrap();
    let mut second = before.clone();
    second.update(ServiceId(2), |info| info.balance = Balance(22)).unwrap();
    second.remove(ServiceId(3)).unwrap();

    let outcomes = [(ServiceId(1), &first), (ServiceId(2), &second)];
    let merged = before.merged(outcomes).unwrap();
    assert_eq!([1, 2, 3, 9].map(|s| balance(&merged, s)), [Some(11), Some(22), None, Some(90)]);
}

#[test]
fn changes_of_other_services_do_not_count() {
    let before = three_services();
    let mut first = before.clone();
    first.update(ServiceId(2), |info| info.balance = Balance(99)).unwrap();
    let merged = before.merged([(ServiceId(1), &first)]).unwrap();
    assert_eq!(balance(&merged, 2), Some(10));
}

#[test]
fn removal_wins_over_change_in_either_order() {
    let before = three_services();
    let mut first = before.clone();
    first.update(ServiceId(1), |info| info.balance = Balance(11)).unwrap();
    let mut second = before.clone();
    second.remove(ServiceId(1)).unwrap();
    let outcomes = [(ServiceId(1), &first), (ServiceId(2), &second)];
    assert_eq!(balance(&before.merged(outcomes).unwrap(), 1), None);
    let outcomes = [(ServiceId(2), &second), (ServiceId(1), &first)];
    assert_eq!(balance(&before.merged(outcomes).unwrap(), 1), None);
}

/// The index is among the keys after the accumulation, so not in `m`, and among the keys before, so
/// not in `n`.
#[test]
fn an_index_given_up_and_taken_anew_stays_as_it_was() {
    let before = three_services();
    let mut first = before.clone();
    first.remove(ServiceId(3)).unwrap();
    first.create(ServiceId(3), model::info(99)).unwrap();
    let merged = before.merged([(ServiceId(1), &first)]).unwrap();
    assert_eq!(balance(&merged, 3), Some(10));
}

#[test]
fn one_index_created_twice_is_an_error() {
    let before = three_services();
    let mut first = before.clone();
    first.create(ServiceId(9), model::info(1)).unwrap();
    let second = first.clone();
    let outcomes = [(ServiceId(1), &first), (ServiceId(2), &second)];
    assert!(matches!(
        before.merged(outcomes),
        Err(StateError::CreatedTwice(service)) if service == ServiceId(9)
    ));
}
