//! Resolving written values to octets.

use std::cell::{Cell, RefCell};
use std::collections::BTreeMap;
use std::path::{Path, PathBuf};

use jambox_codec::encode_natural;
use jambox_state::Blob;
use jambox_symbols::Symbols;
use jambox_types::{Hash, Revision};

use crate::files::Files;
use crate::problem::{Place, ProblemKind, Problems};
use crate::reader::Placed;
use crate::symbols::symbols_beside;
use crate::value::Value;

/// The most octets of one file: beyond every limit of the protocol, so that those are what is
/// reported.
const FILE_LIMIT: u64 = 32 << 20;
/// The most octets of a file that says what payloads hold.
const DESCRIPTION_LIMIT: u64 = 1 << 20;
/// The most octets of all files together.
const TOTAL_LIMIT: u64 = 512 << 20;

/// Where values come from, and how much more may be read.
pub(crate) struct Sources<'a> {
    files: &'a dyn Files,
    /// The folder of the package file.
    base: &'a Path,
    pub(crate) problems: &'a Problems,
    /// What the package runs under.
    revision: Revision,
    left: Cell<u64>,
    symbols: RefCell<BTreeMap<Hash, Symbols>>,
}

impl<'a> Sources<'a> {
    pub(crate) fn new(
        files: &'a dyn Files,
        base: &'a Path,
        revision: Revision,
        problems: &'a Problems,
    ) -> Self {
        let (left, symbols) = (Cell::new(TOTAL_LIMIT), RefCell::default());
        Self { files, base, problems, revision, left, symbols }
    }

    /// The value itself, or that for the revision in force where there is one for each.
    pub(crate) fn chosen<'v>(&self, value: &'v Value, place: &Place) -> Option<&'v Value> {
        let Value::ByRevision(values) = value else { return Some(value) };
        let own = values.iter().find(|(revision, _)| revision.is(self.revision));
        let Some((_, value)) = own else {
            let given = values.iter().map(|(revision, _)| revision.name()).collect();
            let kind = ProblemKind::NotForRevision { given, wanted: self.revision };
            self.problems.add(place.clone(), kind);
            return None;
        };
        self.chosen(value, place)
    }

    /// The file that a value names for the revision in force, if it names one.
    pub(crate) fn path_of<'v>(&self, value: &'v Value) -> Option<&'v Path> {
        match value {
            Value::File(path) => Some(path),
            Value::ByRevision(values) => {
                let own = values.iter().find(|(revision, _)| revision.is(self.revision));
                self.path_of(&own?.1)
            }
            Value::Octets(_) | Value::Sized(_) | Value::Parts(_) => None,
        }
    }

    /// The octets of a value; `None` and a problem when they cannot be had.
    pub(crate) fn octets(&self, value: &Placed<Value>) -> Option<Blob> {
        match self.chosen(&value.value, &value.place)? {
            Value::Octets(octets) => Some(octets.as_slice().into()),
            other => Some(self.resolved(other, &value.place)?.into()),
        }
    }

    fn resolved(&self, value: &Value, place: &Place) -> Option<Vec<u8>> {
        match value {
            Value::Octets(octets) => Some(octets.clone()),
            Value::File(path) => {
                let (path, octets) = self.file(path, place)?;
                // It may be a program for an inner machine.
                self.add_symbols(symbols_beside(self.files, &path, Hash::blake2b(&octets)));
                Some(octets)
            }
            Value::Sized(value) => {
                let octets = self.resolved(value, place)?;
                let mut sized = Vec::new();
                encode_natural(octets.len() as u64, &mut sized);
                sized.extend_from_slice(&octets);
                Some(sized)
            }
            Value::Parts(parts) => {
                let parts = parts.iter().map(|part| self.resolved(part, place));
                Some(parts.collect::<Option<Vec<_>>>()?.concat())
            }
            Value::ByRevision(_) => self.resolved(self.chosen(value, place)?, place),
        }
    }

    /// The octets of a value that may be left out, which is the same as empty.
    pub(crate) fn octets_or_empty(&self, value: Option<&Placed<Value>>) -> Option<Blob> {
        value.map_or_else(|| Some(Blob::from([])), |value| self.octets(value))
    }

    /// Keeps the symbols of a program, if there are any.
    pub(crate) fn add_symbols(&self, symbols: Option<Symbols>) {
        self.symbols.borrow_mut().extend(symbols.map(|symbols| (symbols.code_hash(), symbols)));
    }

    /// The symbols of all programs so far.
    pub(crate) fn symbols(&self) -> BTreeMap<Hash, Symbols> {
        self.symbols.take()
    }

    pub(crate) fn files(&self) -> &'a dyn Files {
        self.files
    }

    /// The path of a file as written in the package file.
    pub(crate) fn resolve(&self, path: &Path) -> PathBuf {
        self.base.join(path)
    }

    /// A file that need not be there, by its path as written.
    pub(crate) fn file_if_there(&self, path: &Path) -> Option<Vec<u8>> {
        self.files.read(&self.resolve(path), DESCRIPTION_LIMIT).ok()
    }

    /// A file by its path as written, with its path as resolved.
    pub(crate) fn file(&self, path: &Path, place: &Place) -> Option<(PathBuf, Vec<u8>)> {
        let path = self.resolve(path);
        match self.files.read(&path, FILE_LIMIT.min(self.left.get())) {
            Ok(octets) => {
                self.left.set(self.left.get().saturating_sub(octets.len() as u64));
                Some((path, octets))
            }
            Err(reason) => {
                self.problems.add(place.clone(), ProblemKind::File { path, reason });
                None
            }
        }
    }
}
