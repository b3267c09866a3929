//! Files named by people: reading within limits, and writing of whole files only.
//!
//! **Contents.** [`read()`] for files of unknown content, [`write()`] and [`NewFile`] for every
//! file written by this project (feature `write`), [`lock`] and [`update`] for files that several
//! processes change, [`under`] to find files, and [`reason`] for the text of an error.
//!
//! **Not here.** This is no abstraction of a file system. Tests that must not touch the disk use a
//! trait of their own crate.
//!
//! **Invariants.** Only regular files are read, and never more octets than the limit. A regular
//! file has, under its name, either its old or its new content: neither a full disk nor a killed
//! process destroys the old one. Anything other than a regular file (`/dev/null`, a pipe) is
//! written to and never replaced.
//!
//! ```
//! let folder = tempfile::tempdir()?;
//! let path = folder.path().join("out.txt");
//! jambox_files::write(&path, b"whole")?;
//! assert_eq!(jambox_files::read(&path, 5), Ok(b"whole".to_vec()));
//! assert!(jambox_files::read(&path, 4).is_err());
//! # Ok::<(), std::io::Error>(())
//! ```
#![cfg_attr(docsrs, feature(doc_cfg))]
#![cfg_attr(
    not(test),
    deny(
        clippy::unwrap_used,
        clippy::expect_used,
        clippy::indexing_slicing,
        clippy::arithmetic_side_effects
    )
)]

#[cfg(feature = "write")]
mod new_file;
mod read;
mod under;
mod update;

#[cfg(feature = "write")]
pub use new_file::{NewFile, write};
pub use read::{open, read, read_from, without_mark};
pub use under::{all_under, under};
pub use update::lock;
#[cfg(feature = "write")]
pub use update::update;

use std::io;

/// Reason for a failed operation on a file: the end of a sentence, without error numbers.
#[must_use]
pub fn reason(error: &io::Error) -> String {
    let words = match error.kind() {
        // The error has a text already.
        _ if error.get_ref().is_some() => return error.to_string(),
        io::ErrorKind::NotFound => "there is no such file",
        io::ErrorKind::PermissionDenied => "permission denied",
        io::ErrorKind::IsADirectory => "it is a folder",
        io::ErrorKind::NotADirectory => "its path leads through a file",
        io::ErrorKind::StorageFull => "the disk is full",
        io::ErrorKind::ReadOnlyFilesystem => "the file system is read-only",
        _ => {
            let text = error.to_string();
            return text.split(" (os error").next().unwrap_or(&text).to_owned();
        }
    };
    words.to_owned()
}
