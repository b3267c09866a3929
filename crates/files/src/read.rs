//! Reading.

use std::fs::{self, File};
use std::io::Read;
use std::path::Path;

use crate::reason;

/// The content of a regular file of at most `limit` octets.
///
/// # Errors
///
/// Why it cannot be had, as a sentence's end: it is missing, is no regular file, or is longer than
/// `limit` octets.
pub fn read(path: &Path, limit: u64) -> Result<Vec<u8>, String> {
    // Looked at before it is opened: opening a pipe waits for a writer that may never come.
    let metadata = fs::metadata(path).map_err(|error| reason(&error))?;
    if metadata.is_dir() {
        return Err("it is a folder".to_owned());
    }
    if !metadata.is_file() {
        return Err("it is not a regular file".to_owned());
    }
    let too_long = || format!("it is longer than the limit of {limit} octets");
    if metadata.len() > limit {
        return Err(too_long());
    }
    let file = File::open(path).map_err(|error| reason(&error))?;
    let mut content = Vec::new();
    // The file may grow between the two looks, and some report a length of zero.
    let read = file.take(limit.saturating_add(1)).read_to_end(&mut content);
    read.map_err(|error| reason(&error))?;
    if content.len() as u64 > limit {
        return Err(too_long());
    }
    Ok(content)
}
