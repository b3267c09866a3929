//! The standard library of guests: compiled once for a compiler and its flags, and kept for all
//! services of a user.
//!
//! No toolchain ships `core` and `alloc` for the guest target, and they are the same for every
//! service: only the compiler, the target and the effect of panics matter. So they are compiled
//! into a folder of the user's cache, which then is the sysroot of builds. An entry of the cache is
//! complete from the moment it has its name; its list says what each file has to hold.

use std::env;
use std::ffi::{OsStr, OsString};
use std::fmt::Write;
use std::fs::{self, File};
use std::io;
use std::path::{Path, PathBuf};
use std::process::Command;
use std::time::UNIX_EPOCH;

use jambox_types::Hash;
use serde_json::Value;

use crate::compile::{self, TARGET};
use crate::{BuildError, Linker, Messages, Panics, Toolchain, shim};

/// The environment variable that names another folder for the cache.
pub const CACHE_VARIABLE: &str = "JAMBOX_CACHE";

/// The file in an entry that lists all files that matter, with the hash of each.
const LIST: &str = "files.txt";

/// The package whose build makes the library.
const MANIFEST: &str = "[package]\nname = \"jambox-std\"\nedition = \"2021\"\n[workspace]\n";

/// A sysroot of builds.
#[derive(Clone, Debug)]
pub(crate) struct Sysroot {
    /// The folder of the libraries.
    pub folder: PathBuf,
    /// The target file that they were compiled for.
    pub target: PathBuf,
}

/// Finds the sysroot of a toolchain in the user's cache, or compiles it. Where the cache cannot be
/// written, it is kept in `otherwise`.
pub(crate) fn find(
    toolchain: &Toolchain,
    panics: Panics,
    messages: Messages,
    otherwise: &Path,
) -> Result<Sysroot, BuildError> {
    let target = compile::target_file(toolchain)?;
    let flags = flags(toolchain, panics);
    let key = key(toolchain, panics, &target, &flags);
    let folder = cache(otherwise)?;
    let entry = entry(&folder, &key, |new| {
        let path = new.join(format!("{TARGET}.json"));
        fs::write(&path, &target).map_err(BuildError::io(&path))?;
        fill(toolchain, panics, &flags, &path, messages)
    })?;
    let target = entry.join(format!("{TARGET}.json"));
    Ok(Sysroot { folder: entry, target })
}

/// The folder of entries. Only a folder that was asked for by name has to be usable.
fn cache(otherwise: &Path) -> Result<PathBuf, BuildError> {
    let set = |name: &str| env::var_os(name).filter(|value| !value.is_empty()).map(PathBuf::from);
    let usable = |root: &Path| {
        let folder = root.join("std");
        fs::create_dir_all(&folder).and_then(|()| folder.canonicalize())
    };
    if let Some(named) = set(CACHE_VARIABLE) {
        return usable(&named).map_err(BuildError::io(named));
    }
    let home = || env::home_dir().map(|home| home.join(".cache"));
    let users = set("XDG_CACHE_HOME").filter(|path| path.is_absolute()).or_else(home);
    let writable = |folder: &PathBuf| {
        let probe = folder.join(format!("probe-{}", std::process::id()));
        File::create(&probe).and_then(|_| fs::remove_file(&probe)).is_ok()
    };
    let users = users.and_then(|users| usable(&users.join("jambox")).ok()).filter(writable);
    users.map_or_else(|| usable(otherwise).map_err(BuildError::io(otherwise)), Ok)
}

/// The name of the entry: a hash of all that its files depend on.
fn key(toolchain: &Toolchain, panics: Panics, target: &str, flags: &[OsString]) -> String {
    // A distribution's compiler may be replaced by one of the same release and commit.
    let compiler = fs::metadata(&toolchain.rustc).ok();
    let modified = compiler.as_ref().and_then(|file| file.modified().ok());
    let modified = modified.and_then(|time| time.duration_since(UNIX_EPOCH).ok());
    let mut text = format!(
        "1\n{} {}\n{:?} {:?}\n{}\n{}\n{target}\n{}\n",
        toolchain.release,
        toolchain.commit,
        compiler.map(|file| file.len()),
        modified,
        toolchain.sysroot.display(),
        panics.name(),
        compile::PROFILE_SETTINGS.join("\n"),
    );
    for flag in flags {
        let _ = writeln!(text, "{}", flag.to_string_lossy());
    }
    let hash = Hash::blake2b(text.as_bytes()).to_string();
    format!("{}-{}", toolchain.release, hash.get(2..18).unwrap_or(&hash))
}

