//! The system going down, or the disk failing, at every single operation of a commit.
//!
//! The disk keeps what it was told before its last flush. Of what it was told since, it keeps
//! whatever it likes: all, nothing, some of the writes, a part of one. What it has kept must open
//! with the state before the commit or with the one after it, and with the latter once the commit
//! has returned.

use std::io;
use std::ops::Range;
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};

use jambox_state::{Changes, Store};
use jambox_store::FileStore;
use jambox_types::{Hash, Parameters};
use redb::StorageBackend;

use crate::{add, storage};

/// A disk that fails at certain operations.
#[derive(Clone, Debug, Default)]
struct Disk(Arc<Mutex<Content>>);

#[derive(Debug, Default)]
struct Content {
    /// What is there after the last flush.
    flushed: Vec<u8>,
    /// What was done since, in order.
    since: Vec<Operation>,
    /// What a reader sees.
    seen: Vec<u8>,
    /// How many operations there were.
    done: usize,
    /// The operations that fail.
    failing: Range<usize>,
}

#[derive(Clone, Debug)]
enum Operation {
    Write { offset: usize, data: Vec<u8> },
    Resize(usize),
}

impl Operation {
    fn apply(&self, content: &mut Vec<u8>) {
        match self {
            Self::Resize(length) => content.resize(*length, 0),
            Self::Write { offset, data } => {
                let end = offset + data.len();
                if content.len() < end {
                    content.resize(end, 0);
                }
                content[*offset..end].copy_from_slice(data);
            }
        }
    }

    /// The first half of a write.
    fn torn(&self) -> Self {
        match self {
            Self::Resize(length) => Self::Resize(*length),
            Self::Write { offset, data } => {
                Self::Write { offset: *offset, data: data[..data.len() / 2].to_vec() }
            }
        }
    }
}

impl Content {
    /// Counts an operation, and says whether it may succeed.
    fn next(&mut self) -> io::Result<()> {
        let is_failing = self.failing.contains(&self.done);
        self.done += 1;
        if is_failing { Err(io::Error::other("the disk fails")) } else { Ok(()) }
    }
}

impl Disk {
    fn of(content: Vec<u8>) -> Self {
        let content = Content { flushed: content.clone(), seen: content, ..Content::default() };
        Self(Arc::new(Mutex::new(content)))
    }

    fn lock(&self) -> MutexGuard<'_, Content> {
        self.0.lock().unwrap_or_else(PoisonError::into_inner)
    }

    /// Fails after so many more operations: once, or from then on.
    fn fail_after(&self, operations: usize, once: bool) {
        let mut content = self.lock();
        let first = content.done + operations;
        content.failing = first..if once { first + 1 } else { usize::MAX };
    }

    /// Whether it has not come to fail.
    fn is_sound(&self) -> bool {
        let content = self.lock();
        content.done <= content.failing.start
    }

    fn act(&self, operation: Operation) -> io::Result<()> {
        let mut content = self.lock();
        let result = content.next();
        // The first one that fails may be there all the same.
        if result.is_ok() || content.done == content.failing.start + 1 {
            operation.apply(&mut content.seen);
            content.since.push(operation);
        }
        result
    }

    /// All that could be there when the system is up again.
    fn images(&self) -> Vec<Vec<u8>> {
        let content = self.lock();
        let since = &content.since;
        let keep = |chosen: &dyn Fn(usize) -> bool| {
            let chosen = since.iter().enumerate().filter(|(index, _)| chosen(*index));
            chosen.map(|(_, operation)| operation.clone()).collect::<Vec<_>>()
        };
        let last = since.len().saturating_sub(1);
        let mut torn = keep(&|index| index < last);
        torn.extend(since.last().map(Operation::torn));
        let kept = [
            keep(&|_| true),
            keep(&|_| false),
            keep(&|index| index < last),
            keep(&|index| index == last),
            keep(&|index| index % 2 == 0),
            keep(&|index| index % 2 == 1),
            keep(&|index| index != last / 2),
            torn,
            since.iter().map(Operation::torn).collect(),
        ];
        let image = |operations: &Vec<Operation>| {
            let mut image = content.flushed.clone();
            operations.iter().for_each(|operation| operation.apply(&mut image));
            image
        };
        let mut images: Vec<_> = kept.iter().map(image).collect();
        images.sort_unstable();
        images.dedup();
        images
    }
}

