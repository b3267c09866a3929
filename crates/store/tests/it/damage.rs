//! Damaged files: every read gives the value written, or an error.

use std::collections::BTreeMap;
use std::fs;
use std::path::Path;

use jambox_state::{Changes, StateKey, Store, Values};
use jambox_store::{Damage, Exports, FileState, FileStore, StoreError};
use jambox_types::{Hash, ServiceId};

use crate::{PROTOCOL, add, key, storage};

/// Writes a file of several commits, and gives its root and values.
fn written(path: &Path) -> (Hash, BTreeMap<StateKey, Vec<u8>>) {
    let store = FileStore::create(path, &PROTOCOL).unwrap();
    let mut wanted = BTreeMap::new();
    let mut root = Hash::ZERO;
    for commit in 0..4_u32 {
        let mut changes = Changes::default();
        for index in 0..30_u32 {
            let name = (index * (1 + commit % 2)).to_le_bytes();
            let value = format!("value {index} of commit {commit} ").repeat(index as usize % 7);
            add(&mut changes, index % 3, &name, Some(value.as_bytes()));
            wanted.insert(key(index % 3, &name), value.into_bytes());
        }
        let names = BTreeMap::from([(ServiceId(commit), format!("service-{commit}"))]);
        let exports = Exports {
            package: Hash([commit as u8; 32]),
            root: Hash([100 + commit as u8; 32]),
            segments: vec![commit as u8; 4104].into(),
        };
        root = store.write(&changes, &names, Some(&exports)).unwrap();
    }
    (root, wanted)
}

/// Reads everything in a file.
fn read(path: &Path) -> Result<(Hash, BTreeMap<StateKey, Vec<u8>>), StoreError> {
    let state = FileState::open(path)?;
    let mut all = BTreeMap::new();
    let mut lost = None;
    state.salvage(&mut |entry| match entry {
        Ok((key, value)) => drop(all.insert(key, value.to_vec())),
        Err(damage) => lost = Some(damage),
    })?;
    let failed = |damage| StoreError::Damaged { path: path.to_owned(), damage };
    lost.map_or(Ok(()), |damage| Err(failed(damage)))?;
    Ok((state.root(), all))
}

/// Pseudorandom numbers, the same each time.
struct Random(u64);

impl Random {
    fn below(&mut self, bound: usize) -> usize {
        self.0 ^= self.0 << 13;
        self.0 ^= self.0 >> 7;
        self.0 ^= self.0 << 17;
        (self.0 % bound.max(1) as u64) as usize
    }

    /// Changes some octets, as tools, disks and transfers do.
    fn damage(&mut self, octets: &mut Vec<u8>) {
        for _ in 0..=self.below(3) {
            let (at, length) = (self.below(octets.len()), 1 + self.below(600));
            let range = at..(at + length).min(octets.len());
            match self.below(7) {
                0 => octets[at] ^= 1 << self.below(8),
                1 => octets[at] = self.below(256) as u8,
                2 => octets[range].fill(0),
                3 => octets[range].iter_mut().for_each(|octet| *octet = self.below(256) as u8),
                4 => octets.truncate(at),
                5 => drop(octets.drain(range)),
                _ => {
                    let copied = octets[range].to_vec();
                    let to = self.below(octets.len().saturating_sub(copied.len()));
                    octets[to..to + copied.len()].copy_from_slice(&copied);
                }
            }
            if octets.is_empty() {
                return;
            }
        }
    }
}

#[test]
fn a_damaged_file_is_an_error_or_what_was_written() {
    let count: u64 = std::env::var("JAMBOX_DAMAGED").map_or(400, |count| count.parse().unwrap());
    let folder = tempfile::tempdir().unwrap();
    let path = folder.path().join("chain.redb");
    let (root, wanted) = written(&path);
    let sound = fs::read(&path).unwrap();
    let (mut errors, mut same) = (0, 0);
    for seed in 1..=count {
        let mut octets = sound.clone();
        Random(seed.wrapping_mul(0x9e37_79b9_7f4a_7c15)).damage(&mut octets);
        fs::write(&path, &octets).unwrap();
        match read(&path) {
            Ok(found) => {
                assert!(found == (root, wanted.clone()), "damage {seed} changed what is read");
                same += 1;
            }
            Err(StoreError::Io { .. }) => panic!("damage {seed} is no failure of the disk"),
            Err(_) => errors += 1,
        }
        // Reads of single values, and of absent ones, are checked as well.
        if let Ok(state) = FileState::open(&path) {
            let absent = key(9, b"absent");
            for key in wanted.keys().chain([&absent]) {
                if let Ok(value) = state.value(key) {
                    assert_eq!(value.as_deref(), wanted.get(key).map(Vec::as_slice), "{seed}");
                }
            }
        }
        // Each salvaged value is one that was written at some time.
        let fallback = PROTOCOL;
        if let Ok(state) = FileState::open_damaged(&path, fallback)
            && state.root() == root
        {
            state
                .salvage(&mut |entry| {
                    if let Ok((key, value)) = entry {
                        assert_eq!(Some(&value.to_vec()), wanted.get(&key), "{seed}");
                    }
                })
                .unwrap();
        }
    }
    println!("{count} damaged files: {errors} errors, {same} with nothing lost");
    assert!(errors > count / 4 && same > 0, "{errors} errors, {same} the same");
}

#[test]
fn a_changed_value_is_named() {
    let folder = tempfile::tempdir().unwrap();
    let path = folder.path().join("chain.redb");
    let mut store = FileStore::create(&path, &PROTOCOL).unwrap();
    let mut changes = storage(5, b"key", Some(b"a value that somebody changes"));
    add(&mut changes, 5, b"other", Some(b"another"));
    let root = store.commit(&changes).unwrap();
    drop(store);
    let mut octets = fs::read(&path).unwrap();
    let at = octets.windows(8).position(|window| window == b"somebody").unwrap();
    octets[at..at + 8].copy_from_slice(b"whoever!");
    fs::write(&path, &octets).unwrap();

    let state = FileStore::open(&path).unwrap().read();
    assert_eq!(state.root(), root);
    let error = state.value(&key(5, b"key")).unwrap_err().to_string();
    assert!(error.contains(&key(5, b"key").to_string()), "{error}");
    assert_eq!(state.value(&key(5, b"other")).unwrap().as_deref(), Some(&b"another"[..]));
    let mut lost = Vec::new();
    state.verify(&mut |found| lost.extend(found.err())).unwrap();
    let [Damage::Entry { key: lost, .. }] = &lost[..] else { panic!("{lost:?}") };
    assert_eq!(*lost, key(5, b"key"));
}

/// An acknowledged commit does not vanish without an error, wherever it is damaged.
#[test]
fn the_last_commit_does_not_vanish() {
    let folder = tempfile::tempdir().unwrap();
    let path = folder.path().join("chain.redb");
    let (root, _) = written(&path);
    let sound = fs::read(&path).unwrap();
    // The header, the marks, and a sample of the commits.
    let places =
        (0..300).chain(2048..2080).chain(3072..3104).chain((4096..sound.len()).step_by(23));
    for at in places {
        let mut octets = sound.clone();
        octets[at] ^= 0x10;
        fs::write(&path, &octets).unwrap();
        if let Ok(state) = FileState::open(&path) {
            assert_eq!(state.root(), root, "octet {at}");
        }
    }
    for length in (0..sound.len()).step_by(101) {
        fs::write(&path, &sound[..length]).unwrap();
        assert!(FileState::open(&path).is_err(), "{length} octets");
    }
}
