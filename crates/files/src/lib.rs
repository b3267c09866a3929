//! Files as people name them: read within limits, written whole or not at all.
//!
//! **What it is.** [`read()`] for files that may be anything, [`write()`] and [`NewFile`] for every
//! file that this project leaves behind, [`under`] to find files, and [`reason`] for what to say
//! when any of them fails.
//!
//! **What it is not.** No abstraction of a file system: what has to be tested without a disk takes
//! a trait of its own.
//!
//! **Invariants.** Only regular files are read, and never more of them than was asked for. A
//! regular file is under its name either as it was or as it was to become: a full disk or a killed
//! process costs nobody an earlier content. What is no regular file (`/dev/null`, a pipe) is
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
#![cfg_attr(
    not(test),
    deny(
        clippy::unwrap_used,
        clippy::expect_used,
        clippy::indexing_slicing,
        clippy::arithmetic_side_effects
    )
)]

mod new_file;
mod read;
mod under;
mod update;

pub use new_file::{NewFile, write};
pub use read::{open, read, read_from, without_mark};
pub use under::{all_under, under};
pub use update::update;

use std::io;

/// Why a file cannot be had or made, as a sentence's end and without numbers of the system's.
#[must_use]
pub fn reason(error: &io::Error) -> String {
    let words = match error.kind() {
        // Somebody has put it into words already.
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
