//! Rules of a revision on code, beyond opcodes: one row per revision.

use jambox_isa::Revision;

use crate::gas::Charging;

/// The rules of one revision on code: a row of the table read by [`of`](Self::of).
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub struct CodeRules {
    /// Charging rule.
    pub(crate) charging: Charging,
    /// True if a program is validated as a whole before it runs. Otherwise an invalid instruction
    /// is a `trap` when a run reaches it.
    pub(crate) validates_whole: bool,
    /// True if a terminator panics when no instruction starts after it, although it may continue
    /// there: a `fallthrough`, and a branch whether or not it is taken.
    pub checks_next_block: bool,
    /// Largest length of the code of a valid program, in octets, if whole programs are validated.
    /// The tag 0.8.0 has no such limit, a later text has this one (see `docs/readings.md`).
    pub max_code: Option<u32>,
    /// Largest number of entries of a jump table in a valid program; from the same text as
    /// `max_code`.
    pub max_jump_table: Option<u64>,
    /// True if the instruction at which a machine stopped, other than by lack of gas, stays paid
    /// when the machine resumes: after a fault, and by the letter of 0.8.0 also after a halt or a
    /// panic, which leave the program counter 0 (see `docs/readings.md`).
    pub stays_paid: bool,
}

impl CodeRules {
    /// The row of a revision.
    #[must_use]
    pub const fn of(revision: Revision) -> &'static Self {
        match revision {
            Revision::GrayPaper072 => &GRAY_PAPER_072,
            Revision::GrayPaper080 => &GRAY_PAPER_080,
        }
    }
}

const GRAY_PAPER_072: CodeRules = CodeRules {
    charging: Charging::ByInstruction,
    validates_whole: false,
    checks_next_block: false,
    max_code: None,
    max_jump_table: None,
    stays_paid: false,
};

const GRAY_PAPER_080: CodeRules = CodeRules {
    charging: Charging::ByBlock,
    validates_whole: true,
    checks_next_block: true,
    max_code: Some(1 << 25),
    max_jump_table: Some(1 << 24),
    stays_paid: true,
};
