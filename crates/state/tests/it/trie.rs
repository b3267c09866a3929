//! The state root and state keys.

use jambox_state::{KeyKind, RequestKey, StateKey, trie};
use jambox_types::{Hash, ServiceId};

fn key(first: u8) -> StateKey {
    let mut octets = [0; 31];
    octets[0] = first;
    StateKey(octets)
}

#[test]
fn an_empty_trie_has_the_zero_root() {
    assert_eq!(trie::root::<Vec<u8>>([]), Hash::ZERO);
}

/// The three node forms, laid out by hand from functions `B` and `L`.
#[test]
fn nodes_are_laid_out_as_the_paper_says() {
    let short = [vec![0b1000_0011], key(0x7f).0.to_vec(), vec![1, 2, 3], vec![0; 29]].concat();
    assert_eq!(trie::root([(key(0x7f), vec![1, 2, 3])]), Hash::blake2b(&short));

    let value = vec![9; 33];
    let head = [vec![0b1100_0000], key(0x80).0.to_vec()].concat();
    let long = [head, Hash::blake2b(&value).0.to_vec()].concat();
    assert_eq!(trie::root([(key(0x80), value.clone())]), Hash::blake2b(&long));

    let mut left = Hash::blake2b(&short).0;
    left[0] &= 0x7f;
    let branch = [left, Hash::blake2b(&long).0].concat();
    let root = trie::root([(key(0x80), value), (key(0x7f), vec![1, 2, 3])]);
    assert_eq!(root, Hash::blake2b(&branch));
}

#[test]
fn of_two_values_for_a_key_the_last_counts() {
    let twice = trie::root([(key(1), vec![1]), (key(2), vec![2]), (key(1), vec![3])]);
    assert_eq!(twice, trie::root([(key(2), vec![2]), (key(1), vec![3])]));
}

#[test]
fn keys_interleave_service_and_hash() {
    let service = ServiceId(0x0403_0201);
    assert_eq!(StateKey::component(7).0[..3], [7, 0, 0]);
    assert_eq!(StateKey::account(service).0[..9], [255, 1, 0, 2, 0, 3, 0, 4, 0]);

    let hash = Hash([5; 32]);
    let request = RequestKey { hash, length: 0x0102 };
    let names = [
        (StateKey::storage(service, b"k"), [&[0xff, 0xff, 0xff, 0xff], b"k".as_slice()].concat()),
        (StateKey::preimage(service, &hash), [&[0xfe, 0xff, 0xff, 0xff], &hash.0[..]].concat()),
        (StateKey::request(service, &request), [&[2, 1, 0, 0], &hash.0[..]].concat()),
    ];
    for (key, name) in names {
        let a = Hash::blake2b(&name).0;
        assert_eq!(key.0[..8], [1, a[0], 2, a[1], 3, a[2], 4, a[3]]);
        assert_eq!(key.0[8..], a[4..27]);
        assert_eq!(key.kind(), KeyKind::Entry(service));
    }
    assert_eq!(StateKey::component(16).kind(), KeyKind::Component(16));
    for service in [0, 5, 255, 0x0403_0201, u32::MAX].map(ServiceId) {
        assert_eq!(StateKey::account(service).kind(), KeyKind::Account(service));
        assert_eq!(StateKey::storage(service, b"").kind(), KeyKind::Entry(service));
    }
}

mod pages {
    //! The trie in pages against the trie built from scratch.

    use std::collections::BTreeMap;

    use jambox_state::trie::pages::{MemoryPages, Met, find, leaf_hash, update, walk};
    use jambox_state::{StateKey, trie};
    use jambox_types::Hash;
    use proptest::prelude::*;

    /// Keys that share octets, odd numbers of nibbles and both, with constant parts.
    fn key() -> impl Strategy<Value = StateKey> {
        let octet = prop_oneof![Just(0_u8), Just(0x10), Just(0x11), Just(0xff), any::<u8>()];
        (octet.clone(), octet.clone(), octet.clone(), octet).prop_map(|(a, b, c, d)| {
            let mut key = [0; 31];
            (key[0], key[1], key[5], key[30]) = (a, b, c, d);
            StateKey(key)
        })
    }

    fn value() -> impl Strategy<Value = Option<Vec<u8>>> {
        prop::option::weighted(0.6, prop::collection::vec(any::<u8>(), 0..40))
    }

    proptest! {
        #![proptest_config(ProptestConfig::with_cases(300))]

        #[test]
        fn have_the_root_of_the_trie_made_anew(
            batches in prop::collection::vec(prop::collection::vec((key(), value()), 0..12), 1..12)
        ) {
            let mut values: BTreeMap<StateKey, Vec<u8>> = BTreeMap::new();
            let mut trie = None;
            for batch in batches {
                for (key, value) in &batch {
                    match value {
                        Some(value) => drop(values.insert(*key, value.clone())),
                        None => drop(values.remove(key)),
                    }
                }
                let leaf = |(key, value): &(StateKey, Option<Vec<u8>>)| {
                    (*key, value.as_ref().map(|value| (leaf_hash(key, value), ())))
                };
                let Ok(after) = update(&mut MemoryPages, trie.as_ref(), batch.iter().map(leaf));
                prop_assert_eq!(after.hash, trie::root(values.clone()));
                for (key, value) in &batch {
                    let wanted = values.get(key).map(|value| leaf_hash(key, value));
                    let Ok(found) = find(&MemoryPages, &after, key);
                    prop_assert_eq!(found.map(|(hash, ())| hash), wanted, "{:?}", value);
                }
                let mut met = Vec::new();
                let Ok(()) = walk::<_, std::convert::Infallible>(
                    &MemoryPages,
                    &after,
                    &|_| true,
                    &mut |leaf| {
                        let Met::Leaf(key, hash, ()) = leaf;
                        met.push((key, hash));
                        Ok(())
                    },
                );
                let wanted: Vec<_> =
                    values.iter().map(|(key, value)| (*key, leaf_hash(key, value))).collect();
                prop_assert_eq!(met, wanted);
                trie = Some(after);
            }
            // Removing every key leaves nothing.
            let all: Vec<_> = values.keys().map(|key| (*key, None)).collect();
            let Ok(empty) = update(&mut MemoryPages, trie.as_ref(), all);
            prop_assert_eq!(empty.hash, Hash::ZERO);
        }
    }
}
