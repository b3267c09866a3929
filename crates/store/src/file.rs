//! The store in a file.

use std::collections::BTreeMap;
use std::fmt;
use std::fs::{self, File, OpenOptions, TryLockError};
use std::path::{Path, PathBuf};
use std::sync::atomic::{AtomicBool, AtomicUsize, Ordering};
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};

use jambox_state::{Blob, Changes, StateError, StateKey, Store};
use jambox_types::{Hash, Protocol, ServiceId};

use crate::changes::{TableChanges, change_table, meanings, state_tables};
use crate::disk::Memory;
use crate::layout::{COMMITS, Head, Table};
use crate::log::{self, Appender, Commit};
use crate::state::{encode_header, header, short};
use crate::tree::{Fresh, Shared, View};
use crate::{Damage, Disk, FileState, StoreError, compact, holder};

/// A state in a file, held for writing; see the [crate's page](crate).
pub struct FileStore {
    /// The file and commit that readers get. Locked for a moment at a time.
    current: Mutex<(Arc<Shared>, Arc<Commit>)>,
    /// Locked during a commit.
    writing: Mutex<()>,
    path: PathBuf,
    protocol: Protocol,
    /// Limit of the cache's memory, in octets; 0 if none was set.
    at_hand: AtomicUsize,
    /// Set if commits leave the file uncompacted.
    is_uncompacted: AtomicBool,
}

/// Exports of a package, for imports by later packages.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Exports {
    /// Hash of the package.
    pub package: Hash,
    /// Root of the segments.
    pub root: Hash,
    /// The segments, concatenated.
    pub segments: Blob,
}

/// A record beside the state, set (`Some`) or removed (`None`), under a key of the caller's choice.
pub type Record = (StateKey, Option<Vec<u8>>);

/// All changes of one commit.
#[derive(Clone, Copy, Debug)]
pub struct Batch<'a> {
    /// Changes of the state.
    pub changes: &'a Changes,
    /// Exports of packages.
    pub exports: &'a [Exports],
    /// Packages, with their segment roots, whose exports are to be removed.
    pub forgotten: &'a [(Hash, Hash)],
    /// Notes by their names.
    pub notes: &'a [(&'a str, Vec<u8>)],
    /// Records beside the state.
    pub records: &'a [Record],
}

impl FileStore {
    /// A new file with an empty state.
    ///
    /// # Errors
    ///
    /// [`StoreError::Exists`] if the file exists, [`StoreError::Io`] if it cannot be written.
    pub fn create(path: &Path, protocol: &Protocol) -> Result<Self, StoreError> {
        let io = |error| StoreError::Io { path: path.to_owned(), error };
        let file = OpenOptions::new().read(true).write(true).create_new(true).open(path);
        let file = file.map_err(|error| match error.kind() {
            std::io::ErrorKind::AlreadyExists => StoreError::Exists(path.to_owned()),
            _ => io(error),
        })?;
        let store = file.lock().map_err(io);
        let store = store.and_then(|()| Self::init(Box::new(file), path, protocol));
        if store.is_err() {
            // The error is reported; an unfinished store is of no use.
            let _ = fs::remove_file(path);
        }
        sync_folder(path);
        store
    }

    /// A new state on a disk other than a file.
    ///
    /// # Errors
    ///
    /// [`StoreError::Io`] if the disk cannot be written.
    pub fn create_on(disk: impl Disk, protocol: &Protocol) -> Result<Self, StoreError> {
        Self::init(Box::new(disk), Path::new(""), protocol)
    }

    /// A new state in memory, which is gone when this value is dropped.
    ///
    /// # Errors
    ///
    /// None in practice: memory does not fail.
    pub fn in_memory(protocol: &Protocol) -> Result<Self, StoreError> {
        Self::create_on(Memory::default(), protocol)
    }

    fn init(disk: Box<dyn Disk>, path: &Path, protocol: &Protocol) -> Result<Self, StoreError> {
        let protocol = Protocol::new(protocol.revision, protocol.parameters);
        let shared = Shared::new(disk, path.to_owned());
        let octets = encode_header(&protocol);
        shared.disk.write(0, &octets).map_err(|error| shared.io(error))?;
        let head = Head::first(0);
        let commit = Appender::new(&*shared.disk, COMMITS).finish(head);
        let commit = commit.and_then(|commit| {
            log::mark(&*shared.disk, &commit)?;
            shared.disk.flush()?;
            Ok(commit)
        });
        let commit = commit.map_err(|error| shared.io(error))?;
        Ok(Self::of(shared, commit, protocol))
    }

