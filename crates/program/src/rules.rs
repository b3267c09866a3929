//! What a revision says of programs beyond the meaning of octets: one row per revision.

use jambox_isa::Revision;

use crate::gas::Charging;

/// The rules of one revision for code: a row of the table that [`of`](Self::of) reads.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub struct CodeRules {
    /// How running code is charged.
    pub(crate) charging: Charging,
    /// Whether a program is valid as a whole or not run at all; otherwise what is no instruction
    /// is a `trap` when a run comes to it.
    pub(crate) validates_whole: bool,
    /// Whether an instruction that ends a basic block panics if the next one, to which it may go
    /// on, starts none: a `fallthrough`, and a branch whether or not it is taken.
    pub checks_next_block: bool,
    /// The most octets of code in a valid program, where whole programs are validated. The tag
    /// 0.8.0 has no such bound, the text after it has this one (see `docs/readings.md`).
    pub max_code: Option<u32>,
    /// The most entries of a jump table in a valid program; as `max_code`.
    pub max_jump_table: Option<u64>,
    /// Whether the instruction at which a machine stopped, other than by lack of gas, stays paid
    /// for when the machine runs again: after a fault, and by the letter of 0.8.0 also after a halt
    /// or a panic, which leave the position 0 (see `docs/readings.md`).
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
