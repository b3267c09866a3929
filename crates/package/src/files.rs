//! Where the content of `file:` values comes from.

use std::path::Path;

/// A source of files, so that loading a package can be tested and fuzzed without a disk.
pub trait Files {
    /// The content of a file.
    ///
    /// # Errors
    ///
    /// Why it cannot be had, as a sentence's end: it is missing, is no regular file, or is longer
    /// than `limit` octets.
    fn read(&self, path: &Path, limit: u64) -> Result<Vec<u8>, String>;
}

/// The files of this machine.
#[derive(Clone, Copy, Debug, Default)]
pub struct Disk;

impl Files for Disk {
    fn read(&self, path: &Path, limit: u64) -> Result<Vec<u8>, String> {
        jambox_files::read(path, limit)
    }
}
