//! Files of results that tests write when they are blessed.

use std::fs;
use std::io;
use std::path::Path;
use std::sync::atomic::{AtomicU64, Ordering};

/// Environment variable that makes tests write their results; any value counts.
pub(crate) const BLESS: &str = "JAMBOX_BLESS";

/// Largest size of a file of results, in octets.
const LIMIT: u64 = 64 << 20;

/// Tests whether results are to be written.
pub(crate) fn is_asked_for() -> bool {
    std::env::var_os(BLESS).is_some()
}

/// Changes the text of a file, which may be missing, under a lock: tests in several processes, and
/// `jambox gas snapshot`, keep each other's results.
///
/// # Panics
///
/// When the file cannot be read or written, or `change` fails.
pub(crate) fn update(path: &Path, change: impl FnOnce(&str) -> Result<String, String>) {
    let changed = || -> Result<(), String> {
        let told = |error: io::Error| jambox_files::reason(&error);
        let _lock = jambox_files::lock(path).map_err(told)?;
        let before = match path.exists() {
            true => jambox_files::read(path, LIMIT)?,
            false => Vec::new(),
        };
        let before = String::from_utf8(before).map_err(|_| "it is not UTF-8 text".to_owned())?;
        replace(path, &change(&before)?).map_err(told)
    };
    changed().unwrap_or_else(|error| panic!("{}: {error}", path.display()));
}

/// Writes a file whole: a process may be stopped at any time, and others read without a lock.
pub(crate) fn replace(path: &Path, text: &str) -> io::Result<()> {
    static WRITTEN: AtomicU64 = AtomicU64::new(0);
    let nth = WRITTEN.fetch_add(1, Ordering::Relaxed);
    let mut name = path.file_name().unwrap_or_default().to_owned();
    name.push(format!(".{}-{nth}.part", std::process::id()));
    let unfinished = path.with_file_name(name);
    fs::write(&unfinished, text)?;
    fs::rename(&unfinished, path)
}
