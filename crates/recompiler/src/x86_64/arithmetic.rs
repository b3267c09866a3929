//! Computation, except division and upper halves of products.

use jambox_isa::Reg;
use jambox_sandbox::native::asm::Assembler;
use jambox_sandbox::native::x86_64::{Condition, Gpr, Size};

use super::registers::{SCRATCH, host};
use crate::emit::{Emitter, Flow};

/// A form with two registers, of which the first is changed.
type TwoOperand = fn(&mut Assembler, Size, Gpr, Gpr);

impl Emitter<'_> {
    pub(super) fn copy(&mut self, to: Gpr, from: Gpr) {
        if to != from {
            self.asm().mov(Size::S64, to, from);
        }
    }

    /// Sign-extends the low half of a register in place, as every 32-bit result is.
    pub(super) fn extend(&mut self, size: Size, reg: Gpr) {
        if size == Size::S32 {
            self.asm().movsxd(reg, reg);
        }
    }

    pub(super) fn set_immediate(&mut self, a: Reg, value: u64) -> Flow {
        self.asm().load_immediate(host(a), value);
        Flow::Next
    }

    /// `d = a op b` for an `op` whose operands may be exchanged.
    pub(super) fn commutative(
        &mut self,
        form: TwoOperand,
        size: Size,
        d: Reg,
        a: Reg,
        b: Reg,
    ) -> Flow {
        let (d, a, b) = (host(d), host(a), host(b));
        if d == b {
            form(self.asm(), size, d, a);
        } else {
            self.copy(d, a);
            form(self.asm(), size, d, b);
        }
        self.extend(size, d);
        Flow::Next
    }

    pub(super) fn add(&mut self, size: Size, d: Reg, a: Reg, b: Reg) -> Flow {
        if d == a || d == b {
            return self.commutative(Assembler::add, size, d, a, b);
        }
        let (d, a, b) = (host(d), host(a), host(b));
        self.asm().lea_index(size, d, a, b);
        self.extend(size, d);
        Flow::Next
    }

    pub(super) fn sub(&mut self, size: Size, d: Reg, a: Reg, b: Reg) -> Flow {
        let (d, a, b) = (host(d), host(a), host(b));
        if d == b && d != a {
            self.asm().neg(size, d);
            self.asm().add(size, d, a);
        } else {
            self.copy(d, a);
            self.asm().sub(size, d, b);
        }
        self.extend(size, d);
        Flow::Next
    }

    pub(super) fn add_imm(&mut self, size: Size, a: Reg, b: Reg, x: i32) -> Flow {
        let (a, b) = (host(a), host(b));
        match (size, x) {
            (Size::S32, 0) => {
                self.asm().movsxd(a, b);
                return Flow::Next;
            }
            (Size::S64, 0) => self.copy(a, b),
            _ if a == b => self.asm().add_imm(size, a, x),
            _ => self.asm().lea(size, a, b, x),
        }
        self.extend(size, a);
        Flow::Next
    }

    /// `a = x - b`.
    pub(super) fn sub_from_imm(&mut self, size: Size, a: Reg, b: Reg, x: i32) -> Flow {
        let (a, b) = (host(a), host(b));
        if a == b {
            self.asm().neg(size, a);
            self.asm().add_imm(size, a, x);
        } else {
            self.asm().load_immediate(a, i64::from(x) as u64);
            self.asm().sub(size, a, b);
        }
        self.extend(size, a);
        Flow::Next
    }

    pub(super) fn mul_imm(&mut self, size: Size, a: Reg, b: Reg, x: i32) -> Flow {
        let (a, b) = (host(a), host(b));
        self.asm().imul_imm(size, a, b, x);
        self.extend(size, a);
        Flow::Next
    }

    /// `a = b op x` for a bitwise `op`.
    pub(super) fn bitwise_imm(
        &mut self,
        form: fn(&mut Assembler, Size, Gpr, i32),
        a: Reg,
        b: Reg,
        x: i32,
    ) -> Flow {
        let (a, b) = (host(a), host(b));
        self.copy(a, b);
        form(self.asm(), Size::S64, a, x);
        Flow::Next
    }

    /// `d = a & !b`.
    pub(super) fn and_inverted(&mut self, d: Reg, a: Reg, b: Reg) -> Flow {
        self.asm().andn(Size::S64, host(d), host(b), host(a));
        Flow::Next
    }

    /// `d = a | !b`.
    pub(super) fn or_inverted(&mut self, d: Reg, a: Reg, b: Reg) -> Flow {
        let (d, a, b) = (host(d), host(a), host(b));
        self.asm().mov(Size::S64, SCRATCH, b);
        self.asm().not(Size::S64, SCRATCH);
        self.copy(d, a);
        self.asm().or(Size::S64, d, SCRATCH);
        Flow::Next
    }

    /// `d = !(a ^ b)`.
    pub(super) fn equivalence(&mut self, d: Reg, a: Reg, b: Reg) -> Flow {
        self.commutative(Assembler::xor, Size::S64, d, a, b);
        self.asm().not(Size::S64, host(d));
        Flow::Next
    }

    /// `d = a` shifted by `b`.
    pub(super) fn shift(
        &mut self,
        form: fn(&mut Assembler, Size, Gpr, Gpr, Gpr),
        size: Size,
        d: Reg,
        a: Reg,
        b: Reg,
    ) -> Flow {
        form(self.asm(), size, host(d), host(a), host(b));
        self.extend(size, host(d));
        Flow::Next
    }

    /// `a = b` shifted by the constant `x`.
    pub(super) fn shift_imm(
        &mut self,
        form: fn(&mut Assembler, Size, Gpr, u8),
        size: Size,
        a: Reg,
        b: Reg,
        x: i32,
    ) -> Flow {
        let (a, b) = (host(a), host(b));
        let count = count(size, x);
        self.copy(a, b);
        if count != 0 {
            form(self.asm(), size, a, count);
        }
        self.extend(size, a);
        Flow::Next
    }

    /// `a = x` shifted by `b`.
    pub(super) fn shift_of_imm(
        &mut self,
        form: fn(&mut Assembler, Size, Gpr, Gpr, Gpr),
        size: Size,
        a: Reg,
        b: Reg,
        x: i32,
    ) -> Flow {
        self.asm().load_immediate(SCRATCH, i64::from(x) as u64);
        form(self.asm(), size, host(a), SCRATCH, host(b));
        self.extend(size, host(a));
        Flow::Next
    }

    /// `d = a` rotated by `b`.
    pub(super) fn rotate(
        &mut self,
        form: fn(&mut Assembler, Size, Gpr),
        size: Size,
        d: Reg,
        a: Reg,
        b: Reg,
    ) -> Flow {
        let (d, a, b) = (host(d), host(a), host(b));
        self.asm().mov(Size::S32, SCRATCH, b);
        self.copy(d, a);
        form(self.asm(), size, d);
        self.extend(size, d);
        Flow::Next
    }

    /// `a = b` rotated right by the constant `x`.
    pub(super) fn rotate_imm(&mut self, size: Size, a: Reg, b: Reg, x: i32) -> Flow {
        let (a, b) = (host(a), host(b));
        self.asm().rorx(size, a, b, count(size, x));
        self.extend(size, a);
        Flow::Next
    }

    /// `a = x` rotated right by `b`.
    pub(super) fn rotate_of_imm(&mut self, size: Size, a: Reg, b: Reg, x: i32) -> Flow {
        let (a, b) = (host(a), host(b));
        self.asm().mov(Size::S32, SCRATCH, b);
        self.asm().load_immediate(a, i64::from(x) as u64);
        self.asm().ror_cl(size, a);
        self.extend(size, a);
        Flow::Next
    }

    /// `d = 1` if the condition holds for `a` and `b`, else 0.
    pub(super) fn set(&mut self, condition: Condition, d: Reg, a: Reg, b: Reg) -> Flow {
        let (d, a, b) = (host(d), host(a), host(b));
        let is_free = d != a && d != b;
        self.set_by(condition, d, is_free, |asm| asm.cmp(Size::S64, a, b))
    }

    /// `a = 1` if the condition holds for `b` and `x`, else 0.
    pub(super) fn set_imm(&mut self, condition: Condition, a: Reg, b: Reg, x: i32) -> Flow {
        let (a, b) = (host(a), host(b));
        self.set_by(condition, a, a != b, |asm| asm.cmp_imm(Size::S64, b, x))
    }

    fn set_by(
        &mut self,
        condition: Condition,
        to: Gpr,
        is_free: bool,
        compare: impl FnOnce(&mut Assembler),
    ) -> Flow {
        let asm = self.asm();
        if is_free {
            asm.xor(Size::S32, to, to);
            compare(asm);
            asm.set(condition, to);
        } else {
            compare(asm);
            asm.set(condition, SCRATCH);
            asm.movzx_8(to, SCRATCH);
        }
        Flow::Next
    }

    /// `d = a` if `b` is zero (or is not).
    pub(super) fn conditional_move(
        &mut self,
        condition: Condition,
        d: Reg,
        a: Reg,
        b: Reg,
    ) -> Flow {
        let (d, a, b) = (host(d), host(a), host(b));
        self.asm().test(Size::S64, b, b);
        self.asm().cmov(condition, d, a);
        Flow::Next
    }

    /// `a = x` if `b` is zero (or is not).
    pub(super) fn conditional_move_imm(
        &mut self,
        condition: Condition,
        a: Reg,
        b: Reg,
        x: i32,
    ) -> Flow {
        let (a, b) = (host(a), host(b));
        self.asm().load_immediate(SCRATCH, i64::from(x) as u64);
        self.asm().test(Size::S64, b, b);
        self.asm().cmov(condition, a, SCRATCH);
        Flow::Next
    }

    /// `d = a`, or `b` if the condition holds for `a` and `b`: minimum and maximum.
    pub(super) fn select(&mut self, condition: Condition, d: Reg, a: Reg, b: Reg) -> Flow {
        let (d, a, b) = (host(d), host(a), host(b));
        // The condition is strict, so exchanging the operands gives the same value.
        let other = if d == b { a } else { b };
        if d != b {
            self.copy(d, a);
        }
        self.asm().cmp(Size::S64, d, other);
        self.asm().cmov(condition, d, other);
        Flow::Next
    }

    pub(super) fn unary(&mut self, form: TwoOperand, size: Size, d: Reg, a: Reg) -> Flow {
        form(self.asm(), size, host(d), host(a));
        Flow::Next
    }

    pub(super) fn widen(&mut self, form: fn(&mut Assembler, Gpr, Gpr), d: Reg, a: Reg) -> Flow {
        form(self.asm(), host(d), host(a));
        Flow::Next
    }

    pub(super) fn move_register(&mut self, d: Reg, a: Reg) -> Flow {
        self.copy(host(d), host(a));
        Flow::Next
    }

    pub(super) fn swap_octets(&mut self, d: Reg, a: Reg) -> Flow {
        self.copy(host(d), host(a));
        self.asm().bswap(host(d));
        Flow::Next
    }
}

/// A constant shift distance, modulo the width.
const fn count(size: Size, x: i32) -> u8 {
    match size {
        Size::S32 => x as u8 & 31,
        Size::S64 => x as u8 & 63,
    }
}
