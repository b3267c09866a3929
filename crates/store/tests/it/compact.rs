//! Compaction gives back the room of unused octets.

use std::fs;

use jambox_state::{Changes, Store, Values};
use jambox_store::{Exports, FileState, FileStore, StoreError};
use jambox_types::{Hash, ServiceId};

use crate::{PROTOCOL, add, key, storage};

/// Length of a value that is written repeatedly, in octets.
const LARGE: usize = 100_000;

#[test]
fn a_compacted_file_is_smaller_and_holds_the_same() {
    let folder = tempfile::tempdir().unwrap();
    let path = folder.path().join("chain.redb");
    let mut store = FileStore::create(&path, &PROTOCOL).unwrap();
    let mut many = Changes::default();
    for index in 0..200_u8 {
        add(&mut many, 3, &[index], Some(&[index; 40]));
    }
    store.commit(&many).unwrap();
    for octet in 0..20 {
        store.commit(&storage(7, b"large", Some(&vec![octet; LARGE]))).unwrap();
    }
    let names = std::collections::BTreeMap::from([(ServiceId(7), "seven".to_owned())]);
    let exports =
        Exports { package: Hash([1; 32]), root: Hash([2; 32]), segments: vec![5; 4104].into() };
    let root = store.write(&storage(3, &[9], None), &names, Some(&exports)).unwrap();
    let before = store.read();
    let length = fs::metadata(&path).unwrap().len();
    assert!(length > 20 * LARGE as u64);

    store.compact().unwrap();

    assert!(fs::metadata(&path).unwrap().len() < 2 * LARGE as u64);
    assert_eq!(fs::read_dir(folder.path()).unwrap().count(), 1, "nothing is left beside");
    let check = |state: &FileState| {
        assert_eq!(state.root(), root);
        let large = state.value(&key(7, b"large")).unwrap();
        assert_eq!(large.as_deref(), Some(&*vec![19; LARGE]));
        assert_eq!(state.value(&key(3, &[8])).unwrap().as_deref(), Some(&[8; 40][..]));
        assert_eq!(state.value(&key(3, &[9])).unwrap(), None);
        assert_eq!(state.names().unwrap(), names);
        assert_eq!(state.segment_root(&Hash([1; 32])).unwrap(), Some(Hash([2; 32])));
        assert_eq!(state.exports(&Hash([2; 32])).unwrap().as_deref(), Some(&[5; 4104][..]));
    };
    // A state taken before is still readable; its file is gone from the folder, not from the disk.
    check(&before);
    check(&store.read());
    check(&FileState::open(&path).unwrap());

    // The file can be used further: for commits, and for the next process to open it.
    assert!(matches!(FileStore::open(&path), Err(StoreError::Held { .. })));
    let next = store.commit(&storage(7, b"more", Some(b"1"))).unwrap();
    drop(store);
    let store = FileStore::open(&path).unwrap();
    assert_eq!(store.root().unwrap(), next);
    assert_eq!(store.read().value(&key(7, b"more")).unwrap().as_deref(), Some(&b"1"[..]));
}

#[test]
fn commits_compact_a_file_that_is_mostly_without_use() {
    let folder = tempfile::tempdir().unwrap();
    let path = folder.path().join("chain.redb");
    let mut store = FileStore::create(&path, &PROTOCOL).unwrap();
    let value = vec![1; 8 << 20];
    let mut longest = 0;
    // 160 MiB are written: more than twice the octets in use and the spare ones allowed.
    for octet in 0..20_u8 {
        let mut value = value.clone();
        value[0] = octet;
        store.commit(&storage(7, b"large", Some(&value))).unwrap();
        longest = longest.max(fs::metadata(&path).unwrap().len());
    }
    assert!(longest < 100 << 20, "{longest}");
    let large = store.read().value(&key(7, b"large")).unwrap().unwrap();
    assert_eq!((large.len(), large[0]), (8 << 20, 19));
}

#[test]
fn a_damaged_file_is_not_compacted_and_stays() {
    let folder = tempfile::tempdir().unwrap();
    let path = folder.path().join("chain.redb");
    let mut store = FileStore::create(&path, &PROTOCOL).unwrap();
    store.commit(&storage(7, b"key", Some(&[0x5a; 5000]))).unwrap();
    drop(store);
    let mut octets = fs::read(&path).unwrap();
    let at = octets.windows(100).position(|window| window == [0x5a; 100]).unwrap();
    octets[at + 50] ^= 1;
    fs::write(&path, &octets).unwrap();
    let store = FileStore::open(&path).unwrap();
    assert!(matches!(store.compact(), Err(StoreError::Damaged { .. })));
    assert_eq!(fs::read(&path).unwrap(), octets);
    assert_eq!(fs::read_dir(folder.path()).unwrap().count(), 1, "nothing is left beside");
}
