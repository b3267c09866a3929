//! The differences of two states are exactly the places where a naive comparison finds some.

use std::collections::BTreeSet;
use std::sync::Arc;

use jambox_state::{Accounts, MemoryBase, Part, Place, StateError, Value};
use jambox_types::ServiceId;
use proptest::prelude::*;

use crate::model::{self, KEYS, Model, SERVICES};

/// The places at which two states of the model differ.
fn differences(old: &Model, new: &Model) -> BTreeSet<Place> {
    let mut places = BTreeSet::new();
    for s in 0..SERVICES {
        let (a, b) = (old.get(&s), new.get(&s));
        let mut differs = |part, differs: bool| {
            if differs {
                places.insert(Place::Service(ServiceId(s), part));
            }
        };
        differs(Part::Balance, a.map(|a| a.balance) != b.map(|b| b.balance));
        for key in 0..KEYS {
            let values = [a, b].map(|account| account.and_then(|x| x.storage.get(&key)));
            let part = Part::Storage(model::blob(&model::storage_key(key)));
            differs(part, values[0] != values[1]);
            let values = [a, b].map(|account| account.and_then(|x| x.preimages.get(&key)));
            differs(Part::Preimage(model::hash(key)), values[0] != values[1]);
            let values = [a, b].map(|account| account.and_then(|x| x.requests.get(&key)));
            differs(Part::Request(model::request_key(key)), values[0] != values[1]);
        }
    }
    places
}

fn is_modelled(place: &Place) -> bool {
    matches!(
        place,
        Place::Service(_, Part::Balance | Part::Storage(_) | Part::Preimage(_) | Part::Request(_))
    )
}

proptest! {
    #[test]
    fn diff_finds_what_a_naive_comparison_finds(
        first in proptest::collection::vec(model::operation(), 1..60),
        second in proptest::collection::vec(model::operation(), 1..60),
    ) {
        let (mut before, mut accounts_before) = (Model::new(), model::empty());
        for operation in &first {
            model::apply(operation, &mut before, &mut accounts_before);
        }
        let (mut after, mut accounts_after) = (before.clone(), accounts_before.clone());
        for operation in &second {
            model::apply(operation, &mut after, &mut accounts_after);
        }
        let found = accounts_before.diff(&accounts_after).unwrap();
        let places: Vec<_> = found.iter().map(|difference| difference.place.clone()).collect();
        prop_assert!(places.is_sorted());
        let modelled: BTreeSet<_> = places.into_iter().filter(is_modelled).collect();
        prop_assert_eq!(modelled, differences(&before, &after));
    }
}

#[test]
fn a_difference_reads_well() {
    let mut before = model::empty();
    before.create(ServiceId(7), model::info(5)).unwrap();
    before.set_storage(ServiceId(7), b"counter", Some(model::blob(&[0]))).unwrap();
    let mut after = before.clone();
    after.set_storage(ServiceId(7), b"counter", Some(model::blob(&[1]))).unwrap();
    after.set_storage(ServiceId(7), b"name", Some(model::blob(b"jam"))).unwrap();

    let found: Vec<_> = before.diff(&after).unwrap().iter().map(ToString::to_string).collect();
    assert_eq!(
        found,
        [
            "service 7 items: 1 -> 2",
            "service 7 octets: 42 -> 83",
            "service 7 storage \"counter\": 0x00 -> 0x01",
            "service 7 storage \"name\": nothing -> \"jam\"",
        ]
    );
}

#[test]
fn states_over_different_bases_are_not_compared() {
    let other = Accounts::new(Arc::new(MemoryBase::default()));
    let result = model::empty().diff(&other);
    assert!(matches!(result, Err(StateError::DifferentBases)));
}

#[test]
fn values_tell_before_and_after() {
    let before = model::empty();
    let mut after = before.clone();
    after.create(ServiceId(1), model::info(5)).unwrap();
    let found = before.diff(&after).unwrap();
    let balance =
        found.iter().find(|d| d.place == Place::Service(ServiceId(1), Part::Balance)).unwrap();
    assert_eq!((&balance.before, &balance.after), (&None, &Some(Value::Number(5))));
}
