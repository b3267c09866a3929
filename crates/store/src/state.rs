//! States read from a file.

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

/// The state at one moment. It delays no commit, in this process or another, and no commit changes
/// it, because octets of commits are not overwritten.
#[derive(Clone)]
pub struct FileState {
    shared: Arc<Shared>,
    commit: Arc<Commit>,
    protocol: Protocol,
}

/// Revision in whose layout the file holds parameters: one that has them all.
const PARAMETERS_LAYOUT: Revision = Revision::GrayPaper072;

/// Opens a file for reading.
fn open_file(path: &FilePath) -> Result<File, StoreError> {
    let io = |error| StoreError::Io { path: path.to_owned(), error };
    // Checked before opening: opening a pipe waits for a writer that may never come.
    if !fs::metadata(path).map_err(io)?.is_file() {
        let reason = "it is not a regular file".to_owned();
        return Err(StoreError::NotAStore { path: path.to_owned(), reason });
    }
    File::open(path).map_err(io)
}

/// Encodes the header for a chain.
pub(crate) fn encode_header(protocol: &Protocol) -> Vec<u8> {
    let parameters = encode_with(&protocol.parameters, &PARAMETERS_LAYOUT);
    Header::encode(protocol.revision.name(), &parameters)
}

/// Reads the protocol from the header of a file.
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

    /// Opens a file's state for reading: the file is not changed, and other processes can go on
    /// writing to it.
    ///
    /// # Errors
    ///
    /// The file cannot be read, is no store, has another format, or is damaged.
    pub fn open(path: &FilePath) -> Result<Self, StoreError> {
        let file = open_file(path)?;
        let protocol = header(&file, path)?;
        let shared = Arc::new(Shared::new(Box::new(file), path.to_owned()));
        let last = || log::last_commit(&*shared.disk).map_err(|error| shared.io(error));
        let mut commit = last()?;
        if commit.is_none() {
            // Another process may have been writing a mark at that moment.
            std::thread::sleep(Duration::from_millis(2));
            commit = last()?;
        }
        let commit = commit.ok_or_else(|| shared.damaged(Damage::LastCommit))?;
        Ok(Self::new(shared, Arc::new(commit), protocol))
    }

    /// Tests whether a file that begins with these octets is a store, of this format or another.
    #[must_use]
    pub fn is_begun_by(octets: &[u8]) -> bool {
        octets.starts_with(MAGIC) || octets.starts_with(REDB_MAGIC)
    }

    /// Opens the last state that can be found in a damaged file: its last commit may be lost, and
    /// any part of the state. `fallback` is the chain's protocol if the file no longer shows it.
    ///
    /// # Errors
    ///
    /// The file cannot be read, or has no readable head of a commit.
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

    /// Protocol of the chain: its revision and parameters.
    #[must_use]
    pub const fn protocol(&self) -> Protocol {
        self.protocol
    }

    /// Fails unless the chain has this revision and these parameters; `None` accepts all.
    ///
    /// # Errors
    ///
    /// [`StoreError::OtherRevision`] or [`StoreError::OtherParameters`].
    pub fn expect(
        &self,
        revision: Option<Revision>,
        parameters: Option<&Parameters>,
    ) -> Result<(), StoreError> {
        let (path, own) = (self.shared.path.clone(), self.protocol);
        if let Some(wanted) = revision.filter(|wanted| !wanted.is(own.revision)) {
            return Err(StoreError::OtherRevision { path, found: own.revision, wanted });
        }
        // Under a revision some parameters follow from others, and given values are ignored.
        let wanted = parameters.map(|wanted| wanted.under(own.revision));
        if let Some(wanted) = wanted.filter(|wanted| *wanted != own.parameters) {
            let (found, wanted) = (named(&own.parameters), named(&wanted));
            return Err(StoreError::OtherParameters { path, found, wanted });
        }
        Ok(())
    }

    /// State root.
    #[must_use]
    pub fn root(&self) -> Hash {
        self.commit.head.table(Table::Values).map_or(Hash::ZERO, |table| table.hash)
    }

    /// Number of values of the state.
    #[must_use]
    pub fn len(&self) -> u64 {
        self.commit.head.table(Table::Values).map_or(0, |table| table.count)
    }

    /// Tests for no values.
    #[must_use]
    pub fn is_empty(&self) -> bool {
        self.len() == 0
    }

    /// Number of entries of all tables, values and others: as many as [`verify`](Self::verify)
    /// finds.
    #[must_use]
    pub fn entries(&self) -> u64 {
        let tables = self.commit.head.tables.iter().flatten();
        tables.map(|table| table.count).fold(0, u64::saturating_add)
    }

    /// A note beside the state, such as the name of its chain; `None` if there is none of this
    /// name.
    ///
    /// # Errors
    ///
    /// The file cannot be read, or is damaged.
    pub fn note(&self, name: &str) -> Result<Option<Blob>, StoreError> {
        self.get(Table::Notes, &short(&Hash::blake2b(name.as_bytes())))
    }

    /// A record beside the state, by its key; `None` if there is none.
    ///
    /// # Errors
    ///
    /// The file cannot be read, or is damaged.
    pub fn record(&self, key: &StateKey) -> Result<Option<Blob>, StoreError> {
        self.get(Table::Records, key)
    }

    /// Records beside the state whose keys begin with these octets, in the order of keys.
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

    /// The commit of this state; `None` if it is of another file.
    pub(crate) fn commit_in(&self, shared: &Arc<Shared>) -> Option<&Commit> {
        Arc::ptr_eq(&self.shared, shared).then_some(&*self.commit)
    }

    /// Meaning of a key; `None` if the key does not show it and its writing was not seen.
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

    /// Names that users gave to services.
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

    /// Exported segments, concatenated, by their root; `None` if there are none of this root.
    ///
    /// # Errors
    ///
    /// The file cannot be read, or is damaged.
    pub fn exports(&self, root: &Hash) -> Result<Option<Blob>, StoreError> {
        self.get(Table::Exports, &short(root))
    }

    /// Segment root of a package's exports; `None` if the package is unknown.
    ///
    /// # Errors
    ///
    /// The file cannot be read, or is damaged.
    pub fn segment_root(&self, package: &Hash) -> Result<Option<Hash>, StoreError> {
        let both = self.get(Table::Packages, &short(package))?;
        Ok(both.and_then(|both| Some(Hash(both.last_chunk().copied()?))))
    }

    /// Exporting packages, with their segment roots.
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

    /// Reads everything in the file and compares it with the hashes of the tries, continuing after
    /// losses. `found` gets the result for every entry and every lost part.
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

    /// Visits all readable keys and values; `visit` gets each, or the damage in its place.
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

    /// Octets of the file in use, and octets of the file in all.
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

    /// Visits every entry of a table, or the damage in its place, without keeping it in the cache.
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

    /// Visits every entry of a table.
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

    /// Keys on the paths that lead to a service's keys.
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

/// The key of an item that has a hash.
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
        // The keys of accounts have the first octet of a service's id, and zeros for its others.
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
