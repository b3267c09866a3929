//! The text assembly: assembler and disassembler of whole programs.
//!
//! **Contents.** The text form of programs, read by [`assemble`] and written by [`disassemble`]. A
//! disassembled program assembles to the same octets: pieces that are not the encoding of their
//! instruction are written as `.raw` octets.
//!
//! **Not here.** This is no linker and no macro language. Host calls have only the names given by
//! the caller.
//!
//! **Invariants.** Neither function panics, and neither takes memory beyond a multiple of its input
//! and of the 2^24 octets of a section.
//!
//! ```
//! use jambox_asm::{Dialect, assemble, disassemble};
//! use jambox_isa::{InstructionSet, Revision};
//!
//! let dialect = Dialect {
//!     set: InstructionSet::of(Revision::GrayPaper072),
//!     host_calls: &[("write", 4)],
//! };
//! let text = r#"
//!     .ro
//!     greeting: .ascii "hello"
//!     .code
//!     again:
//!         load_imm    a0, greeting    ; its address
//!         ecalli      write
//!         branch_eq   a0, a1, again
//!         jump_ind    ra
//! "#;
//! let assembly = assemble(text, &dialect)?;
//! let octets = assembly.container.encode();
//! let text = disassemble(&assembly.container, &dialect, false);
//! assert_eq!(assemble(&text, &dialect)?.container.encode(), octets);
//! # Ok::<(), jambox_asm::AsmErrors>(())
//! ```
//!
//! # The language
#![doc = include_str!("assembly.md")]
#![cfg_attr(
    not(test),
    deny(
        clippy::unwrap_used,
        clippy::expect_used,
        clippy::indexing_slicing,
        clippy::arithmetic_side_effects
    )
)]

use std::collections::BTreeMap;

use jambox_isa::InstructionSet;
use jambox_program::Container;

mod alike;
mod assemble;
mod code;
mod cursor;
mod directives;
mod disassemble;
mod error;
mod expression;
mod instruction;
mod layout;
mod parser;
mod pieces;
mod print;
mod unit;
mod values;

pub use alike::most_like;
pub use disassemble::{disassemble, disassemble_with_notes};
pub use error::{AsmError, AsmErrors, ErrorKind, What};

/// Largest section of data, in octets.
const MAX_SECTION: usize = (1 << 24) - 1;
/// Largest position of padding, in octets.
const MAX_PADDING: u32 = 1 << 16;
/// Largest depth of nested programs.
const MAX_NESTING: usize = 8;
/// Largest number of errors reported for a text.
const MAX_FAULTS: usize = 100;

/// Instructions and host calls with their names.
#[derive(Clone, Copy, Debug)]
pub struct Dialect<'a> {
    /// Instructions.
    pub set: InstructionSet,
    /// Names and numbers of host calls.
    pub host_calls: &'a [(&'a str, u64)],
}

impl Dialect<'_> {
    /// Number of the host call with this name.
    fn host_call_number(&self, name: &str) -> Option<u64> {
        let mut calls = self.host_calls.iter();
        calls.find(|(known, _)| *known == name).map(|(_, number)| *number)
    }

    /// Name of the host call with this number. `None` if the name also stands for another number.
    fn host_call_name(&self, number: u64) -> Option<&str> {
        let (name, _) = self.host_calls.iter().find(|(_, known)| *known == number)?;
        (self.host_call_number(name) == Some(number)).then_some(name)
    }
}

/// Result of assembling a text.
#[derive(Clone, PartialEq, Eq, Debug)]
pub struct Assembly {
    /// The program.
    pub container: Container,
    /// Labels with their places.
    pub labels: BTreeMap<String, Place>,
    /// Position of each instruction in the code, with its line of the text, from 1.
    pub lines: Vec<(u32, usize)>,
}

/// The place of a label.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub enum Place {
    /// A position in the code.
    Code(u32),
    /// An address in memory.
    Data(u32),
}

/// Assembles a text. Fails with all of its errors, up to a hundred.
pub fn assemble(text: &str, dialect: &Dialect<'_>) -> Result<Assembly, AsmErrors> {
    assemble::assemble_range(text, 0..text.len(), 0, dialect, 0)
        .map_err(|faults| AsmErrors(faults.into_iter().map(|fault| fault.locate(text)).collect()))
}
