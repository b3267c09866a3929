//! Names of the operand formats, and operands of any format.

use crate::Reg;

/// The operand layout of an opcode, one of thirteen.
#[derive(Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash, Debug)]
#[expect(missing_docs, reason = "the structs of the same names have the docs")]
pub enum Format {
    NoOperands,
    Imm,
    RegExtImm,
    ImmImm,
    Offset,
    RegImm,
    RegImmImm,
    RegImmOffset,
    RegReg,
    RegRegImm,
    RegRegOffset,
    RegRegImmImm,
    RegRegReg,
}

/// The operands of any format side by side; operands that the format lacks are zero.
#[derive(Clone, Copy, PartialEq, Eq, Hash, Debug, Default)]
pub struct Fields {
    /// Register `A`.
    pub a: Reg,
    /// Register `B`.
    pub b: Reg,
    /// Register `D`.
    pub d: Reg,
    /// Immediate `X`.
    pub x: i32,
    /// Immediate `Y`.
    pub y: i32,
    /// The immediate of `load_imm_64`.
    pub wide: u64,
    /// The destination of a jump or branch: an absolute position in the code.
    pub target: u32,
}
