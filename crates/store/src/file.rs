//! The store in a file.

use std::fmt;
use std::fs::{self, OpenOptions};
use std::path::{Path, PathBuf};
use std::sync::Arc;

use jambox_codec::{decode_all_with, encode, encode_with};
use jambox_state::trie::pages::{self, PageKey, Pages, ReadPages};
use jambox_state::{Blob, Changes, StateError, Store};
use jambox_types::{Hash, Parameters, Protocol, Revision, ServiceId};
use redb::{Builder, Database, ReadableDatabase, ReadableTable, StorageBackend, Table};

use crate::tables::{self, FORMAT, fact};
use crate::{FileState, StoreError, holder};

/// Octets of memory in which parts of the file are kept at hand.
const CACHE: usize = 64 << 20;

/// The layout in which a file holds parameters: one that has them all.
const PARAMETERS_LAYOUT: Revision = Revision::GrayPaper072;

/// A state in a file; see the [crate's page](crate).
pub struct FileStore {
    database: Arc<Database>,
    path: PathBuf,
    parameters: Parameters,
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

impl FileStore {
    /// A new file with an empty state.
    ///
    /// # Errors
    ///
    /// The file exists, or cannot be written.
    pub fn create(path: &Path, parameters: &Parameters) -> Result<Self, StoreError> {
        // Made here and not by the database, which would take an existing one.
        let file = OpenOptions::new().read(true).write(true).create_new(true).open(path);
        let file = file.map_err(|error| match error.kind() {
            std::io::ErrorKind::AlreadyExists => StoreError::Exists(path.to_owned()),
            _ => StoreError::Io { path: path.to_owned(), error },
        })?;
        let database = builder().create_file(file).map_err(|error| refusal(path, error));
        let store = database.and_then(|database| Self::init(database, path, parameters));
        if store.is_err() {
            // The error is what there is to tell; the beginning of a store is of use to nobody.
            let _ = fs::remove_file(path);
        }
        store
    }

    /// A new state on something other than a file.
    ///
    /// # Errors
    ///
    /// It cannot be written.
    pub fn create_on(
        backend: impl StorageBackend,
        parameters: &Parameters,
    ) -> Result<Self, StoreError> {
        let path = PathBuf::new();
        let database = builder().create_with_backend(backend);
        let database = database.map_err(|error| refusal(&path, error))?;
        Self::init(database, &path, parameters)
    }

    fn init(database: Database, path: &Path, parameters: &Parameters) -> Result<Self, StoreError> {
        let transaction = database.begin_write()?;
        {
            let mut facts = transaction.open_table(tables::FACTS)?;
            facts.insert(tables::FORMAT_FACT, FORMAT.to_le_bytes().as_slice())?;
            let parameters = encode_with(parameters, &PARAMETERS_LAYOUT);
            facts.insert(tables::PARAMETERS_FACT, parameters.as_slice())?;
            transaction.open_table(tables::VALUES)?;
            transaction.open_table(tables::MEANINGS)?;
            transaction.open_table(tables::PAGES)?;
            transaction.open_table(tables::NAMES)?;
            transaction.open_table(tables::EXPORTS)?;
            transaction.open_table(tables::PACKAGES)?;
        }
        transaction.commit()?;
        Ok(Self { database: Arc::new(database), path: path.to_owned(), parameters: *parameters })
    }

    /// The state that a file holds.
    ///
    /// # Errors
    ///
    /// The file cannot be opened, is held by another process, is no store, or is of a newer format.
    pub fn open(path: &Path) -> Result<Self, StoreError> {
        // A database that is opened for writing is written to at once. What this version does not
        // know must stay as it is, so it is looked at first; a file that cannot be read so was
        // left by a process that was killed, or is held by one, and is dealt with below.
        if let Ok(database) = builder().open_read_only(path) {
            known_format(&database, path)?;
        }
        let database = builder().open(path).map_err(|error| refusal(path, error))?;
        Self::of(database, path)
    }

    /// The state that something other than a file holds.
    ///
    /// # Errors
    ///
    /// It cannot be read, is no store, or is of a newer format.
    pub fn open_on(backend: impl StorageBackend) -> Result<Self, StoreError> {
        let path = Path::new("");
        let database = builder().create_with_backend(backend);
        Self::of(database.map_err(|error| refusal(path, error))?, path)
    }

    fn of(database: Database, path: &Path) -> Result<Self, StoreError> {
        known_format(&database, path)?;
        let parameters = fact(&database, tables::PARAMETERS_FACT)?;
        let parameters = parameters.ok_or_else(|| StoreError::NotAStore {
            path: path.to_owned(),
            reason: "it names no parameters".to_owned(),
        })?;
        let parameters = decode_all_with(&parameters, &PARAMETERS_LAYOUT)?;
        Ok(Self { database: Arc::new(database), path: path.to_owned(), parameters })
    }

    /// The file.
    #[must_use]
    pub fn path(&self) -> &Path {
        &self.path
    }

    /// The parameters of the chain whose state it is.
    #[must_use]
    pub const fn parameters(&self) -> &Parameters {
        &self.parameters
    }

    /// The protocol of the chain whose state it is: files of this format hold chains of 0.7.2.
    #[must_use]
    pub const fn protocol(&self) -> Protocol {
        Protocol::new(Revision::GrayPaper072, self.parameters)
    }

    /// A note that goes with the state, such as the name of its chain.
    ///
    /// # Errors
    ///
    /// The file cannot be read.
    pub fn note(&self, name: &str) -> Result<Option<Vec<u8>>, StoreError> {
        Ok(fact(&*self.database, &format!("note/{name}"))?)
    }

