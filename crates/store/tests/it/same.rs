//! The store in a file against the one in memory: the same trait, the same state.

use std::collections::BTreeMap;

use jambox_state::{Changes, MemoryStore, Store, Values, trie};
use jambox_store::FileStore;
use jambox_types::ServiceId;
use proptest::prelude::*;

use crate::{PROTOCOL, add};

type Step = Vec<(u32, u8, Option<Vec<u8>>)>;

fn step() -> impl Strategy<Value = Step> {
    let service = prop_oneof![Just(0_u32), Just(7), Just(255), Just(u32::MAX)];
    let value = prop::option::weighted(0.7, prop::collection::vec(any::<u8>(), 0..40));
    prop::collection::vec((service, 0..20_u8, value), 0..10)
}

fn all(values: &impl Values) -> BTreeMap<[u8; 31], Vec<u8>> {
    let mut all = BTreeMap::new();
    let mut visit = |key: jambox_state::StateKey, value: jambox_state::Blob| {
        all.insert(key.0, value.to_vec());
        Ok(())
    };
    values.for_each(&mut visit).unwrap();
    all
}

proptest! {
    #![proptest_config(ProptestConfig::with_cases(16))]

    #[test]
    fn both_stores_hold_the_same(steps in prop::collection::vec(step(), 1..8)) {
        let folder = tempfile::tempdir().unwrap();
        let mut file = FileStore::create(&folder.path().join("s"), &PROTOCOL).unwrap();
        let mut memory = MemoryStore::default();
        for step in steps {
            let mut changes = Changes::default();
            for (service, key, value) in &step {
                add(&mut changes, *service, &[*key], value.as_deref());
            }
            let root = file.commit(&changes).unwrap();
            prop_assert_eq!(root, memory.commit(&changes).unwrap());
            let (ours, theirs) = (file.state().unwrap(), memory.state().unwrap());
            prop_assert_eq!(all(&*ours), all(&*theirs));
            prop_assert_eq!(root, trie::root(theirs.iter()));
            for service in [0, 7, 255, u32::MAX, 1].map(ServiceId) {
                let (mut a, mut b) =
                    (ours.entries_of(service).unwrap(), theirs.entries_of(service).unwrap());
                a.sort();
                b.sort();
                prop_assert_eq!(a, b);
            }
        }
    }
}
