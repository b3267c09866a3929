//! A state as it is read from the file.

use std::collections::BTreeMap;
use std::fmt;
use std::sync::Arc;

use jambox_codec::decode_all;
use jambox_state::trie::pages::{self, PageKey, ReadPages};
use jambox_state::{Blob, KeyKind, Meaning, StateError, StateKey, Values};
use jambox_types::{Hash, ServiceId};
use redb::{Database, ReadOnlyTable, ReadableDatabase, ReadableTable, ReadableTableMetadata};

use crate::{StoreError, tables};

/// The state at one moment. Holding it keeps no commit waiting, but the room of what it shows, and
/// the file open.
pub struct FileState {
    values: ReadOnlyTable<&'static [u8; 31], &'static [u8]>,
    meanings: ReadOnlyTable<&'static [u8; 31], &'static [u8]>,
    pages: ReadOnlyTable<&'static [u8; 32], &'static [u8]>,
    names: ReadOnlyTable<u32, &'static str>,
    exports: ReadOnlyTable<&'static [u8; 32], &'static [u8]>,
    packages: ReadOnlyTable<&'static [u8; 32], &'static [u8; 32]>,
    /// Tables cannot be read once the database is dropped, so this is dropped after them.
    _database: Arc<Database>,
}

impl FileState {
    pub(crate) fn new(database: &Arc<Database>) -> Result<Self, StoreError> {
        let transaction = database.begin_read()?;
        Ok(Self {
            values: transaction.open_table(tables::VALUES)?,
            meanings: transaction.open_table(tables::MEANINGS)?,
            pages: transaction.open_table(tables::PAGES)?,
            names: transaction.open_table(tables::NAMES)?,
            exports: transaction.open_table(tables::EXPORTS)?,
            packages: transaction.open_table(tables::PACKAGES)?,
            _database: Arc::clone(database),
        })
    }

    /// The root.
    ///
    /// # Errors
    ///
    /// The file cannot be read.
    pub fn root(&self) -> Result<Hash, StoreError> {
        pages::root(&PagesTable(&self.pages))
    }

    /// How many values there are.
    ///
    /// # Errors
    ///
    /// The file cannot be read.
    pub fn len(&self) -> Result<u64, StoreError> {
        Ok(self.values.len()?)
    }

    /// Whether there is no value.
    ///
    /// # Errors
    ///
    /// The file cannot be read.
    pub fn is_empty(&self) -> Result<bool, StoreError> {
        Ok(self.len()? == 0)
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
        let Some(octets) = self.meanings.get(&key.by_service())? else { return Ok(None) };
        Ok(Some(decode_all(octets.value())?))
    }

    /// The names that people gave to services.
    ///
    /// # Errors
    ///
    /// The file cannot be read.
    pub fn names(&self) -> Result<BTreeMap<ServiceId, String>, StoreError> {
        let mut names = BTreeMap::new();
        for entry in self.names.iter()? {
            let (service, name) = entry?;
            names.insert(ServiceId(service.value()), name.value().to_owned());
        }
        Ok(names)
    }

    /// Segments that a package exported, one after the other, by their root.
    ///
    /// # Errors
    ///
    /// The file cannot be read.
    pub fn exports(&self, root: &Hash) -> Result<Option<Blob>, StoreError> {
        Ok(self.exports.get(&root.0)?.map(|segments| segments.value().into()))
    }

    /// The segment root of what a package exported.
    ///
    /// # Errors
    ///
    /// The file cannot be read.
    pub fn segment_root(&self, package: &Hash) -> Result<Option<Hash>, StoreError> {
        Ok(self.packages.get(&package.0)?.map(|root| Hash(*root.value())))
    }

    /// The packages that exported, with the segment roots.
    ///
    /// # Errors
    ///
    /// The file cannot be read.
    pub fn packages(&self) -> Result<BTreeMap<Hash, Hash>, StoreError> {
        let mut packages = BTreeMap::new();
        for entry in self.packages.iter()? {
            let (package, root) = entry?;
            packages.insert(Hash(*package.value()), Hash(*root.value()));
        }
        Ok(packages)
    }
}

impl fmt::Debug for FileState {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("FileState").finish_non_exhaustive()
    }
}

fn failed(error: impl Into<redb::Error>) -> StateError {
    StoreError::Database(error.into()).into()
}

impl Values for FileState {
    fn value(&self, key: &StateKey) -> Result<Option<Blob>, StateError> {
        let value = self.values.get(&key.by_service()).map_err(failed)?;
        Ok(value.map(|value| Blob::from(value.value())))
    }

    fn entries_of(&self, service: ServiceId) -> Result<Vec<StateKey>, StateError> {
        let mut keys = Vec::new();
        let range = StateKey::range_of(service);
        let range = self.values.range::<&[u8; 31]>(range.start()..=range.end());
        for entry in range.map_err(failed)? {
            let key = StateKey::from_by_service(entry.map_err(failed)?.0.value());
            if key.kind() == KeyKind::Entry(service) {
                keys.push(key);
            }
        }
        Ok(keys)
    }

    fn services(&self) -> Result<Vec<ServiceId>, StateError> {
        let mut services = Vec::new();
        let range = StateKey::range_of_accounts();
        let range = self.values.range::<&[u8; 31]>(range.start()..=range.end());
        for entry in range.map_err(failed)? {
            let key = StateKey::from_by_service(entry.map_err(failed)?.0.value());
            if let KeyKind::Account(service) = key.kind() {
                services.push(service);
            }
        }
        services.sort_unstable();
        Ok(services)
    }

    fn for_each(
        &self,
        visit: &mut dyn FnMut(StateKey, Blob) -> Result<(), StateError>,
    ) -> Result<(), StateError> {
        for entry in self.values.iter().map_err(failed)? {
            let (key, value) = entry.map_err(failed)?;
            visit(StateKey::from_by_service(key.value()), value.value().into())?;
        }
        Ok(())
    }
}

/// The pages, to be read only.
struct PagesTable<'a, T>(&'a T);

impl<T: ReadableTable<&'static [u8; 32], &'static [u8]>> ReadPages for PagesTable<'_, T> {
    type Error = StoreError;

    fn page(&self, key: &PageKey) -> Result<Option<Vec<u8>>, StoreError> {
        Ok(self.0.get(&key.to_octets())?.map(|page| page.value().to_vec()))
    }
}
