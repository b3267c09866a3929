//! How services run, and the code that they run.

use std::path::{Path, PathBuf};

use jambox_engine::Backend;
use jambox_program::{CrateInfo, split_metadata};
use jambox_sdk::Service;
use jambox_sdk::types::Revision;
use jambox_state::Blob;

/// The most octets of a file with a blob.
const MOST_BLOB: u64 = 64 << 20;

/// How services run.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Mode {
    /// As the Rust code that the test is linked with.
    Native,
    /// As the blob, on the engine.
    Compiled,
    /// As the blob, executed in a certain way. All give the same results.
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
    /// How services run.
    pub mode: Mode,
    /// What the host speaks.
    pub revision: Revision,
}

/// The mode under the revision that `jambox test` names, else under the default.
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
    /// The revision that its metadata name.
    revision: Option<Revision>,
    pub octets: Blob,
    /// Where it was read, if it was: its symbols lie beside it.
    pub path: Option<PathBuf>,
}

impl Code {
    /// Code that can run natively. Until it is given a blob, it cannot run compiled.
    #[must_use]
    pub const fn native(service: Service) -> Self {
        Self { native: Some(service), blobs: Vec::new() }
    }

    /// Code that can only run compiled.
    #[must_use]
    pub fn compiled(blob: &[u8]) -> Self {
        Self { native: None, blobs: Vec::new() }.with_blob(blob)
    }

    /// The same with a blob that was compiled from it, for the revision that its metadata name; one
    /// that names none runs under any. Of several for one revision, the last is taken.
    #[must_use]
    pub fn with_blob(self, blob: &[u8]) -> Self {
        self.with(blob, None)
    }

    /// [`Self::with_blob`] from a file. With the symbols that `jambox build` has left beside it,
    /// failures tell function and line.
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

    /// The blob for a revision.
    pub(crate) fn blob(&self, revision: Revision) -> Option<&Compiled> {
        let fits = |blob: &&Compiled| blob.revision.is_none_or(|named| named.is(revision));
        self.blobs.iter().rev().find(fits)
    }

    /// The same with the blob that `jambox test` has just built, if it runs the test.
    ///
    /// # Panics
    ///
    /// When that blob cannot be read.
    #[must_use]
    pub fn with_built_blob(self) -> Self {
        match std::env::var_os(crate::BLOB_VARIABLE) {
            Some(path) => self.with_blob_file(path),
            None => self,
        }
    }
}
