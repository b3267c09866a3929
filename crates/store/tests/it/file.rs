//! Opening, reading while writing, and refusals.

use std::process::{Command, Stdio};
use std::{env, fs, thread, time};

use jambox_state::{Meaning, Store, Values};
use jambox_store::{Exports, FileState, FileStore, StoreError};
use jambox_types::{Hash, ServiceId};

use crate::{PROTOCOL, key, storage};

#[test]
fn what_was_committed_is_there_again() {
    let folder = tempfile::tempdir().unwrap();
    let path = folder.path().join("chain.redb");
    let store = FileStore::create(&path, &PROTOCOL).unwrap();
    let segments = vec![7; 4104];
    let exports =
        Exports { package: Hash([1; 32]), root: Hash([2; 32]), segments: segments.clone().into() };
    let names = [(ServiceId(5), "counter".to_owned())].into();
    let names: &std::collections::BTreeMap<_, _> = &names;
    let root = store.write(&storage(5, b"key", Some(b"value")), names, Some(&exports)).unwrap();
    drop(store);

    assert!(matches!(FileStore::create(&path, &PROTOCOL), Err(StoreError::Exists(_))));
    let store = FileStore::open(&path).unwrap();
    assert_eq!(store.protocol(), PROTOCOL);
    let state = store.read();
    assert_eq!(state.root(), root);
    assert_eq!(state.value(&key(5, b"key")).unwrap().as_deref(), Some(&b"value"[..]));
    let meaning = Meaning::Storage(ServiceId(5), b"key"[..].into());
    assert_eq!(state.meaning(&key(5, b"key")).unwrap(), Some(meaning));
    assert_eq!(&state.names().unwrap(), names);
    assert_eq!(state.segment_root(&Hash([1; 32])).unwrap(), Some(Hash([2; 32])));
    assert_eq!(state.exports(&Hash([2; 32])).unwrap().as_deref(), Some(&*segments));
}

/// The meaning of a key outlives its entry, so that the entry can still be named later.
#[test]
fn the_meaning_of_a_key_outlives_its_value() {
    let folder = tempfile::tempdir().unwrap();
    let mut store = FileStore::create(&folder.path().join("chain.redb"), &PROTOCOL).unwrap();
    store.commit(&storage(5, b"key", Some(b"value"))).unwrap();
    let root = store.commit(&storage(5, b"key", None)).unwrap();
    let state = store.read();
    assert_eq!(root, Hash::ZERO);
    assert!(state.is_empty());
    assert!(state.meaning(&key(5, b"key")).unwrap().is_some());
}

#[test]
fn a_reader_keeps_its_state_and_waits_for_nobody() {
    let folder = tempfile::tempdir().unwrap();
    let mut store = FileStore::create(&folder.path().join("chain.redb"), &PROTOCOL).unwrap();
    let first = store.commit(&storage(1, b"k", Some(b"old"))).unwrap();
    let before = store.state().unwrap();
    let second = store.commit(&storage(1, b"k", Some(b"new"))).unwrap();
    let after = store.state().unwrap();
    assert_eq!(before.value(&key(1, b"k")).unwrap().as_deref(), Some(&b"old"[..]));
    assert_eq!(after.value(&key(1, b"k")).unwrap().as_deref(), Some(&b"new"[..]));
    assert_eq!((before.root(), after.root()), (first, second));
}

#[test]
fn other_files_are_refused_and_kept() {
    let folder = tempfile::tempdir().unwrap();
    let path = folder.path().join("chain.redb");
    for content in [&b"{\"format\": \"jambox-state/1\"}"[..], &[0; 4096], b"", &[0xff; 10_000]] {
        fs::write(&path, content).unwrap();
        let error = FileStore::open(&path).unwrap_err();
        assert!(matches!(error, StoreError::NotAStore { .. } | StoreError::Io { .. }), "{error:?}");
        assert_eq!(fs::read(&path).unwrap(), content);
    }
    let error = FileStore::open(&folder.path().join("nowhere.redb")).unwrap_err();
    assert!(matches!(error, StoreError::Io { .. }), "{error:?}");
}

#[test]
fn a_state_outlives_the_store_it_was_read_from() {
    let folder = tempfile::tempdir().unwrap();
    let path = folder.path().join("chain.redb");
    let store = FileStore::create(&path, &PROTOCOL).unwrap();
    store.write(&storage(5, b"key", Some(b"value")), [], None).unwrap();
    drop(store);
    let state = FileStore::open(&path).unwrap().read();
    assert_eq!(state.value(&key(5, b"key")).unwrap().as_deref(), Some(&b"value"[..]));
}

#[test]
fn another_format_is_refused_and_kept() {
    let folder = tempfile::tempdir().unwrap();
    let path = folder.path().join("chain.redb");
    drop(FileStore::create(&path, &PROTOCOL).unwrap());
    let mut newer = fs::read(&path).unwrap();
    newer[16] += 1;
    // Earlier versions wrote a database of another library.
    let older = [&b"redb\x1a\x0a"[..], &[0; 5000]].concat();
    for (content, format) in [(newer, 4), (older, 1)] {
        fs::write(&path, &content).unwrap();
        for error in [FileStore::open(&path).unwrap_err(), FileState::open(&path).unwrap_err()] {
            let StoreError::OtherFormat { found, known, .. } = error else { panic!("{error:?}") };
            assert_eq!((found, known), (format, 3));
        }
        assert!(fs::read(&path).unwrap() == content, "not an octet of it has changed");
    }
}

/// Holds a store in a process of its own until killed, for the test below.
#[test]
#[ignore = "run by two_processes_cannot_hold_one_file"]
fn holder() {
    let Ok(path) = env::var("JAMBOX_STORE_TEST_HOLD") else { return };
    let _store = FileStore::open(path.as_ref()).unwrap();
    fs::write(format!("{path}.held"), "").unwrap();
    thread::sleep(time::Duration::from_secs(60));
}

#[test]
fn two_processes_cannot_hold_one_file() {
    let folder = tempfile::tempdir().unwrap();
    let path = folder.path().join("chain.redb");
    drop(FileStore::create(&path, &PROTOCOL).unwrap());
    let mut child = Command::new(env::current_exe().unwrap())
        .args(["--ignored", "--exact", "file::holder"])
        .env("JAMBOX_STORE_TEST_HOLD", &path)
        .stdout(Stdio::null())
        .spawn()
        .unwrap();
    let held = folder.path().join("chain.redb.held");
    while !held.exists() {
        assert!(child.try_wait().unwrap().is_none(), "the holder ended");
        thread::sleep(time::Duration::from_millis(5));
    }
    let error = FileStore::open(&path).unwrap_err();
    let pid = child.id();
    child.kill().unwrap();
    child.wait().unwrap();
    match error {
        StoreError::Held { holder: Some(holder), .. } => assert_eq!(holder.pid, pid),
        StoreError::Held { holder: None, .. } if !cfg!(target_os = "linux") => {}
        error => panic!("{error:?}"),
    }
    FileStore::open(&path).expect("the holder is gone");
}
