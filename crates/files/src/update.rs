//! Changes to shared files.

use std::fs::File;
use std::io;
use std::path::Path;

/// Locks the folder of a file until the returned handle is dropped. [`update`] holds the same lock.
///
/// # Errors
///
/// When there is no such folder, or it cannot be locked.
pub fn lock(path: &Path) -> io::Result<File> {
    let folder = path.parent().filter(|folder| !folder.as_os_str().is_empty());
    let lock = File::open(folder.unwrap_or(Path::new(".")))?;
    lock.lock()?;
    Ok(lock)
}

/// Changes the content of a file, which may be missing. The folder is locked during the change, so
/// no change made with this function by another thread or process is lost. The file is written
/// whole or not at all.
///
/// # Errors
///
/// When it cannot be read, or has more than `limit` octets; when `change` fails; when it cannot be
/// locked or written.
#[cfg(feature = "write")]
pub fn update(
    path: &Path,
    limit: u64,
    change: impl FnOnce(Vec<u8>) -> io::Result<Vec<u8>>,
) -> io::Result<()> {
    let _lock = lock(path)?;
    let before = match path.exists() {
        true => crate::read(path, limit).map_err(io::Error::other)?,
        false => Vec::new(),
    };
    crate::write(path, &change(before)?)
}
