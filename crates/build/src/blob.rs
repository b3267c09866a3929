//! Wrapping a linked program for the chain, and the files that a build leaves.

use std::fmt;
use std::fs;
use std::path::{Path, PathBuf};

use jambox_program::{CrateInfo, join_metadata};
use jambox_symbols::Symbols;
use jambox_types::{Hash, Parameters, Revision};

use crate::BuildError;
use crate::link::{Kind, Linked};

/// Extension of the files that describe the payloads of the blob beside them.
pub const PAYLOAD_EXTENSION: &str = "payload";

/// A finished blob with its code hash, sizes and symbols.
#[derive(Clone, Debug)]
pub struct Built {
    /// The kind: service, authorizer or library.
    pub kind: Kind,
    /// The revision that the blob is built for.
    pub revision: Revision,
    /// The name of the crate, and of the files but for their extensions.
    pub name: String,
    /// The octets for the chain: metadata prefix and standard program.
    pub blob: Vec<u8>,
    /// The hash by which the chain knows the blob.
    pub code_hash: Hash,
    /// Octets of each part of the blob.
    pub sizes: Sizes,
    /// Source locations of its code.
    pub symbols: Symbols,
    /// Description of the service's payloads; `None` if the sources have none.
    pub payload: Option<String>,
}

/// Sizes of a blob and of its parts, in octets.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Sizes {
    /// The whole blob.
    pub blob: usize,
    /// The metadata with its length.
    pub metadata: usize,
    /// Read-only data.
    pub read_only: usize,
    /// Read-write data that is not zero from the start.
    pub read_write: usize,
    /// Instructions.
    pub code: usize,
    /// The bitmask that tells instructions from their arguments.
    pub bitmask: usize,
    /// The jump table: targets of indirect jumps.
    pub jump_table: usize,
    /// Stack, in octets of memory; costs nothing in the blob.
    pub stack: u32,
}

impl fmt::Display for Sizes {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let rows = [
            ("instructions", self.code),
            ("bitmask", self.bitmask),
            ("jump table", self.jump_table),
            ("read-only data", self.read_only),
            ("read-write data", self.read_write),
            ("metadata", self.metadata),
        ];
        for (name, size) in rows {
            writeln!(f, "{name:<16}{size:>9}")?;
        }
        write!(f, "{:<16}{:>9}", "blob", self.blob)
    }
}

impl Built {
    /// Wraps a program with its metadata and checks the chain's limits (full parameters).
    ///
    /// # Errors
    ///
    /// When the blob is over the limit for its kind, or its code is malformed.
    pub fn new(linked: Linked, info: &CrateInfo) -> Result<Self, BuildError> {
        let Linked { kind, revision, program, ranges, payload } = linked;
        let standard = program.encode();
        let info = CrateInfo { revision: Some(revision), ..info.clone() };
        let blob = join_metadata(&info.encode(), &standard);
        let limit = match kind {
            // A library is a preimage of a service; it is bounded as services are.
            Kind::Service | Kind::Library => Parameters::FULL.max_service_code_size,
            Kind::Authorizer => Parameters::FULL.max_authorizer_code_size,
        };
        if blob.len() > limit as usize {
            let what = match kind {
                Kind::Service => "a service",
                Kind::Authorizer => "an authorizer",
                Kind::Library => "a library",
            };
            return Err(BuildError::BlobTooBig { size: blob.len(), what, limit });
        }
        let code = program.program().map_err(|error| BuildError::Link(error.to_string()))?;
        let table = code.jump_table();
        let sizes = Sizes {
            blob: blob.len(),
            metadata: blob.len() - standard.len(),
            read_only: program.read_only().len(),
            read_write: program.read_write().len(),
            code: code.code().len(),
            bitmask: code.bitmask().to_packed().len(),
            jump_table: usize::try_from(table.len()).unwrap_or(0) * usize::from(table.entry_size()),
            stack: program.stack_size(),
        };
        let code_hash = Hash::blake2b(&blob);
        let symbols = Symbols::new(code_hash, ranges)
            .map_err(|error| BuildError::Link(format!("its line table: {error}")))?
            .with_program(Hash::blake2b(program.code()))
            .with_revision(revision);
        Ok(Self { kind, revision, name: info.name, blob, code_hash, sizes, symbols, payload })
    }

    /// Writes `NAME.jam` and, beside it, `symbols/CODE_HASH.symbols`; gives the path of the blob.
    /// The same symbols also lie under the hash of the program in the blob: inner machines know
    /// only this hash. The description of the payloads goes into `NAME.payload`, if there is one.
    ///
    /// # Errors
    ///
    /// When the file system refuses.
    pub fn write(&self, folder: &Path) -> Result<PathBuf, BuildError> {
        let path = folder.join(format!("{}.jam", self.name));
        let symbols = Symbols::folder_of(&path);
        fs::create_dir_all(&symbols).map_err(BuildError::io(&symbols))?;
        jambox_files::write(&path, &self.blob).map_err(BuildError::io(&path))?;
        let description = path.with_extension(PAYLOAD_EXTENSION);
        match &self.payload {
            Some(text) => jambox_files::write(&description, format!("{text}\n").as_bytes())
                .map_err(BuildError::io(&description))?,
            // The description of an earlier build would be wrong now.
            None if description.exists() => {
                fs::remove_file(&description).map_err(BuildError::io(&description))?;
            }
            None => {}
        }
        let text = self.symbols.to_string();
        for hash in [Some(self.code_hash), self.symbols.program_hash()].into_iter().flatten() {
            let file = symbols.join(Symbols::file_name(hash));
            jambox_files::write(&file, text.as_bytes()).map_err(BuildError::io(&file))?;
        }
        Ok(path)
    }
}
