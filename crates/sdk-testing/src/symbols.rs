//! Symbols of the compiled services, read when one of them fails.

use std::collections::BTreeMap;
use std::path::{Path, PathBuf};
use std::sync::OnceLock;

use jambox_inspect::account::SymbolsByHash;
use jambox_symbols::Symbols;
use jambox_types::Hash;

/// Largest size of a symbol file, in octets.
const LIMIT: u64 = 64 << 20;

/// The symbols of the services on a chain.
#[derive(Clone, Debug, Default)]
pub(crate) struct KnownSymbols(BTreeMap<Hash, Known>);

#[derive(Clone, Debug)]
struct Known {
    /// Path of the file the blob was read from; `None` for octets.
    blob: Option<PathBuf>,
    symbols: OnceLock<Option<Symbols>>,
}

impl KnownSymbols {
    /// Adds a blob that may fail, by its code hash, with the file it was read from.
    pub fn expect(&mut self, code_hash: Hash, blob: Option<PathBuf>) {
        let known = Known { blob, symbols: OnceLock::new() };
        self.0.insert(code_hash, known);
    }
}

impl SymbolsByHash for KnownSymbols {
    fn of_code(&self, code_hash: Hash) -> Option<&Symbols> {
        let Known { blob, symbols } = self.0.get(&code_hash)?;
        symbols.get_or_init(|| find(code_hash, blob.as_deref())).as_ref()
    }

    /// Inner machines have no symbols here.
    fn of_program(&self, _: Hash) -> Option<&Symbols> {
        None
    }

    fn is_empty(&self) -> bool {
        true
    }
}

/// Symbols of a blob, from the places where `jambox build` writes them: beside the blob, or in the
/// folder of the package under test. `None` if there are none.
fn find(code_hash: Hash, blob: Option<&Path>) -> Option<Symbols> {
    // Cargo sets the variable for tests, too.
    let own = std::env::var_os("CARGO_MANIFEST_DIR").map(PathBuf::from);
    let own = own.map(|own| own.join("target/jambox/symbols"));
    let mut folders = blob.map(Symbols::folder_of).into_iter().chain(own);
    folders.find_map(|folder| read(&folder, code_hash))
}

fn read(folder: &Path, code_hash: Hash) -> Option<Symbols> {
    let octets = jambox_files::read(&folder.join(Symbols::file_name(code_hash)), LIMIT).ok()?;
    let symbols: Symbols = String::from_utf8(octets).ok()?.parse().ok()?;
    symbols.are_for(code_hash).then_some(symbols)
}
