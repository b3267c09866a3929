//! Native code as text, beside the program that it was made of.

use std::fmt::{self, Display, Formatter};

use jambox_isa::InstructionSet;
use jambox_program::ProgramBlob;
use jambox_sandbox::native::asm::Assembler;

use crate::code::{MAX_DISPATCH, UNIT_BUDGET, copies_left};
use crate::emit::{Buffers, Emitter, Mark, Target as _, Tier};
use crate::entries::Entries;

/// The width of the column with the program's text.
const LEFT: usize = 44;

/// The native code of a whole program as text: on the left the program's instructions with their
/// positions, on the right their code in a tier. Nothing is run, so it works wherever it compiles.
///
/// Each unit is headed by the position that it is made for. Offsets on the right count from the
/// unit's start; ways out of the unit stand at its end.
///
/// The code is made while the text is written, a unit at a time: a program of a megabyte has a
/// listing of a hundred.
///
/// ```
/// use jambox_isa::{InstructionSet, Revision};
/// use jambox_program::ProgramBlob;
/// use jambox_recompiler::Tier;
///
/// // add_imm_64 r7, r7, 5; ecalli 3
/// let blob = ProgramBlob::parse(&[0, 0, 5, 149, 0x77, 5, 10, 3, 0b01001])?;
/// let set = InstructionSet::of(Revision::GrayPaper072);
/// let text = jambox_recompiler::listing(&blob, set, Tier::First).to_string();
/// assert!(text.contains("add_imm_64 r7, r7, 5"));
/// assert!(text.contains("add rdi, 5"));
/// # Ok::<(), jambox_program::ProgramError>(())
/// ```
#[must_use]
pub const fn listing(program: &ProgramBlob, set: InstructionSet, tier: Tier) -> Listing<'_> {
    Listing { program, set, tier }
}

/// A program whose native code is shown: made by [`listing`].
#[derive(Clone, Copy, Debug)]
pub struct Listing<'p> {
    program: &'p ProgramBlob,
    set: InstructionSet,
    tier: Tier,
}

impl Display for Listing<'_> {
    fn fmt(&self, text: &mut Formatter<'_>) -> fmt::Result {
        let Self { program, set, tier } = *self;
        let mut entries = Entries::new(program.code_len());
        let jumps = program.jump_table().len().min(MAX_DISPATCH) as u32;
        let mut buffers = Buffers::new(Assembler::to_look_at(jumps + 1));
        buffers.marks = Some(Vec::new());
        let base = buffers.asm.origin();
        let (mut originals, mut copies) = (0, 0);
        let mut gap = "";
        for located in program.instructions(set) {
            let pc = located.pc;
            if entries.compiled(pc).is_some() || !program.is_block_start(set, pc) {
                continue;
            }
            let mut accesses = Vec::new();
            let tier = (tier, copies_left(originals, copies));
            Emitter::new(program, set, tier, &mut entries, &mut accesses, &mut buffers)
                .unit(pc, UNIT_BUDGET);
            originals += (buffers.instructions - buffers.copies) as usize;
            copies += buffers.copies as usize;
            writeln!(text, "{gap}unit for {pc}")?;
            gap = "\n";
            unit(text, program, set, &buffers, base)?;
            buffers.asm.go_on();
        }
        Ok(())
    }
}

/// One unit; offsets count from `base`.
fn unit(
    text: &mut Formatter<'_>,
    program: &ProgramBlob,
    set: InstructionSet,
    buffers: &Buffers,
    base: u32,
) -> fmt::Result {
    let start = buffers.asm.origin() - base;
    let mut marks = buffers.marks.iter().flatten().copied().peekable();
    for (at, right) in Assembler::disassemble(buffers.asm.octets(), start) {
        let mut left = String::new();
        while let Some((_, mark)) = marks.next_if(|&(from, _)| from <= at) {
            // An instruction that becomes nothing has a line of its own.
            if !left.is_empty() {
                writeln!(text, "{}", left.trim_end())?;
            }
            left = say(mark, program, set);
        }
        writeln!(text, "{left:LEFT$} {:>6x}  {right}", start + at)?;
    }
    Ok(())
}

fn say(mark: Mark, program: &ProgramBlob, set: InstructionSet) -> String {
    match mark {
        Mark::Gas => "        ; gas".to_string(),
        Mark::Instruction(pc) => {
            format!("{pc:>6}  {}", program.instruction(set, pc).instruction)
        }
        Mark::Continue(pc) => format!("        ; on to {pc}"),
        Mark::Step(pc) => format!("        ; out: step {pc}"),
        Mark::Unpaid(pc) => format!("        ; out: no gas for {pc}"),
        Mark::SideExit(pc) => format!("        ; side exit to {pc}"),
        Mark::Ask(pc) => format!("        ; out: code for {pc}"),
    }
}
