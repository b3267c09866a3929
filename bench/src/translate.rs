//! Gray Paper 0.7.2 code for engines whose instruction set has other numbers, or no `sbrk`.

use std::sync::Arc;

use jambox_isa::operands::Imm;
use jambox_isa::{Instruction, InstructionSet, Revision};
use jambox_program::{ProgramBlob, StandardProgram};

/// Code for another engine.
pub struct Translated {
    pub code: Vec<u8>,
    pub sbrks: Sbrks,
}

/// The numbers of the host calls that stand for `sbrk`: the host grows the heap, as it does from
/// Gray Paper 0.8.0 on. Both instructions are two octets and cost as much.
#[derive(Clone, Default)]
pub struct Sbrks(Arc<[u32]>);

impl Sbrks {
    /// The destination and the register with the size, if the host call stands for `sbrk`.
    #[inline]
    #[must_use]
    pub fn operands(&self, number: u32) -> Option<(usize, usize)> {
        let register = |nibble: u32| (nibble as usize & 15).min(12);
        self.0.contains(&number).then(|| (register(number), register(number >> 4)))
    }

    /// True if there are none.
    #[must_use]
    pub fn is_empty(&self) -> bool {
        self.0.is_empty()
    }
}

/// The program's code with the opcodes of `revision`, host calls for `sbrk`, and `trap` for opcodes
/// of no instruction.
///
/// # Errors
/// When there is no program in it, or when it makes a host call that would stand for `sbrk`.
pub fn translated(program: &StandardProgram, revision: Revision) -> Result<Translated, String> {
    const ECALLI: u8 = 10;
    let program = program.program().map_err(|error| error.to_string())?;
    let set = InstructionSet::of(Revision::GrayPaper072);
    let starts = || (0..program.code_len()).filter(|&pc| program.is_instruction_start(pc));
    let mut code = program.code().to_vec();
    let (mut sbrks, mut calls) = (Vec::new(), Vec::new());
    for pc in starts() {
        let at = pc as usize;
        code[at] = match program.instruction(set, pc).instruction {
            Instruction::Sbrk(_) => {
                let operands = code.get(at + 1).filter(|_| program.skip(pc) == 1);
                sbrks.push(i32::from(*operands.ok_or("an odd sbrk")? as i8) as u32);
                ECALLI
            }
            Instruction::Ecalli(Imm { x }) => {
                calls.push(x as u32);
                ECALLI
            }
            _ => set.opcode(code[at]).and_then(|opcode| opcode.octet(revision)).unwrap_or(0),
        };
    }
    if sbrks.iter().any(|number| calls.contains(number)) {
        return Err("no number left for sbrk".to_owned());
    }
    let code = ProgramBlob::from_parts(&code, starts(), program.jump_table().clone());
    let code = code.map_err(|error| error.to_string())?.encode();
    Ok(Translated { code, sbrks: Sbrks(sbrks.into()) })
}
