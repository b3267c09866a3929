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

mod alike;
mod assemble;
mod assembly;
mod code;
mod cursor;
mod dialect;
mod directives;
mod disassemble;
mod error;
mod expression;
mod instruction;
mod layout;
mod limits;
mod parser;
mod pieces;
mod print;
mod unit;
mod values;

pub use alike::most_like;
pub use assembly::{Assembly, Place};
pub use dialect::Dialect;
pub use disassemble::{disassemble, disassemble_with_notes};
pub use error::{AsmError, AsmErrors, ErrorKind, What};

/// Assembles a text. Fails with all of its errors, up to a hundred.
pub fn assemble(text: &str, dialect: &Dialect<'_>) -> Result<Assembly, AsmErrors> {
    assemble::assemble_range(text, 0..text.len(), 0, dialect, 0)
        .map_err(|faults| AsmErrors(faults.into_iter().map(|fault| fault.locate(text)).collect()))
}
