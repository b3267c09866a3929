//! Failures of the system, or of the disk, at every single operation of a commit.
//!
//! The disk keeps all writes before the last flush. Of the writes since, it keeps an arbitrary
//! part: all, none, some of them, a part of one. The result must open with the state before the
//! commit or after it, and with the latter once the commit has returned.

use std::io;
use std::ops::Range;
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};

use jambox_state::{Changes, MemoryStore, Store};
use jambox_store::{Damage, FileStore};
use jambox_types::Hash;

use crate::{PROTOCOL, add, storage};

/// A disk that fails at certain operations.
#[derive(Clone, Debug, Default)]
struct Disk(Arc<Mutex<Content>>);

#[derive(Debug, Default)]
struct Content {
    /// Contents after the last flush.
    flushed: Vec<u8>,
    /// Operations since, in order.
    since: Vec<Operation>,
    /// Contents that a reader sees.
    seen: Vec<u8>,
    /// Number of operations.
    done: usize,
    /// Numbers of the operations that fail.
    failing: Range<usize>,
}

/// A write.
#[derive(Clone, Debug)]
struct Operation {
    offset: usize,
    data: Vec<u8>,
}

impl Operation {
    fn apply(&self, content: &mut Vec<u8>) {
        let end = self.offset + self.data.len();
        if content.len() < end {
            content.resize(end, 0);
        }
        content[self.offset..end].copy_from_slice(&self.data);
    }

    /// The first half of a write.
    fn torn(&self) -> Self {
        Self { offset: self.offset, data: self.data[..self.data.len() / 2].to_vec() }
    }
}

impl Content {
    /// Counts an operation; an error if it is to fail.
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

    /// Fails after this number of further operations: once, or from then on.
    fn fail_after(&self, operations: usize, once: bool) {
        let mut content = self.lock();
        let first = content.done + operations;
        content.failing = first..if once { first + 1 } else { usize::MAX };
    }

    /// Tests whether no operation has failed yet.
    fn is_sound(&self) -> bool {
        let content = self.lock();
        content.done <= content.failing.start
    }

    fn act(&self, operation: Operation) -> io::Result<()> {
        let mut content = self.lock();
        let result = content.next();
        // The first failing operation may reach the disk all the same.
        if result.is_ok() || content.done == content.failing.start + 1 {
            operation.apply(&mut content.seen);
            content.since.push(operation);
        }
        result
    }

    /// All possible contents of the disk after a failure of the system.
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

impl jambox_store::Disk for Disk {
    fn len(&self) -> io::Result<u64> {
        Ok(self.lock().seen.len() as u64)
    }

    fn read(&self, offset: u64, out: &mut [u8]) -> io::Result<()> {
        let content = self.lock();
        let from = content.seen.get(offset as usize..offset as usize + out.len());
        out.copy_from_slice(from.ok_or(io::ErrorKind::UnexpectedEof)?);
        Ok(())
    }

    fn write(&self, offset: u64, data: &[u8]) -> io::Result<()> {
        self.act(Operation { offset: offset as usize, data: data.to_vec() })
    }

    fn flush(&self) -> io::Result<()> {
        let mut content = self.lock();
        content.next()?;
        content.flushed = content.seen.clone();
        content.since.clear();
        Ok(())
    }
}

/// Changes of the commits: small ones, a large one, removals.
fn commits() -> Vec<Changes> {
    let mut first = storage(1, b"kept", Some(b"value"));
    add(&mut first, 2, &5_u32.to_le_bytes(), Some(&[7; 5000]));
    let mut second = storage(1, b"kept", None);
    for index in 0..24_u32 {
        let value = vec![index as u8; 100 * index as usize];
        add(&mut second, index % 3, &index.to_le_bytes(), Some(&value));
    }
    let mut large = Changes::default();
    for index in 0..2_u8 {
        let value: Vec<u8> = (0..540_000).map(|at: u32| (at % 251) as u8 ^ index).collect();
        add(&mut large, 4, &[index], Some(&value));
    }
    let last = storage(4, &[1], None);
    vec![first, second, large, last]
}

/// The root after each number of commits.
fn roots() -> Vec<Hash> {
    let mut model = MemoryStore::default();
    let mut roots = vec![Hash::ZERO];
    roots.extend(commits().iter().map(|changes| model.commit(changes).unwrap()));
    roots
}

/// An empty store, closed.
fn prepared() -> Vec<u8> {
    let disk = Disk::default();
    drop(FileStore::create_on(disk.clone(), &PROTOCOL).unwrap());
    disk.lock().seen.clone()
}

#[test]
fn whatever_a_disk_keeps_of_a_commit_is_one_of_two_states() {
    let (content, commits, roots) = (prepared(), commits(), roots());
    let (mut found_before, mut found_after, mut operations) = (0, 0, 0);
    for once in [false, true] {
        for count in 0.. {
            let disk = Disk::of(content.clone());
            let mut store = FileStore::open_on(disk.clone()).unwrap();
            disk.fail_after(count, once);
            let committed = commits.iter().take_while(|changes| store.commit(changes).is_ok());
            let committed = committed.count();
            drop(store);
            for image in disk.images() {
                let mut store = FileStore::open_on(Disk::of(image)).unwrap();
                let root = store.root().unwrap();
                let is_after = roots.get(committed + 1) == Some(&root);
                assert!(is_after || root == roots[committed], "operation {count}: {root}");
                found_after += u32::from(is_after);
                found_before += u32::from(!is_after);
                let found = committed + usize::from(is_after);
                let rest = &commits[found..];
                let last = rest.iter().map(|changes| store.commit(changes).unwrap()).last();
                assert_eq!(last.unwrap_or(root), roots[commits.len()], "operation {count}");
                let lost = |found: Result<(), Damage>| found.expect("all of it is there");
                store.read().verify(&mut { lost }).unwrap();
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

/// After a commit that failed, the next ones continue from the state before it.
#[test]
fn commits_go_on_after_one_that_failed() {
    let (content, commits, roots) = (prepared(), commits(), roots());
    let mut failures = 0;
    for count in 0.. {
        let disk = Disk::of(content.clone());
        let mut store = FileStore::open_on(disk.clone()).unwrap();
        disk.fail_after(count, true);
        for (index, changes) in commits.iter().enumerate() {
            let before = store.root().unwrap();
            if store.commit(changes).is_err() {
                failures += 1;
                assert_eq!((before, store.root().unwrap()), (roots[index], roots[index]));
                assert_eq!(store.commit(changes).unwrap(), roots[index + 1]);
            }
        }
        drop(store);
        let content = disk.lock().seen.clone();
        let store = FileStore::open_on(Disk::of(content)).unwrap();
        assert_eq!(store.root().unwrap(), roots[commits.len()]);
        if disk.is_sound() {
            break;
        }
    }
    assert!(failures > 8, "{failures}");
}

/// Opening the file of a process that did not close it writes nothing.
#[test]
fn opening_writes_nothing() {
    let disk = Disk::of(prepared());
    let mut store = FileStore::open_on(disk.clone()).unwrap();
    store.commit(&commits()[0]).unwrap();
    let left = disk.lock().seen.clone();
    let disk = Disk::of(left);
    disk.fail_after(0, false);
    let store = FileStore::open_on(disk.clone()).unwrap();
    assert_eq!(store.root().unwrap(), roots()[1]);
    assert!(disk.is_sound());
}
