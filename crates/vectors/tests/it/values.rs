//! Every value of every state of the traces encodes, after decoding, to the same octets.

use std::collections::BTreeSet;

use jambox_codec::{Decode, Encode, decode_all, decode_all_with, encode, encode_with};
use jambox_state::{AccountInfo, Component, KeyKind, RequestHistory, StateKey};
use jambox_types::{
    AccumulatedQueue, Hash, PendingReport, PerCore, PerQueuePosition, PerValidator, Privileges,
    Protocol, ReadyQueue, ServiceId, Statistics, TimeSlot, ValidatorKey,
};
use jambox_vectors::steps;

use crate::environment::TINY;

#[track_caller]
fn same<T: Decode<Protocol> + Encode<Protocol>>(value: &[u8], what: &str) {
    let decoded: T =
        decode_all_with(value, &TINY).unwrap_or_else(|error| panic!("{what}: {error}"));
    assert_eq!(encode_with(&decoded, &TINY), value, "{what}");
}

/// Decodes and encodes the value of a component that service execution reads or writes. Returns
/// false for other components.
fn component(component: Component, value: &[u8]) -> bool {
    let what = component.name();
    match component {
        Component::AuthorizerQueues => same::<PerCore<PerQueuePosition<Hash>>>(value, what),
        Component::Entropy => same::<[Hash; 4]>(value, what),
        Component::StagingSet => same::<PerValidator<ValidatorKey>>(value, what),
        Component::ActiveSet | Component::PreviousSet => {
            same::<PerValidator<ValidatorKey>>(value, what);
        }
        Component::PendingReports => same::<PerCore<Option<PendingReport>>>(value, what),
        Component::Slot => same::<TimeSlot>(value, what),
        Component::Privileges => same::<Privileges>(value, what),
        Component::Statistics => same::<Statistics>(value, what),
        Component::ReadyQueue => same::<ReadyQueue>(value, what),
        Component::Accumulated => same::<AccumulatedQueue>(value, what),
        Component::Outputs => same::<Vec<(ServiceId, Hash)>>(value, what),
        // Components of consensus, carried as octets.
        Component::AuthorizerPools
        | Component::RecentBlocks
        | Component::Safrole
        | Component::Disputes => return false,
    }
    true
}

#[test]
fn every_state_value_encodes_as_it_was() {
    let Some(vectors) = jambox_vectors::public!() else { return };
    let folder = vectors.join("dev/jam-test-vectors/traces");
    let (mut seen, mut requests, mut accounts) = (BTreeSet::new(), 0, 0);
    for file in steps::files(&folder).expect("the folder is readable") {
        let step = steps::load(&file, &TINY).expect("it is readable").expect("it is right");
        for leaf in step.pre_state.leaves.iter().chain(&step.post_state.leaves) {
            match StateKey(leaf.key).kind() {
                KeyKind::Component(chapter) => {
                    let found = Component::of_chapter(chapter).expect("a known chapter");
                    if component(found, &leaf.value) {
                        seen.insert(found);
                    }
                }
                KeyKind::Account(_) => {
                    same::<AccountInfo>(&leaf.value, "account");
                    accounts += 1;
                }
                // Storage and preimages are octets. A value that decodes as a history must be one.
                KeyKind::Entry(_) => {
                    if let Ok(history) = decode_all::<RequestHistory>(&leaf.value) {
                        assert_eq!(encode(&history), leaf.value);
                        requests += 1;
                    }
                }
            }
        }
    }
    assert_eq!(seen.len(), 12);
    assert!(accounts > 400 && requests > 400, "{accounts} accounts, {requests} requests");
}
