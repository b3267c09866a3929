//! Files of results that tests write when they are blessed.

use std::fs::OpenOptions;
use std::io::{Read, Seek, Write};
use std::path::Path;

/// Environment variable that makes tests write their results; any value counts.
pub(crate) const BLESS: &str = "JAMBOX_BLESS";

/// Tests whether results are to be written.
pub(crate) fn is_asked_for() -> bool {
    std::env::var_os(BLESS).is_some()
}

/// Changes the text of a file, which may be missing, under a lock: tests in several processes keep
/// each other's results. If a killed test leaves a file half written, version control has the old
/// one.
///
/// # Panics
///
/// When the file cannot be read or written, or `change` fails.
pub(crate) fn update(path: &Path, change: impl FnOnce(&str) -> Result<String, String>) {
    let changed = || -> Result<(), String> {
        let told = |error: std::io::Error| jambox_files::reason(&error);
        let mut options = OpenOptions::new();
        let open = options.read(true).write(true).create(true).truncate(false).open(path);
        let mut file = open.map_err(told)?;
        file.lock().map_err(told)?;
        let mut before = String::new();
        file.read_to_string(&mut before).map_err(told)?;
        let after = change(&before)?;
        file.rewind().and_then(|()| file.set_len(0)).map_err(told)?;
        file.write_all(after.as_bytes()).map_err(told)
    };
    changed().unwrap_or_else(|error| panic!("{}: {error}", path.display()));
}
