//! Walking over the instructions and basic blocks of a program.

use core::iter;
use core::ops::Range;

use jambox_isa::{Instruction, InstructionSet, Opcode, Window};

use crate::ProgramBlob;

/// An instruction with its position.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub struct Located {
    /// Position of the instruction in the code.
    pub pc: u32,
    /// Number of octets between its opcode and the next.
    pub skip: u8,
    /// The instruction.
    pub instruction: Instruction,
}

impl Located {
    /// Position of the next instruction.
    #[inline]
    #[must_use]
    pub const fn next_pc(&self) -> u32 {
        self.pc.saturating_add(self.skip as u32).saturating_add(1)
    }
}

impl ProgramBlob {
    /// The opcode at `pc`; `None` if the bitmask does not mark `pc` or the set lacks the opcode.
    #[inline]
    #[must_use]
    pub fn opcode(&self, set: InstructionSet, pc: u32) -> Option<Opcode> {
        let octet = *self.code().get(pc as usize)?;
        if self.is_instruction_start(pc) { set.opcode(octet) } else { None }
    }

    /// The octets at `pc`, to be decoded as an instruction of the set.
    #[inline]
    #[must_use]
    pub fn window(&self, set: InstructionSet, pc: u32) -> Window {
        Window::new(set, self.code(), pc, self.skip(pc))
    }

    /// The opcode executed at `pc`, and its octets: `trap` except at a valid opcode.
    #[inline]
    #[must_use]
    pub fn decode(&self, set: InstructionSet, pc: u32) -> (Opcode, Window) {
        let octets = self.code().get(pc as usize..).unwrap_or_default();
        let (is_start, skip) = self.bitmask().start_and_skip(pc);
        let opcode = match octets.first() {
            Some(&octet) if is_start => set.opcode(octet).unwrap_or(Opcode::Trap),
            _ => Opcode::Trap,
        };
        (opcode, Window::from_octets(set, octets, pc, skip))
    }

    /// The instruction executed at `pc`: `trap` except at a valid opcode.
    #[inline]
    #[must_use]
    pub fn instruction(&self, set: InstructionSet, pc: u32) -> Located {
        let (opcode, window) = self.decode(set, pc);
        let instruction = Instruction::from_window(opcode, window);
        Located { pc, skip: window.skip(), instruction }
    }

    /// The instructions from `pc` to the end of the code, each one skip after the last.
    pub fn instructions_from(
        &self,
        set: InstructionSet,
        pc: u32,
    ) -> impl Iterator<Item = Located> + '_ {
        let mut next = pc;
        iter::from_fn(move || {
            if next >= self.code_len() {
                return None;
            }
            let located = self.instruction(set, next);
            next = located.next_pc();
            Some(located)
        })
    }

    /// The instructions from the start of the code to its end.
    pub fn instructions(&self, set: InstructionSet) -> impl Iterator<Item = Located> + '_ {
        self.instructions_from(set, 0)
    }

    /// The basic blocks in order, each from its start to the end of its straight-line code.
    ///
    /// A block ends after its terminator, after an invalid opcode (a trap), or at the end of the
    /// code.
    pub fn basic_blocks(&self, set: InstructionSet) -> impl Iterator<Item = Range<u32>> + '_ {
        let starts = (0..self.code_len()).filter(move |pc| self.is_block_start(set, *pc));
        starts.map(move |start| {
            let is_last = |located: &Located| located.instruction.opcode().is_terminator();
            let mut instructions = self.instructions_from(set, start);
            let end = instructions.find(is_last).map_or(self.code_len(), |last| last.next_pc());
            start..end.min(self.code_len())
        })
    }
}
