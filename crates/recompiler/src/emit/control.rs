//! Jumps, branches, host calls: the plan's part of each instruction of control flow.

use jambox_isa::Reg;
use jambox_sandbox::native::asm::Assembler;

use super::{Emitter, Flow, Target};

type Condition = <Assembler as Target>::Condition;

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

    fn may_jump_to(&self, target: u32) -> bool {
        self.program.is_block_start(self.set, target)
    }

    /// Leaves to the interpreter, which executes this instruction.
    fn step(&mut self) {
        let jump = self.asm().jump();
        self.leave_at_step(jump);
    }

    /// The interpreter executes this instruction; a new segment starts after it.
    pub(crate) fn step_and_return(&mut self) -> Flow {
        self.step();
        Flow::NewSegment
    }

    /// The interpreter executes this instruction, which ends the block.
    pub(crate) fn step_and_end(&mut self) -> Flow {
        self.step();
        Flow::Elsewhere
    }

    /// Goes on at the next block.
    pub(crate) fn fall_through(&mut self) -> Flow {
        if self.lacks_next_block() { self.step_and_end() } else { self.go_on(self.next_pc) }
    }

    /// Goes on at a position.
    pub(crate) fn jump_static(&mut self, target: u32) -> Flow {
        if !self.may_jump_to(target) {
            return self.step_and_end();
        }
        // If the target has no code yet it comes right here, without a jump.
        self.go_on(target)
    }

    /// Sets a register, then goes on at a position.
    pub(crate) fn load_and_jump(&mut self, a: Reg, x: i32, target: u32) -> Flow {
        if !self.may_jump_to(target) {
            return self.step_and_end();
        }
        self.asm().set_register(a, i64::from(x) as u64);
        // Code after a call is likely to be needed, the called code more so.
        if self.may_jump_to(self.next_pc) {
            self.buffers.work.push(self.next_pc);
        }
        self.jump_static(target)
    }

    /// Branches to a position if the condition holds after what `compare` writes.
    #[inline]
    pub(crate) fn branch(
        &mut self,
        target: u32,
        condition: Condition,
        compare: impl FnOnce(&mut Assembler),
    ) -> Flow {
        let Some(is_valid) = self.may_branch_to(target) else { return self.step_and_end() };
        compare(self.asm());
        self.branch_if(condition, target, is_valid)
    }

    fn branch_if(&mut self, condition: Condition, target: u32, is_valid: bool) -> Flow {
        let next = self.next_pc;
        if is_valid && self.is_loop(target) {
            let done = self.asm().jump_unless(condition);
            self.leave_trace(done, next);
            return self.go_on(target);
        }
        let jump = self.asm().jump_if(condition);
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

    /// Jumps to the address `a + x`.
    pub(crate) fn jump_indirect(&mut self, a: Reg, x: i32) -> Flow {
        let pc = self.pc;
        let outside = self.asm().jump_indirect(pc, (a, x), None);
        self.leave_at_step(outside);
        Flow::Elsewhere
    }

    /// Jumps to the address `b + y`, and sets `a` to `x`.
    pub(crate) fn load_and_jump_indirect(&mut self, a: Reg, x: i32, b: Reg, y: i32) -> Flow {
        let (pc, link) = (self.pc, (a, i64::from(x) as u64));
        let outside = self.asm().jump_indirect(pc, (b, y), Some(link));
        self.leave_at_step(outside);
        if self.may_jump_to(self.next_pc) {
            self.buffers.work.push(self.next_pc);
        }
        Flow::Elsewhere
    }

    /// Leaves for a host call, after which a new segment starts.
    pub(crate) fn host_call(&mut self, number: i32) -> Flow {
        let pc = self.pc;
        self.asm().exit_host_call(pc, number);
        Flow::NewSegment
    }
}
