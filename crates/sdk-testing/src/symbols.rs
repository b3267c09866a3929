//! Symbols of the compiled services, read when one of them fails or is measured.
//!
//! They are known to the whole process: a code hash names the same symbols in every test.

use std::collections::{BTreeMap, BTreeSet};
use std::path::{Path, PathBuf};
use std::sync::{Mutex, MutexGuard, PoisonError};

use jambox_inspect::account::SymbolsByHash;
use jambox_symbols::Symbols;
use jambox_types::Hash;

/// Largest size of a symbol file, in octets.
const LIMIT: u64 = 64 << 20;

/// The symbols of all services in this process.
#[derive(Debug)]
pub(crate) struct KnownSymbols;

/// Folders with symbol files, and the symbols read so far.
struct Known {
    folders: BTreeSet<PathBuf>,
    read: BTreeMap<Hash, Found>,
}

/// Symbols, and the file that they were read from.
#[derive(Clone)]
struct Found {
    /// Kept until the process ends. There are few, for every file is read once.
    symbols: &'static Symbols,
    path: PathBuf,
}

static KNOWN: Mutex<Known> = Mutex::new(Known { folders: BTreeSet::new(), read: BTreeMap::new() });

fn known() -> MutexGuard<'static, Known> {
    // A test that panics leaves both collections whole.
    KNOWN.lock().unwrap_or_else(PoisonError::into_inner)
}

impl KnownSymbols {
    /// Adds the folder of a blob's symbols.
    pub fn expect(blob: &Path) {
        known().folders.insert(Symbols::folder_of(blob));
    }

    /// The file with the symbols of a program, by the hash of the code or of the program; `None` if
    /// there is none.
    pub fn file(hash: Hash) -> Option<PathBuf> {
        find(hash).map(|found| found.path)
    }
}

impl SymbolsByHash for KnownSymbols {
    fn of_code(&self, code_hash: Hash) -> Option<&Symbols> {
        find(code_hash).map(|found| found.symbols)
    }

    fn of_program(&self, hash: Hash) -> Option<&Symbols> {
        find(hash).map(|found| found.symbols)
    }

    /// True: explanations of failures do without the symbols of inner machines, whose programs
    /// would have to be hashed in every run.
    fn is_empty(&self) -> bool {
        true
    }
}

/// Symbols of a program, from the places where `jambox build` writes them: beside the blob, or in
/// the folder of the package under test. `None` if there are none.
fn find(hash: Hash) -> Option<Found> {
    let mut known = known();
    if let Some(found) = known.read.get(&hash) {
        return Some(found.clone());
    }
    // Cargo sets the variable for tests, too.
    let own = std::env::var_os("CARGO_MANIFEST_DIR").map(PathBuf::from);
    let own = own.map(|own| own.join("target/jambox/symbols"));
    let found = known.folders.iter().chain(&own).find_map(|folder| read(folder, hash))?;
    known.read.insert(hash, found.clone());
    Some(found)
}

fn read(folder: &Path, hash: Hash) -> Option<Found> {
    let path = folder.join(Symbols::file_name(hash));
    let octets = jambox_files::read(&path, LIMIT).ok()?;
    let symbols: Symbols = String::from_utf8(octets).ok()?.parse().ok()?;
    symbols.are_for(hash).then(|| Found { symbols: Box::leak(Box::new(symbols)), path })
}
