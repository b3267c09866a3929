//! Jumps, branches, host calls.

use jambox_isa::Reg;
use jambox_sandbox::native::asm::{Condition, Size};

use super::{Emitter, Flow};
use crate::registers::host;

impl Emitter<'_> {
    /// True if going on to the next block would panic.
    fn lacks_next_block(&self) -> bool {
        self.checks_next_block && !self.may_jump_to(self.next_pc)
    }

    /// True if a branch may be taken; `None` if it panics, taken or not.
    fn may_branch_to(&self, target: u32) -> Option<bool> {
        let is_valid = self.may_jump_to(target);
        let panics = self.checks_next_block && (!is_valid || !self.may_jump_to(self.next_pc));
        (!panics).then_some(is_valid)
    }

    pub(super) fn fall_through(&mut self) -> Flow {
        if self.lacks_next_block() { self.step_and_end() } else { self.go_on(self.next_pc) }
    }

    fn may_jump_to(&self, target: u32) -> bool {
        self.program.is_block_start(self.set, target)
    }

    /// Leaves to the interpreter, which executes this instruction.
    pub(super) fn step(&mut self) {
        let jump = self.asm().jmp();
        self.leave_at_step(jump);
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
        self.go_on(target)
    }

    pub(super) fn load_and_jump(&mut self, a: Reg, x: i32, target: u32) -> Flow {
        if !self.may_jump_to(target) {
            return self.step_and_end();
        }
        self.asm().load_immediate(host(a), i64::from(x) as u64);
        // Code after a call is likely to be needed, the called code more so.
        if self.may_jump_to(self.next_pc) {
            self.buffers.work.push(self.next_pc);
        }
        self.jump_static(target)
    }

    pub(super) fn branch(&mut self, a: Reg, b: Reg, condition: Condition, target: u32) -> Flow {
        let Some(is_valid) = self.may_branch_to(target) else { return self.step_and_end() };
        self.asm().cmp(Size::S64, host(a), host(b));
        self.branch_if(condition, target, is_valid)
    }

    pub(super) fn branch_imm(&mut self, a: Reg, x: i32, condition: Condition, target: u32) -> Flow {
        let Some(is_valid) = self.may_branch_to(target) else { return self.step_and_end() };
        let a = host(a);
        if x == 0 && matches!(condition, Condition::Equal | Condition::NotEqual) {
            self.asm().test(Size::S64, a, a);
        } else {
            self.asm().cmp_imm(Size::S64, a, x);
        }
        self.branch_if(condition, target, is_valid)
    }

    fn branch_if(&mut self, condition: Condition, target: u32, is_valid: bool) -> Flow {
        let next = self.next_pc;
        if is_valid && self.is_loop(target) {
            let done = self.asm().jcc(condition.negated());
            self.leave_trace(done, next);
            return self.go_on(target);
        }
        let jump = self.asm().jcc(condition);
        if !is_valid {
            self.leave_at_step(jump);
            return Flow::NewSegment;
        }
        // A branch that leads back is likely to be taken.
        if target > self.pc && self.can_join(next) {
            self.leave_trace(jump, target);
            return self.join(next);
        }
        self.lead_to(jump, target);
        Flow::NewSegment
    }

    pub(super) fn jump_indirect(&mut self, a: Reg, x: i32) -> Flow {
        let pc = self.pc;
        let outside = self.asm().jmp_dispatch(pc, host(a), x, None);
        self.leave_at_step(outside);
        Flow::Elsewhere
    }

    pub(super) fn load_and_jump_indirect(&mut self, a: Reg, x: i32, b: Reg, y: i32) -> Flow {
        let (pc, link) = (self.pc, (host(a), i64::from(x) as u64));
        let outside = self.asm().jmp_dispatch(pc, host(b), y, Some(link));
        self.leave_at_step(outside);
        if self.may_jump_to(self.next_pc) {
            self.buffers.work.push(self.next_pc);
        }
        Flow::Elsewhere
    }

    pub(super) fn host_call(&mut self, number: i32) -> Flow {
        let pc = self.pc;
        self.asm().exit_host_call(pc, number);
        Flow::NewSegment
    }
}
