//! A chain in a file: running packages on it, one after the other.

use std::io::{self, Read};
use std::path::{Path, PathBuf};
use std::sync::Arc;

use serde::Serialize;

use jambox_chain::accumulation::AccumulationState;
use jambox_chain::block::read_accumulation;
use jambox_chain::{Alone, Computed};
use jambox_package::{ExportsByHash, Files, Package, Snapshot, Stored, Switches, load_on_chain};
use jambox_state::{Component, StateError};
use jambox_store::{Damage, Exports, FileState, FileStore, StoreError};
use jambox_types::Hash;

use crate::diagnosis::Diagnosis;
use crate::end_to_end;
use crate::input;
use crate::outcome::{Failure, Result};

/// True if a path is that of a store, existing or to be made; false for a state file.
pub fn is_store(path: &Path) -> bool {
    let is_named_so = || path.extension().is_some_and(|extension| extension == "redb");
    let Ok(file) = jambox_files::open(path) else { return !path.exists() && is_named_so() };
    let mut head = Vec::new();
    match file.take(16).read_to_end(&mut head) {
        Ok(read) if read > 0 => FileState::is_begun_by(&head),
        _ => is_named_so(),
    }
}

/// A chain, open.
pub struct Chain {
    pub store: FileStore,
    /// State of the chain when it was opened.
    pub state: Arc<FileState>,
    path: PathBuf,
}

/// Location of the state after a run, with its slot.
#[derive(Serialize)]
pub struct Kept {
    pub file: String,
    pub slot: u32,
    pub root: String,
}

impl Kept {
    /// Failure of a run whose block is committed, but whose report cannot be written. It warns,
    /// because another run would start from the state after this block.
    pub fn but_untold(&self, error: &io::Error) -> Failure {
        let Self { file, slot, root } = self;
        Failure::Untold(format!(
            "committed: {file} has the block of slot {slot}, state root {root}; but the report \
             cannot be written to standard output: {}",
            jambox_files::reason(error)
        ))
    }
}

impl Chain {
    pub fn open(path: &Path) -> Result<Self> {
        if path.exists() {
            // Opening a pipe would wait for somebody who writes to it.
            input::open(path)?;
        }
        let store = FileStore::open(path).map_err(|error| failure(path, error))?;
        let state = store.read();
        Ok(Self { store, state, path: path.to_owned() })
    }

    /// Loads a package over the chain's state. Its block comes after the chain's last.
    pub fn load(&self, files: &dyn Files, package: &Path, switches: Switches) -> Result<Package> {
        let expected = self.state.expect(switches.revision, switches.parameters.as_ref());
        expected.map_err(|error| failure(&self.path, error))?;
        let protocol = self.store.protocol();
        let switches = Switches { parameters: Some(protocol.parameters), ..switches };
        let state = read_accumulation(&self.state, &protocol);
        let state = state.map_err(|error| self.failure(&error))?;
        let [entropy, ..] = self.entropy()?;
        let names = self.state.names().map_err(|error| failure(&self.path, error))?;
        let (slot, state) = (state.slot, state.state);
        let revision = protocol.revision;
        let snapshot = Snapshot { revision, slot, entropy, state, names };
        let package = load_on_chain(files, package, &switches, snapshot, &Library(&self.state));
        package.map_err(|invalid| Failure::Input(end_to_end::mistakes(&invalid)))
    }

    fn entropy(&self) -> Result<[Hash; 4]> {
        let entropy = Component::Entropy.read(&*self.state, &self.store.protocol());
        entropy.map_err(|error| self.failure(&error))
    }

    /// Components of the state that accumulation reads. Error: one is missing, does not decode, or
    /// cannot be read.
    pub fn history(&self) -> Result<AccumulationState> {
        let state = read_accumulation(&self.state, &self.store.protocol());
        state.map_err(|error| self.failure(&error))
    }

