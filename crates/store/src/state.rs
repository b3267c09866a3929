//! A state as it is read from the file.

use std::collections::BTreeMap;
use std::fmt;
use std::fs::{self, File};
use std::path::Path as FilePath;
use std::sync::Arc;
use std::time::Duration;

use jambox_codec::{decode_all, decode_all_with, encode_with};
use jambox_state::trie::pages::{self, Met, Path};
use jambox_state::{Blob, KeyKind, Meaning, StateError, StateKey, Values};
use jambox_types::{Hash, Parameters, Protocol, Revision, ServiceId};

use crate::error::named;
use crate::layout::{COMMITS, FORMAT, Header, MAGIC, REDB_MAGIC, Table};
use crate::log::{self, Commit};
use crate::tree::{Shared, Uncached, View};
use crate::{Damage, Disk, StoreError};

/// The state at one moment. Holding it keeps no commit waiting, in this process or another, and
/// neither changes it: what a commit wrote is not written over.
#[derive(Clone)]
pub struct FileState {
    shared: Arc<Shared>,
    commit: Arc<Commit>,
    protocol: Protocol,
}

/// The layout in which a file holds parameters: one that has them all.
const PARAMETERS_LAYOUT: Revision = Revision::GrayPaper072;

/// A file, to be read.
fn open_file(path: &FilePath) -> Result<File, StoreError> {
    let io = |error| StoreError::Io { path: path.to_owned(), error };
    // Looked at before it is opened: opening a pipe waits for a writer that may never come.
    if !fs::metadata(path).map_err(io)?.is_file() {
        let reason = "it is not a regular file".to_owned();
        return Err(StoreError::NotAStore { path: path.to_owned(), reason });
    }
    File::open(path).map_err(io)
}

/// The header of a chain.
pub(crate) fn encode_header(protocol: &Protocol) -> Vec<u8> {
    let parameters = encode_with(&protocol.parameters, &PARAMETERS_LAYOUT);
    Header::encode(protocol.revision.name(), &parameters)
}

/// What the header of a file says.
pub(crate) fn header(disk: &dyn Disk, path: &FilePath) -> Result<Protocol, StoreError> {
    let io = |error| StoreError::Io { path: path.to_owned(), error };
    let damaged = || StoreError::Damaged { path: path.to_owned(), damage: Damage::Header };
    let length = disk.len().map_err(io)?.min(COMMITS);
    let mut octets = vec![0; usize::try_from(length).unwrap_or(0)];
    disk.read(0, &mut octets).map_err(io)?;
    match Header::decode(&octets) {
        Header::Known { revision, parameters } => {
            let revision: Revision = revision.parse().map_err(|_| StoreError::NotAStore {
                path: path.to_owned(),
                reason: format!("it is a chain of {revision:?}, which this version does not know"),
            })?;
            let parameters = decode_all_with(&parameters, &PARAMETERS_LAYOUT);
            let parameters: Parameters = parameters.map_err(|_| damaged())?;
            parameters.check().map_err(|_| damaged())?;
            Ok(Protocol::new(revision, parameters))
        }
        Header::Other { format } => {
            Err(StoreError::OtherFormat { path: path.to_owned(), found: format, known: FORMAT })
        }
        Header::Foreign => Err(StoreError::NotAStore {
            path: path.to_owned(),
            reason: "it does not begin as a chain does".to_owned(),
        }),
        Header::Damaged => Err(damaged()),
    }
}

impl FileState {
    pub(crate) fn new(shared: Arc<Shared>, commit: Arc<Commit>, protocol: Protocol) -> Self {
        Self { shared, commit, protocol }
    }

    /// The state that a file holds, to be read only: the file is not changed, nor kept from those
    /// who change it.
    ///
    /// # Errors
    ///
    /// The file cannot be read, is no store, is of another format, or is damaged.
    pub fn open(path: &FilePath) -> Result<Self, StoreError> {
        let file = open_file(path)?;
        let protocol = header(&file, path)?;
        let shared = Arc::new(Shared::new(Box::new(file), path.to_owned()));
        let last = || log::last_commit(&*shared.disk).map_err(|error| shared.io(error));
        let mut commit = last()?;
        if commit.is_none() {
            // Somebody may have been writing a mark that very moment.
            std::thread::sleep(Duration::from_millis(2));
            commit = last()?;
        }
        let commit = commit.ok_or_else(|| shared.damaged(Damage::LastCommit))?;
        Ok(Self::new(shared, Arc::new(commit), protocol))
    }

