//! Where the public vectors are, unpacked if need be.
//!
//! This is the only place that knows. Tests of every room call [`public!`](crate::public) and end
//! there if it gives nothing.

use std::ffi::OsStr;
use std::fs::{self, File};
use std::io::{BufReader, Read as _};
use std::path::{Path, PathBuf};

use jambox_types::Hash;

use crate::Error;

/// The environment variable that names the vectors: their folder, the folder of their archive, or
/// the archive.
pub const VARIABLE: &str = "JAMBOX_VECTORS";

/// The archive's name.
pub const ARCHIVE: &str = "public-0.7.2.tar.zst";

/// Where the vectors come from, for people who have none.
pub const SOURCES: &str = "\
the public vectors are not here: set JAMBOX_VECTORS to a folder that holds `dev` (or its archive \
`public-0.7.2.tar.zst`), made from github.com/w3f/jamtestvectors (PVM programs) and \
github.com/davxy/jam-test-vectors, tag v0.7.2 (codec, trie, stf, traces)";

/// The window that the archive is packed with, as a power of two.
const WINDOW_LOG: u32 = 27;

/// The folder of the public vectors (that which holds `dev`), or nothing if there is none.
///
/// They are looked for where `JAMBOX_VECTORS` says, else in `shared/vectors` beside the project's
/// root, which is the nearest folder above `inside_project` with a `Cargo.lock`. An archive is
/// unpacked into `cache`, once for each content; several processes may do this at once.
///
/// # Errors
///
/// When `JAMBOX_VECTORS` names something else, or when reading or unpacking fails.
pub fn find(inside_project: &Path, cache: &Path) -> Result<Option<PathBuf>, Error> {
    find_at(std::env::var_os(VARIABLE).as_deref(), inside_project, cache)
}

/// [`find`] with the variable's value given.
///
/// # Errors
///
/// As [`find`].
pub fn find_at(
    variable: Option<&OsStr>,
    inside_project: &Path,
    cache: &Path,
) -> Result<Option<PathBuf>, Error> {
    if let Some(place) = variable {
        let place = Path::new(place);
        let found = open(place, cache)?;
        let not_vectors = || Error::NotVectors { path: place.to_owned(), archive: ARCHIVE };
        return found.ok_or_else(not_vectors).map(Some);
    }
    let root = inside_project.ancestors().find(|folder| folder.join("Cargo.lock").is_file());
    match root.and_then(Path::parent) {
        Some(beside) => open(&beside.join("shared/vectors"), cache),
        None => Ok(None),
    }
}

fn open(place: &Path, cache: &Path) -> Result<Option<PathBuf>, Error> {
    if place.join("dev").is_dir() {
        return Ok(Some(place.to_owned()));
    }
    let inside = place.join(ARCHIVE);
    let archive = if place.is_file() { place } else { &inside };
    if archive.is_file() { unpack(archive, cache).map(Some) } else { Ok(None) }
}

/// Unpacks an archive into a folder of `cache` that is named by its content, unless it is there
/// already, and gives that folder.
///
/// # Errors
///
/// When reading, unpacking or writing fails.
pub fn unpack(archive: &Path, cache: &Path) -> Result<PathBuf, Error> {
    let mut packed = Vec::new();
    File::open(archive)
        .and_then(|mut file| file.read_to_end(&mut packed))
        .map_err(Error::at(archive))?;
    let hash = Hash::blake2b(&packed).to_string();
    let name = format!("vectors-{}", hash.get(2..18).unwrap_or(&hash));
    let folder = cache.join(&name);
    fs::create_dir_all(cache).map_err(Error::at(cache))?;
    // Whoever comes second waits here and then finds the folder; the lock ends with the file.
    let lock_path = cache.join(format!("{name}.lock"));
    let lock = File::create(&lock_path).map_err(Error::at(&lock_path))?;
    lock.lock().map_err(Error::at(&lock_path))?;
    if !folder.is_dir() {
        let partial = cache.join(format!("{name}.partial"));
        if partial.exists() {
            fs::remove_dir_all(&partial).map_err(Error::at(&partial))?;
        }
        let mut decoder =
            zstd::Decoder::new(BufReader::new(packed.as_slice())).map_err(Error::at(archive))?;
        decoder.window_log_max(WINDOW_LOG).map_err(Error::at(archive))?;
        tar::Archive::new(decoder).unpack(&partial).map_err(Error::at(archive))?;
        fs::rename(&partial, &folder).map_err(Error::at(&folder))?;
    }
    Ok(folder)
}

/// In an integration test: the folder of the public vectors as an `Option<PathBuf>`, after a note
/// on standard error if there are none.
///
/// ```no_run
/// # macro_rules! env { ($name:literal) => { "." } }
/// fn every_case_passes() {
///     let Some(vectors) = jambox_vectors::public!() else { return };
///     assert!(vectors.join("dev").is_dir());
/// }
/// ```
#[macro_export]
macro_rules! public {
    () => {
        $crate::archive::or_note($crate::archive::find(
            ::std::path::Path::new(env!("CARGO_MANIFEST_DIR")),
            ::std::path::Path::new(env!("CARGO_TARGET_TMPDIR")),
        ))
    };
}

/// What [`public!`](crate::public) does with what was found.
#[doc(hidden)]
#[must_use]
pub fn or_note(found: Result<Option<PathBuf>, Error>) -> Option<PathBuf> {
    match found {
        Ok(Some(folder)) => Some(folder),
        Ok(None) => {
            eprintln!("skipped: {SOURCES}");
            None
        }
        // Vectors that are announced and cannot be used fail the test.
        Err(error) => panic!("{error}"),
    }
}
