//! Encoding of pieces of code to octets.

use std::ops::Range;

use jambox_isa::{Fields, Instruction, InstructionSet, Opcode, OutOfRange};

use crate::error::{ErrorKind, Fault};
use crate::layout::{Extent, settle};
use crate::unit::{InstructionText, Piece, PieceKind};
use crate::values::{Entry, Values};

/// Code with all positions settled.
#[derive(Default)]
pub(crate) struct Code {
    pub(crate) octets: Vec<u8>,
    /// Positions of the instructions.
    pub(crate) opcodes: Vec<u32>,
    /// Position of each piece, and of the end.
    pub(crate) starts: Vec<u32>,
    /// Positions of the instructions, with their octets in the text.
    pub(crate) spans: Vec<(u32, Range<usize>)>,
}

/// A piece with its values evaluated.
enum Valued<'p> {
    Instruction { opcode: Opcode, fields: Fields, target: Option<usize>, extent: Extent },
    Octets { octets: &'p [u8], starts_instruction: bool },
    PadTo(u32),
}

impl Valued<'_> {
    const fn extent(&self) -> Extent {
        match self {
            Self::Instruction { extent, .. } => *extent,
            Self::Octets { octets, .. } => Extent::Fixed(octets.len() as u32),
            Self::PadTo(position) => Extent::PadTo(*position),
        }
    }
}

/// Settles the position and the octets of every piece.
pub(crate) fn place(pieces: &[Piece], values: &mut Values, set: InstructionSet) -> Code {
    let valued: Vec<Valued<'_>> = pieces.iter().map(|piece| valued(piece, values, set)).collect();
    let extents: Vec<Extent> = valued.iter().map(Valued::extent).collect();
    let starts = settle(&extents, usize::MAX).unwrap_or_default();
    let mut code = Code { starts, ..Code::default() };
    for (index, (piece, valued)) in pieces.iter().zip(valued).enumerate() {
        let start = code.starts.get(index).copied().unwrap_or_default();
        let end = code.starts.get(index.saturating_add(1)).copied().unwrap_or_default();
        match valued {
            Valued::Instruction { opcode, mut fields, target, .. } => {
                if let Some(target) = target {
                    fields.target = code.starts.get(target).copied().unwrap_or_default();
                }
                let encoded = Instruction::from_fields(opcode, fields).encode(set, start);
                let octets = encoded.as_deref().unwrap_or_default();
                if octets.len() as u32 != end.saturating_sub(start) {
                    let kind = ErrorKind::Malformed(UNSETTLED);
                    values.faults.push(Fault::new(piece.span.clone(), kind));
                }
                code.push(start, octets, piece);
            }
            Valued::Octets { octets, starts_instruction: true } => code.push(start, octets, piece),
            Valued::Octets { octets, starts_instruction: false } => {
                code.octets.extend_from_slice(octets);
            }
            Valued::PadTo(wanted) => {
                if start > wanted {
                    let kind = ErrorKind::Passed { position: start, wanted };
                    values.faults.push(Fault::new(piece.span.clone(), kind));
                }
                let trap = Opcode::Trap.octet(set.revision());
                code.opcodes.extend(start..end);
                code.octets.resize(end as usize, trap.unwrap_or_default());
            }
        }
    }
    code
}

impl Code {
    fn push(&mut self, start: u32, octets: &[u8], piece: &Piece) {
        self.opcodes.push(start);
        self.spans.push((start, piece.span.clone()));
        self.octets.extend_from_slice(octets);
    }
}

fn valued<'p>(piece: &'p Piece, values: &mut Values, set: InstructionSet) -> Valued<'p> {
    match &piece.kind {
        PieceKind::Instruction(instruction) => valued_instruction(instruction, values, set),
        PieceKind::Octets { octets, starts_instruction } => {
            Valued::Octets { octets, starts_instruction: *starts_instruction }
        }
        PieceKind::PadTo(position) => Valued::PadTo(*position),
    }
}

fn valued_instruction<'p>(
    text: &InstructionText,
    values: &mut Values,
    set: InstructionSet,
) -> Valued<'p> {
    let opcode = text.opcode;
    let mut fields = text.fields;
    for operand in &text.values {
        let value = values.evaluate(&operand.expression);
        let result = if operand.is_displacement {
            fields.set_displacement(operand.slot, value)
        } else {
            fields.set_value(operand.slot, value)
        };
        if let Err(error) = result {
            values.faults.push(Fault::new(operand.expression.span.clone(), error));
        }
    }
    // An offset of 0 takes no octets, so this is the length without the offset.
    let encoded = Instruction::from_fields(opcode, fields).encode(set, 0);
    let fixed = encoded.as_deref().unwrap_or_default().len() as u32;
    let target = text.target.as_ref();
    let (target, extent) = match target.map(|(target, span)| (values.target(target, span), span)) {
        None => (None, Extent::Fixed(fixed)),
        Some((Entry::Piece(piece), _)) => (Some(piece), Extent::JumpToPiece { fixed, piece }),
        Some((Entry::Position(position), span)) => {
            fields.target = position_in_code(position, span, values);
            (None, Extent::JumpToPosition { fixed, position: fields.target })
        }
    };
    Valued::Instruction { opcode, fields, target, extent }
}

fn position_in_code(position: u64, span: &Range<usize>, values: &mut Values) -> u32 {
    u32::try_from(position).unwrap_or_else(|_| {
        let error = OutOfRange { value: position.into(), least: 0, most: u32::MAX.into() };
        values.faults.push(Fault::new(span.clone(), error));
        0
    })
}

/// See the module `layout`: distances shrink only if positions are mixed with labels.
const UNSETTLED: &str =
    "the length of this does not settle beside jumps to positions: expected jumps to labels";