    fn of(shared: Shared, commit: Commit, protocol: Protocol) -> Self {
        let path = shared.path.clone();
        let current = Mutex::new((Arc::new(shared), Arc::new(commit)));
        let (at_hand, is_uncompacted) = (AtomicUsize::new(0), AtomicBool::new(false));
        Self { current, writing: Mutex::new(()), path, protocol, at_hand, is_uncompacted }
    }

    /// Opens a file's state for writing. No other process can write meanwhile; processes that only
    /// read [can open it](FileState::open).
    ///
    /// # Errors
    ///
    /// The file cannot be opened, another process writes to it, or it is no store, has another
    /// format, or is damaged.
    pub fn open(path: &Path) -> Result<Self, StoreError> {
        let io = |error| StoreError::Io { path: path.to_owned(), error };
        loop {
            // A file that is no store is only looked at.
            drop(FileState::open(path)?);
            let file = OpenOptions::new().read(true).write(true).open(path).map_err(io)?;
            match file.try_lock() {
                Ok(()) => {}
                Err(TryLockError::WouldBlock) => {
                    let (path, holder) = (path.to_owned(), holder::of(path));
                    return Err(StoreError::Held { path, holder });
                }
                Err(TryLockError::Error(error)) => return Err(io(error)),
            }
            // The holder before may have put a compacted file in its place.
            if is_at(&file, path) {
                return Self::open_disk(Box::new(file), path);
            }
        }
    }

    /// Opens the state on a disk other than a file.
    ///
    /// # Errors
    ///
    /// The disk cannot be read, holds no store or one of another format, or is damaged.
    pub fn open_on(disk: impl Disk) -> Result<Self, StoreError> {
        Self::open_disk(Box::new(disk), Path::new(""))
    }

    fn open_disk(disk: Box<dyn Disk>, path: &Path) -> Result<Self, StoreError> {
        let protocol = header(&*disk, path)?;
        let shared = Shared::new(disk, path.to_owned());
        let commit = log::last_commit(&*shared.disk).map_err(|error| shared.io(error))?;
        let commit = commit.ok_or_else(|| shared.damaged(Damage::LastCommit))?;
        Ok(Self::of(shared, commit, protocol))
    }

    /// Path of the file.
    #[must_use]
    pub fn path(&self) -> &Path {
        &self.path
    }

    /// Protocol of the chain: its revision and parameters.
    #[must_use]
    pub const fn protocol(&self) -> Protocol {
        self.protocol
    }

    /// Writes a note beside the state, such as the name of its chain.
    ///
    /// # Errors
    ///
    /// The file cannot be written.
    pub fn set_note(&self, name: &str, note: &[u8]) -> Result<(), StoreError> {
        let key = short(&Hash::blake2b(name.as_bytes()));
        self.change(&[(Table::Notes, vec![(key, Some(note))])]).map(drop)
    }

    /// The state of the last commit.
    #[must_use]
    pub fn read(&self) -> Arc<FileState> {
        let (shared, commit) = self.current();
        Arc::new(FileState::new(shared, commit, self.protocol))
    }

