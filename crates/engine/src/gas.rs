//! What instructions cost.

use jambox_isa::{Opcode, Revision};

/// How gas is charged: one value for each way that a revision of the paper has.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum GasModel {
    /// Every instruction costs 1, charged when it runs, also if it then faults (0.7.2).
    PerInstruction,
}

impl GasModel {
    /// The gas model of a revision, if the engine has it.
    #[must_use]
    pub const fn of(revision: Revision) -> Option<Self> {
        match revision {
            Revision::GrayPaper072 => Some(Self::PerInstruction),
            Revision::GrayPaper080 => None,
        }
    }

    /// What it costs to run an instruction with this opcode once.
    #[inline]
    #[must_use]
    pub const fn instruction_cost(self, opcode: Opcode) -> u64 {
        let (Self::PerInstruction, _) = (self, opcode);
        1
    }
}
