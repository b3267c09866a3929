//! Reading of files.

use std::fs::{self, File};
use std::io::Read;
use std::path::Path;

use crate::reason;

/// The byte-order mark of UTF-8, with which some programs begin a text.
const BYTE_ORDER_MARK: &[u8] = "\u{feff}".as_bytes();

/// A regular file, open for reading.
///
/// # Errors
///
/// The reason as the end of a sentence: the file is missing, or not regular.
pub fn open(path: &Path) -> Result<File, String> {
    // Checked before opening, since opening a pipe waits for a writer that may never come.
    let metadata = fs::metadata(path).map_err(|error| reason(&error))?;
    if metadata.is_dir() {
        return Err("it is a folder".to_owned());
    }
    if !metadata.is_file() {
        return Err("it is not a regular file".to_owned());
    }
    File::open(path).map_err(|error| reason(&error))
}

/// The content of a regular file of at most `limit` octets.
///
/// # Errors
///
/// The reason as the end of a sentence: the file is missing, not regular, or longer than `limit`
/// octets.
pub fn read(path: &Path, limit: u64) -> Result<Vec<u8>, String> {
    let file = open(path)?;
    if file.metadata().is_ok_and(|metadata| metadata.len() > limit) {
        return Err(too_long(limit));
    }
    read_from(file, limit)
}

/// The content of any reader, at most `limit` octets.
///
/// # Errors
///
/// As [`read()`].
pub fn read_from(source: impl Read, limit: u64) -> Result<Vec<u8>, String> {
    let mut content = Vec::new();
    // A file may grow after its length was read, and some files report a length of zero.
    let read = source.take(limit.saturating_add(1)).read_to_end(&mut content);
    read.map_err(|error| reason(&error))?;
    if content.len() as u64 > limit {
        return Err(too_long(limit));
    }
    Ok(content)
}

fn too_long(limit: u64) -> String {
    format!("it is longer than the limit of {limit} octets")
}

/// The content of a text file without its byte-order mark, if it has one.
#[must_use]
pub fn without_mark(content: &[u8]) -> &[u8] {
    content.strip_prefix(BYTE_ORDER_MARK).unwrap_or(content)
}
