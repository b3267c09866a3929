//! The store in a file.

use std::collections::BTreeMap;
use std::fmt;
use std::fs::{self, File, OpenOptions, TryLockError};
use std::path::{Path, PathBuf};
use std::sync::atomic::{AtomicBool, AtomicUsize, Ordering};
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};

use jambox_codec::encode;
use jambox_state::trie::pages::{self, LeafChange};
use jambox_state::{Blob, Changes, StateError, StateKey, Store};
use jambox_types::{Hash, Protocol, ServiceId};

use crate::disk::Memory;
use crate::layout::{COMMITS, Head, Table, TableHead, ValueAt};
use crate::log::{self, Appender, Commit};
use crate::state::{encode_header, header, short};
use crate::tree::{Changing, Fresh, Shared, View};
use crate::{Damage, Disk, FileState, StoreError, compact, holder};

/// A state in a file, held for writing; see the [crate's page](crate).
pub struct FileStore {
    /// What readers are given. Locked for a moment at a time.
    current: Mutex<(Arc<Shared>, Arc<Commit>)>,
    /// Locked as long as somebody writes.
    writing: Mutex<()>,
    path: PathBuf,
    protocol: Protocol,
    /// Octets of memory for what is kept at hand, where somebody said how many; else 0.
    at_hand: AtomicUsize,
    /// Whether commits leave the file uncompacted.
    is_uncompacted: AtomicBool,
}

/// What a package exported, to be imported by later ones.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Exports {
    /// The hash of the package.
    pub package: Hash,
    /// The root of the segments.
    pub root: Hash,
    /// The segments, one after the other.
    pub segments: Blob,
}

/// What somebody keeps beside the state, set (`Some`) or removed (`None`): under a key of theirs.
pub type Record = (StateKey, Option<Vec<u8>>);

/// All that one commit changes.
#[derive(Clone, Copy, Debug)]
pub struct Batch<'a> {
    /// Of the state.
    pub changes: &'a Changes,
    /// What packages exported.
    pub exports: &'a [Exports],
    /// Packages, and their segment roots, whose exports are of no use any more.
    pub forgotten: &'a [(Hash, Hash)],
    /// Notes by their names.
    pub notes: &'a [(&'a str, Vec<u8>)],
    /// What is kept beside the state.
    pub records: &'a [Record],
}

/// Entries of one table set (`Some`) or removed (`None`).
type TableChange<'a> = (StateKey, Option<&'a [u8]>);
type TableChanges<'a> = (Table, Vec<TableChange<'a>>);

