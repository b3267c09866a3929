//! The gas plan: gas of code, and the positions where it is charged.

use core::ops::Range;

use jambox_isa::{InstructionSet, Opcode};

use crate::{CodeRules, ProgramBlob, pipeline};

/// The positions at which running code is charged, and the gas charged there, under one revision.
///
/// Code is charged by the *segment*. A run that reaches a position at which gas is
/// [due](Self::is_due) pays it and continues to the next such position. Under 0.7.2 gas is due at
/// every instruction; a backend may charge several instructions at once if it refunds those not
/// reached. Under 0.8.0 gas is due at the start of a basic block, for the whole block (appendices
/// A.1 and A.9). Backends, tools and displays read this plan and never the revision.
///
/// A machine that stops and resumes has to remember whether the instruction at its program counter
/// has been paid: the *charged flag*. During a run it is set wherever no gas is due. Only a host
/// can clear it elsewhere.
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

/// Charging rule of a revision: a field of its [`CodeRules`].
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub(crate) enum Charging {
    /// Every instruction costs 1, charged when it runs, even if it then faults. Running out of gas
    /// takes the gas left.
    ByInstruction,
    /// Every basic block costs the pipeline model's cycles, charged when it is entered. Running out
    /// of gas takes nothing.
    ByBlock,
}

/// Instructions that are charged together.
#[derive(Clone, PartialEq, Eq, Debug)]
pub struct Segment {
    /// Positions from the first instruction to the end of the last.
    pub code: Range<u32>,
    /// Gas of the instructions.
    pub cost: u64,
}

impl GasPlan {
    /// Largest gas due at a position, so that it fits a 32-bit immediate.
    ///
    /// No block of a valid program costs as much: its code has at most 2^25 octets, and each
    /// instruction adds at most 60 cycles.
    pub const MOST: u32 = i32::MAX as u32;

    /// The plan of the instruction set's revision.
    #[must_use]
    pub const fn of(set: InstructionSet) -> Self {
        Self { set, charging: CodeRules::of(set.revision()).charging }
    }

    /// Gas of each instruction, if it is the same for all and due one by one; `None` otherwise.
    #[inline]
    #[must_use]
    pub const fn flat_cost(self) -> Option<u32> {
        match self.charging {
            Charging::ByInstruction => Some(1),
            Charging::ByBlock => None,
        }
    }

    /// True if gas is due at `pc` for a run that comes from elsewhere in the program.
    #[inline]
    #[must_use]
    pub fn is_due(self, program: &ProgramBlob, pc: u32) -> bool {
        match self.charging {
            Charging::ByInstruction => true,
            Charging::ByBlock => program.is_block_start(self.set, pc),
        }
    }

    /// The position whose [gas](Self::cost_at) includes the instruction at `pc`. A run that begins
    /// unpaid at `pc` is charged there. `None` if there is no such position.
    #[must_use]
    pub fn payer(self, program: &ProgramBlob, pc: u32) -> Option<u32> {
        let mut start = pc;
        while !self.is_due(program, start) {
            start = program.bitmask().previous(start)?;
        }
        Some(start)
    }

    /// Gas due at `pc`; 0 if none is.
    ///
    /// If blocks are charged, the time is linear in the length of the block: callers cache the
    /// result.
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

    /// Gas due at each instruction of a basic block after its first.
    #[inline]
    #[must_use]
    pub const fn inner_cost(self) -> u32 {
        match self.charging {
            Charging::ByInstruction => 1,
            Charging::ByBlock => 0,
        }
    }

    /// True if the charge for an instruction with this opcode includes the next instruction of the
    /// run.
    #[inline]
    #[must_use]
    pub const fn pays_for_next(self, opcode: Opcode) -> bool {
        match self.charging {
            Charging::ByInstruction => false,
            Charging::ByBlock => !opcode.is_terminator(),
        }
    }

    /// True if the instruction that ended a run, other than by lack of gas, stays paid.
    #[inline]
    #[must_use]
    pub const fn stays_paid(self) -> bool {
        CodeRules::of(self.set.revision()).stays_paid
    }

    /// True if a run that cannot pay loses the gas left.
    #[inline]
    #[must_use]
    pub const fn takes_the_rest(self) -> bool {
        match self.charging {
            Charging::ByInstruction => true,
            Charging::ByBlock => false,
        }
    }

    /// The basic block that starts at `pc`, with its gas; or the rest of the block around `pc`.
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
