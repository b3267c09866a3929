//! Location of the public vectors, unpacked when needed.
//!
//! No other module knows the location. Tests of every crate call [`public!`](crate::public) and
//! return if the result is `None`.

use std::ffi::OsStr;
use std::fs::{self, File};
use std::io::{BufReader, Read as _};
use std::path::{Path, PathBuf};

use jambox_types::Hash;

use crate::Error;

/// The environment variable that names the vectors: their folder, the folder of their archive, or
/// the archive.
pub const VARIABLE: &str = "JAMBOX_VECTORS";

/// The public vectors of one revision.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Set {
    /// File name of the archive.
    pub archive: &'static str,
    /// Top folder of the archive.
    pub top: &'static str,
    /// Public sources of the vectors.
    pub sources: &'static str,
}

/// The vectors of Gray Paper 0.7.2.
pub const GRAY_PAPER_072: Set = Set {
    archive: "public-0.7.2.tar.zst",
    top: "dev",
    sources: "the public vectors are not here: set JAMBOX_VECTORS to a folder that holds `dev` (or \
        its archive `public-0.7.2.tar.zst`), made from github.com/w3f/jamtestvectors (PVM \
        programs) and github.com/davxy/jam-test-vectors, tag v0.7.2 (codec, trie, stf, traces)",
};

/// The vectors of Gray Paper 0.8.0.
pub const GRAY_PAPER_080: Set = Set {
    archive: "public-0.8.0.tar.zst",
    top: "dev-0.8.0",
    sources: "the public vectors are not here: set JAMBOX_VECTORS to a folder that holds \
        `dev-0.8.0` (or its archive `public-0.8.0.tar.zst`), made from \
        github.com/koute/jamtestvectors (PVM programs, v0.5) and \
        github.com/davxy/jam-test-vectors for 0.8.0 (codec, stf, traces)",
};

/// Steps of public conformance reports of 0.7.2: blocks imported by nodes in a fuzzer.
pub const CONFORMANCE_072: Set = Set {
    archive: "conformance-0.7.2-sample.tar.zst",
    top: "conformance-0.7.2-sample",
    sources: "the conformance steps are not here: set JAMBOX_VECTORS to a folder that holds \
        `conformance-0.7.2-sample`, made from github.com/davxy/jam-conformance \
        (`fuzz-reports/0.7.2`)",
};

/// Every set.
pub const SETS: [Set; 3] = [GRAY_PAPER_072, GRAY_PAPER_080, CONFORMANCE_072];

/// Window of the archive's compression, as a power of two.
const WINDOW_LOG: u32 = 27;

/// The folder of a set, above its top folder; `None` if there is none.
///
/// `JAMBOX_VECTORS` names the place to look in. The default is `shared/vectors` beside the
/// project's root, the nearest folder above `inside_project` with a `Cargo.lock`. An archive is
/// unpacked into `cache`, once for each content. Several processes may call this at once.
///
/// # Errors
///
/// When `JAMBOX_VECTORS` names a place without any set, or when reading or unpacking fails.
pub fn find(set: &Set, inside_project: &Path, cache: &Path) -> Result<Option<PathBuf>, Error> {
    find_at(set, std::env::var_os(VARIABLE).as_deref(), inside_project, cache)
}

/// [`find`] with the value of the variable as an argument.
///
/// # Errors
///
/// The same as of [`find`].
pub fn find_at(
    set: &Set,
    variable: Option<&OsStr>,
    inside_project: &Path,
    cache: &Path,
) -> Result<Option<PathBuf>, Error> {
    if let Some(place) = variable {
        let place = Path::new(place);
        let folder = if place.is_file() { unpack(place, cache)? } else { place.to_owned() };
        if !SETS.iter().any(|other| other.is_in(&folder)) {
            return Err(Error::NotVectors { path: place.to_owned() });
        }
        return open(set, &folder, cache);
    }
    let root = inside_project.ancestors().find(|folder| folder.join("Cargo.lock").is_file());
    match root.and_then(Path::parent) {
        Some(beside) => open(set, &beside.join("shared/vectors"), cache),
        None => Ok(None),
    }
}

impl Set {
    /// True if the folder has the set, unpacked or packed.
    fn is_in(&self, folder: &Path) -> bool {
        folder.join(self.top).is_dir() || folder.join(self.archive).is_file()
    }
}

fn open(set: &Set, folder: &Path, cache: &Path) -> Result<Option<PathBuf>, Error> {
    if folder.join(set.top).is_dir() {
        return Ok(Some(folder.to_owned()));
    }
    let archive = folder.join(set.archive);
    if archive.is_file() { unpack(&archive, cache).map(Some) } else { Ok(None) }
}

/// Unpacks an archive into a folder of `cache` named by its content, unless the folder exists, and
/// returns the folder.
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
    // Other processes wait here and then find the folder. The lock ends when the file is closed.
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

/// In an integration test: the folder of a set of public vectors (0.7.2's, or the named constant of
/// [`archive`](crate::archive)) as an `Option<PathBuf>`. If it is missing, a note is printed on
/// standard error.
///
/// ```no_run
/// # macro_rules! env { ($name:literal) => { "." } }
/// fn every_case_passes() {
///     let Some(vectors) = jambox_vectors::public!(GRAY_PAPER_080) else { return };
///     assert!(vectors.join("dev-0.8.0").is_dir());
/// }
/// ```
#[macro_export]
macro_rules! public {
    () => {
        $crate::public!(GRAY_PAPER_072)
    };
    ($set:ident) => {
        $crate::archive::or_note(
            &$crate::archive::$set,
            $crate::archive::find(
                &$crate::archive::$set,
                ::std::path::Path::new(env!("CARGO_MANIFEST_DIR")),
                ::std::path::Path::new(env!("CARGO_TARGET_TMPDIR")),
            ),
        )
    };
}

/// The last step of [`public!`](crate::public): a note, or a failed test.
#[doc(hidden)]
#[must_use]
pub fn or_note(set: &Set, found: Result<Option<PathBuf>, Error>) -> Option<PathBuf> {
    match found {
        Ok(Some(folder)) => Some(folder),
        Ok(None) => {
            eprintln!("skipped: {}", set.sources);
            None
        }
        // Vectors that are configured but unusable fail the test.
        Err(error) => panic!("{error}"),
    }
}
