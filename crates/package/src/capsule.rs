//! Capsules: all inputs of a run in one file, for an exact repetition elsewhere.

use std::cell::RefCell;
use std::collections::BTreeMap;
use std::path::{Component, Path, PathBuf};

use serde::{Deserialize, Serialize};

use jambox_types::Protocol;

use crate::{Files, Invalid, Package, Switches, load};

/// Version of written capsules. A reader refuses later versions.
const VERSION: u32 = 1;

/// The first octets of every capsule.
const BEGINNING: &[u8] = br#"{"format":"jambox-capsule","#;

/// Largest sum of the files of a capsule, in octets.
const LIMIT: u64 = 1 << 30;

/// Name in a capsule of the state file that its run started from.
const STATE: &str = "state of the capsule";

/// All inputs of a run: the package file, every file read for it, symbols included, and the
/// switches. Paths are relative to the package file.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Capsule {
    /// Name of the package file.
    pub package: String,
    /// Switches of the run.
    pub switches: Switches,
    /// True if the run starts from a state file that the package file does not name.
    has_state: bool,
    /// Files by path.
    pub files: BTreeMap<String, Vec<u8>>,
    /// Texts of source files, by the names that symbols have for them, for debugging elsewhere. A
    /// capsule has none unless its maker puts them in.
    pub sources: BTreeMap<String, String>,
}

/// Reason for refusing a capsule.
#[derive(Debug, thiserror::Error)]
pub enum CapsuleError {
    /// A file of another sort, or an incomplete one.
    #[error("the file is not a capsule, or not a whole one: {0}")]
    Syntax(String),
    /// A capsule of a later release.
    #[error("the capsule has version {found}: this jambox reads versions up to {VERSION}")]
    Version {
        /// Version of the capsule.
        found: u64,
    },
    /// An unknown revision, interface or parameter.
    #[error("{0}")]
    Protocol(String),
    /// The files are too many or too long.
    #[error("the files of the package have more than {LIMIT} octets in all")]
    TooLong,
}

/// The capsule as JSON.
#[derive(Serialize, Deserialize)]
struct Form {
    format: String,
    version: u64,
    package: String,
    revision: String,
    abi: String,
    parameters: serde_json::Value,
    has_state: bool,
    files: BTreeMap<String, Octets>,
    #[serde(default, skip_serializing_if = "BTreeMap::is_empty")]
    sources: BTreeMap<String, String>,
}

