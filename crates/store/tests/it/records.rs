//! Records beside the state, reverting, and copies of whole stores.

use jambox_state::{Changes, StateKey, Store};
use jambox_store::{Batch, Exports, FileState, FileStore, Record, StoreError};
use jambox_types::{Hash, Parameters, Protocol, Revision};

use crate::{PROTOCOL, storage};

fn record(kind: u8, octet: u8, value: Option<&[u8]>) -> Record {
    let mut key = StateKey([0; 31]);
    (key.0[0], key.0[1]) = (kind, octet);
    (key, value.map(<[u8]>::to_vec))
}

fn batch<'a>(changes: &'a Changes, records: &'a [Record]) -> Batch<'a> {
    Batch { changes, exports: &[], forgotten: &[], notes: &[], records }
}

fn keys(state: &FileState, prefix: &[u8]) -> Vec<[u8; 2]> {
    let records = state.records(prefix).unwrap();
    records.iter().map(|(key, _)| [key.0[0], key.0[1]]).collect()
}

#[test]
fn records_are_set_removed_and_listed_by_how_their_keys_begin() {
    let folder = tempfile::tempdir().unwrap();
    let path = folder.path().join("chain.redb");
    let store = FileStore::create(&path, &PROTOCOL).unwrap();
    let all: Vec<Record> =
        (0..200).map(|octet| record(octet % 3, octet, Some(&[octet; 9]))).collect();
    let changes = storage(1, b"key", Some(b"value"));
    let root = store.write_all(&batch(&changes, &all)).unwrap();
    let gone: Vec<Record> =
        (0..200).step_by(2).map(|octet| record(octet % 3, octet, None)).collect();
    let exports =
        [Exports { package: Hash([1; 32]), root: Hash([2; 32]), segments: [5; 4104].into() }];
    let notes = [("note", b"a note".to_vec())];
    let none = Changes::default();
    let second = Batch { exports: &exports, notes: &notes, ..batch(&none, &gone) };
    assert_eq!(store.write_all(&second).unwrap(), root, "records are no part of the state");
    drop(store);

    let store = FileStore::open(&path).unwrap();
    let state = store.read();
    let left: Vec<[u8; 2]> = (0..200).filter(|it| it % 2 == 1).map(|it| [it % 3, it]).collect();
    for kind in 0..3 {
        let of_kind: Vec<[u8; 2]> = left.iter().copied().filter(|key| key[0] == kind).collect();
        assert_eq!(keys(&state, &[kind]), of_kind);
    }
    assert_eq!(keys(&state, &[]).len(), left.len());
    assert_eq!(keys(&state, &[1, 7]), [[1, 7]]);
    assert_eq!(keys(&state, &[3]), [[0; 2]; 0]);
    let (key, _) = record(1, 7, None);
    assert_eq!(state.record(&key).unwrap().as_deref(), Some(&[7; 9][..]));
    assert_eq!(state.note("note").unwrap().as_deref(), Some(&b"a note"[..]));
    assert_eq!(state.segment_root(&Hash([1; 32])).unwrap(), Some(Hash([2; 32])));
    let forgotten = [(Hash([1; 32]), Hash([2; 32]))];
    store.write_all(&Batch { forgotten: &forgotten, ..batch(&none, &[]) }).unwrap();
    assert_eq!(store.read().exports(&Hash([2; 32])).unwrap(), None);
    assert_eq!(store.read().packages().unwrap().len(), 0);
    let mut entries = 0;
    store.read().verify(&mut |found| entries += usize::from(found.is_ok())).unwrap();
    assert_eq!(entries as u64, store.read().entries());
}

