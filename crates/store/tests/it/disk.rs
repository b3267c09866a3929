//! A disk that fills up.

use std::fs::File;
use std::io;
use std::sync::Arc;
use std::sync::atomic::{AtomicU64, Ordering};

use jambox_state::{Changes, StateError, Store, Values};
use jambox_store::{Disk, FileStore};

use crate::{PROTOCOL, add, key, storage};

/// A file on a disk with room for a limited number of octets.
#[derive(Debug)]
struct SmallDisk {
    file: File,
    left: Arc<AtomicU64>,
}

impl Disk for SmallDisk {
    fn len(&self) -> io::Result<u64> {
        Disk::len(&self.file)
    }

    fn read(&self, offset: u64, out: &mut [u8]) -> io::Result<()> {
        Disk::read(&self.file, offset, out)
    }

    fn flush(&self) -> io::Result<()> {
        Disk::flush(&self.file)
    }

    fn write(&self, offset: u64, data: &[u8]) -> io::Result<()> {
        let taken = self.left.fetch_update(Ordering::SeqCst, Ordering::SeqCst, |left| {
            left.checked_sub(data.len() as u64)
        });
        match taken {
            Ok(_) => Disk::write(&self.file, offset, data),
            Err(_) => Err(io::ErrorKind::StorageFull.into()),
        }
    }
}

/// Wherever the disk becomes full during a commit: the commit fails with an error, and the state
/// before it is there on opening.
#[test]
fn a_full_disk_leaves_the_state_before() {
    let mut big = Changes::default();
    for index in 0..2000_u32 {
        add(&mut big, index % 3, &index.to_le_bytes(), Some(&[1; 100]));
    }
    let (mut failed, mut done) = (0, 0);
    for room in (0..2_000_000).step_by(100_000) {
        let folder = tempfile::tempdir().unwrap();
        let path = folder.path().join("chain.redb");
        let file = File::options().read(true).write(true).create_new(true).open(&path);
        let left = Arc::new(AtomicU64::new(u64::MAX));
        let file = file.unwrap();
        let disk = SmallDisk { file, left: Arc::clone(&left) };
        let mut store = FileStore::create_on(disk, &PROTOCOL).unwrap();
        let before = store.commit(&storage(1, b"k", Some(b"kept"))).unwrap();
        left.store(room, Ordering::SeqCst);
        let result = store.commit(&big);
        drop(store);
        let store = FileStore::open(&path).unwrap();
        match result {
            Ok(root) => {
                done += 1;
                assert_eq!(store.root().unwrap(), root);
            }
            Err(error) => {
                failed += 1;
                assert!(matches!(error, StateError::Store(_)), "{error}");
                assert_eq!(store.root().unwrap(), before);
            }
        }
        let state = store.state().unwrap();
        assert_eq!(state.value(&key(1, b"k")).unwrap().as_deref(), Some(&b"kept"[..]));
    }
    assert!(failed > 3 && done > 0, "{failed} failed, {done} were done");
}
