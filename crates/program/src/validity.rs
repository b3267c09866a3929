//! Validity of whole programs under a revision.

use core::fmt;

use jambox_isa::{InstructionSet, Window};

use crate::{CodeRules, ProgramBlob};

/// Largest distance from an instruction to the next, in octets.
const REACH: u32 = Window::MAX_SKIP as u32 + 1;

/// Error: a program that its revision does not run, with the broken rule and its place.
#[derive(Clone, Copy, PartialEq, Eq, Debug, thiserror::Error)]
#[error("at code octet {offset}: {rule}")]
pub struct InvalidProgram {
    /// Position of the fault in the code.
    pub offset: u64,
    /// The broken rule.
    pub rule: ValidityRule,
}

/// Validity rules beyond the form that [`ProgramBlob::parse`] accepts (0.8.0, `deblob`, appendix
/// A.2).
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
#[non_exhaustive]
pub enum ValidityRule {
    /// The code has at most 2^25 octets.
    CodeLength,
    /// The jump table has at most 2^24 entries.
    JumpTableLength,
    /// The code is not empty, and its first octet is an opcode.
    Start,
    /// Each instruction is followed by another, at most 25 octets on, or by the end of the code.
    Instruction,
    /// Each marked octet is an opcode of the revision.
    Opcode,
    /// The last instruction ends a basic block.
    Terminator,
    /// The entry point is an instruction.
    Entry,
}

impl ValidityRule {
    /// Number of the rule's clause in the paper's definition.
    #[must_use]
    pub const fn number(self) -> u8 {
        match self {
            Self::CodeLength | Self::JumpTableLength => 1,
            Self::Start => 2,
            Self::Instruction | Self::Opcode => 3,
            Self::Terminator => 4,
            Self::Entry => 5,
        }
    }
}

impl fmt::Display for ValidityRule {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let what = match self {
            Self::CodeLength => "the code is longer than 2^25 octets",
            Self::JumpTableLength => "the jump table has more than 2^24 entries",
            Self::Start => "expected the first instruction",
            Self::Instruction => "expected an instruction, 25 octets after the one before at most",
            Self::Opcode => "expected an opcode of the revision",
            Self::Terminator => "the last instruction ends no basic block",
            Self::Entry => "expected an instruction to begin at",
        };
        write!(f, "{what} (rule {} of a valid program)", self.number())
    }
}

impl ProgramBlob {
    /// Checks that the revision of the instruction set runs the program. Revisions that do not
    /// validate whole programs accept every program.
    ///
    /// # Errors
    /// The first broken rule and its place.
    pub fn validate(&self, set: InstructionSet) -> Result<(), InvalidProgram> {
        let rules = CodeRules::of(set.revision());
        if !rules.validates_whole {
            return Ok(());
        }
        let octet = |pc: u32| self.code().get(pc as usize).copied();
        let broken = |rule, offset: u32| Err(InvalidProgram { offset: offset.into(), rule });
        if let Some(limit) = rules.max_code.filter(|limit| self.code_len() > *limit) {
            return broken(ValidityRule::CodeLength, limit);
        }
        if rules.max_jump_table.is_some_and(|limit| self.jump_table().len() > limit) {
            return broken(ValidityRule::JumpTableLength, 0);
        }
        if !self.is_instruction_start(0) {
            return broken(ValidityRule::Start, 0);
        }
        // Position of the last instruction, and the largest distance to the next.
        let (mut last, mut reach) = (0, 0);
        for pc in self.bitmask().marked() {
            if pc > reach {
                return broken(ValidityRule::Instruction, reach);
            }
            if octet(pc).and_then(|octet| set.opcode(octet)).is_none() {
                return broken(ValidityRule::Opcode, pc);
            }
            (last, reach) = (pc, pc.saturating_add(REACH));
        }
        if self.code_len() > reach {
            return broken(ValidityRule::Instruction, reach);
        }
        match octet(last) {
            Some(octet) if set.is_terminator(octet) => Ok(()),
            _ => broken(ValidityRule::Terminator, last),
        }
    }

    /// Checks that a run may begin at `pc` under the revision of the instruction set: at any
    /// instruction, or anywhere for revisions that do not validate whole programs.
    ///
    /// # Errors
    /// When no instruction starts there.
    pub fn validate_entry(&self, set: InstructionSet, pc: u64) -> Result<(), InvalidProgram> {
        let is_instruction = || u32::try_from(pc).is_ok_and(|pc| self.opcode(set, pc).is_some());
        if !CodeRules::of(set.revision()).validates_whole || is_instruction() {
            return Ok(());
        }
        Err(InvalidProgram { offset: pc, rule: ValidityRule::Entry })
    }
}
