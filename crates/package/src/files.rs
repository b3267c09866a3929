//! Source of the content of `file:` values.

use std::path::Path;

/// A source of files, so that loading can be tested and fuzzed without a disk.
pub trait Files {
    /// The content of a file.
    ///
    /// # Errors
    ///
    /// The reason, as the end of a sentence: the file is missing, not regular, or longer than
    /// `limit` octets.
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
