//! Loads and stores.

use jambox_isa::Reg;
use jambox_sandbox::native::asm::Assembler;
use jambox_sandbox::native::x86_64::{Gpr, Mem};

use super::registers::host;
use crate::emit::{Emitter, Flow};

impl Emitter<'_> {
    pub(super) fn load(&mut self, form: fn(&mut Assembler, Gpr, Mem), a: Reg, from: Mem) -> Flow {
        self.access();
        form(self.asm(), host(a), from);
        Flow::Next
    }

    pub(super) fn store(&mut self, form: fn(&mut Assembler, Mem, Gpr), to: Mem, a: Reg) -> Flow {
        self.access();
        form(self.asm(), to, host(a));
        Flow::Next
    }

    pub(super) fn store_imm(
        &mut self,
        form: fn(&mut Assembler, Mem, i32),
        to: Mem,
        imm: i32,
    ) -> Flow {
        self.access();
        form(self.asm(), to, imm);
        Flow::Next
    }
}

/// Guest memory at a register and a displacement.
pub(super) const fn based(base: Reg, displacement: i32) -> Mem {
    Mem::Guest(Some(host(base)), displacement)
}
