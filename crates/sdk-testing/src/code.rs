//! How services run, and the code that they run.

use jambox_engine::Backend;
use jambox_program::{CrateInfo, split_metadata};
use jambox_sdk::Service;
use jambox_sdk::types::Revision;
use jambox_state::Blob;

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
    /// Each with the revision that its metadata name.
    blobs: Vec<(Option<Revision>, Blob)>,
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
    pub fn with_blob(mut self, blob: &[u8]) -> Self {
        let metadata = split_metadata(blob).map(|(metadata, _)| metadata).unwrap_or_default();
        let revision = CrateInfo::parse(metadata).ok().and_then(|info| info.revision);
        self.blobs.push((revision, blob.into()));
        self
    }

    /// The blob for a revision.
    pub(crate) fn blob(&self, revision: Revision) -> Option<&Blob> {
        let fits = |(named, _): &&(Option<Revision>, Blob)| named.is_none_or(|it| it.is(revision));
        self.blobs.iter().rev().find(fits).map(|(_, blob)| blob)
    }

    /// The same with the blob that `jambox test` has just built, if it runs the test.
    ///
    /// # Panics
    ///
    /// When that blob cannot be read.
    #[must_use]
    pub fn with_built_blob(self) -> Self {
        match std::env::var_os(crate::BLOB_VARIABLE) {
            Some(path) => self.with_blob(&std::fs::read(path).expect("the built blob is there")),
            None => self,
        }
    }
}
