//! Pieces of code: the lines of a disassembly.

use std::ops::Range;

use jambox_isa::{Instruction, InstructionSet, minimal_length};
use jambox_program::ProgramBlob;

use crate::layout::{Extent, settle};

/// Largest number of rounds for computing the lengths of jumps.
const MOST_ROUNDS: usize = 256;

/// Octets from one mark of the bitmask to the next.
pub(crate) struct Piece {
    pub(crate) octets: Range<u32>,
    pub(crate) form: Form,
}

/// Form in which a piece assembles to the same octets.
pub(crate) enum Form {
    /// The instruction whose encoding the octets are.
    Instruction(Instruction),
    /// Raw octets that decode to an instruction with another encoding.
    Raw(Instruction),
    /// Raw octets before the first mark.
    Unmarked,
}

impl Piece {
    pub(crate) fn code<'p>(&self, program: &'p ProgramBlob) -> &'p [u8] {
        let range = self.octets.start as usize..self.octets.end as usize;
        program.code().get(range).unwrap_or_default()
    }

    const fn len(&self) -> u32 {
        self.octets.end.saturating_sub(self.octets.start)
    }
}

/// Cuts the code of a program into pieces. Every basic block starts with a piece.
pub(crate) fn pieces(program: &ProgramBlob, set: InstructionSet) -> Vec<Piece> {
    let mut marks: Vec<u32> =
        (0..program.code_len()).filter(|pc| program.is_instruction_start(*pc)).collect();
    if marks.first() != Some(&0) && program.code_len() > 0 {
        marks.insert(0, 0);
    }
    let ends = marks.iter().skip(1).copied().chain([program.code_len()]);
    let ranges = marks.iter().copied().zip(ends).map(|(start, end)| start..end);
    let mut pieces: Vec<Piece> = ranges.map(|octets| piece(program, set, octets)).collect();
    write_out_long_jumps(&mut pieces);
    pieces
}

fn piece(program: &ProgramBlob, set: InstructionSet, octets: Range<u32>) -> Piece {
    let mut piece = Piece { octets, form: Form::Unmarked };
    let pc = piece.octets.start;
    if !program.is_instruction_start(pc) {
        return piece;
    }
    let instruction = program.instruction(set, pc).instruction;
    let encoded = instruction.encode(set, pc);
    let is_same = encoded.as_deref() == Some(piece.code(program));
    let has_label = target(instruction).is_none_or(|pc| program.is_block_start(set, pc));
    piece.form = match is_same && has_label {
        true => Form::Instruction(instruction),
        false => Form::Raw(instruction),
    };
    piece
}

/// Destination of a jump or branch.
fn target(instruction: Instruction) -> Option<u32> {
    instruction.opcode().format().has_target().then(|| instruction.fields().target)
}

/// Turns jumps into raw octets if the assembler would make them shorter.
///
/// The least lengths with which all jumps reach their targets are computed. They never exceed the
/// present lengths, since with those every jump reaches its target. Jumps with a lesser length
/// become raw; with their lengths fixed, the lengths of all other jumps are the present ones.
fn write_out_long_jumps(pieces: &mut [Piece]) {
    let starts: Vec<u32> = pieces.iter().map(|piece| piece.octets.start).collect();
    let extents: Vec<Extent> = pieces.iter().map(|piece| extent(piece, &starts)).collect();
    let settled = settle(&extents, MOST_ROUNDS).unwrap_or_default();
    for (index, (piece, extent)) in pieces.iter_mut().zip(&extents).enumerate() {
        let start = settled.get(index);
        let end = settled.get(index.saturating_add(1));
        let len = end.zip(start).map(|(end, start)| end.saturating_sub(*start));
        if let (Extent::JumpToPiece { .. }, Form::Instruction(instruction)) = (extent, &piece.form)
            && len != Some(piece.len())
        {
            piece.form = Form::Raw(*instruction);
        }
    }
}

fn extent(piece: &Piece, starts: &[u32]) -> Extent {
    let target = match piece.form {
        Form::Instruction(instruction) => target(instruction),
        Form::Raw(_) | Form::Unmarked => None,
    };
    let at = target.and_then(|target| Some((target, starts.binary_search(&target).ok()?)));
    let Some((target, index)) = at else {
        return Extent::Fixed(piece.len());
    };
    let offset = target.wrapping_sub(piece.octets.start) as i32;
    let fixed = piece.len().saturating_sub(minimal_length(offset).into());
    Extent::JumpToPiece { fixed, piece: index }
}
