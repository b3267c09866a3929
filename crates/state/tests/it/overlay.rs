//! The overlay against the naive model, with nested checkpoints and changes of base.

use std::sync::Arc;

use jambox_state::{Accounts, KeyedBase, MemoryBase, RequestHistory, RequestKey};
use jambox_types::{Hash, ServiceId, TimeSlot};
use proptest::prelude::*;

use crate::model::{self, Model, Operation};

#[derive(Clone, Debug)]
enum Step {
    Do(Operation),
    /// Remember the present state.
    Checkpoint,
    /// Return to the last checkpoint and forget it.
    Collapse,
    /// Forget the last checkpoint.
    Keep,
    /// Write the overlay into its base, and into a base of keys and values; continue with an empty
    /// overlay.
    Flush,
}

fn step() -> impl Strategy<Value = Step> {
    prop_oneof![
        12 => model::operation().prop_map(Step::Do),
        2 => Just(Step::Checkpoint),
        1 => Just(Step::Collapse),
        1 => Just(Step::Keep),
        1 => Just(Step::Flush),
    ]
}

struct Run {
    model: Model,
    accounts: Accounts,
    base: MemoryBase,
    keyed: KeyedBase,
    checkpoints: Vec<(Model, Accounts, MemoryBase, KeyedBase)>,
}

impl Run {
    fn step(&mut self, step: &Step) {
        match step {
            Step::Do(operation) => {
                model::apply(operation, &mut self.model, &mut self.accounts);
            }
            Step::Checkpoint => self.checkpoints.push((
                self.model.clone(),
                self.accounts.clone(),
                self.base.clone(),
                self.keyed.clone(),
            )),
            Step::Collapse => {
                if let Some(checkpoint) = self.checkpoints.pop() {
                    (self.model, self.accounts, self.base, self.keyed) = checkpoint;
                }
            }
            Step::Keep => drop(self.checkpoints.pop()),
            Step::Flush => {
                self.base.apply(&self.accounts);
                self.keyed.apply(&self.accounts).unwrap();
                model::assert_same(&self.model, &Accounts::new(Arc::new(self.keyed.clone())));
                self.accounts = Accounts::new(Arc::new(self.base.clone()));
            }
        }
    }
}

proptest! {
    #![proptest_config(ProptestConfig::with_cases(400))]

    #[test]
    fn overlay_equals_a_naive_model(steps in proptest::collection::vec(step(), 1..120)) {
        let mut run = Run {
            model: Model::new(),
            accounts: model::empty(),
            base: MemoryBase::default(),
            keyed: KeyedBase::default(),
            checkpoints: Vec::new(),
        };
        for step in &steps {
            run.step(step);
            model::assert_same(&run.model, &run.accounts);
        }
        for (model, accounts, ..) in &run.checkpoints {
            model::assert_same(model, accounts);
        }
    }
}

#[test]
fn a_new_account_does_not_inherit_from_a_removed_one() {
    let mut accounts = model::empty();
    accounts.create(ServiceId(1), model::info(1)).unwrap();
    accounts.set_storage(ServiceId(1), b"k", Some(model::blob(b"v"))).unwrap();
    let mut base = MemoryBase::default();
    base.apply(&accounts);

    let mut accounts = Accounts::new(Arc::new(base));
    accounts.remove(ServiceId(1)).unwrap();
    assert!(accounts.storage(ServiceId(1), b"k").unwrap().is_none());
    accounts.create(ServiceId(1), model::info(2)).unwrap();
    assert!(accounts.storage(ServiceId(1), b"k").unwrap().is_none());
    assert_eq!(accounts.get(ServiceId(1)).unwrap().unwrap().footprint.items, 0);
}

#[test]
fn large_values_are_shared_not_copied() {
    let preimage = model::blob(&[1; 1000]);
    let mut accounts = model::empty();
    accounts.create(ServiceId(1), model::info(1)).unwrap();
    accounts.set_preimage(ServiceId(1), Hash([1; 32]), Some(preimage.clone())).unwrap();
    let found = accounts.preimage(ServiceId(1), &Hash([1; 32])).unwrap().unwrap();
    assert!(Arc::ptr_eq(&preimage, &found));
}

/// `I` of `eq:historicallookup`: every history, at, before and after each of its slots.
#[test]
fn historical_lookup_follows_the_history() {
    let slots = |slots: &[u32]| {
        let slots: Vec<_> = slots.iter().copied().map(TimeSlot).collect();
        RequestHistory::from_slots(&slots).unwrap()
    };
    let available = |history: RequestHistory| -> Vec<u32> {
        (0..10).filter(|time| history.was_available_at(TimeSlot(*time))).collect()
    };
    assert_eq!(available(slots(&[])), []);
    assert_eq!(available(slots(&[3])), [3, 4, 5, 6, 7, 8, 9]);
    assert_eq!(available(slots(&[3, 5])), [3, 4]);
    assert_eq!(available(slots(&[3, 5, 8])), [3, 4, 8, 9]);

    let mut accounts = model::empty();
    let service = ServiceId(1);
    let hash = Hash::blake2b(b"octets");
    accounts.create(service, model::info(1)).unwrap();
    accounts.set_preimage(service, hash, Some(model::blob(b"octets"))).unwrap();
    let lookup = |accounts: &Accounts, time| {
        accounts.historical_lookup(service, TimeSlot(time), &hash).unwrap().is_some()
    };
    assert!(!lookup(&accounts, 5), "a preimage without a request is not available");
    let key = RequestKey { hash, length: 5 };
    accounts.set_request(service, key, Some(slots(&[3]))).unwrap();
    assert!(!lookup(&accounts, 5), "the request is for another length");
    let key = RequestKey { hash, length: 6 };
    accounts.set_request(service, key, Some(slots(&[3, 5]))).unwrap();
    assert!(lookup(&accounts, 4));
    assert!(!lookup(&accounts, 5));
}

/// `Y` and `I` of the preimage integration: only requested preimages that are not yet available.
#[test]
fn provided_preimages_are_those_requested() {
    let mut accounts = model::empty();
    let service = ServiceId(1);
    let preimage = model::blob(b"octets");
    let key = RequestKey { hash: Hash::blake2b(&preimage), length: 6 };
    assert!(!accounts.provide(service, preimage.clone(), TimeSlot(9)).unwrap());
    accounts.create(service, model::info(1)).unwrap();
    assert!(!accounts.provide(service, preimage.clone(), TimeSlot(9)).unwrap());

    accounts.set_request(service, key, Some(RequestHistory::Requested)).unwrap();
    let footprint = accounts.get(service).unwrap().unwrap().footprint;
    assert!(accounts.is_providable(service, &preimage).unwrap());
    assert!(accounts.provide(service, preimage.clone(), TimeSlot(9)).unwrap());
    assert_eq!(
        accounts.request(service, &key).unwrap(),
        Some(RequestHistory::Available(TimeSlot(9)))
    );
    assert_eq!(accounts.preimage(service, &key.hash).unwrap(), Some(preimage.clone()));
    assert_eq!(accounts.get(service).unwrap().unwrap().footprint, footprint);
    assert!(!accounts.provide(service, preimage, TimeSlot(10)).unwrap());
}
