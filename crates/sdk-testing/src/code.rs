//! Modes of running services, and services' code.

use std::path::{Path, PathBuf};

use jambox_engine::Backend;
use jambox_program::{CrateInfo, split_metadata};
use jambox_sdk::Service;
use jambox_sdk::types::Revision;
use jambox_state::Blob;

/// Largest size of a file with a blob, in octets.
const MOST_BLOB: u64 = 64 << 20;

/// Mode of running services.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Mode {
    /// Rust code, linked into the test.
    Native,
    /// Blobs, run on the engine.
    Compiled,
    /// Blobs, run on one backend of the engine. All backends give the same results.
    CompiledOn(Backend),
}

impl Mode {
    pub(crate) const fn backend(self) -> Backend {
        match self {
            Self::CompiledOn(backend) => backend,
            Self::Native | Self::Compiled => Backend::AUTO,
        }
    }

    /// This mode under a revision.
    #[must_use]
    pub const fn under(self, revision: Revision) -> Way {
        Way { mode: self, revision }
    }
}

/// A mode under a revision of the paper.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Way {
    /// Mode of running services.
    pub mode: Mode,
    /// Revision of the host.
    pub revision: Revision,
}

/// The mode under the revision that `jambox test` names, or else under the default.
///
/// # Panics
///
/// When there is no such revision.
impl From<Mode> for Way {
    fn from(mode: Mode) -> Self {
        mode.under(crate::revision_under_test())
    }
}

/// A service's code: as Rust, as blobs, or both.
#[derive(Clone, Debug)]
pub struct Code {
    pub(crate) native: Option<Service>,
    blobs: Vec<Compiled>,
}

/// A blob.
#[derive(Clone, Debug)]
pub(crate) struct Compiled {
    /// Revision named by its metadata; `None` if they name none.
    revision: Option<Revision>,
    pub octets: Blob,
    /// Path of the file it was read from, which has the symbols beside it; `None` for octets.
    pub path: Option<PathBuf>,
}

impl Code {
    /// Code that can run natively. Without a blob it cannot run compiled.
    #[must_use]
    pub const fn native(service: Service) -> Self {
        Self { native: Some(service), blobs: Vec::new() }
    }

    /// Code that can only run compiled.
    #[must_use]
    pub fn compiled(blob: &[u8]) -> Self {
        Self { native: None, blobs: Vec::new() }.with_blob(blob)
    }

    /// The same code with its blob, for the revision named by the blob's metadata; a blob that
    /// names none runs under any. Of several for one revision, the last is used.
    #[must_use]
    pub fn with_blob(self, blob: &[u8]) -> Self {
        self.with(blob, None)
    }

    /// [`Self::with_blob`] from a file. With the symbols that `jambox build` wrote beside it,
    /// failures name function and line.
    ///
    /// # Panics
    ///
    /// When the file cannot be read.
    #[must_use]
    pub fn with_blob_file(self, path: impl AsRef<Path>) -> Self {
        let path = path.as_ref();
        let blob = jambox_files::read(path, MOST_BLOB)
            .unwrap_or_else(|reason| panic!("{}: {reason}", path.display()));
        self.with(&blob, Some(path.to_owned()))
    }

    fn with(mut self, blob: &[u8], path: Option<PathBuf>) -> Self {
        let metadata = split_metadata(blob).map(|(metadata, _)| metadata).unwrap_or_default();
        let revision = CrateInfo::parse(metadata).ok().and_then(|info| info.revision);
        self.blobs.push(Compiled { revision, octets: blob.into(), path });
        self
    }

    /// The blob for a revision; `None` if there is none.
    pub(crate) fn blob(&self, revision: Revision) -> Option<&Compiled> {
        let fits = |blob: &&Compiled| blob.revision.is_none_or(|named| named.is(revision));
        self.blobs.iter().rev().find(fits)
    }

    /// The same code with the blob that `jambox test` has just built; without, outside of `jambox
    /// test`.
    ///
    /// # Panics
    ///
    /// When the blob cannot be read.
    #[must_use]
    pub fn with_built_blob(self) -> Self {
        match std::env::var_os(crate::BLOB_VARIABLE) {
            Some(path) => self.with_blob_file(path),
            None => self,
        }
    }
}