#[test]
fn a_store_goes_back_to_a_state_that_was_taken() {
    let folder = tempfile::tempdir().unwrap();
    let path = folder.path().join("chain.redb");
    let mut store = FileStore::create(&path, &PROTOCOL).unwrap();
    let records = [record(1, 1, Some(b"first"))];
    store.write_all(&batch(&storage(1, b"key", Some(b"first")), &records)).unwrap();
    let (taken, root) = (store.read(), store.root().unwrap());
    let records = [record(1, 1, None), record(1, 2, Some(b"second"))];
    store.write_all(&batch(&storage(1, b"key", Some(b"second")), &records)).unwrap();
    store.revert(&taken).unwrap();
    let check = |store: &FileStore| {
        assert_eq!(store.root().unwrap(), root);
        assert_eq!(keys(&store.read(), &[]), [[1, 1]]);
    };
    check(&store);
    // The store continues from there.
    store.commit(&storage(1, b"other", Some(b"third"))).unwrap();
    store.revert(&taken).unwrap();
    drop((store, taken));
    let store = FileStore::open(&path).unwrap();
    check(&store);
    let taken = store.read();
    store.compact().unwrap();
    check(&store);
    assert!(matches!(store.revert(&taken).unwrap_err(), StoreError::Moved(_)));
    check(&store);
}

#[test]
fn a_copy_takes_the_place_of_a_store_in_a_file_or_in_memory() {
    let folder = tempfile::tempdir().unwrap();
    let path = folder.path().join("chain.redb");
    let mut first = FileStore::create(&path, &PROTOCOL).unwrap();
    first.commit(&storage(1, b"key", Some(&[1; 5000]))).unwrap();
    first.write_all(&batch(&Changes::default(), &[record(1, 1, Some(b"x"))])).unwrap();
    let octets = first.octets().unwrap();
    let mut second = FileStore::in_memory(&PROTOCOL).unwrap();
    second.commit(&storage(2, b"other", Some(b"value"))).unwrap();
    second.replace_by(octets.clone()).unwrap();
    assert_eq!(second.root().unwrap(), first.root().unwrap());
    assert_eq!(keys(&second.read(), &[]), [[1, 1]]);
    let root = second.commit(&storage(2, b"other", Some(b"value"))).unwrap();
    first.replace_by(second.octets().unwrap()).unwrap();
    drop(first);
    let first = FileStore::open(&path).unwrap();
    assert_eq!(first.root().unwrap(), root);

    let mut damaged = octets.clone();
    let place = octets.windows(100).position(|part| part == [1; 100]).unwrap();
    damaged[place] ^= 1;
    for (octets, part) in [
        (damaged, "damaged"),
        (octets[..3000].to_vec(), "damaged"),
        (vec![7; 99], "not a state store"),
    ] {
        let error = first.replace_by(octets).unwrap_err().to_string();
        assert!(error.contains("the chain given") && error.contains(part), "{error}");
    }
    let other = Protocol::new(Revision::GrayPaper080, Parameters::TINY);
    let other = FileStore::in_memory(&other).unwrap();
    assert!(matches!(other.replace_by(octets).unwrap_err(), StoreError::OtherRevision { .. }));
    assert_eq!(first.root().unwrap(), root, "what is refused changes nothing");
}

/// A store in memory frees its unused octets.
#[test]
fn a_store_in_memory_gives_back_room() {
    let mut store = FileStore::in_memory(&PROTOCOL).unwrap();
    store.limit_memory(1 << 20);
    let mut largest = 0;
    for octet in 0..100 {
        store.commit(&storage(7, b"large", Some(&vec![octet; 1 << 20]))).unwrap();
        largest = largest.max(store.read().size().unwrap().1);
    }
    assert!(largest < 80 << 20, "{largest} octets of 100 MiB that were written");
    // But not while a state that was taken can be reverted to.
    let taken = store.read();
    store.leave_uncompacted(true);
    for octet in 0..70 {
        store.commit(&storage(7, b"large", Some(&vec![octet; 1 << 20]))).unwrap();
    }
    store.revert(&taken).unwrap();
    assert_eq!(store.root().unwrap(), taken.root());
}
