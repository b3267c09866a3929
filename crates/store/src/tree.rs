//! The tries of a file: their pages and entries, checked as they are read.

use std::io;
use std::path::PathBuf;
use std::sync::Arc;

use jambox_state::trie::pages::{self, Root};
use jambox_state::trie::pages::{Child, NIBBLES, Page, PageOf, Pages, Path, Place, WritePages};
use jambox_state::{Blob, StateKey};
use jambox_types::Hash;

use crate::cache::Cache;
use crate::cursor::{Cursor, sum};
use crate::layout::{PageAt, Table, TableHead, ValueAt};
use crate::log::Appender;
use crate::{Damage, Disk, StoreError};

/// Octets of memory for the cache of pages, and for that of values.
const PAGE_CACHE: usize = 64 << 20;
const VALUE_CACHE: usize = 256 << 20;
/// Approximate memory of a page, in octets.
const PAGE_WEIGHT: usize = 1800;

pub(crate) type FilePage = Page<PageAt, ValueAt>;

/// A file, with the caches of its pages and values.
pub(crate) struct Shared {
    pub(crate) disk: Box<dyn Disk>,
    pub(crate) path: PathBuf,
    pages: Cache<(Path, Hash, Arc<FilePage>)>,
    values: Cache<(Hash, Blob)>,
}

impl Shared {
    pub(crate) fn new(disk: Box<dyn Disk>, path: PathBuf) -> Self {
        Self { disk, path, pages: Cache::new(PAGE_CACHE), values: Cache::new(VALUE_CACHE) }
    }

    /// Limits the caches' memory, in octets.
    pub(crate) fn limit(&self, octets: usize) {
        self.pages.set_limit(octets / 2);
        self.values.set_limit(octets / 2);
    }

    pub(crate) fn io(&self, error: io::Error) -> StoreError {
        StoreError::Io { path: self.path.clone(), error }
    }

    pub(crate) fn damaged(&self, damage: Damage) -> StoreError {
        StoreError::Damaged { path: self.path.clone(), damage }
    }
}

/// A table of a file, at one commit.
#[derive(Clone, Copy)]
pub(crate) struct View<'a> {
    pub(crate) shared: &'a Shared,
    pub(crate) table: Table,
    /// End of that commit, an offset in octets.
    pub(crate) end: u64,
}

impl View<'_> {
    /// The value of a leaf, checked against the trie's hash.
    pub(crate) fn value(
        &self,
        key: &StateKey,
        hash: &Hash,
        at: ValueAt,
    ) -> Result<Blob, StoreError> {
        if let Some((known, value)) = self.shared.values.get(at.at)
            && known == *hash
        {
            return Ok(value);
        }
        let value = self.checked_value(key, hash, at)?;
        self.shared.values.put(at.at, (*hash, Arc::clone(&value)), value.len());
        Ok(value)
    }

    /// [`Self::value`], read from the file and not from the cache.
    pub(crate) fn checked_value(
        &self,
        key: &StateKey,
        hash: &Hash,
        at: ValueAt,
    ) -> Result<Blob, StoreError> {
        let octets = self.octets(at.at, at.length)?;
        let value = octets.filter(|octets| pages::leaf_hash(key, octets) == *hash);
        value.map(Into::into).ok_or_else(|| {
            let entry = self.table.name();
            self.shared.damaged(Damage::Entry { entry, key: *key, offset: at.at })
        })
    }

    /// Octets of the file; `None` if they are beyond the commit's end.
    fn octets(&self, at: u64, length: u32) -> Result<Option<Vec<u8>>, StoreError> {
        if at.checked_add(length.into()).is_none_or(|end| end > self.end) {
            return Ok(None);
        }
        let mut octets = vec![0; usize::try_from(length).unwrap_or(usize::MAX)];
        match self.shared.disk.read(at, &mut octets) {
            Ok(()) => Ok(Some(octets)),
            Err(error) if error.kind() == io::ErrorKind::UnexpectedEof => Ok(None),
            Err(error) => Err(self.shared.io(error)),
        }
    }

    /// A page, read from the file and not from the cache.
    pub(crate) fn checked_page(
        &self,
        path: &Path,
        at: &PageAt,
        hash: &Hash,
    ) -> Result<Arc<FilePage>, StoreError> {
        let octets = self.octets(at.at, at.length)?;
        let page = octets.filter(|octets| sum(octets) == at.sum);
        let page = page.and_then(|octets| decode(path, &octets));
        let page = page.filter(|page| page.hash(path.nibbles) == *hash);
        page.map(Arc::new).ok_or_else(|| {
            let entries = self.table.name();
            self.shared.damaged(Damage::Page { entries, path: *path, offset: at.at })
        })
    }
}

impl Pages for View<'_> {
    type Error = StoreError;
    type PageAt = PageAt;
    type ValueAt = ValueAt;

    fn page(&self, path: &Path, at: &PageAt, hash: &Hash) -> Result<Arc<FilePage>, StoreError> {
        if let Some((known, sum, page)) = self.shared.pages.get(at.at)
            && (known, sum) == (*path, *hash)
        {
            return Ok(page);
        }
        let page = self.checked_page(path, at, hash)?;
        self.shared.pages.put(at.at, (*path, *hash, Arc::clone(&page)), PAGE_WEIGHT);
        Ok(page)
    }
}