/// The flags of the library's crates.
fn flags(toolchain: &Toolchain, panics: Panics) -> Vec<OsString> {
    let mut flags = compile::panic_flags(toolchain, panics);
    flags.extend(compile::remapped_library(toolchain));
    flags.extend(compile::users_flags());
    flags
}

/// Compiles the library into the folder of a target file.
fn fill(
    toolchain: &Toolchain,
    panics: Panics,
    flags: &[OsString],
    target: &Path,
    messages: Messages,
) -> Result<(), BuildError> {
    let folder = target.parent().unwrap_or(Path::new("."));
    let work = folder.join("build");
    let write = |name: &str, text: &str| {
        let path = work.join(name);
        fs::create_dir_all(path.parent().unwrap_or(&work)).map_err(BuildError::io(&path))?;
        fs::write(&path, text).map_err(BuildError::io(&path))
    };
    write("Cargo.toml", MANIFEST)?;
    write("src/lib.rs", "#![no_std]\n")?;
    let mut command = Command::new(&toolchain.cargo);
    command.args(["build", "--lib", "-Zbuild-std=core,alloc"]).current_dir(&work);
    command.arg("--target-dir").arg(work.join("target"));
    if panics == Panics::Trap && !toolchain.has_immediate_abort() {
        command.arg("-Zbuild-std-features=panic_immediate_abort");
    }
    compile::settings_of_cargo(&mut command, toolchain, target);
    command.env("RUSTC", shim::write(toolchain, &work)?);
    command.env("CARGO_ENCODED_RUSTFLAGS", flags.join(OsStr::new("\x1f")));
    let output = compile::run(command, messages)?;
    if !output.status.success() {
        let messages = String::from_utf8_lossy(&output.stderr).into_owned();
        return Err(BuildError::NoStandardLibrary { messages });
    }
    let libraries = folder.join("lib/rustlib").join(TARGET).join("lib");
    fs::create_dir_all(&libraries).map_err(BuildError::io(&libraries))?;
    for library in libraries_of(&output.stdout) {
        let Some(name) = library.file_name() else { continue };
        fs::rename(&library, libraries.join(name)).map_err(BuildError::io(&library))?;
    }
    if toolchain.linker == Linker::Bundled {
        // The compiler looks for its linker in the sysroot.
        let host = Path::new("lib/rustlib").join(&toolchain.host);
        let (own, link) = (toolchain.sysroot.join(&host), folder.join(host));
        std::os::unix::fs::symlink(own, &link).map_err(BuildError::io(&link))?;
    }
    fs::remove_dir_all(&work).map_err(BuildError::io(&work))
}

/// The libraries that cargo reports, apart from the package that asked for them.
fn libraries_of(messages: &[u8]) -> Vec<PathBuf> {
    let text = String::from_utf8_lossy(messages);
    let messages = text.lines().filter_map(|line| serde_json::from_str::<Value>(line).ok());
    let mut found = Vec::new();
    for message in messages {
        if message["target"]["name"] != "jambox_std" {
            let files = message["filenames"].as_array().into_iter().flatten();
            let files = files.filter_map(Value::as_str).filter(|file| file.ends_with(".rlib"));
            found.extend(files.map(PathBuf::from));
        }
    }
    found
}

/// The entry `key` of a cache. If it is not there, or damaged, `fill` makes its files in an empty
/// folder; other processes that ask for it wait.
fn entry(
    cache: &Path,
    key: &str,
    fill: impl FnOnce(&Path) -> Result<(), BuildError>,
) -> Result<PathBuf, BuildError> {
    let entry = cache.join(key);
    if is_whole(&entry) {
        return Ok(entry);
    }
    let lock = cache.join(format!("{key}.lock"));
    let locked = File::create(&lock).and_then(|file| file.lock().map(|()| file));
    // The lock ends with this value.
    let _locked = locked.map_err(BuildError::io(&lock))?;
    if is_whole(&entry) {
        return Ok(entry);
    }
    let new = cache.join(format!("{key}.new"));
    remove(&new)?;
    fs::create_dir(&new).map_err(BuildError::io(&new))?;
    fill(&new)?;
    let list = list(&new).map_err(BuildError::io(&new))?;
    jambox_files::write(&new.join(LIST), list.as_bytes()).map_err(BuildError::io(&new))?;
    remove(&entry)?;
    fs::rename(&new, &entry).map_err(BuildError::io(&entry))?;
    Ok(entry)
}

