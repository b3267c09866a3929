//! What keeps vectors from being run at all.

use std::io;
use std::path::{Path, PathBuf};

/// A folder or file of vectors that cannot be used. A case that fails is not an error but a
/// [`Report`](crate::Report) with a failed case.
#[derive(Debug, thiserror::Error)]
#[non_exhaustive]
pub enum Error {
    /// Reading or writing failed.
    #[error("{}: {error}", path.display())]
    Io {
        /// The file or folder.
        path: PathBuf,
        /// What the system says.
        error: io::Error,
    },
    /// A folder holds none of the files expected in it.
    #[error("{}: no {expected} here", path.display())]
    Nothing {
        /// The folder.
        path: PathBuf,
        /// What was looked for.
        expected: &'static str,
    },
    /// A folder holds files of the right name, but none of them is a vector.
    #[error("{}: no {expected} here: {reason}", path.display())]
    Others {
        /// The folder.
        path: PathBuf,
        /// What was looked for.
        expected: &'static str,
        /// What is wrong with the first file.
        reason: String,
    },
    /// The place named by the environment holds neither vectors nor an archive of some.
    #[error(
        "{}: neither a folder with `dev` or `dev-0.8.0` nor one with an archive of these, as \
        `public-0.8.0.tar.zst` (JAMBOX_VECTORS names it)",
        path.display()
    )]
    NotVectors {
        /// The place.
        path: PathBuf,
    },
}

impl Error {
    /// Tells the place along with the system's error.
    pub(crate) fn at(path: &Path) -> impl FnOnce(io::Error) -> Self + use<'_> {
        |error| Self::Io { path: path.to_owned(), error }
    }
}
