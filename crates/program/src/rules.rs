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
};

const GRAY_PAPER_080: CodeRules =
    CodeRules { charging: Charging::ByBlock, validates_whole: true, checks_next_block: true };
