//! A program in the terms of its text, before positions and values are settled.

use std::collections::BTreeMap;
use std::ops::Range;

use jambox_isa::{Fields, Opcode, Slot};
use jambox_program::CrateInfo;

use crate::expression::Expression;

/// The content of a text.
#[derive(Debug, Default)]
pub(crate) struct Unit {
    pub(crate) settings: Settings,
    pub(crate) names: BTreeMap<String, Definition>,
    /// Constants that depend on addresses of data, in order.
    pub(crate) late_constants: Vec<(String, Expression)>,
    pub(crate) read_only: Data,
    pub(crate) read_write: Data,
    pub(crate) pieces: Vec<Piece>,
    pub(crate) jump_table: Vec<(Target, Range<usize>)>,
}

/// Settings of the whole program.
#[derive(Debug, Default)]
pub(crate) struct Settings {
    pub(crate) kind: Option<Kind>,
    pub(crate) heap_pages: Option<u16>,
    pub(crate) stack_size: Option<u32>,
    pub(crate) metadata: Option<Vec<u8>>,
    pub(crate) info: Option<CrateInfo>,
    /// Length of an entry of the jump table, in octets.
    pub(crate) entry_size: Option<u8>,
    /// Number of entries of a jump table whose entries take no octets.
    pub(crate) zero_entries: Option<u64>,
}

/// A kind of program.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub(crate) enum Kind {
    Bare,
    Standard,
}

/// A part of the text, and of memory.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub(crate) enum Section {
    Code,
    ReadOnly,
    ReadWrite,
}

impl Section {
    pub(crate) const fn name(self) -> &'static str {
        match self {
            Self::Code => "the code",
            Self::ReadOnly => "the read-only data",
            Self::ReadWrite => "the read-write data",
        }
    }
}

/// The definition of a name: its place and its meaning.
#[derive(Debug)]
pub(crate) struct Definition {
    /// Number of the line, from 1.
    pub(crate) line: usize,
    pub(crate) meaning: Meaning,
}

/// Meaning of a name.
#[derive(Clone, Copy, Debug)]
pub(crate) enum Meaning {
    /// A number; `None` until it is known.
    Constant(Option<i128>),
    /// An octet of a data section.
    Data(Section, u32),
    /// The next piece of code, by index.
    Code(usize),
}

/// Octets of a section, and the places of values that are not yet known.
#[derive(Debug, Default)]
pub(crate) struct Data {
    pub(crate) octets: Vec<u8>,
    pub(crate) values: Vec<DataValue>,
}

/// A little-endian value in data, not yet known.
#[derive(Debug)]
pub(crate) struct DataValue {
    pub(crate) offset: usize,
    pub(crate) width: usize,
    pub(crate) expression: Expression,
}

/// A piece of code.
#[derive(Debug)]
pub(crate) struct Piece {
    pub(crate) span: Range<usize>,
    pub(crate) kind: PieceKind,
}

#[derive(Debug)]
pub(crate) enum PieceKind {
    Instruction(InstructionText),
    /// Octets to be copied. The first may be an opcode, the others are not.
    Octets {
        octets: Vec<u8>,
        starts_instruction: bool,
    },
    /// `trap` instructions up to a position.
    PadTo(u32),
}

/// An instruction with values that are not yet known.
#[derive(Debug)]
pub(crate) struct InstructionText {
    pub(crate) opcode: Opcode,
    /// Registers. The immediates are in the operands below.
    pub(crate) fields: Fields,
    pub(crate) values: Vec<Operand>,
    pub(crate) target: Option<(Target, Range<usize>)>,
}

/// A value in an instruction.
#[derive(Debug)]
pub(crate) struct Operand {
    pub(crate) slot: Slot,
    pub(crate) is_displacement: bool,
    pub(crate) expression: Expression,
}

/// A place in the code.
#[derive(Clone, PartialEq, Eq, Debug)]
pub(crate) enum Target {
    Label(String),
    Position(u64),
}