    /// Commits changes, all or none of them, and gives the new state root. The same commit adds
    /// names of services and the exports of a package.
    ///
    /// # Errors
    ///
    /// The file cannot be written, for instance because the disk is full: the state is then as it
    /// was before. Or an entry to be changed is damaged.
    pub fn write<'a>(
        &self,
        changes: &Changes,
        names: impl IntoIterator<Item = (&'a ServiceId, &'a String)>,
        exports: Option<&Exports>,
    ) -> Result<Hash, StoreError> {
        let meanings = meanings(changes);
        let mut tables = state_tables(changes, &meanings);
        let names = names.into_iter().map(|(service, name)| {
            let mut key = StateKey([0; 31]);
            key.0.iter_mut().zip(service.0.to_le_bytes()).for_each(|(to, from)| *to = from);
            (key, Some(name.as_bytes()))
        });
        tables.push((Table::Names, names.collect()));
        let package = exports.map(|exports| [exports.package.0, exports.root.0].concat());
        if let (Some(exports), Some(package)) = (exports, &package) {
            let segments = (short(&exports.root), Some(&*exports.segments));
            tables.push((Table::Exports, vec![segments]));
            tables.push((Table::Packages, vec![(short(&exports.package), Some(package))]));
        }
        let commit = self.change(&tables)?;
        Ok(commit.head.table(Table::Values).map_or(Hash::ZERO, |table| table.hash))
    }

    /// Commits all changes of a batch, or none of them, and gives the new state root.
    ///
    /// # Errors
    ///
    /// As [`write`](Self::write).
    pub fn write_all(&self, batch: &Batch<'_>) -> Result<Hash, StoreError> {
        let meanings = meanings(batch.changes);
        let mut tables = state_tables(batch.changes, &meanings);
        // Two packages may export the same segments.
        let mut exports = BTreeMap::new();
        let mut packages = BTreeMap::new();
        for (package, root) in batch.forgotten {
            exports.insert(short(root), None);
            packages.insert(short(package), None);
        }
        let both = |it: &Exports| [it.package.0, it.root.0].concat();
        let pairs: Vec<Vec<u8>> = batch.exports.iter().map(both).collect();
        for (it, pair) in batch.exports.iter().zip(&pairs) {
            exports.insert(short(&it.root), Some(&*it.segments));
            packages.insert(short(&it.package), Some(pair.as_slice()));
        }
        tables.push((Table::Exports, exports.into_iter().collect()));
        tables.push((Table::Packages, packages.into_iter().collect()));
        let note = |(name, note): &'_ (&str, Vec<u8>)| {
            (short(&Hash::blake2b(name.as_bytes())), note.clone())
        };
        let notes: BTreeMap<StateKey, Vec<u8>> = batch.notes.iter().map(note).collect();
        let notes = notes.iter().map(|(key, note)| (*key, Some(note.as_slice())));
        tables.push((Table::Notes, notes.collect()));
        let records: BTreeMap<StateKey, Option<&[u8]>> =
            batch.records.iter().map(|(key, record)| (*key, record.as_deref())).collect();
        tables.push((Table::Records, records.into_iter().collect()));
        let commit = self.change(&tables)?;
        Ok(commit.head.table(Table::Values).map_or(Hash::ZERO, |table| table.hash))
    }

    /// Reverts to a state taken from this store, with its records, notes and exports, by a commit
    /// that consists of a head only.
    ///
    /// # Errors
    ///
    /// The file cannot be written, or was [compacted](Self::compact) since the state was taken.
    pub fn revert(&self, state: &FileState) -> Result<(), StoreError> {
        let _writing = self.writing.lock().unwrap_or_else(PoisonError::into_inner);
        let (shared, before) = self.current();
        let Some(to) = state.commit_in(&shared) else {
            return Err(StoreError::Moved(self.path.clone()));
        };
        let mut head = to.head.clone();
        head.number = before.head.number.saturating_add(1);
        head.previous = before.hash;
        let commit = Appender::new(&*shared.disk, before.end).finish(head);
        let commit = Arc::new(commit.map_err(|error| shared.io(error))?);
        let _ = log::mark(&*shared.disk, &commit);
        self.lock().1 = commit;
        Ok(())
    }

    /// Limits the cache's memory, in octets, for entries read or written last. The default is 320
    /// MiB.
    pub fn limit_memory(&self, octets: usize) {
        self.at_hand.store(octets.max(1), Ordering::Relaxed);
        self.current().0.limit(octets);
    }

    /// Sets whether commits leave unused octets in place, so that [`revert`](Self::revert) can go
    /// back to states taken before.
    pub fn leave_uncompacted(&self, is_uncompacted: bool) {
        self.is_uncompacted.store(is_uncompacted, Ordering::Relaxed);
    }

    /// All octets of the file, to [replace another store by](Self::replace_by).
    ///
    /// # Errors
    ///
    /// [`StoreError::Io`] if the file cannot be read.
    pub fn octets(&self) -> Result<Vec<u8>, StoreError> {
        let (shared, commit) = self.current();
        let mut octets = vec![0; usize::try_from(commit.end).unwrap_or(usize::MAX)];
        shared.disk.read(0, &mut octets).map_err(|error| shared.io(error))?;
        Ok(octets)
    }

    /// Replaces this store's contents by a copy of another store, at once.
    ///
    /// # Errors
    ///
    /// The octets are no store of this revision and these parameters, or damaged, or the file
    /// cannot be written: the store is then unchanged.
    pub fn replace_by(&self, octets: Vec<u8>) -> Result<(), StoreError> {
        let other = Self::open_disk(Box::new(Memory::of(octets)), Path::new("the chain given"))?;
        other.read().expect(Some(self.protocol.revision), Some(&self.protocol.parameters))?;
        let _writing = self.writing.lock().unwrap_or_else(PoisonError::into_inner);
        let (shared, commit) = other.current();
        // Every copied octet is checked.
        self.replace(&shared, &commit)
    }

    /// Makes one commit.
    fn change(&self, tables: &[TableChanges<'_>]) -> Result<Arc<Commit>, StoreError> {
        let _writing = self.writing.lock().unwrap_or_else(PoisonError::into_inner);
        let (shared, before) = self.current();
        let mut head = before.head.clone();
        head.number = head.number.saturating_add(1);
        head.previous = before.hash;
        let mut out = Appender::new(&*shared.disk, before.end);
        let mut fresh = Fresh::default();
        for (table, changes) in tables {
            let view = View { shared: &shared, table: *table, end: before.end };
            change_table(view, &mut head, &mut out, &mut fresh, changes)?;
        }
        let commit = Arc::new(out.finish(head).map_err(|error| shared.io(error))?);
        // The commit is on the disk. A mark that cannot be written is only out of date.
        let _ = log::mark(&*shared.disk, &commit);
        fresh.keep(&shared);
        let mut current = self.lock();
        current.1 = Arc::clone(&commit);
        drop(current);
        self.compact_if_worth(&shared, &commit);
        Ok(commit)
    }

    /// Replaces the file by one without unused octets. States taken before stay readable. Commits
    /// do this by themselves once most of a large file is unused.
    /// # Errors
    ///
    /// There is no room for the new file, or a part to be copied is damaged: the file is then
    /// unchanged. A store that is not [in a file](Self::create_on) has no path for the new file.
    pub fn compact(&self) -> Result<(), StoreError> {
        let _writing = self.writing.lock().unwrap_or_else(PoisonError::into_inner);
        let (shared, commit) = self.current();
        self.replace(&shared, &commit)
    }

    fn compact_if_worth(&self, shared: &Shared, commit: &Commit) {
        let can = !self.path.as_os_str().is_empty() || shared.disk.blank().is_some();
        let may = !self.is_uncompacted.load(Ordering::Relaxed);
        if can && may && compact::is_worth(commit) {
            // A failure, for want of room for instance, changes nothing: the file as it is serves
            // as well.
            let _ = self.replace(shared, commit);
        }
    }

    /// Replaces this store's contents by those of a commit, while nobody else writes.
    fn replace(&self, shared: &Shared, commit: &Commit) -> Result<(), StoreError> {
        let header = encode_header(&self.protocol);
        let blank = self.current().0.disk.blank();
        let compacted = match blank {
            Some(disk) => compact::onto(disk, shared, commit, &header)?,
            None => compact::compact(&self.path, shared, commit, &header)?,
        };
        if let octets @ 1.. = self.at_hand.load(Ordering::Relaxed) {
            compacted.0.limit(octets);
        }
        *self.lock() = (Arc::new(compacted.0), Arc::new(compacted.1));
        sync_folder(&self.path);
        Ok(())
    }

    fn current(&self) -> (Arc<Shared>, Arc<Commit>) {
        let current = self.lock();
        (Arc::clone(&current.0), Arc::clone(&current.1))
    }

    fn lock(&self) -> MutexGuard<'_, (Arc<Shared>, Arc<Commit>)> {
        self.current.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

/// Tests whether a path leads to an open file.
fn is_at(file: &File, path: &Path) -> bool {
    #[cfg(unix)]
    {
        use std::os::unix::fs::MetadataExt;
        let both = file.metadata().and_then(|ours| Ok((ours, fs::metadata(path)?)));
        both.is_ok_and(|(ours, theirs)| (ours.dev(), ours.ino()) == (theirs.dev(), theirs.ino()))
    }
    #[cfg(not(unix))]
    {
        // An open file cannot be replaced on this system.
        let _ = (file, path);
        true
    }
}

/// Makes the creation or renaming of a file last, on systems that need a call for it.
fn sync_folder(path: &Path) {
    let folder = path.parent().filter(|folder| !folder.as_os_str().is_empty());
    if let Ok(folder) = File::open(folder.unwrap_or(Path::new("."))) {
        // Systems without this call do not need it.
        let _ = folder.sync_all();
    }
}

impl Store for FileStore {
    type State = FileState;

    fn state(&self) -> Result<Arc<FileState>, StateError> {
        Ok(self.read())
    }

    fn commit(&mut self, changes: &Changes) -> Result<Hash, StateError> {
        Ok(self.write(changes, [], None)?)
    }

    fn root(&self) -> Result<Hash, StateError> {
        Ok(self.read().root())
    }
}

impl fmt::Debug for FileStore {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("FileStore").field("path", &self.path).finish_non_exhaustive()
    }
}