impl FileStore {
    /// A new file with an empty state.
    ///
    /// # Errors
    ///
    /// The file exists, or cannot be written.
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
            // The error is what there is to tell; the beginning of a store is of use to nobody.
            let _ = fs::remove_file(path);
        }
        sync_folder(path);
        store
    }

    /// A new state on something other than a file.
    ///
    /// # Errors
    ///
    /// It cannot be written.
    pub fn create_on(disk: impl Disk, protocol: &Protocol) -> Result<Self, StoreError> {
        Self::init(Box::new(disk), Path::new(""), protocol)
    }

    /// A new state in memory, which is gone with this value.
    ///
    /// # Errors
    ///
    /// None that anybody could do something about.
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

    /// The state that a file holds, to be changed. Nobody else can do so meanwhile; whoever only
    /// reads, [can](FileState::open).
    ///
    /// # Errors
    ///
    /// The file cannot be opened, another process writes to it, or it is no store, of another
    /// format, or damaged.
    pub fn open(path: &Path) -> Result<Self, StoreError> {
        let io = |error| StoreError::Io { path: path.to_owned(), error };
        loop {
            // What is no store is looked at only.
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
            // Who held it before may have put a smaller file in its place.
            if is_at(&file, path) {
                return Self::open_disk(Box::new(file), path);
            }
        }
    }

    /// The state that something other than a file holds.
    ///
    /// # Errors
    ///
    /// It cannot be read, is no store, is of another format, or is damaged.
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

    /// The file.
    #[must_use]
    pub fn path(&self) -> &Path {
        &self.path
    }

    /// The protocol of the chain whose state it is: its revision and parameters.
    #[must_use]
    pub const fn protocol(&self) -> Protocol {
        self.protocol
    }

    /// Writes down a note that goes with the state, such as the name of its chain.
    ///
    /// # Errors
    ///
    /// The file cannot be written.
    pub fn set_note(&self, name: &str, note: &[u8]) -> Result<(), StoreError> {
        let key = short(&Hash::blake2b(name.as_bytes()));
        self.change(&[(Table::Notes, vec![(key, Some(note))])]).map(drop)
    }

    /// The state as it was last committed.
    #[must_use]
    pub fn read(&self) -> Arc<FileState> {
        let (shared, commit) = self.current();
        Arc::new(FileState::new(shared, commit, self.protocol))
    }

    /// Makes changes, all or none of them, and gives the root of the state with them. With them go
    /// names for services and what a package exported.
    ///
    /// # Errors
    ///
    /// The file cannot be written, the disk is full, say: the state is then as it was before. Or
    /// what is to be changed is damaged.
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

    /// Makes all the changes of a batch, or none of them, and gives the root of the state with
    /// them.
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

    /// Goes back to a state that was taken from this store, with all that was beside it, by a
    /// commit that costs no more than its head.
    ///
    /// # Errors
    ///
    /// The file cannot be written, or was [compacted](Self::compact) since.
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

    /// Keeps at most so many octets of memory for what was read or written last. Unless told
    /// otherwise a store keeps 320 MiB.
    pub fn limit_memory(&self, octets: usize) {
        self.at_hand.store(octets.max(1), Ordering::Relaxed);
        self.current().0.limit(octets);
    }

    /// Has commits leave what is no longer in use where it is, so that states that were taken can
    /// be [come back to](Self::revert); or not any more.
    pub fn leave_uncompacted(&self, is_uncompacted: bool) {
        self.is_uncompacted.store(is_uncompacted, Ordering::Relaxed);
    }

    /// All of the file, for another store to [be replaced by](Self::replace_by).
    ///
    /// # Errors
    ///
    /// It cannot be read.
    pub fn octets(&self) -> Result<Vec<u8>, StoreError> {
        let (shared, commit) = self.current();
        let mut octets = vec![0; usize::try_from(commit.end).unwrap_or(usize::MAX)];
        shared.disk.read(0, &mut octets).map_err(|error| shared.io(error))?;
        Ok(octets)
    }

    /// Puts a copy of another store in the place of all that is here, at once.
    ///
    /// # Errors
    ///
    /// The octets are not those of a store of this revision and these parameters, or damaged, or
    /// the file cannot be written: it is then as it was.
    pub fn replace_by(&self, octets: Vec<u8>) -> Result<(), StoreError> {
        let other = Self::open_disk(Box::new(Memory::of(octets)), Path::new("the chain given"))?;
        other.read().expect(Some(self.protocol.revision), Some(&self.protocol.parameters))?;
        let _writing = self.writing.lock().unwrap_or_else(PoisonError::into_inner);
        let (shared, commit) = other.current();
        // All that is copied is checked.
        self.replace(&shared, &commit)
    }

    /// One commit.
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
        // The commit is on the disk. A mark that cannot be written is one that is behind.
        let _ = log::mark(&*shared.disk, &commit);
        fresh.keep(&shared);
        let mut current = self.lock();
        current.1 = Arc::clone(&commit);
        drop(current);
        self.compact_if_worth(&shared, &commit);
        Ok(commit)
    }

    /// Puts a file without what is no longer in use in the place of this one. States that were
    /// taken before stay as they are. Commits do it by themselves once most of a large file is
    /// without use.
    ///
    /// # Errors
    ///
    /// There is no room for the new file, or what is to be copied is damaged: the file stays as it
    /// is. A store that is not [in a file](Self::create_on) has nothing to put in its place.
    pub fn compact(&self) -> Result<(), StoreError> {
        let _writing = self.writing.lock().unwrap_or_else(PoisonError::into_inner);
        let (shared, commit) = self.current();
        self.replace(&shared, &commit)
    }

    fn compact_if_worth(&self, shared: &Shared, commit: &Commit) {
        let can = !self.path.as_os_str().is_empty() || shared.disk.blank().is_some();
        let may = !self.is_uncompacted.load(Ordering::Relaxed);
        if can && may && compact::is_worth(commit) {
            // That it fails, for want of room, say, changes nothing: the file as it is serves as
            // well.
            let _ = self.replace(shared, commit);
        }
    }

    /// Puts what a commit holds in the place of what is here, while nobody else writes.
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

