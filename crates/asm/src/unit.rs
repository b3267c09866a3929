//! A program as its text says it, before places and values are settled.

use std::collections::BTreeMap;
use std::ops::Range;

use jambox_isa::{Fields, Opcode, Slot};
use jambox_program::CrateInfo;

use crate::expression::Expression;

/// Everything that a text says.
#[derive(Debug, Default)]
pub(crate) struct Unit {
    pub(crate) settings: Settings,
    pub(crate) names: BTreeMap<String, Definition>,
    /// Constants that are made of places in data, in order.
    pub(crate) late_constants: Vec<(String, Expression)>,
    pub(crate) read_only: Data,
    pub(crate) read_write: Data,
    pub(crate) pieces: Vec<Piece>,
    pub(crate) jump_table: Vec<(Target, Range<usize>)>,
}

/// What is said of the whole program.
#[derive(Debug, Default)]
pub(crate) struct Settings {
    pub(crate) kind: Option<Kind>,
    pub(crate) heap_pages: Option<u16>,
    pub(crate) stack_size: Option<u32>,
    pub(crate) metadata: Option<Vec<u8>>,
    pub(crate) info: Option<CrateInfo>,
    /// The octets of each entry of the jump table.
    pub(crate) entry_size: Option<u8>,
    /// The number of entries of a jump table whose entries take no octets.
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

/// A name, where it is defined, and what it is.
#[derive(Debug)]
pub(crate) struct Definition {
    /// The number of the line, from 1.
    pub(crate) line: usize,
    pub(crate) meaning: Meaning,
}

/// What a name is.
#[derive(Clone, Copy, Debug)]
pub(crate) enum Meaning {
    /// A number, once it is known.
    Constant(Option<i128>),
    /// An octet of a data section.
    Data(Section, u32),
    /// The piece of code that comes next.
    Code(usize),
}

/// The octets of a section, and those of them that are values not known yet.
#[derive(Debug, Default)]
pub(crate) struct Data {
    pub(crate) octets: Vec<u8>,
    pub(crate) values: Vec<DataValue>,
}

/// A little-endian value in data.
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
    /// Octets as they are; the first may be an opcode, the others are not.
    Octets {
        octets: Vec<u8>,
        starts_instruction: bool,
    },
    /// As many `trap` as it takes to get to a position.
    PadTo(u32),
}

/// An instruction whose values are not known yet.
#[derive(Debug)]
pub(crate) struct InstructionText {
    pub(crate) opcode: Opcode,
    /// The registers; values come from below.
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