fn remove(folder: &Path) -> Result<(), BuildError> {
    match fs::remove_dir_all(folder) {
        Err(error) if error.kind() != io::ErrorKind::NotFound => Err(BuildError::io(folder)(error)),
        _ => Ok(()),
    }
}

/// True if the files of an entry are those of its list.
fn is_whole(entry: &Path) -> bool {
    let listed = fs::read_to_string(entry.join(LIST));
    listed.is_ok_and(|listed| list(entry).is_ok_and(|found| found == listed))
}

/// The files of an entry in the order of their names, with the hash of each. What a link leads to
/// is the toolchain's.
fn list(entry: &Path) -> io::Result<String> {
    let mut lines = Vec::new();
    let mut next = vec![entry.to_owned()];
    while let Some(folder) = next.pop() {
        for found in fs::read_dir(&folder)? {
            let found = found?;
            let (path, kind) = (found.path(), found.file_type()?);
            if kind.is_dir() {
                next.push(path);
                continue;
            }
            let name = path.strip_prefix(entry).unwrap_or(&path).display().to_string();
            if kind.is_symlink() {
                lines.push(format!("{name} -> {}\n", fs::read_link(&path)?.display()));
            } else if name != LIST {
                lines.push(format!("{name} {}\n", Hash::blake2b(&fs::read(&path)?)));
            }
        }
    }
    lines.sort();
    Ok(lines.concat())
}

#[cfg(test)]
mod tests {
    use std::cell::Cell;
    use std::fs;
    use std::path::Path;
    use std::sync::atomic::{AtomicU32, Ordering};
    use std::time::Duration;

    use super::entry;
    use crate::BuildError;

    /// Writes a library as `fill` does.
    fn library(folder: &Path) -> Result<(), BuildError> {
        let path = folder.join("lib");
        fs::create_dir(&path).and_then(|()| fs::write(path.join("core.rlib"), "core")).unwrap();
        Ok(())
    }

    #[test]
    fn an_entry_is_made_once_and_again_when_it_is_damaged() {
        let cache = tempfile::tempdir().unwrap();
        let made = Cell::new(0);
        let whole = || {
            let counted = |new: &Path| {
                made.set(made.get() + 1);
                library(new)
            };
            let entry = entry(cache.path(), "key", counted).unwrap();
            assert_eq!(fs::read(entry.join("lib/core.rlib")).unwrap(), b"core");
            entry
        };
        let file = whole().join("lib/core.rlib");
        whole();
        assert_eq!(made.get(), 1);
        fs::write(&file, "cord").unwrap();
        whole();
        assert_eq!(made.get(), 2, "another octet");
        fs::remove_file(&file).unwrap();
        whole();
        assert_eq!(made.get(), 3, "a file less");
        fs::remove_file(cache.path().join("key/files.txt")).unwrap();
        whole();
        assert_eq!(made.get(), 4, "no list");
        // A process that was killed leaves such a folder.
        fs::create_dir(cache.path().join("other.new")).unwrap();
        fs::write(cache.path().join("other.new/half"), "half").unwrap();
        let other = entry(cache.path(), "other", library).unwrap();
        assert!(!other.join("half").exists());
    }

    #[test]
    fn what_cannot_be_made_leaves_no_entry() {
        let cache = tempfile::tempdir().unwrap();
        let fails = |_: &Path| Err(BuildError::NoStandardLibrary { messages: String::new() });
        assert!(entry(cache.path(), "key", fails).is_err());
        assert!(!cache.path().join("key").exists());
        assert!(entry(cache.path(), "key", library).is_ok());
    }

    #[test]
    fn builds_at_the_same_time_share_one() {
        let cache = tempfile::tempdir().unwrap();
        let made = AtomicU32::new(0);
        let slow = |new: &Path| {
            made.fetch_add(1, Ordering::SeqCst);
            std::thread::sleep(Duration::from_millis(50));
            library(new)
        };
        std::thread::scope(|scope| {
            for _ in 0..4 {
                scope.spawn(|| entry(cache.path(), "key", slow).unwrap());
            }
        });
        assert_eq!(made.into_inner(), 1);
    }
}
