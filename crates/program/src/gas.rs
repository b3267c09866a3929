//! The gas plan: what running code costs, and when it is taken.

use core::ops::Range;

use jambox_isa::{InstructionSet, Opcode};

use crate::{CodeRules, ProgramBlob, pipeline};

/// Where a run of a revision has gas to pay, and how much.
///
/// Code is paid by the *segment*: a run that comes to a position where something is
/// [due](Self::is_due) pays what is due there, and goes on until it comes to the next such
/// position. Under 0.7.2 every instruction is due on its own; a backend may take the costs of
/// several at once if it gives back those of the instructions that it does not reach. Under 0.8.0
/// something is due where a basic block starts, and that pays for the whole block (appendices A.1
/// and A.9). Which it is nobody else asks: whatever executes, shows or counts gas reads this.
///
/// A machine that stops and goes on has to remember whether the instruction that it stands at is
/// paid: the *charged flag*. In the course of a run it is set wherever nothing is due; only a host
/// can have it otherwise.
///
/// ```
/// use jambox_isa::{InstructionSet, Revision};
/// use jambox_program::{GasPlan, ProgramBlob};
///
/// // load_imm r7, 5; load_imm r8, 5; trap
/// let program = ProgramBlob::parse(&[0, 1, 7, 51, 7, 5, 51, 8, 5, 0, 0b100_1001])?;
/// let cost = |revision, pc| GasPlan::of(InstructionSet::of(revision)).cost_at(&program, pc);
/// assert_eq!([0, 3, 6].map(|pc| cost(Revision::GrayPaper072, pc)), [1, 1, 1]);
/// assert_eq!([0, 3, 6].map(|pc| cost(Revision::GrayPaper080, pc)), [2, 0, 0]);
/// # Ok::<(), jambox_program::ProgramError>(())
/// ```
#[derive(Clone, Copy, Debug)]
pub struct GasPlan {
    set: InstructionSet,
    charging: Charging,
}

/// How a revision charges: a field of its [`CodeRules`].
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub(crate) enum Charging {
    /// Every instruction costs 1, charged when it runs, also if it then faults. Running out takes
    /// what is left.
    ByInstruction,
    /// Every basic block costs what the pipeline model says, charged when it is entered. Running
    /// out takes nothing.
    ByBlock,
}

/// Instructions that are paid for at once.
#[derive(Clone, PartialEq, Eq, Debug)]
pub struct Segment {
    /// From the first to the end of the last.
    pub code: Range<u32>,
    /// What they cost together.
    pub cost: u64,
}

impl GasPlan {
    /// What is due at a position at most, so that an immediate of 32 bits holds it.
    ///
    /// No block of a valid program costs as much: its code has 2^25 octets, and no instruction adds
    /// more than 60 cycles to those before it.
    pub const MOST: u32 = i32::MAX as u32;

    /// The plan of the revision that has this instruction set.
    #[must_use]
    pub const fn of(set: InstructionSet) -> Self {
        Self { set, charging: CodeRules::of(set.revision()).charging }
    }

    /// What each instruction costs, if all cost the same and are due one by one.
    #[inline]
    #[must_use]
    pub const fn flat_cost(self) -> Option<u32> {
        match self.charging {
            Charging::ByInstruction => Some(1),
            Charging::ByBlock => None,
        }
    }

    /// Whether a run that comes to `pc` from elsewhere in the program has anything to pay there.
    #[inline]
    #[must_use]
    pub fn is_due(self, program: &ProgramBlob, pc: u32) -> bool {
        match self.charging {
            Charging::ByInstruction => true,
            Charging::ByBlock => program.is_block_start(self.set, pc),
        }
    }

    /// The position whose [cost](Self::cost_at) pays for the instruction at `pc`: where a run is
    /// charged that begins at `pc` without having paid. `None` where no instruction can be paid.
    #[must_use]
    pub fn payer(self, program: &ProgramBlob, pc: u32) -> Option<u32> {
        let mut start = pc;
        while !self.is_due(program, start) {
            start = program.bitmask().previous(start)?;
        }
        Some(start)
    }

    /// What is due at `pc`, 0 if nothing is.
    ///
    /// Takes time linear in the length of the block under a plan that charges by block: whoever
    /// asks often should remember the answer.
    #[inline]
    #[must_use]
    pub fn cost_at(self, program: &ProgramBlob, pc: u32) -> u32 {
        match self.charging {
            Charging::ByInstruction => 1,
            Charging::ByBlock if program.is_block_start(self.set, pc) => {
                let cost = pipeline::block_cost(program, self.set, pc);
                u32::try_from(cost).map_or(Self::MOST, |cost| cost.min(Self::MOST))
            }
            Charging::ByBlock => 0,
        }
    }

    /// What is due at each further instruction of a basic block.
    #[inline]
    #[must_use]
    pub const fn inner_cost(self) -> u32 {
        match self.charging {
            Charging::ByInstruction => 1,
            Charging::ByBlock => 0,
        }
    }

    /// Whether what follows an instruction with this opcode in a run is paid with it.
    #[inline]
    #[must_use]
    pub const fn pays_for_next(self, opcode: Opcode) -> bool {
        match self.charging {
            Charging::ByInstruction => false,
            Charging::ByBlock => !opcode.is_terminator(),
        }
    }

    /// Whether the instruction that ended a run, other than by lack of gas, stays paid.
    #[inline]
    #[must_use]
    pub const fn stays_paid(self) -> bool {
        CodeRules::of(self.set.revision()).stays_paid
    }

    /// Whether a run that cannot pay loses what it has left.
    #[inline]
    #[must_use]
    pub const fn takes_the_rest(self) -> bool {
        match self.charging {
            Charging::ByInstruction => true,
            Charging::ByBlock => false,
        }
    }

    /// The basic block that starts at `pc`, and what running all of it costs. Anywhere else the
    /// rest of the block that `pc` is in.
    #[must_use]
    pub fn segment(self, program: &ProgramBlob, pc: u32) -> Segment {
        let mut cost = u64::from(self.cost_at(program, pc));
        let mut end = program.code_len();
        for (index, located) in program.instructions_from(self.set, pc).enumerate() {
            if index > 0 {
                cost = cost.saturating_add(self.inner_cost().into());
            }
            if located.instruction.opcode().is_terminator() {
                end = located.next_pc();
                break;
            }
        }
        Segment { code: pc..end.min(program.code_len()), cost }
    }
}
