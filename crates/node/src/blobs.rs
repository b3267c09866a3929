//! The code of development chains, revision by revision.

use jambox_types::Revision;

/// The code on a development chain.
pub struct Blobs {
    /// The bootstrap service.
    pub bootstrap: &'static [u8],
    /// The authorizer that lets everything pass.
    pub null_authorizer: &'static [u8],
}

/// The code for each revision that has any; see `genesis/README.md` for where it is from.
pub const fn blobs(revision: Revision) -> Option<Blobs> {
    match revision {
        Revision::GrayPaper072 => Some(Blobs {
            bootstrap: include_bytes!("../genesis/bootstrap-0.7.2.jam"),
            null_authorizer: include_bytes!("../genesis/null-authorizer-0.7.2.jam"),
        }),
        Revision::GrayPaper080 => None,
    }
}
