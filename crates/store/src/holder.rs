//! The process that has a file open for writing.

use std::fmt;
use std::path::Path;

/// A process that has a file open for writing.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Holder {
    /// Process id.
    pub pid: u32,
    /// Name of the program.
    pub program: String,
}

impl fmt::Display for Holder {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "process {} ({})", self.pid, self.program)
    }
}

/// The process other than this one that has `path` open for writing; `None` if the system shows
/// none.
#[cfg(target_os = "linux")]
pub(crate) fn of(path: &Path) -> Option<Holder> {
    use std::fs;
    use std::os::unix::fs::MetadataExt;

    let wanted = fs::metadata(path).ok()?;
    let is_it = |process: &Path, entry: fs::DirEntry| {
        let found = fs::metadata(entry.path());
        let is_same =
            found.is_ok_and(|found| found.dev() == wanted.dev() && found.ino() == wanted.ino());
        is_same && is_writable(&process.join("fdinfo").join(entry.file_name()))
    };
    for process in fs::read_dir("/proc").ok()?.filter_map(Result::ok) {
        let Ok(pid) = process.file_name().to_string_lossy().parse::<u32>() else { continue };
        if pid == std::process::id() {
            continue;
        }
        let Ok(mut files) = fs::read_dir(process.path().join("fd")) else { continue };
        if files.any(|entry| entry.is_ok_and(|entry| is_it(&process.path(), entry))) {
            let program = fs::read_to_string(process.path().join("comm")).unwrap_or_default();
            return Some(Holder { pid, program: program.trim().to_owned() });
        }
    }
    None
}

/// Tests whether the system's description of a file descriptor is that of a writable one.
#[cfg(target_os = "linux")]
fn is_writable(description: &Path) -> bool {
    // The access mode is the last two bits of the flags, written in octal: 0 is read-only.
    let text = std::fs::read_to_string(description).unwrap_or_default();
    let flags = text.lines().find_map(|line| line.strip_prefix("flags:"));
    flags.is_some_and(|flags| !flags.trim().ends_with(['0', '4']))
}

/// The process other than this one that has `path` open for writing; here the system shows none.
#[cfg(not(target_os = "linux"))]
pub(crate) fn of(_: &Path) -> Option<Holder> {
    None
}