/// A view without caching, for walks through everything.
#[derive(Clone, Copy)]
pub(crate) struct Uncached<'a>(pub(crate) View<'a>);

impl Pages for Uncached<'_> {
    type Error = StoreError;
    type PageAt = PageAt;
    type ValueAt = ValueAt;

    fn page(&self, path: &Path, at: &PageAt, hash: &Hash) -> Result<Arc<FilePage>, StoreError> {
        self.0.checked_page(path, at, hash)
    }
}

/// Pages and values of a commit, for the cache once the commit is done.
#[derive(Default)]
pub(crate) struct Fresh {
    pages: Vec<(u64, Path, Hash, Arc<FilePage>)>,
    values: Vec<(u64, Hash, Blob)>,
    /// Octets of the values.
    weight: usize,
}

impl Fresh {
    /// Largest number of pages, and of octets of values, that are cached of one commit.
    const PAGES: usize = 4096;
    const VALUES: usize = 16 << 20;

    pub(crate) fn add_value(&mut self, at: u64, hash: Hash, value: &[u8]) {
        let weight = self.weight.saturating_add(value.len());
        if weight <= Self::VALUES && self.values.len() < Self::PAGES {
            self.weight = weight;
            self.values.push((at, hash, value.into()));
        }
    }

    pub(crate) fn keep(self, shared: &Shared) {
        for (at, path, hash, page) in self.pages {
            shared.pages.put(at, (path, hash, page), PAGE_WEIGHT);
        }
        for (at, hash, value) in self.values {
            let weight = value.len();
            shared.values.put(at, (hash, value), weight);
        }
    }
}

/// A table that a commit changes.
pub(crate) struct Changing<'a, 'd> {
    pub(crate) view: View<'a>,
    pub(crate) out: &'a mut Appender<'d>,
    pub(crate) fresh: &'a mut Fresh,
    /// Octets that the commit adds, and octets that it leaves unused.
    pub(crate) added: u64,
    pub(crate) dropped: u64,
    /// Number of values that are no longer part of the trie.
    pub(crate) removed: u64,
}

impl Pages for Changing<'_, '_> {
    type Error = StoreError;
    type PageAt = PageAt;
    type ValueAt = ValueAt;

    fn page(&self, path: &Path, at: &PageAt, hash: &Hash) -> Result<Arc<FilePage>, StoreError> {
        self.view.page(path, at, hash)
    }
}

impl WritePages for Changing<'_, '_> {
    fn add_page(&mut self, path: &Path, page: PageOf<Self>) -> Result<PageAt, StoreError> {
        let octets = encode(path, &page);
        let at = self.out.add_page(&octets).map_err(|error| self.view.shared.io(error))?;
        self.added = self.added.saturating_add(at.length.into());
        if self.fresh.pages.len() < Fresh::PAGES {
            let hash = page.hash(path.nibbles);
            self.fresh.pages.push((at.at, *path, hash, Arc::new(page)));
        }
        Ok(at)
    }

    fn drop_page(&mut self, at: &PageAt) {
        self.dropped = self.dropped.saturating_add(at.length.into());
    }

    fn drop_value(&mut self, at: &ValueAt) {
        self.dropped = self.dropped.saturating_add(at.length.into());
        self.removed = self.removed.saturating_add(1);
    }
}

impl TableHead {
    pub(crate) fn root(&self) -> Root<PageAt> {
        Root { at: self.page, hash: self.hash }
    }
}

/// Encodes a page. The part of its keys that its path implies is left out.
pub(crate) fn encode(path: &Path, page: &FilePage) -> Vec<u8> {
    let mut out = Vec::with_capacity(page.children().len().saturating_mul(64));
    let from = usize::from(path.nibbles / 2);
    for child in page.children() {
        let (nibbles, at, length) = match child.place {
            Place::Leaf(ValueAt { at, length }) => (NIBBLES, at, length),
            Place::Page(nibbles, PageAt { at, length, .. }) => (nibbles, at, length),
        };
        let to = usize::from(nibbles.div_ceil(2));
        out.push(nibbles);
        out.extend_from_slice(child.key.get(from..to).unwrap_or_default());
        out.extend_from_slice(&child.hash.0);
        out.extend_from_slice(&at.to_le_bytes());
        out.extend_from_slice(&length.to_le_bytes());
        if let Place::Page(_, PageAt { sum, .. }) = child.place {
            out.extend_from_slice(&sum.to_le_bytes());
        }
    }
    out
}

/// Decodes the page at the end of a path; `None` if the octets are no page.
fn decode(path: &Path, octets: &[u8]) -> Option<FilePage> {
    let mut cursor = Cursor(octets);
    let mut children = Vec::new();
    let from = usize::from(path.nibbles / 2);
    while !cursor.0.is_empty() {
        let nibbles = cursor.u8()?;
        let to = usize::from(nibbles.div_ceil(2));
        let own = cursor.octets(to.checked_sub(from)?)?;
        let mut key = path.octets;
        key.get_mut(from..to)?.copy_from_slice(own);
        let (hash, at, length) = (cursor.hash()?, cursor.u64()?, cursor.u32()?);
        let place = if nibbles == NIBBLES {
            Place::Leaf(ValueAt { at, length })
        } else {
            Place::Page(nibbles, PageAt { at, length, sum: cursor.u64()? })
        };
        children.push(Child { key, hash, place });
    }
    Page::new(path, children)
}
