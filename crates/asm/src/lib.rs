//! The text assembly: assembler and disassembler of whole programs.
//!
//! What it is: the one text form of programs, read by [`assemble`] and written by [`disassemble`].
//! What is disassembled assembles to the same octets, whatever they are: what the text of an
//! instruction would not give back is written as `.raw` octets.
//!
//! What it is not: a linker or a macro language. It knows host calls only by the names that its
//! caller gives.
//!
//! Invariants: neither function panics, and neither takes memory beyond a multiple of what it is
//! given and of the 2^24 octets that a section may have.
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
#![doc = include_str!("../../../docs/assembly.md")]
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

/// The most octets of a section of data.
const MAX_SECTION: usize = (1 << 24) - 1;
/// The furthest position that code is padded to.
const MAX_PADDING: u32 = 1 << 16;
/// The most programs that a program may be nested in.
const MAX_NESTING: usize = 8;
/// The most faults of a text that are looked for.
const MAX_FAULTS: usize = 100;

/// What instructions and host calls there are, and what they are called.
#[derive(Clone, Copy, Debug)]
pub struct Dialect<'a> {
    /// The instructions.
    pub set: InstructionSet,
    /// The names and numbers of host calls.
    pub host_calls: &'a [(&'a str, u64)],
}

impl Dialect<'_> {
    /// The number of the host call with this name.
    fn host_call_number(&self, name: &str) -> Option<u64> {
        let mut calls = self.host_calls.iter();
        calls.find(|(known, _)| *known == name).map(|(_, number)| *number)
    }

    /// The name of the host call with this number, if that name has no other number.
    fn host_call_name(&self, number: u64) -> Option<&str> {
        let (name, _) = self.host_calls.iter().find(|(_, known)| *known == number)?;
        (self.host_call_number(name) == Some(number)).then_some(name)
    }
}

/// What a text assembles to.
#[derive(Clone, PartialEq, Eq, Debug)]
pub struct Assembly {
    /// The program.
    pub container: Container,
    /// Where the labels are.
    pub labels: BTreeMap<String, Place>,
    /// Where each instruction starts in the code, and the line of the text, from 1, that it is of.
    pub lines: Vec<(u32, usize)>,
}

/// What a label marks.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub enum Place {
    /// A position in the code.
    Code(u32),
    /// An address in memory.
    Data(u32),
}

/// Assembles a text. Fails with everything that is wrong with it, up to a hundred things.
pub fn assemble(text: &str, dialect: &Dialect<'_>) -> Result<Assembly, AsmErrors> {
    assemble::assemble_range(text, 0..text.len(), 0, dialect, 0)
        .map_err(|faults| AsmErrors(faults.into_iter().map(|fault| fault.locate(text)).collect()))
}