impl StorageBackend for Disk {
    fn len(&self) -> io::Result<u64> {
        Ok(self.lock().seen.len() as u64)
    }

    fn read(&self, offset: u64, out: &mut [u8]) -> io::Result<()> {
        let content = self.lock();
        let from = content.seen.get(offset as usize..offset as usize + out.len());
        out.copy_from_slice(from.ok_or(io::ErrorKind::UnexpectedEof)?);
        Ok(())
    }

    fn set_len(&self, length: u64) -> io::Result<()> {
        self.act(Operation::Resize(length as usize))
    }

    fn write(&self, offset: u64, data: &[u8]) -> io::Result<()> {
        self.act(Operation::Write { offset: offset as usize, data: data.to_vec() })
    }

    fn sync_data(&self) -> io::Result<()> {
        let mut content = self.lock();
        content.next()?;
        content.flushed = content.seen.clone();
        content.since.clear();
        Ok(())
    }
}

fn changes() -> Changes {
    let mut changes = storage(1, b"kept", None);
    for index in 0..24_u32 {
        let value = vec![index as u8; 100 * index as usize];
        add(&mut changes, index % 3, &index.to_le_bytes(), Some(&value));
    }
    changes
}

/// A store with a commit, closed; its root; and the root after [`changes`].
fn prepared() -> (Vec<u8>, Hash, Hash) {
    let disk = Disk::default();
    let mut store = FileStore::create_on(disk.clone(), &Parameters::TINY).unwrap();
    let mut first = storage(1, b"kept", Some(b"value"));
    add(&mut first, 2, &5_u32.to_le_bytes(), Some(&[7; 5000]));
    let before = store.commit(&first).unwrap();
    drop(store);
    let content = disk.lock().seen.clone();
    let mut store = FileStore::open_on(Disk::of(content.clone())).unwrap();
    (content, before, store.commit(&changes()).unwrap())
}

#[test]
fn whatever_a_disk_keeps_of_a_commit_is_one_of_two_states() {
    let (content, before, after) = prepared();
    let (mut found_before, mut found_after, mut operations) = (0, 0, 0);
    for once in [false, true] {
        for count in 0.. {
            let disk = Disk::of(content.clone());
            let mut store = FileStore::open_on(disk.clone()).unwrap();
            disk.fail_after(count, once);
            let committed = store.commit(&changes()).is_ok();
            // Closing writes, too.
            drop(store);
            for image in disk.images() {
                let root = FileStore::open_on(Disk::of(image)).unwrap().root().unwrap();
                if root == after {
                    found_after += 1;
                } else {
                    assert!(root == before && !committed, "operation {count}: {root}");
                    found_before += 1;
                }
            }
            if disk.is_sound() {
                break;
            }
            operations += 1;
        }
    }
    println!("{operations} failures: {found_before} states before, {found_after} after");
    assert!(operations > 20 && found_before > 20 && found_after > 20);
}

#[test]
fn what_a_disk_keeps_of_an_opening_opens_again() {
    let (content, _, after) = prepared();
    // What a process leaves that does not live to close its file.
    let disk = Disk::of(content);
    let mut store = FileStore::open_on(disk.clone()).unwrap();
    store.commit(&changes()).unwrap();
    let left = disk.lock().seen.clone();
    let (mut operations, mut images) = (0, 0);
    loop {
        let disk = Disk::of(left.clone());
        disk.fail_after(operations, false);
        drop(FileStore::open_on(disk.clone()));
        for image in disk.images() {
            let root = FileStore::open_on(Disk::of(image)).unwrap().root().unwrap();
            assert_eq!(root, after, "operation {operations}");
            images += 1;
        }
        if disk.is_sound() {
            break;
        }
        operations += 1;
    }
    println!("{operations} failures, {images} states");
    assert!(operations > 3);
}
