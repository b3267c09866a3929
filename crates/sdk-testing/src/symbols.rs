//! Where the instructions of the compiled services come from, read when one of them fails.

use std::collections::BTreeMap;
use std::path::{Path, PathBuf};
use std::sync::OnceLock;

use jambox_inspect::account::SymbolsByHash;
use jambox_symbols::Symbols;
use jambox_types::Hash;

/// The most octets of a symbol file.
const LIMIT: u64 = 64 << 20;

/// The symbols of the services on a chain.
#[derive(Clone, Debug, Default)]
pub(crate) struct KnownSymbols(BTreeMap<Hash, Known>);

#[derive(Clone, Debug)]
struct Known {
    /// Where the blob was read, if it was.
    blob: Option<PathBuf>,
    symbols: OnceLock<Option<Symbols>>,
}

impl KnownSymbols {
    /// There is a blob with this hash, which may fail, read from a file if there is one.
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

    /// Runs of inner machines are not told of.
    fn of_program(&self, _: Hash) -> Option<&Symbols> {
        None
    }

    fn is_empty(&self) -> bool {
        true
    }
}

/// The symbols of a blob, from where `jambox build` leaves them: beside the blob, or in the folder
/// of the package under test.
fn find(code_hash: Hash, blob: Option<&Path>) -> Option<Symbols> {
    // Cargo sets it for tests, too.
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