    /// Writes down a note that goes with the state.
    ///
    /// # Errors
    ///
    /// The file cannot be written.
    pub fn set_note(&self, name: &str, note: &[u8]) -> Result<(), StoreError> {
        let transaction = self.database.begin_write()?;
        transaction.open_table(tables::FACTS)?.insert(&*format!("note/{name}"), note)?;
        Ok(transaction.commit()?)
    }

    /// The state as it was last committed.
    ///
    /// # Errors
    ///
    /// The file cannot be read.
    pub fn read(&self) -> Result<Arc<FileState>, StoreError> {
        Ok(Arc::new(FileState::new(&self.database)?))
    }

    /// Makes changes, all or none of them, and gives the root of the state with them. With them go
    /// names for services and what a package exported.
    ///
    /// # Errors
    ///
    /// The file cannot be written: the disk is full, say. The state is then as it was before.
    pub fn write<'a>(
        &self,
        changes: &Changes,
        names: impl IntoIterator<Item = (&'a ServiceId, &'a String)>,
        exports: Option<&Exports>,
    ) -> Result<Hash, StoreError> {
        let transaction = self.database.begin_write()?;
        let root = {
            let mut values = transaction.open_table(tables::VALUES)?;
            let mut meanings = transaction.open_table(tables::MEANINGS)?;
            for (key, change) in changes.iter() {
                let key = key.by_service();
                match &change.value {
                    Some(value) => drop(values.insert(&key, &**value)?),
                    None => drop(values.remove(&key)?),
                }
                let entry = change.meaning.as_ref().filter(|meaning| meaning.is_hashed());
                if let (Some(meaning), Some(_)) = (entry, &change.value) {
                    let meaning = encode(meaning);
                    let is_known = meanings.get(&key)?.is_some();
                    if !is_known {
                        meanings.insert(&key, meaning.as_slice())?;
                    }
                }
            }
            let mut pages = WritePages(transaction.open_table(tables::PAGES)?);
            let leaves = changes.iter().map(|(key, change)| (*key, change.value.as_deref()));
            pages::update(&mut pages, leaves)?
        };
        {
            let mut table = transaction.open_table(tables::NAMES)?;
            for (service, name) in names {
                table.insert(service.0, name.as_str())?;
            }
            if let Some(exports) = exports {
                let mut packages = transaction.open_table(tables::PACKAGES)?;
                packages.insert(&exports.package.0, &exports.root.0)?;
                let mut segments = transaction.open_table(tables::EXPORTS)?;
                segments.insert(&exports.root.0, &*exports.segments)?;
            }
        }
        transaction.commit()?;
        Ok(root)
    }
}

/// Fails unless the database is a store of a format that this version knows.
fn known_format(database: &impl ReadableDatabase, path: &Path) -> Result<(), StoreError> {
    let format = fact(database, tables::FORMAT_FACT)?;
    let format = format.and_then(|octets| Some(u32::from_le_bytes(octets.try_into().ok()?)));
    match format {
        Some(found) if found > FORMAT => {
            Err(StoreError::Newer { path: path.to_owned(), found, known: FORMAT })
        }
        Some(_) => Ok(()),
        None => Err(StoreError::NotAStore {
            path: path.to_owned(),
            reason: "it is a database of something else".to_owned(),
        }),
    }
}

fn builder() -> Builder {
    let mut builder = Builder::new();
    builder.set_cache_size(CACHE);
    builder
}

fn refusal(path: &Path, error: redb::DatabaseError) -> StoreError {
    let path = path.to_owned();
    match error {
        redb::DatabaseError::DatabaseAlreadyOpen => {
            let holder = holder::of(&path);
            StoreError::Held { path, holder }
        }
        redb::DatabaseError::Storage(redb::StorageError::Corrupted(reason)) => {
            StoreError::NotAStore { path, reason }
        }
        redb::DatabaseError::Storage(redb::StorageError::Io(error)) => match error.kind() {
            std::io::ErrorKind::InvalidData | std::io::ErrorKind::UnexpectedEof => {
                StoreError::NotAStore { path, reason: error.to_string() }
            }
            _ => StoreError::Io { path, error },
        },
        error => StoreError::Database(error.into()),
    }
}

impl Store for FileStore {
    type State = FileState;

    fn state(&self) -> Result<Arc<FileState>, StateError> {
        Ok(self.read()?)
    }

    fn commit(&mut self, changes: &Changes) -> Result<Hash, StateError> {
        Ok(self.write(changes, [], None)?)
    }

    fn root(&self) -> Result<Hash, StateError> {
        Ok(self.read()?.root()?)
    }
}

impl fmt::Debug for FileStore {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("FileStore").field("path", &self.path).finish_non_exhaustive()
    }
}

/// The pages within a transaction.
struct WritePages<'a>(Table<'a, &'static [u8; 32], &'static [u8]>);

impl ReadPages for WritePages<'_> {
    type Error = StoreError;

    fn page(&self, key: &PageKey) -> Result<Option<Vec<u8>>, StoreError> {
        Ok(self.0.get(&key.to_octets())?.map(|page| page.value().to_vec()))
    }
}

impl Pages for WritePages<'_> {
    fn set_page(&mut self, key: &PageKey, page: Option<Vec<u8>>) -> Result<(), StoreError> {
        match page {
            Some(page) => drop(self.0.insert(&key.to_octets(), page.as_slice())?),
            None => drop(self.0.remove(&key.to_octets())?),
        }
        Ok(())
    }
}
