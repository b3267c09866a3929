//! Division, which x86 does in `rdx:rax` only and refuses where the paper has an answer.

use jambox_isa::operands::RegRegReg;
use jambox_sandbox::native::x86_64::{Condition, Gpr, Mem, Size, Spill};

use super::registers::{SCRATCH, host};
use crate::emit::{Emitter, Flow};

/// The wanted result of a division.
#[derive(Clone, Copy, PartialEq, Eq)]
pub(super) enum Wanted {
    Quotient,
    Remainder,
}

/// Signedness of the operands of a division.
#[derive(Clone, Copy, PartialEq, Eq)]
pub(super) enum Sign {
    Signed,
    Unsigned,
}

impl Emitter<'_> {
    pub(super) fn divide(
        &mut self,
        wanted: Wanted,
        sign: Sign,
        size: Size,
        RegRegReg { a, b, d }: RegRegReg,
    ) -> Flow {
        let (d, a, b) = (host(d), host(a), host(b));
        self.asm().mov(size, SCRATCH, b);
        self.asm().test(size, SCRATCH, SCRATCH);
        let to_zero = self.asm().jcc_short(Condition::Equal);
        let to_minus_one = (sign == Sign::Signed).then(|| {
            self.asm().cmp_imm(size, SCRATCH, -1);
            self.asm().jcc_short(Condition::Equal)
        });
        self.divide_by_scratch(wanted, sign, size, a);
        self.take(size, d, SCRATCH);
        let end = self.asm().jmp_short();
        let mut other_end = None;
        if let Some(to_minus_one) = to_minus_one {
            // The quotient is the negation, also of the least number, whose negation is itself.
            self.asm().aim_here(to_minus_one);
            match wanted {
                Wanted::Quotient => {
                    self.asm().mov(size, SCRATCH, a);
                    self.asm().neg(size, SCRATCH);
                    self.take(size, d, SCRATCH);
                }
                Wanted::Remainder => self.asm().xor(Size::S32, d, d),
            }
            other_end = Some(self.asm().jmp_short());
        }
        self.asm().aim_here(to_zero);
        match wanted {
            Wanted::Quotient => self.asm().mov_i32(d, -1),
            Wanted::Remainder => self.take(size, d, a),
        }
        for end in [Some(end), other_end].into_iter().flatten() {
            self.asm().aim_here(end);
        }
        Flow::Next
    }

    /// Divides `a` by the scratch register, which is neither 0 nor (if signed) -1, and leaves what
    /// is wanted in it.
    fn divide_by_scratch(&mut self, wanted: Wanted, sign: Sign, size: Size, a: Gpr) {
        let asm = self.asm();
        let [saved_rax, saved_rdx] = [Spill::First, Spill::Second].map(Mem::Spill);
        asm.store_u64(saved_rax, Gpr::Rax);
        asm.store_u64(saved_rdx, Gpr::Rdx);
        if a != Gpr::Rax {
            asm.mov(size, Gpr::Rax, a);
        }
        match sign {
            Sign::Signed => {
                asm.sign_into_rdx(size);
                asm.idiv(size, SCRATCH);
            }
            Sign::Unsigned => {
                asm.xor(Size::S32, Gpr::Rdx, Gpr::Rdx);
                asm.div(size, SCRATCH);
            }
        }
        let result = match wanted {
            Wanted::Quotient => Gpr::Rax,
            Wanted::Remainder => Gpr::Rdx,
        };
        asm.mov(size, SCRATCH, result);
        asm.load_u64(Gpr::Rax, saved_rax);
        asm.load_u64(Gpr::Rdx, saved_rdx);
    }

    /// `to = from`, sign-extended if the size is 32 bits.
    fn take(&mut self, size: Size, to: Gpr, from: Gpr) {
        match size {
            Size::S32 => self.asm().movsxd(to, from),
            Size::S64 => self.copy(to, from),
        }
    }
}