    /// Keeps the state after a run, the exported segments, and the names of services.
    pub fn commit(&self, package: &Package, computed: &Computed, on_chain: &Alone) -> Result<Kept> {
        let changes = on_chain.changes(&*self.state, &self.store.protocol());
        let changes = changes.map_err(|error| self.failure(&error))?;
        let report = &computed.report;
        let exports = (!computed.exports.is_empty()).then(|| Exports {
            package: report.availability.package_hash,
            root: report.availability.segment_root,
            segments: computed.exports.concat().into(),
        });
        let root = self.store.write(&changes, &package.names, exports.as_ref());
        let root = root.map_err(|error| failure(&self.path, error))?;
        let file = self.path.display().to_string();
        Ok(Kept { file, slot: package.slot.0, root: root.to_string() })
    }

    /// State root of the last commit.
    pub fn root(&self) -> Hash {
        self.store.read().root()
    }

    fn failure(&self, error: &StateError) -> Failure {
        state_failure(&self.path, error)
    }
}

/// Segments that packages exported to the chain.
struct Library<'a>(&'a FileState);

impl ExportsByHash for Library<'_> {
    fn find(&self, hash: &Hash) -> std::result::Result<Option<Stored>, String> {
        let find = || -> std::result::Result<_, StoreError> {
            let by_package = self.0.segment_root(hash)?;
            let segments = self.0.exports(&by_package.unwrap_or(*hash))?;
            let package = by_package.map(|_| *hash);
            Ok(segments.map(|segments| Stored { segments, package }))
        };
        find().map_err(|error| error.to_string())
    }
}

/// Failure for a store that cannot be used, with advice.
pub fn failure(path: &Path, error: StoreError) -> Failure {
    diagnosis(path, &error).into()
}

/// Failure for a state that cannot be used, with advice.
pub fn state_failure(path: &Path, error: &StateError) -> Failure {
    if let StateError::Store(error) = error
        && let Some(error) = error.downcast_ref()
    {
        return diagnosis(path, error).into();
    }
    Diagnosis::new(error.to_string()).in_file(path).into()
}

/// Diagnosis of damage in a chain: the lost part, and advice.
pub fn damaged(path: &Path, damage: &Damage) -> Diagnosis {
    let file = path.display();
    let help = format!(
        "`jambox state verify {file}` lists all damage, `jambox state export --salvage {file} -o \
         spec.json` saves the rest"
    );
    Diagnosis::new(format!("the chain is damaged: {damage}")).in_file(path).help(help)
}

fn diagnosis(path: &Path, error: &StoreError) -> Diagnosis {
    let (message, help) = match error {
        StoreError::Exists(_) => {
            ("the file exists already".into(), "name another file, or remove it")
        }
        StoreError::Io { error, .. } => (
            format!("the chain cannot be read or written: {}", jambox_files::reason(error)),
            "check the path; `jambox state init` makes a new chain",
        ),
        StoreError::NotAStore { reason, .. } => (
            format!("the file is not a chain: {reason}"),
            "`jambox state init` and `jambox state import` make one",
        ),
        StoreError::OtherFormat { found, known, .. } => (
            format!("the chain has format {found}: this version reads format {known}"),
            "the file is unchanged: export its state with the version of jambox that wrote it, and \
             import that",
        ),
        StoreError::OtherRevision { found, wanted, .. } => (
            format!("the chain is of {found}: expected {wanted}"),
            "leave --revision out, or name another chain",
        ),
        StoreError::OtherParameters { found, wanted, .. } => (
            format!("the chain has {found} parameters: expected {wanted} ones"),
            "leave --params out, or name another chain",
        ),
        StoreError::Held { holder: Some(holder), .. } => {
            (format!("the chain is in use by {holder}"), "wait until that process has ended")
        }
        StoreError::Held { holder: None, .. } => {
            ("the chain is in use by another process".into(), "wait until that process has ended")
        }
        StoreError::Damaged { damage, .. } => return damaged(path, damage),
        error => (error.to_string(), "the chain is as it was before"),
    };
    Diagnosis::new(message).in_file(path).help(help)
}
