//! Branches: a comparison, and the condition on its flags.

use jambox_isa::Reg;
use jambox_sandbox::native::x86_64::{Condition, Size};

use super::registers::host;
use crate::emit::{Emitter, Flow};

impl Emitter<'_> {
    /// Branches if the condition holds for `a` and `b`.
    pub(super) fn branch_registers(
        &mut self,
        a: Reg,
        b: Reg,
        condition: Condition,
        target: u32,
    ) -> Flow {
        self.branch(target, condition, |asm| asm.cmp(Size::S64, host(a), host(b)))
    }

    /// Branches if the condition holds for `a` and `x`.
    pub(super) fn branch_immediate(
        &mut self,
        a: Reg,
        x: i32,
        condition: Condition,
        target: u32,
    ) -> Flow {
        let a = host(a);
        self.branch(target, condition, |asm| {
            if x == 0 && matches!(condition, Condition::Equal | Condition::NotEqual) {
                asm.test(Size::S64, a, a);
            } else {
                asm.cmp_imm(Size::S64, a, x);
            }
        })
    }
}