    /// Whether a file that begins so is a store, of this format or another.
    #[must_use]
    pub fn is_begun_by(octets: &[u8]) -> bool {
        octets.starts_with(MAGIC) || octets.starts_with(REDB_MAGIC)
    }

    /// The last state that can still be found in a file that is damaged: its last commit may be
    /// lost, and so may be any part of what is there. `fallback` is what the chain is taken to be
    /// when the file does not say it any more.
    ///
    /// # Errors
    ///
    /// The file cannot be read, or holds no beginning of a state.
    pub fn open_damaged(path: &FilePath, fallback: Protocol) -> Result<Self, StoreError> {
        let file = open_file(path)?;
        let protocol = match header(&file, path) {
            Ok(protocol) => protocol,
            Err(StoreError::Damaged { .. } | StoreError::NotAStore { .. }) => fallback,
            Err(error) => return Err(error),
        };
        let shared = Arc::new(Shared::new(Box::new(file), path.to_owned()));
        let commit = match log::last_commit(&*shared.disk).map_err(|error| shared.io(error))? {
            Some(commit) => Some(commit),
            None => log::any_commit(&*shared.disk).map_err(|error| shared.io(error))?,
        };
        let commit = commit.ok_or_else(|| shared.damaged(Damage::LastCommit))?;
        Ok(Self::new(shared, Arc::new(commit), protocol))
    }

    /// The protocol of the chain whose state it is: its revision and parameters.
    #[must_use]
    pub const fn protocol(&self) -> Protocol {
        self.protocol
    }

    /// Fails unless the chain is of a revision and has the parameters, where they are given.
    ///
    /// # Errors
    ///
    /// It is of another, or has others.
    pub fn expect(
        &self,
        revision: Option<Revision>,
        parameters: Option<&Parameters>,
    ) -> Result<(), StoreError> {
        let (path, own) = (self.shared.path.clone(), self.protocol);
        if let Some(wanted) = revision.filter(|wanted| !wanted.is(own.revision)) {
            return Err(StoreError::OtherRevision { path, found: own.revision, wanted });
        }
        // Some parameters follow from others under a revision, whatever was given for them.
        let wanted = parameters.map(|wanted| wanted.under(own.revision));
        if let Some(wanted) = wanted.filter(|wanted| *wanted != own.parameters) {
            let (found, wanted) = (named(&own.parameters), named(&wanted));
            return Err(StoreError::OtherParameters { path, found, wanted });
        }
        Ok(())
    }

    /// The root.
    #[must_use]
    pub fn root(&self) -> Hash {
        self.commit.head.table(Table::Values).map_or(Hash::ZERO, |table| table.hash)
    }

    /// How many values there are.
    #[must_use]
    pub fn len(&self) -> u64 {
        self.commit.head.table(Table::Values).map_or(0, |table| table.count)
    }

    /// Whether there is no value.
    #[must_use]
    pub fn is_empty(&self) -> bool {
        self.len() == 0
    }

    /// How many entries there are in all, values and what goes with them: as many as
    /// [`verify`](Self::verify) finds.
    #[must_use]
    pub fn entries(&self) -> u64 {
        let tables = self.commit.head.tables.iter().flatten();
        tables.map(|table| table.count).fold(0, u64::saturating_add)
    }

    /// A note that goes with the state, such as the name of its chain.
    ///
    /// # Errors
    ///
    /// The file cannot be read, or is damaged.
    pub fn note(&self, name: &str) -> Result<Option<Blob>, StoreError> {
        self.get(Table::Notes, &short(&Hash::blake2b(name.as_bytes())))
    }

    /// What somebody keeps beside the state under a key of theirs.
    ///
    /// # Errors
    ///
    /// The file cannot be read, or is damaged.
    pub fn record(&self, key: &StateKey) -> Result<Option<Blob>, StoreError> {
        self.get(Table::Records, key)
    }

