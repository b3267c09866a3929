//! Compaction: copies of a file without its unused octets.

use std::ffi::OsString;
use std::fs::{self, OpenOptions};
use std::io;
use std::path::{Path as FilePath, PathBuf};
use std::sync::Arc;

use jambox_state::trie::pages::{Child, Page, Path, Place};
use jambox_types::Hash;

use crate::layout::{COMMITS, Head, PageAt, Table, TableHead};
use crate::log::{self, Appender, Commit};
use crate::tree::{Shared, View, encode};
use crate::{Disk, StoreError};

/// Unused octets below which compaction is not worth its work.
const SPARE: u64 = 64 << 20;

/// Tests whether more than half of a file is unused, and more than [`SPARE`].
pub(crate) fn is_worth(commit: &Commit) -> bool {
    let used = commit.head.live;
    commit.end > used.saturating_mul(2).saturating_add(SPARE)
}

/// Writes the octets in use to a blank disk.
pub(crate) fn onto(
    disk: Box<dyn Disk>,
    shared: &Shared,
    commit: &Commit,
    header: &[u8],
) -> Result<(Shared, Commit), StoreError> {
    let copied = copy(shared, commit, &*disk, header)?;
    Ok((Shared::new(disk, PathBuf::new()), copied))
}

/// Writes the octets in use to a file beside `path`, which then replaces the file at `path`.
/// Processes that have the old file open continue to see it.
pub(crate) fn compact(
    path: &FilePath,
    shared: &Shared,
    commit: &Commit,
    header: &[u8],
) -> Result<(Shared, Commit), StoreError> {
    let io = |error| StoreError::Io { path: path.to_owned(), error };
    let mut name = OsString::from(path.file_name().unwrap_or_default());
    name.push(".compacting");
    let beside: PathBuf = path.with_file_name(name);
    // Only the holder of the file writes it, so an existing one is left from a killed process.
    let mut options = OpenOptions::new();
    let file = options.read(true).write(true).create(true).truncate(true).open(&beside);
    let file = file.map_err(io)?;
    let result = (|| {
        file.lock().map_err(io)?;
        let permissions = fs::metadata(path).map_err(io)?.permissions();
        file.set_permissions(permissions).map_err(io)?;
        let written = copy(shared, commit, &file, header)?;
        fs::rename(&beside, path).map_err(io)?;
        Ok(written)
    })();
    if result.is_err() {
        let _ = fs::remove_file(&beside);
    }
    Ok((Shared::new(Box::new(file), path.to_owned()), result?))
}

fn copy(
    shared: &Shared,
    commit: &Commit,
    file: &dyn Disk,
    header: &[u8],
) -> Result<Commit, StoreError> {
    let io = |error: io::Error| shared.io(error);
    file.write(0, header).map_err(io)?;
    let mut out = Appender::new(file, COMMITS);
    let mut head = Head::first(commit.head.number);
    for table in Table::ALL {
        let Some(old) = commit.head.table(table) else { continue };
        let view = View { shared, table, end: commit.end };
        let mut copying = Copying { view, out: &mut out, octets: 0 };
        let page = copying.page(&Path::ROOT, &old.page, &old.hash)?;
        head.live = head.live.saturating_add(copying.octets);
        head.set_table(table, TableHead { page, ..*old });
    }
    let copied = out.finish(head).map_err(io)?;
    log::mark(file, &copied).and_then(|()| file.flush()).map_err(io)?;
    Ok(copied)
}

struct Copying<'a, 'd> {
    view: View<'a>,
    out: &'a mut Appender<'d>,
    octets: u64,
}

impl Copying<'_, '_> {
    /// Copies a page and everything under it.
    fn page(&mut self, path: &Path, at: &PageAt, hash: &Hash) -> Result<PageAt, StoreError> {
        let old = self.view.checked_page(path, at, hash)?;
        let mut children = Vec::with_capacity(old.children().len());
        for child in old.children() {
            let place = match &child.place {
                Place::Leaf(at) => {
                    let key = jambox_state::StateKey(child.key);
                    let value = self.view.checked_value(&key, &child.hash, *at)?;
                    let at = self.out.add_value(&value);
                    let at = at.map_err(|error| self.view.shared.io(error))?;
                    self.octets = self.octets.saturating_add(at.length.into());
                    Place::Leaf(at)
                }
                Place::Page(nibbles, at) => {
                    let below = Path { octets: child.key, nibbles: *nibbles };
                    Place::Page(*nibbles, self.page(&below, at, &child.hash)?)
                }
            };
            children.push(Child { place, ..child.clone() });
        }
        // The same children as before, in the same order.
        let page = Page::new(path, children).map_or(old, Arc::new);
        let octets = encode(path, &page);
        let at = self.out.add_page(&octets).map_err(|error| self.view.shared.io(error))?;
        self.octets = self.octets.saturating_add(at.length.into());
        Ok(at)
    }
}
