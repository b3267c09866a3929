//! Jumps, branches, host calls.

use jambox_isa::Reg;
use jambox_sandbox::native::frame;

use super::{Emitter, Flow};
use crate::asm::{Condition, Mem, Size};
use crate::registers::{SCRATCH, host};

impl Emitter<'_> {
    /// Whether going on to the next block would panic.
    fn lacks_next_block(&self) -> bool {
        self.checks_next_block && !self.may_jump_to(self.next_pc)
    }

    /// Whether a branch panics, taken or not.
    fn panics_either_way(&self, target: u32) -> bool {
        self.checks_next_block && !self.may_jump_to(target) || self.lacks_next_block()
    }

    pub(super) fn fall_through(&mut self) -> Flow {
        if self.lacks_next_block() { self.step_and_end() } else { Flow::NewSegment }
    }

    fn may_jump_to(&self, target: u32) -> bool {
        self.program.is_block_start(self.set, target)
    }

    /// Leaves to the interpreter, which executes this instruction.
    pub(super) fn step(&mut self) {
        self.asm().jmp(0);
        self.leave_at_step();
    }

    /// The interpreter executes this instruction; a new segment starts after it.
    pub(super) fn step_and_return(&mut self) -> Flow {
        self.step();
        Flow::NewSegment
    }

    /// The interpreter executes this instruction, which ends the block.
    pub(super) fn step_and_end(&mut self) -> Flow {
        self.step();
        Flow::Elsewhere
    }

    pub(super) fn jump_static(&mut self, target: u32) -> Flow {
        if !self.may_jump_to(target) {
            return self.step_and_end();
        }
        // If the target has no code yet it comes right here, without a jump.
        self.next_pc = target;
        Flow::NewSegment
    }

    pub(super) fn load_and_jump(&mut self, a: Reg, x: i32, target: u32) -> Flow {
        if !self.may_jump_to(target) {
            return self.step_and_end();
        }
        self.load_immediate(host(a), i64::from(x) as u64);
        // What comes after a call is likely to be needed, what is called more so.
        if self.may_jump_to(self.next_pc) {
            self.buffers.work.push(self.next_pc);
        }
        self.jump_static(target)
    }

    pub(super) fn branch(&mut self, a: Reg, b: Reg, condition: Condition, target: u32) -> Flow {
        if self.panics_either_way(target) {
            return self.step_and_end();
        }
        self.asm().cmp(Size::S64, host(a), host(b));
        self.branch_if(condition, target)
    }

    pub(super) fn branch_imm(&mut self, a: Reg, x: i32, condition: Condition, target: u32) -> Flow {
        if self.panics_either_way(target) {
            return self.step_and_end();
        }
        let a = host(a);
        if x == 0 && matches!(condition, Condition::Equal | Condition::NotEqual) {
            self.asm().test(Size::S64, a, a);
        } else {
            self.asm().cmp_imm(Size::S64, a, x);
        }
        self.branch_if(condition, target)
    }

    fn branch_if(&mut self, condition: Condition, target: u32) -> Flow {
        self.asm().jcc(condition, 0);
        if self.may_jump_to(target) {
            self.lead_to(target);
        } else {
            self.leave_at_step();
        }
        Flow::NewSegment
    }

    /// Looks the address `base + displacement` up in the dispatch table, and leaves the address of
    /// the table's entry in the scratch register.
    ///
    /// Addresses are twice a jump table's index, counted from 1. Rotated right by one bit, an odd
    /// address becomes huge; so do the halt address and all that have no entry.
    pub(super) fn dispatch(&mut self, base: Reg, displacement: i32) {
        let pc = self.pc as i32;
        self.asm().store_imm_u32(Mem::Frame(frame::DETAIL), pc);
        if displacement == 0 {
            self.asm().mov(Size::S32, SCRATCH, host(base));
        } else {
            self.asm().lea(Size::S32, SCRATCH, host(base), displacement);
        }
        self.asm().rorx(Size::S32, SCRATCH, SCRATCH, 1);
        let last = self.dispatch_length as i32;
        self.asm().cmp_imm(Size::S32, SCRATCH, last);
        self.asm().jcc(Condition::Above, 0);
        self.leave_at_step();
        self.asm().shl_imm(Size::S32, SCRATCH, 3);
        self.asm().add_load(SCRATCH, Mem::Frame(frame::TABLE));
    }

    pub(super) fn jump_indirect(&mut self, a: Reg, x: i32) -> Flow {
        self.dispatch(a, x);
        self.asm().jmp_mem(Mem::At(SCRATCH));
        Flow::Elsewhere
    }

    pub(super) fn load_and_jump_indirect(&mut self, a: Reg, x: i32, b: Reg, y: i32) -> Flow {
        self.dispatch(b, y);
        self.load_immediate(host(a), i64::from(x) as u64);
        self.asm().jmp_mem(Mem::At(SCRATCH));
        if self.may_jump_to(self.next_pc) {
            self.buffers.work.push(self.next_pc);
        }
        Flow::Elsewhere
    }

    pub(super) fn host_call(&mut self, number: i32) -> Flow {
        let pc = self.pc;
        self.asm().lea_rip(SCRATCH, 0);
        let after_lea = self.buffers.asm.at();
        self.asm().store_u64(Mem::Frame(frame::RESUME), SCRATCH);
        self.asm().store_imm_u32(Mem::Frame(frame::DETAIL), number);
        self.asm().mov_u32(SCRATCH, pc);
        self.asm().jmp_mem(Mem::Frame(frame::EXIT_HOST_CALL));
        let resume = self.buffers.asm.at();
        self.buffers.asm.aim(after_lea, resume);
        Flow::NewSegment
    }
}