#[derive(Serialize, Deserialize)]
struct Octets(#[serde(with = "const_hex::serde")] Vec<u8>);

impl Capsule {
    /// Makes a capsule of a package, with every file read for it. `state` is the content of a state
    /// file to start from.
    ///
    /// # Errors
    ///
    /// The errors of [`load`] for the package.
    pub fn record(
        files: &dyn Files,
        path: &Path,
        switches: &Switches,
        state: Option<Vec<u8>>,
    ) -> Result<(Self, Package), Invalid> {
        let folder = path.parent().unwrap_or(Path::new(""));
        let name = path.file_name().unwrap_or_default();
        let (has_state, mut seen) = (state.is_some(), BTreeMap::new());
        seen.extend(state.map(|state| (PathBuf::from(STATE), state)));
        let recording = Recording { files, folder, seen: RefCell::new(seen) };
        let start = has_state.then_some(Path::new(STATE));
        let package = load(&recording, Path::new(name), switches, start)?;
        let Protocol { revision, abi, parameters, .. } = package.protocol;
        let seen = recording.seen.into_inner().into_iter();
        let capsule = Self {
            package: name.display().to_string(),
            switches: Switches {
                revision: Some(revision),
                abi: Some(abi),
                parameters: Some(parameters),
            },
            has_state,
            files: seen.map(|(path, octets)| (path.display().to_string(), octets)).collect(),
            sources: BTreeMap::new(),
        };
        Ok((capsule, package))
    }

    /// Loads the package of the capsule under its own switches, except for those set here.
    ///
    /// # Errors
    ///
    /// The errors of [`load`].
    pub fn load(&self, switches: &Switches) -> Result<Package, Invalid> {
        let switches = Switches {
            revision: switches.revision.or(self.switches.revision),
            abi: switches.abi.or(self.switches.abi),
            parameters: switches.parameters.or(self.switches.parameters),
        };
        let start = self.has_state.then_some(Path::new(STATE));
        load(self, Path::new(&self.package), &switches, start)
    }

    /// True for the first octets of a capsule.
    #[must_use]
    pub fn is_beginning(octets: &[u8]) -> bool {
        octets.starts_with(BEGINNING)
    }

    /// The capsule as a file.
    ///
    /// # Errors
    ///
    /// When its files exceed the limit of a reader.
    pub fn to_json(&self) -> Result<String, CapsuleError> {
        let lengths = self.files.values().map(Vec::len);
        let lengths = lengths.chain(self.sources.values().map(String::len));
        let total = lengths.fold(0_u64, |sum, it| sum.saturating_add(it as u64));
        if total > LIMIT {
            return Err(CapsuleError::TooLong);
        }
        let Switches { revision, abi, parameters } = self.switches;
        let form = Form {
            format: "jambox-capsule".to_owned(),
            version: VERSION.into(),
            package: self.package.clone(),
            revision: revision.map(|it| it.name().to_owned()).unwrap_or_default(),
            abi: abi.map(|it| it.name().to_owned()).unwrap_or_default(),
            parameters: serde_json::to_value(parameters)
                .map_err(|error| CapsuleError::Syntax(error.to_string()))?,
            has_state: self.has_state,
            files: self.files.iter().map(|(path, it)| (path.clone(), Octets(it.clone()))).collect(),
            sources: self.sources.clone(),
        };
        serde_json::to_string(&form).map_err(|error| CapsuleError::Syntax(error.to_string()))
    }

    /// Parses a capsule.
    ///
    /// # Errors
    ///
    /// When it is another sort of file, incomplete, or of a later version.
    pub fn parse(octets: &[u8]) -> Result<Self, CapsuleError> {
        /// Fields common to all versions.
        #[derive(Deserialize)]
        struct Head {
            version: u64,
        }
        let syntax = |error: serde_json::Error| CapsuleError::Syntax(error.to_string());
        let head: Head = serde_json::from_slice(octets).map_err(syntax)?;
        if head.version > VERSION.into() {
            return Err(CapsuleError::Version { found: head.version });
        }
        let form: Form = serde_json::from_slice(octets).map_err(syntax)?;
        if form.format != "jambox-capsule" {
            return Err(CapsuleError::Syntax(format!("its format is {:?}", form.format)));
        }
        let unknown =
            |what: &str, name: &str| CapsuleError::Protocol(format!("unknown {what} {name:?}"));
        let revision = form.revision.parse().map_err(|_| unknown("revision", &form.revision))?;
        let abi = form.abi.parse().map_err(|_| unknown("ABI", &form.abi))?;
        let parameters = serde_json::from_value(form.parameters).map_err(syntax)?;
        Ok(Self {
            package: form.package,
            switches: Switches { revision: Some(revision), abi: Some(abi), parameters },
            has_state: form.has_state,
            files: form.files.into_iter().map(|(path, Octets(octets))| (path, octets)).collect(),
            sources: form.sources,
        })
    }
}

/// The files of the capsule only: no file of this machine is read.
impl Files for Capsule {
    fn read(&self, path: &Path, limit: u64) -> Result<Vec<u8>, String> {
        let octets = self.files.get(&plain(path).display().to_string());
        let octets = octets.ok_or_else(|| "it is not in the capsule".to_owned())?;
        if octets.len() as u64 > limit {
            return Err(format!("it is longer than {limit} octets"));
        }
        Ok(octets.clone())
    }
}

/// Records every file that is read.
struct Recording<'a> {
    files: &'a dyn Files,
    folder: &'a Path,
    seen: RefCell<BTreeMap<PathBuf, Vec<u8>>>,
}

impl Files for Recording<'_> {
    fn read(&self, path: &Path, limit: u64) -> Result<Vec<u8>, String> {
        let path = plain(path);
        if let Some(octets) = self.seen.borrow().get(&path) {
            return Ok(octets.clone());
        }
        let octets = self.files.read(&self.folder.join(&path), limit)?;
        self.seen.borrow_mut().insert(path, octets.clone());
        Ok(octets)
    }
}

/// A path without `.` and `..` steps.
fn plain(path: &Path) -> PathBuf {
    path.components().filter(|part| *part != Component::CurDir).collect()
}
