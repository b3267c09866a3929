//! Dynamic jumps.

use jambox_isa::InstructionSet;

use crate::ProgramBlob;

/// The dynamic jump address that ends a run regularly (0.7.2, `eq:jumptablealignment`).
const HALT_ADDRESS: u32 = 0xffff_0000;

/// The distance between dynamic jump addresses of neighbouring jump-table entries
/// (`Cpvmdynaddralign`).
const JUMP_ALIGNMENT: u32 = 2;

/// Where a dynamic jump leads.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub enum Jump {
    /// To the basic block that starts here.
    To(u32),
    /// To the end of the run: it halts.
    Halt,
    /// To no basic block: the run panics.
    Nowhere,
}

impl ProgramBlob {
    /// Where a dynamic jump to `address` leads (the paper's `djump`, 0.7.2 and 0.8.0,
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