/// What the keys of changes mean that do not say it themselves.
fn meanings(changes: &Changes) -> Vec<(StateKey, Vec<u8>)> {
    let entries = changes.iter().filter_map(|(key, change)| {
        let meaning = change.meaning.as_ref().filter(|meaning| meaning.is_hashed())?;
        change.value.is_some().then(|| (*key, encode(meaning)))
    });
    entries.collect()
}

/// What changes of the tables of the state.
fn state_tables<'a>(
    changes: &'a Changes,
    meanings: &'a [(StateKey, Vec<u8>)],
) -> Vec<TableChanges<'a>> {
    let values = changes.iter().map(|(key, change)| (*key, change.value.as_deref()));
    let meanings = meanings.iter().map(|(key, meaning)| (*key, Some(meaning.as_slice())));
    vec![(Table::Values, values.collect()), (Table::Meanings, meanings.collect())]
}

/// Adds to a commit what changes of one table.
fn change_table(
    view: View<'_>,
    head: &mut Head,
    out: &mut Appender<'_>,
    fresh: &mut Fresh,
    changes: &[TableChange<'_>],
) -> Result<(), StoreError> {
    let old = head.table(view.table).copied();
    let mut leaves: Vec<LeafChange<ValueAt>> = Vec::with_capacity(changes.len());
    let (mut added, mut octets) = (0_u64, 0_u64);
    for (key, value) in changes {
        let Some(value) = value else {
            leaves.push((*key, None));
            continue;
        };
        let hash = pages::leaf_hash(key, value);
        let known = match &old {
            Some(old) => pages::find(&view, &old.root(), key)?,
            None => None,
        };
        // What is there already stays where it is.
        if known.is_some_and(|(known, _)| known == hash) {
            continue;
        }
        let at = out.add_value(value).map_err(|error| view.shared.io(error))?;
        (added, octets) = (added.saturating_add(1), octets.saturating_add(at.length.into()));
        fresh.add_value(at.at, hash, value);
        leaves.push((*key, Some((hash, at))));
    }
    if leaves.is_empty() {
        return Ok(());
    }
    let mut changing = Changing { view, out, fresh, added: octets, dropped: 0, removed: 0 };
    let root = pages::update(&mut changing, old.map(|old| old.root()).as_ref(), leaves)?;
    let count = old.map_or(0, |old| old.count).saturating_add(added);
    let count = count.saturating_sub(changing.removed);
    head.live = head.live.saturating_add(changing.added).saturating_sub(changing.dropped);
    let table = TableHead { page: root.at, hash: root.hash, count };
    head.set_table(view.table, table);
    Ok(())
}

/// Whether a path leads to an open file.
fn is_at(file: &File, path: &Path) -> bool {
    #[cfg(unix)]
    {
        use std::os::unix::fs::MetadataExt;
        let both = file.metadata().and_then(|ours| Ok((ours, fs::metadata(path)?)));
        both.is_ok_and(|(ours, theirs)| (ours.dev(), ours.ino()) == (theirs.dev(), theirs.ino()))
    }
    #[cfg(not(unix))]
    {
        // An open file cannot be replaced there.
        let _ = (file, path);
        true
    }
}

/// Makes it last that a file was made or renamed, where the system needs to be told.
fn sync_folder(path: &Path) {
    let folder = path.parent().filter(|folder| !folder.as_os_str().is_empty());
    if let Ok(folder) = File::open(folder.unwrap_or(Path::new("."))) {
        // Systems that cannot do this do not need it.
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
