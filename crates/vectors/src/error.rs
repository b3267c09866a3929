//! Errors of running vectors.

use std::io;
use std::path::{Path, PathBuf};

/// Error: a folder or file of vectors cannot be used. A failed case is no error but part of a
/// [`Report`](crate::Report).
#[derive(Debug, thiserror::Error)]
#[non_exhaustive]
pub enum Error {
    /// Reading or writing failed.
    #[error("{}: {error}", path.display())]
    Io {
        /// The file or folder.
        path: PathBuf,
        /// The system's error.
        error: io::Error,
    },
    /// A folder holds none of the files expected in it.
    #[error("{}: no {expected} here", path.display())]
    Nothing {
        /// The folder.
        path: PathBuf,
        /// Description of the expected files.
        expected: &'static str,
    },
    /// A folder holds files of the right name, but none of them is a vector.
    #[error("{}: no {expected} here: {reason}", path.display())]
    Others {
        /// The folder.
        path: PathBuf,
        /// Description of the expected files.
        expected: &'static str,
        /// Fault of the first file.
        reason: String,
    },
    /// The place named by the environment has neither vectors nor an archive of vectors.
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
    /// Adds the path to an error of the system.
    pub(crate) fn at(path: &Path) -> impl FnOnce(io::Error) -> Self + use<'_> {
        |error| Self::Io { path: path.to_owned(), error }
    }
}
