//! Charges, ways out, and jumps that are aimed when the place that they lead to is known.

use jambox_sandbox::native::asm::{Assembler, Jump, Place};

use super::{Destination, Emitter, MAX_SEGMENT, Mark, Request, Target};

impl Emitter<'_> {
    /// Takes the gas of the segment whose first instruction is in hand, unless it is free; says
    /// whether it is not. What it is in all is filled in when it is known.
    pub(super) fn charge(&mut self) -> bool {
        let inner = (MAX_SEGMENT - 1) * self.plan.inner_cost();
        let most = u64::from(self.cost) + u64::from(inner);
        if most == 0 {
            return false;
        }
        self.mark(Mark::Gas);
        // A trace costs as much as all its blocks, where each has a cost of its own.
        let short = u64::from(<Assembler as Target>::SHORT_CHARGE);
        let is_long = most > short || inner == 0 && self.trace.is_on();
        let unpaid = self.asm().charge(is_long);
        self.buffers.fixups.push((unpaid, Destination::Unpaid { pc: self.pc, refund: 0 }));
        true
    }

    /// Sets the cost of a segment in its parts: its accesses and fixups from the first on.
    pub(super) fn price(&mut self, cost: u32, is_charged: bool, first: (usize, usize)) {
        if is_charged {
            self.asm().fill(cost);
        }
        for access in self.accesses.get_mut(first.0..).unwrap_or_default() {
            access.refund = cost - access.refund;
        }
        for (_, end) in self.buffers.fixups.get_mut(first.1..).unwrap_or_default() {
            match end {
                Destination::Step { refund, .. }
                | Destination::Unpaid { refund, .. }
                | Destination::SideExit { refund, .. } => *refund = cost - *refund,
                Destination::Position(_) => {}
            }
        }
    }

    /// Makes a jump leave to the interpreter, at this instruction.
    pub(super) fn leave_at_step(&mut self, jump: Jump) {
        let pc = self.pc;
        // The refund is the gas due before, for now; `price` makes it the gas of what follows.
        self.buffers.fixups.push((jump, Destination::Step { pc, refund: self.due }));
    }

    /// Makes a jump leave the trace for a position, after this instruction.
    pub(super) fn leave_trace(&mut self, jump: Jump, pc: u32) {
        // The refund is the gas due until then, for now; `price` makes it the gas of what follows.
        let refund = self.due + self.cost;
        self.buffers.fixups.push((jump, Destination::SideExit { pc, refund }));
        self.want(pc);
    }

    /// Makes a jump go to a position, and has it written soon.
    pub(super) fn lead_to(&mut self, jump: Jump, pc: u32) {
        self.buffers.fixups.push((jump, Destination::Position(pc)));
        self.want(pc);
    }

    /// Has a position written soon, if it has no code.
    fn want(&mut self, pc: u32) {
        if self.entries.compiled(pc).is_none() {
            self.buffers.work.push(pc);
        }
    }

    /// Jumps to a position.
    pub(super) fn jump_to(&mut self, pc: u32) {
        self.mark(Mark::Continue(pc));
        let jump = self.asm().jump();
        self.buffers.fixups.push((jump, Destination::Position(pc)));
    }

    /// Aims all jumps, writing the ways out that some of them need.
    pub(super) fn settle(&mut self) {
        let fixups = core::mem::take(&mut self.buffers.fixups);
        for &(jump, end) in &fixups {
            match end {
                Destination::Position(pc) | Destination::SideExit { pc, refund: 0 } => {
                    self.aim_at_position(jump, pc);
                }
                Destination::Step { pc, refund } => {
                    self.way_out(jump, Mark::Step(pc), refund);
                    self.asm().exit_step(pc);
                }
                Destination::Unpaid { pc, refund } => {
                    self.way_out(jump, Mark::Unpaid(pc), refund);
                    self.asm().exit_unpaid(pc);
                }
                Destination::SideExit { pc, refund } => {
                    self.way_out(jump, Mark::SideExit(pc), refund);
                    match self.entries.compiled(pc) {
                        Some(place) => {
                            let on = self.asm().jump();
                            self.asm().aim(on, Place::of_number(place));
                        }
                        None => self.ask(pc),
                    }
                }
            }
        }
        self.buffers.fixups = fixups;
    }

    /// Makes a jump lead to a way out that begins here, and gives gas back.
    fn way_out(&mut self, jump: Jump, mark: Mark, refund: u32) {
        self.mark(mark);
        self.asm().aim_here(jump);
        if refund > 0 {
            self.asm().refund(refund);
        }
    }

    fn aim_at_position(&mut self, jump: Jump, pc: u32) {
        if let Some(place) = self.entries.compiled(pc) {
            self.asm().aim(jump, Place::of_number(place));
            return;
        }
        // Looking far would make compilation slower than linear.
        let mut recent = self.buffers.requests.iter().rev().take(8);
        if let Some(&Request { place, .. }) = recent.find(|request| request.pc == pc) {
            self.asm().aim(jump, place);
            return;
        }
        self.mark(Mark::Ask(pc));
        self.asm().aim_here(jump);
        self.ask(pc);
    }

    /// Emits a jump through a slot to a position without code. The slot first leads to an exit that
    /// asks for the code.
    fn ask(&mut self, pc: u32) {
        let place = self.asm().here();
        if let Some(slot) = self.asm().jump_slot() {
            self.buffers.requests.push(Request { pc, slot, place });
        }
        self.asm().exit_compile(pc);
    }
}
