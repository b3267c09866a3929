//! The PVM instruction table and everything that expands from it.
//!
//! **Contents.** Opcodes with their octets in each revision, operand formats, decoding, encoding,
//! text, a [`Visitor`] for backends, and the [arithmetic](arith) of every instruction as pure
//! functions. All but the arithmetic expands from [`for_each_instruction!`].
//!
//! **Not here.** Programs (bitmask, jump table, basic blocks) are `jambox-program`'s, execution is
//! `jambox-engine`'s.
//!
//! Invariants:
//! - an [`Instruction`] can always be encoded, and decodes to itself;
//! - decoding never fails and never panics: octets that mean nothing are a `trap`;
//! - a [`Reg`] is below 13.
//!
//! ```
//! use jambox_isa::{Instruction, InstructionSet, Revision, Window};
//!
//! let set = InstructionSet::of(Revision::GrayPaper072);
//! let code = [131, 0x87, 0xff];
//! let instruction = Instruction::decode(set, Window::new(set, &code, 0, 2));
//! assert_eq!(instruction.to_string(), "add_imm_32 r7, r8, -1");
//! assert_eq!(instruction, "add_imm_32 r7, r8, -1".parse()?);
//! assert_eq!(*instruction.encode(set, 0).unwrap(), code);
//! # Ok::<(), jambox_isa::ParseInstructionError>(())
//! ```

#![no_std]
#![cfg_attr(
    not(test),
    deny(
        clippy::unwrap_used,
        clippy::expect_used,
        clippy::indexing_slicing,
        clippy::arithmetic_side_effects
    )
)]

#[macro_use]
mod table;

pub mod arith;
mod format;
mod instruction;
mod layout;
mod opcode;
pub mod operands;
mod pipeline;
mod reg;
mod revision;
mod text;
mod window;

pub use format::{Fields, Format};
pub use instruction::{Instruction, Visitor};
pub use opcode::{InstructionSet, Opcode};
pub use pipeline::{Latency, Pipeline, Units};
pub use reg::{Reg, UnknownReg};
pub use revision::{Revision, UnknownRevision};
pub use text::{
    Display, Names, Numbers, OperandReader, OutOfRange, ParseErrorKind, ParseInstructionError,
    Slot, parse_number,
};
pub use window::{Encoded, Window, minimal_length};
