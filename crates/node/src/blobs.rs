//! The code of development chains, revision by revision.

use jambox_types::Revision;

use crate::bootstrap::Dialect;

/// The code on a development chain.
#[derive(Clone, Copy, Debug)]
pub struct Blobs {
    /// The bootstrap service.
    pub bootstrap: &'static [u8],
    /// The release's payloads and results.
    pub dialect: Dialect,
    /// The authorizer that lets everything pass.
    pub null_authorizer: &'static [u8],
}

/// The authorizer that lets everything pass: its instructions are in both revisions.
const NULL_AUTHORIZER: &[u8] = include_bytes!("../genesis/null-authorizer.jam");

impl Blobs {
    /// The code for a revision; see `genesis/README.md` for where it is from.
    #[must_use]
    pub const fn of(revision: Revision) -> Self {
        match revision {
            Revision::GrayPaper072 => Self {
                bootstrap: include_bytes!("../genesis/bootstrap-0.7.2.jam"),
                dialect: Dialect::Release28,
                null_authorizer: NULL_AUTHORIZER,
            },
            Revision::GrayPaper080 => Self {
                bootstrap: include_bytes!("../genesis/bootstrap-0.8.0.jam"),
                dialect: Dialect::Release29,
                null_authorizer: NULL_AUTHORIZER,
            },
        }
    }
}