    /// What is kept beside the state under keys that begin with these octets, in their order.
    ///
    /// # Errors
    ///
    /// The file cannot be read, or is damaged.
    pub fn records(&self, prefix: &[u8]) -> Result<Vec<(StateKey, Blob)>, StoreError> {
        let Some(head) = self.commit.head.table(Table::Records) else { return Ok(Vec::new()) };
        let view = self.view(Table::Records);
        let mut found = BTreeMap::new();
        let enter = |path: &Path| path.may_begin_with(prefix);
        pages::walk(&view, &head.root(), &enter, &mut |met| match met {
            Met::Leaf(key, hash, at) => {
                found.insert(key, view.checked_value(&key, &hash, *at)?);
                Ok(())
            }
            Met::Lost(_, error) => Err(error),
        })?;
        Ok(found.into_iter().collect())
    }

    /// The commit whose state this is, if it is one of this file.
    pub(crate) fn commit_in(&self, shared: &Arc<Shared>) -> Option<&Commit> {
        Arc::ptr_eq(&self.shared, shared).then_some(&*self.commit)
    }

    /// What a key stands for, if it tells by itself or was seen being written.
    ///
    /// # Errors
    ///
    /// The file cannot be read, or is damaged.
    pub fn meaning(&self, key: &StateKey) -> Result<Option<Meaning>, StoreError> {
        if let Some(meaning) = Meaning::of(key) {
            return Ok(Some(meaning));
        }
        let Some(octets) = self.get(Table::Meanings, key)? else { return Ok(None) };
        Ok(decode_all::<Meaning>(&octets).ok().filter(|meaning| meaning.key() == *key))
    }

    /// The names that people gave to services.
    ///
    /// # Errors
    ///
    /// The file cannot be read, or is damaged.
    pub fn names(&self) -> Result<BTreeMap<ServiceId, String>, StoreError> {
        let mut names = BTreeMap::new();
        self.each::<StoreError>(Table::Names, &mut |key, name| {
            let [a, b, c, d, ..] = key.0;
            let service = ServiceId(u32::from_le_bytes([a, b, c, d]));
            names.insert(service, String::from_utf8_lossy(&name).into_owned());
            Ok(())
        })?;
        Ok(names)
    }

    /// Segments that a package exported, one after the other, by their root.
    ///
    /// # Errors
    ///
    /// The file cannot be read, or is damaged.
    pub fn exports(&self, root: &Hash) -> Result<Option<Blob>, StoreError> {
        self.get(Table::Exports, &short(root))
    }

    /// The segment root of what a package exported.
    ///
    /// # Errors
    ///
    /// The file cannot be read, or is damaged.
    pub fn segment_root(&self, package: &Hash) -> Result<Option<Hash>, StoreError> {
        let both = self.get(Table::Packages, &short(package))?;
        Ok(both.and_then(|both| Some(Hash(both.last_chunk().copied()?))))
    }

    /// The packages that exported, with the segment roots.
    ///
    /// # Errors
    ///
    /// The file cannot be read, or is damaged.
    pub fn packages(&self) -> Result<BTreeMap<Hash, Hash>, StoreError> {
        let mut packages = BTreeMap::new();
        self.each::<StoreError>(Table::Packages, &mut |_, both| {
            let ends = both.first_chunk().zip(both.last_chunk());
            packages.extend(ends.map(|(package, root)| (Hash(*package), Hash(*root))));
            Ok(())
        })?;
        Ok(packages)
    }

    /// Reads all that the file holds and compares it with the hashes of the tries, going on where
    /// something is lost. `found` is given the result for every entry and every part that is lost.
    ///
    /// # Errors
    ///
    /// The file cannot be read.
    pub fn verify(&self, found: &mut dyn FnMut(Result<(), Damage>)) -> Result<(), StoreError> {
        for table in Table::ALL {
            let mut count: u64 = 0;
            let mut is_whole = true;
            self.scan::<StoreError>(table, &mut |entry| {
                is_whole &= entry.is_ok();
                count = count.saturating_add(1);
                found(entry.map(|_| ()));
                Ok(())
            })?;
            let wanted = self.commit.head.table(table).map_or(0, |table| table.count);
            if is_whole && count != wanted {
                found(Err(Damage::LastCommit));
            }
        }
        Ok(())
    }

    /// All keys and values that can be read; `visit` is given each, or what is lost in its place.
    ///
    /// # Errors
    ///
    /// The file cannot be read.
    pub fn salvage(
        &self,
        visit: &mut dyn FnMut(Result<(StateKey, Blob), Damage>),
    ) -> Result<(), StoreError> {
        self.scan::<StoreError>(Table::Values, &mut |entry| {
            visit(entry);
            Ok(())
        })
    }

