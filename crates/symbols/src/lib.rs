//! Source locations (function, file and line) of a service's instructions.
//!
//! **Contents.** The symbol file, which a build leaves beside a blob: ranges of code, each with its
//! source location and the functions inlined there. It is keyed by the hash of the blob and by the
//! hash of the program in it, the only one known of an inner machine.
//!
//! **Not here.** ELF and DWARF are read by `jambox-build`. Symbols decide nothing about a run: a
//! program behaves the same with and without them.
//!
//! **Invariants.** Ranges are sorted, not empty and do not overlap; every range has a frame. A file
//! is text, one line an entry, and the same symbols always give the same octets.
//!
//! # Example
//!
//! ```
//! use jambox_symbols::{Frame, Range, Symbols};
//! use jambox_types::Hash;
//!
//! let frame = |function: &str, line| Frame {
//!     function: function.into(),
//!     file: "src/lib.rs".into(),
//!     line,
//! };
//! let frames = vec![frame("demo::checked", 7), frame("demo::refine", 21)];
//! let symbols = Symbols::new(Hash([1; 32]), vec![Range { start: 10, end: 30, frames }])?;
//!
//! let read: Symbols = symbols.to_string().parse()?;
//! assert_eq!(read, symbols);
//! let found = read.frames_at(12);
//! assert_eq!(found[0].to_string(), "demo::checked (src/lib.rs:7)");
//! assert_eq!(&*found[1].function, "demo::refine", "checked was inlined into refine");
//! assert!(read.frames_at(30).is_empty());
//! # Ok::<(), jambox_symbols::SymbolsError>(())
//! ```
#![cfg_attr(
    not(test),
    deny(
        clippy::unwrap_used,
        clippy::expect_used,
        clippy::indexing_slicing,
        clippy::arithmetic_side_effects
    )
)]

mod text;

use std::fmt;
use std::path::{Path, PathBuf};
use std::sync::Arc;

use jambox_types::{Hash, Revision};

pub use text::SymbolsError;

/// A source location.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Frame {
    /// The function with its path, for example `demo::refine`; empty if unknown.
    pub function: Arc<str>,
    /// The file as the compiler names it; empty if unknown.
    pub file: Arc<str>,
    /// The line from 1 on; 0 if unknown.
    pub line: u32,
}

impl fmt::Display for Frame {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(if self.function.is_empty() { "?" } else { &self.function })?;
        match (self.file.is_empty(), self.line) {
            (true, _) => Ok(()),
            (false, 0) => write!(f, " ({})", self.file),
            (false, line) => write!(f, " ({}:{line})", self.file),
        }
    }
}

/// A range of code with one source location.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Range {
    /// Position of the first octet of code.
    pub start: u32,
    /// Position after the last octet.
    pub end: u32,
    /// Locations, innermost first: the function of the second has the first inlined, and so on.
    pub frames: Vec<Frame>,
}

/// The symbols of one blob.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Symbols {
    code_hash: Hash,
    program_hash: Option<Hash>,
    revision: Option<Revision>,
    ranges: Vec<Range>,
}

impl Symbols {
    /// Makes symbols of ranges in any order.
    ///
    /// # Errors
    ///
    /// When ranges overlap, are empty or have no frame.
    pub fn new(code_hash: Hash, mut ranges: Vec<Range>) -> Result<Self, SymbolsError> {
        ranges.sort_by_key(|range| range.start);
        let empty = ranges.iter().find(|range| range.start >= range.end || range.frames.is_empty());
        if let Some(range) = empty {
            return Err(SymbolsError::EmptyRange { start: range.start });
        }
        let pairs = ranges.iter().zip(ranges.iter().skip(1));
        if let Some((_, second)) =
            pairs.into_iter().find(|(first, second)| first.end > second.start)
        {
            return Err(SymbolsError::Overlap { start: second.start });
        }
        Ok(Self { code_hash, program_hash: None, revision: None, ranges })
    }

    /// Adds the hash of the program alone, the only hash known of an inner machine.
    #[must_use]
    pub fn with_program(self, program_hash: Hash) -> Self {
        Self { program_hash: Some(program_hash), ..self }
    }

    /// Adds the revision of the code.
    #[must_use]
    pub fn with_revision(self, revision: Revision) -> Self {
        Self { revision: Some(revision), ..self }
    }

    /// Revision of the code, if noted.
    #[must_use]
    pub const fn revision(&self) -> Option<Revision> {
        self.revision
    }

    /// True for the hash of the blob, and for the hash of the program in it.
    #[must_use]
    pub fn are_for(&self, hash: Hash) -> bool {
        self.code_hash == hash || self.program_hash == Some(hash)
    }

    /// Hash of the blob.
    #[must_use]
    pub const fn code_hash(&self) -> Hash {
        self.code_hash
    }

    /// Hash of the program in the blob, which is the argument of the host call `machine`, if noted.
    #[must_use]
    pub const fn program_hash(&self) -> Option<Hash> {
        self.program_hash
    }

    /// All ranges, by position.
    #[must_use]
    pub fn ranges(&self) -> &[Range] {
        &self.ranges
    }

    /// Source locations of the instruction at `pc`, innermost first; empty if unknown.
    #[must_use]
    pub fn frames_at(&self, pc: u64) -> &[Frame] {
        self.range_at(pc).map_or(&[], |range| &range.frames)
    }

    /// The range of the instruction at `pc`; `None` if unknown.
    #[must_use]
    pub fn range_at(&self, pc: u64) -> Option<&Range> {
        let pc = u32::try_from(pc).ok()?;
        let after = self.ranges.partition_point(|range| range.start <= pc);
        let range = after.checked_sub(1).and_then(|index| self.ranges.get(index));
        range.filter(|range| pc < range.end)
    }

    /// Name of a symbol file: the hash of the blob or of the program in it, so that renaming the
    /// blob does not lose it.
    #[must_use]
    pub fn file_name(hash: Hash) -> String {
        format!("{hash}.symbols")
    }

    /// The folder of symbol files beside a blob.
    #[must_use]
    pub fn folder_of(blob: &Path) -> PathBuf {
        blob.parent().unwrap_or(Path::new("")).join("symbols")
    }
}
