//! Dynamic jumps.

use jambox_isa::InstructionSet;

use crate::ProgramBlob;

/// The dynamic jump address that halts (0.7.2, `eq:jumptablealignment`).
const HALT_ADDRESS: u32 = 0xffff_0000;

/// Distance between the dynamic jump addresses of neighbouring jump-table entries
/// (`Cpvmdynaddralign`).
const JUMP_ALIGNMENT: u32 = 2;

/// Destination of a dynamic jump.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub enum Jump {
    /// The basic block that starts at this position.
    To(u32),
    /// A halt.
    Halt,
    /// No basic block: the run panics.
    Nowhere,
}

impl ProgramBlob {
    /// Resolves a dynamic jump to `address` (the paper's `djump`, 0.7.2 and 0.8.0,
    /// `eq:jumptablealignment`).
    #[must_use]
    pub fn resolve_jump(&self, set: InstructionSet, address: u32) -> Jump {
        if address == HALT_ADDRESS {
            return Jump::Halt;
        }
        let target = || {
            let index = (address / JUMP_ALIGNMENT).checked_sub(1)?;
            let target = self.jump_table().get(u64::from(index))?;
            u32::try_from(target).ok().filter(|target| self.is_block_start(set, *target))
        };
        match target() {
            Some(target) if address.is_multiple_of(JUMP_ALIGNMENT) => Jump::To(target),
            _ => Jump::Nowhere,
        }
    }
}
