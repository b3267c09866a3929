//! Jumps, slots, amounts and exits: code of several forms, which no caller could put together
//! unsafely.

use super::{Condition, Gpr, Size};
use crate::native::asm::{Assembler, Jump, Slot};
use crate::native::x86_64::frame;

impl Assembler {
    /// Jumps.
    #[inline]
    pub fn jump(&mut self) -> Jump {
        self.jmp_by(0);
        self.has_ended();
        self.new_jump(false)
    }

    /// Jumps if the condition holds.
    #[inline]
    pub fn jcc(&mut self, condition: Condition) -> Jump {
        self.jcc_by(condition, 0);
        self.new_jump(false)
    }

    /// Like [`jump`](Self::jump), to a place at most 127 octets away.
    #[inline]
    pub fn jmp_short(&mut self) -> Jump {
        self.jmp_short_by(0);
        self.has_ended();
        self.new_jump(true)
    }

    /// Like [`jcc`](Self::jcc), to a place at most 127 octets away.
    #[inline]
    pub fn jcc_short(&mut self, condition: Condition) -> Jump {
        self.jcc_short_by(condition, 0);
        self.new_jump(true)
    }

    /// Jumps to where a slot leads, which is at first the next instruction; `None`, and nothing is
    /// written, if the unit may have no more slots.
    pub fn jump_slot(&mut self) -> Option<Slot> {
        const LENGTH: i64 = 6;
        let slot = self.next_slot()?;
        let end = i64::from(self.origin()) + self.at() as i64 + LENGTH;
        self.jmp_rip((i64::from(slot) - end) as i32);
        Some(self.new_slot(slot))
    }

    /// `dst -= amount`, to be [filled in](Self::fill) as one octet, or four if `is_long`. The
    /// octet is a signed one.
    #[inline]
    pub fn sub_amount(&mut self, size: Size, dst: Gpr, is_long: bool) {
        self.sub_imm(size, dst, if is_long { i32::MAX } else { 1 });
        self.new_amount(is_long);
    }

    /// `dst = value` in the shortest way. Changes the flags.
    #[inline]
    pub fn load_immediate(&mut self, dst: Gpr, value: u64) {
        match (u32::try_from(value), i32::try_from(value as i64)) {
            (Ok(0), _) => self.xor(Size::S32, dst, dst),
            (Ok(short), _) => self.mov_u32(dst, short),
            (_, Ok(short)) => self.mov_i32(dst, short),
            _ => self.mov_u64(dst, value),
        }
    }

    /// Leaves so that the instruction at `pc` is executed exactly. Uses `rcx`.
    #[inline]
    pub fn exit_step(&mut self, pc: u32) {
        self.exit(pc, frame::EXIT_STEP);
    }

    /// Leaves because the gas for the code at `pc` is not there. Uses `rcx`.
    #[inline]
    pub fn exit_unpaid(&mut self, pc: u32) {
        self.exit(pc, frame::EXIT_UNPAID);
    }

    /// Leaves so that code is made for `pc`, and entered. Uses `rcx`.
    #[inline]
    pub fn exit_compile(&mut self, pc: u32) {
        self.exit(pc, frame::EXIT_COMPILE);
    }

    /// Leaves for the host call at `pc`; the host goes on at the next instruction. Uses `rcx`.
    pub fn exit_host_call(&mut self, pc: u32, number: i32) {
        self.lea_rip(Gpr::Rcx, 0);
        let after_lea = self.at();
        self.store_field(frame::RESUME, Gpr::Rcx);
        self.store_imm_field(frame::DETAIL, number);
        self.exit(pc, frame::EXIT_HOST_CALL);
        self.is_led_to();
        let length = (self.at() - after_lea) as i32;
        self.buffer.patch32(after_lea - 4, length);
    }

    #[inline]
    fn exit(&mut self, pc: u32, field: i8) {
        self.buffer.leave(pc, field);
        self.has_ended();
    }

    /// Jumps through the dispatch table: the jump at `pc`, to the address `base + displacement`.
    /// Before it leaves, a register (not `rcx`, which this uses) takes a value, if there is one.
    /// The jump that is returned is taken if the address has no entry.
    ///
    /// Addresses are twice a jump table's index, counted from 1. Rotated right by one bit, an odd
    /// address becomes huge; so do the halt address and all that have no entry.
    pub fn jmp_dispatch(
        &mut self,
        pc: u32,
        base: Gpr,
        displacement: i32,
        link: Option<(Gpr, u64)>,
    ) -> Jump {
        const INDEX: Gpr = Gpr::Rcx;
        self.store_imm_field(frame::DETAIL, pc as i32);
        if displacement == 0 {
            self.mov(Size::S32, INDEX, base);
        } else {
            self.lea(Size::S32, INDEX, base, displacement);
        }
        self.rorx(Size::S32, INDEX, INDEX, 1);
        self.cmp_imm(Size::S32, INDEX, self.last_entry() as i32);
        let outside = self.jcc(Condition::Above);
        self.shl_imm(Size::S32, INDEX, 3);
        self.add_field(INDEX, frame::TABLE);
        if let Some((dst, value)) = link {
            self.flaw_if(dst == INDEX);
            self.load_immediate(dst, value);
        }
        self.jmp_at(INDEX);
        self.has_ended();
        outside
    }
}
