//! States that people hand over: a chain specification or a state file is refused with a reason, or
//! can be written and read again, and whatever its keys and values are, they can be looked into.
#![no_main]

use std::path::Path;

use jambox_codec::Decode;
use jambox_package::{ChainSpec, parse_state};
use jambox_state::{Changes, Component, KeyedBase, Meaning, MemoryStore, Store, Values, trie};
use jambox_types::{
    AccumulatedQueue, Hash, Parameters, PendingReport, PerCore, PerQueuePosition, PerValidator,
    Privileges, Protocol, ReadyQueue, RecentBlocks, Revision, ServiceId, Statistics, TimeSlot,
    ValidatorKey,
};
use libfuzzer_sys::fuzz_target;

const TINY: Protocol = Protocol::new(Revision::GrayPaper072, Parameters::TINY);

fn read<T: Decode<Protocol>>(state: &KeyedBase, component: Component) {
    if let Err(error) = component.read::<T>(state, &TINY) {
        assert!(!error.to_string().is_empty());
    }
}

fn look_into(spec: &ChainSpec) {
    let state: KeyedBase = spec.genesis_state.clone().into_iter().collect();
    read::<PerCore<Vec<Hash>>>(&state, Component::AuthorizerPools);
    read::<PerCore<PerQueuePosition<Hash>>>(&state, Component::AuthorizerQueues);
    read::<RecentBlocks>(&state, Component::RecentBlocks);
    read::<[Hash; 4]>(&state, Component::Entropy);
    read::<PerValidator<ValidatorKey>>(&state, Component::StagingSet);
    read::<PerCore<Option<PendingReport>>>(&state, Component::PendingReports);
    read::<TimeSlot>(&state, Component::Slot);
    read::<Privileges>(&state, Component::Privileges);
    read::<Statistics>(&state, Component::Statistics);
    read::<ReadyQueue>(&state, Component::ReadyQueue);
    read::<AccumulatedQueue>(&state, Component::Accumulated);
    read::<Vec<(ServiceId, Hash)>>(&state, Component::Outputs);
    for service in state.services().expect("it is in memory") {
        let _ = jambox_state::Base::account(&state, service);
        for key in state.entries_of(service).expect("it is in memory") {
            assert!(Meaning::of(&key).is_none() && state.get(&key).is_some());
        }
    }
    let mut store = MemoryStore::default();
    let mut changes = Changes::default();
    for (key, value) in &spec.genesis_state {
        changes.set_key(*key, Some(value.clone()));
    }
    let root = store.commit(&changes).expect("it is in memory");
    assert_eq!(root, trie::root(state.iter()));
    assert_eq!(store.state().expect("it is in memory").len(), spec.genesis_state.len());
}

fuzz_target!(|octets: &[u8]| {
    match ChainSpec::parse(octets) {
        Ok(spec) => {
            let again = ChainSpec::parse(spec.to_json().as_bytes());
            assert_eq!(again.expect("it was written so"), spec);
            if let Err(error) = spec.protocol() {
                assert!(!error.to_string().is_empty());
            }
            look_into(&spec);
        }
        Err(error) => assert!(!error.to_string().is_empty()),
    }
    match parse_state(Path::new("state.json"), octets, &TINY) {
        Ok(snapshot) => {
            let differences = snapshot.state.diff(&snapshot.state).expect("it is one state");
            assert!(differences.is_empty());
            let mut changes = Changes::default();
            let accounts = changes.set_accounts(&KeyedBase::default(), &snapshot.state.accounts);
            accounts.expect("it is in memory");
        }
        Err(invalid) => assert!(!invalid.to_string().is_empty()),
    }
});
