//! A disk that fills up.

use std::io;
use std::sync::Arc;
use std::sync::atomic::{AtomicU64, Ordering};

use jambox_state::{Changes, StateError, Store, Values};
use jambox_store::FileStore;
use jambox_types::Parameters;
use redb::StorageBackend;
use redb::backends::FileBackend;

use crate::{add, key, storage};

/// A file on a disk that takes so many more octets.
#[derive(Debug)]
struct SmallDisk {
    file: FileBackend,
    left: Arc<AtomicU64>,
}

impl StorageBackend for SmallDisk {
    fn len(&self) -> io::Result<u64> {
        self.file.len()
    }

    fn read(&self, offset: u64, out: &mut [u8]) -> io::Result<()> {
        self.file.read(offset, out)
    }

    fn set_len(&self, len: u64) -> io::Result<()> {
        self.file.set_len(len)
    }

    fn sync_data(&self) -> io::Result<()> {
        self.file.sync_data()
    }

    fn write(&self, offset: u64, data: &[u8]) -> io::Result<()> {
        let taken = self.left.fetch_update(Ordering::SeqCst, Ordering::SeqCst, |left| {
            left.checked_sub(data.len() as u64)
        });
        match taken {
            Ok(_) => self.file.write(offset, data),
            Err(_) => Err(io::ErrorKind::StorageFull.into()),
        }
    }

    fn close(&self) -> io::Result<()> {
        self.file.close()
    }
}

/// Wherever the disk is full in the course of a commit: it fails, says so, and the state before is
/// there on opening.
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
        let file = std::fs::File::options().read(true).write(true).create_new(true).open(&path);
        let left = Arc::new(AtomicU64::new(u64::MAX));
        let file = FileBackend::new(file.unwrap()).unwrap();
        let disk = SmallDisk { file, left: Arc::clone(&left) };
        let mut store = FileStore::create_on(disk, &Parameters::TINY).unwrap();
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