    /// How many octets of the file are in use, and how many there are.
    ///
    /// # Errors
    ///
    /// The file cannot be read.
    pub fn size(&self) -> Result<(u64, u64), StoreError> {
        let length = self.shared.disk.len().map_err(|error| self.shared.io(error))?;
        Ok((self.commit.head.live.saturating_add(COMMITS), length))
    }

    pub(crate) fn view(&self, table: Table) -> View<'_> {
        View { shared: &self.shared, table, end: self.commit.end }
    }

    pub(crate) fn get(&self, table: Table, key: &StateKey) -> Result<Option<Blob>, StoreError> {
        let Some(head) = self.commit.head.table(table) else { return Ok(None) };
        let view = self.view(table);
        let found = pages::find(&view, &head.root(), key)?;
        found.map(|(hash, at)| view.value(key, &hash, at)).transpose()
    }

    /// Every entry of a table, or what is lost in its place. What is read is not kept at hand.
    fn scan<E: From<StoreError>>(
        &self,
        table: Table,
        visit: &mut dyn FnMut(Result<(StateKey, Blob), Damage>) -> Result<(), E>,
    ) -> Result<(), E> {
        let Some(head) = self.commit.head.table(table) else { return Ok(()) };
        let view = self.view(table);
        pages::walk(&Uncached(view), &head.root(), &|_| true, &mut |met| {
            let entry = match met {
                Met::Leaf(key, hash, at) => {
                    view.checked_value(&key, &hash, *at).map(|value| (key, value))
                }
                Met::Lost(_, error) => Err(error),
            };
            match entry {
                Err(StoreError::Damaged { damage, .. }) => visit(Err(damage)),
                Err(error) => Err(error.into()),
                Ok(entry) => visit(Ok(entry)),
            }
        })
    }

    /// Every entry of a table.
    fn each<E: From<StoreError>>(
        &self,
        table: Table,
        visit: &mut dyn FnMut(StateKey, Blob) -> Result<(), E>,
    ) -> Result<(), E> {
        self.scan(table, &mut |entry| {
            let (key, value) = entry.map_err(|damage| self.shared.damaged(damage))?;
            visit(key, value)
        })
    }

    /// The keys on paths that lead to a service's keys.
    fn keys(&self, service: ServiceId) -> Result<Vec<StateKey>, StoreError> {
        let Some(head) = self.commit.head.table(Table::Values) else { return Ok(Vec::new()) };
        let octets = service.0.to_le_bytes();
        let mut keys = Vec::new();
        let enter = |path: &Path| path.may_lead_to(octets);
        pages::walk(&self.view(Table::Values), &head.root(), &enter, &mut |met| match met {
            Met::Leaf(key, ..) => {
                keys.push(key);
                Ok(())
            }
            Met::Lost(_, error) => Err(error),
        })?;
        Ok(keys)
    }
}

/// The key under which something with a hash is kept.
pub(crate) fn short(hash: &Hash) -> StateKey {
    StateKey(hash.0.first_chunk().copied().unwrap_or_default())
}

impl fmt::Debug for FileState {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("FileState").field("path", &self.shared.path).finish_non_exhaustive()
    }
}

impl Values for FileState {
    fn value(&self, key: &StateKey) -> Result<Option<Blob>, StateError> {
        Ok(self.get(Table::Values, key)?)
    }

    fn entries_of(&self, service: ServiceId) -> Result<Vec<StateKey>, StateError> {
        let mut keys = self.keys(service)?;
        keys.retain(|key| key.kind() == KeyKind::Entry(service));
        Ok(keys)
    }

    fn services(&self) -> Result<Vec<ServiceId>, StateError> {
        // The keys of accounts have the first octet of a service, and zeros for its others.
        let keys = self.keys(ServiceId(u32::from(u8::MAX)))?;
        let services = keys.iter().filter_map(|key| match key.kind() {
            KeyKind::Account(service) => Some(service),
            _ => None,
        });
        let mut services: Vec<_> = services.collect();
        services.sort_unstable();
        Ok(services)
    }

    fn for_each(
        &self,
        visit: &mut dyn FnMut(StateKey, Blob) -> Result<(), StateError>,
    ) -> Result<(), StateError> {
        self.each(Table::Values, visit)
    }
}
