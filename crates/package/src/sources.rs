//! Resolution of written values to octets.

use std::cell::{Cell, RefCell};
use std::collections::BTreeMap;
use std::path::{Path, PathBuf};

use jambox_codec::encode_natural;
use jambox_state::Blob;
use jambox_symbols::Symbols;
use jambox_types::{Hash, Revision};

use crate::files::Files;
use crate::placed::{Place, Placed};
use crate::problem::ProblemKind;
use crate::problems::Problems;
use crate::symbols::symbols_beside;
use crate::value::Value;

/// Largest file, in octets. It is above every limit of the protocol, so that the protocol's own
/// limits are reported.
const FILE_LIMIT: u64 = 32 << 20;
/// Largest file with a description of payloads, in octets.
const DESCRIPTION_LIMIT: u64 = 1 << 20;
/// Largest sum of all files, in octets.
const TOTAL_LIMIT: u64 = 512 << 20;

/// Source of values, with the number of octets that may still be read.
pub(crate) struct Sources<'a> {
    files: &'a dyn Files,
    /// Folder of the package file.
    base: &'a Path,
    pub(crate) problems: &'a Problems,
    /// Revision of the run.
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

    /// The value itself, or its part for the revision in force.
    pub(crate) fn chosen<'v>(&self, value: &'v Value, place: &Place) -> Option<&'v Value> {
        let Value::ByRevision(values) = value else { return Some(value) };
        let values = values.iter().map(|(revision, value)| (*revision, value));
        self.chosen(self.of_revision(values, place)?, place)
    }

    /// The value for the revision in force; `None` and a problem if there is none.
    pub(crate) fn of_revision<V>(
        &self,
        values: impl Iterator<Item = (Revision, V)> + Clone,
        place: &Place,
    ) -> Option<V> {
        let own = values.clone().find(|(revision, _)| revision.is(self.revision));
        if own.is_none() {
            let given = values.map(|(revision, _)| revision.name()).collect();
            let kind = ProblemKind::NotForRevision { given, wanted: self.revision };
            self.problems.add(place.clone(), kind);
        }
        own.map(|(_, value)| value)
    }

    /// The file named by a value for the revision in force; `None` for other values.
    pub(crate) fn path_of<'v>(&self, value: &'v Value) -> Option<&'v Path> {
        match value {
            Value::File(path) => Some(path),
            Value::ByRevision(values) => {
                let own = values.iter().find(|(revision, _)| revision.is(self.revision));
                self.path_of(&own?.1)
            }
            Value::Octets(_) | Value::Sized(_) | Value::Hashed(_) | Value::Parts(_) => None,
        }
    }

    /// Octets of a value; `None` and a problem on failure.
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
                // The file may be a program for an inner machine.
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
            Value::Hashed(value) => Some(Hash::blake2b(&self.resolved(value, place)?).0.to_vec()),
            Value::Parts(parts) => {
                let parts = parts.iter().map(|part| self.resolved(part, place));
                Some(parts.collect::<Option<Vec<_>>>()?.concat())
            }
            Value::ByRevision(_) => self.resolved(self.chosen(value, place)?, place),
        }
    }

    /// Octets of a value; empty if it is omitted.
    pub(crate) fn octets_or_empty(&self, value: Option<&Placed<Value>>) -> Option<Blob> {
        value.map_or_else(|| Some(Blob::from([])), |value| self.octets(value))
    }

    /// Records the symbols of a program, if there are any.
    pub(crate) fn add_symbols(&self, symbols: Option<Symbols>) {
        self.symbols.borrow_mut().extend(symbols.map(|symbols| (symbols.code_hash(), symbols)));
    }

    /// Symbols of all programs so far.
    pub(crate) fn symbols(&self) -> BTreeMap<Hash, Symbols> {
        self.symbols.take()
    }

    pub(crate) fn files(&self) -> &'a dyn Files {
        self.files
    }

    /// Resolves a path of the package file.
    pub(crate) fn resolve(&self, path: &Path) -> PathBuf {
        self.base.join(path)
    }

    /// Content of an optional file, by its path as written.
    pub(crate) fn file_if_there(&self, path: &Path) -> Option<Vec<u8>> {
        self.files.read(&self.resolve(path), DESCRIPTION_LIMIT).ok()
    }

    /// Content of a file by its path as written, with the resolved path.
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
