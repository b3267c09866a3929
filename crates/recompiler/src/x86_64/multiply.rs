//! Upper halves of products, which x86 has in `rdx:rax` or by `mulx`, a form that multiplies by
//! `rdx`.

use jambox_isa::Reg;
use jambox_sandbox::native::x86_64::{Gpr, Mem, Size, Spill};

use super::registers::{SCRATCH, host};
use crate::emit::{Emitter, Flow};

impl Emitter<'_> {
    /// The upper half of an unsigned product. `mulx` multiplies by `rdx`, and writes only its
    /// upper half when both results go to one register.
    pub(super) fn mul_upper_unsigned(&mut self, d: Reg, a: Reg, b: Reg) -> Flow {
        let (d, mut a, mut b) = (host(d), host(a), host(b));
        if b == Gpr::Rdx {
            core::mem::swap(&mut a, &mut b);
        }
        if a == Gpr::Rdx {
            self.asm().mulx(Size::S64, d, d, b);
            return Flow::Next;
        }
        self.asm().mov(Size::S64, SCRATCH, Gpr::Rdx);
        self.asm().mov(Size::S64, Gpr::Rdx, a);
        self.asm().mulx(Size::S64, d, d, b);
        if d != Gpr::Rdx {
            self.asm().mov(Size::S64, Gpr::Rdx, SCRATCH);
        }
        Flow::Next
    }

    /// The upper half of a signed product, which x86 gives only in `rdx:rax`.
    pub(super) fn mul_upper_signed(&mut self, d: Reg, a: Reg, b: Reg) -> Flow {
        let (d, a, b) = (host(d), host(a), host(b));
        let asm = self.asm();
        let [saved_rax, saved_rdx] = [Spill::First, Spill::Second].map(Mem::Spill);
        asm.store_u64(saved_rax, Gpr::Rax);
        asm.store_u64(saved_rdx, Gpr::Rdx);
        asm.mov(Size::S64, SCRATCH, b);
        if a != Gpr::Rax {
            asm.mov(Size::S64, Gpr::Rax, a);
        }
        asm.imul_wide(Size::S64, SCRATCH);
        asm.mov(Size::S64, SCRATCH, Gpr::Rdx);
        asm.load_u64(Gpr::Rax, saved_rax);
        asm.load_u64(Gpr::Rdx, saved_rdx);
        asm.mov(Size::S64, d, SCRATCH);
        Flow::Next
    }

    /// The upper half of a product of signed `a` and unsigned `b`: the unsigned one's, less `b`
    /// if `a` is negative.
    pub(super) fn mul_upper_mixed(&mut self, d: Reg, a: Reg, b: Reg) -> Flow {
        let (d, a, b) = (host(d), host(a), host(b));
        let saved = Spill::First;
        let asm = self.asm();
        asm.store_u64(Mem::Spill(saved), Gpr::Rdx);
        if a != Gpr::Rdx {
            asm.mov(Size::S64, Gpr::Rdx, a);
        }
        if b == Gpr::Rdx {
            asm.mulx_spill(Size::S64, SCRATCH, SCRATCH, saved);
            asm.sar_imm(Size::S64, Gpr::Rdx, 63);
            asm.and_load(Gpr::Rdx, Mem::Spill(saved));
        } else {
            asm.mulx(Size::S64, SCRATCH, SCRATCH, b);
            asm.sar_imm(Size::S64, Gpr::Rdx, 63);
            asm.and(Size::S64, Gpr::Rdx, b);
        }
        asm.sub(Size::S64, SCRATCH, Gpr::Rdx);
        asm.load_u64(Gpr::Rdx, Mem::Spill(saved));
        asm.mov(Size::S64, d, SCRATCH);
        Flow::Next
    }
}
