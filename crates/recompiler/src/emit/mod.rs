//! Instructions to machine code: a visitor of `jambox-isa`'s table.
//!
//! The emitter writes segments: runs of instructions, of which what is due at any
//! ([`GasPlan`]) is taken at once, at the start. A segment ends with its basic block, and also
//! after an `ecalli` or `sbrk`, because the gas must be exact there, and after [`MAX_SEGMENT`]
//! instructions. Whatever is not plain computation leaves the code: the interpreter does it
//! exactly.

mod arithmetic;
mod control;
mod divide;
mod memory;
mod visitor;

use jambox_isa::InstructionSet;
use jambox_program::{CodeRules, GasPlan, ProgramBlob};
use jambox_sandbox::native::asm::{Assembler, Condition, Jump, Place, Size, Slot};

use crate::entries::{Entries, Entry};
use crate::registers::GAS;

/// The most instructions in a segment: what an immediate of one octet can charge where each costs
/// 1.
pub(crate) const MAX_SEGMENT: u32 = 127;

/// A memory access, should it fault.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) struct Access {
    /// The distance of its instruction from the start of the code space.
    pub(crate) at: u32,
    /// The position of the guest's instruction.
    pub(crate) pc: u32,
    /// The gas that was taken for what is due at it and at what follows it in its segment.
    pub(crate) refund: u32,
}

/// A slot that code of the unit jumps through, which does not lead to the code yet.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) struct Request {
    /// The position that it should lead to.
    pub(crate) pc: u32,
    pub(crate) slot: Slot,
    /// Where the unit jumps through the slot.
    place: Place,
}

/// What the code from a place of a unit on is for.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Mark {
    /// Charging a segment.
    Gas,
    /// The guest's instruction at this position.
    Instruction(u32),
    /// Going on at this position.
    Continue(u32),
    /// Leaving, so that the instruction at this position is executed exactly.
    Step(u32),
    /// Asking for code for this position.
    Ask(u32),
}

/// Where a jump goes that was written before its target was known.
#[derive(Clone, Copy)]
enum Target {
    Position(u32),
    Step { pc: u32, refund: u32 },
}

/// What follows an instruction.
pub(crate) enum Flow {
    /// The next one, in the same segment.
    Next,
    /// The next one, in a new segment.
    NewSegment,
    /// Nothing: code goes elsewhere in every case.
    Elsewhere,
}

/// Writes the code of one unit.
pub(crate) struct Emitter<'a> {
    program: &'a ProgramBlob,
    set: InstructionSet,
    plan: GasPlan,
    checks_next_block: bool,
    entries: &'a mut Entries,
    /// Where accesses are noted: those of a unit after those of units before it.
    accesses: &'a mut Vec<Access>,
    buffers: &'a mut Buffers,
    /// The instruction in hand, and what is due before it in its segment.
    pc: u32,
    next_pc: u32,
    due: u32,
}

/// What a unit is made of. Kept from unit to unit so that nothing is allocated anew.
pub(crate) struct Buffers {
    pub(crate) asm: Assembler,
    pub(crate) requests: Vec<Request>,
    /// Positions that slots waited for: the last request for each, and the position.
    pub(crate) awaited: Vec<(u32, u32)>,
    fixups: Vec<(Jump, Target)>,
    work: Vec<u32>,
    /// The positions of the segments written in this unit.
    pub(crate) segments: Vec<u32>,
    /// Instructions written in this unit.
    pub(crate) instructions: u32,
    /// What the code is for, where a listing wants to know.
    pub(crate) marks: Option<Vec<(u32, Mark)>>,
}

impl Buffers {
    pub(crate) fn new(asm: Assembler) -> Self {
        Self {
            asm,
            requests: Vec::new(),
            awaited: Vec::new(),
            fixups: Vec::new(),
            work: Vec::new(),
            segments: Vec::new(),
            instructions: 0,
            marks: None,
        }
    }

    /// Makes ready for a unit that the assembler has begun.
    fn clear(&mut self) {
        self.requests.clear();
        self.awaited.clear();
        self.fixups.clear();
        self.work.clear();
        self.segments.clear();
        self.instructions = 0;
        if let Some(marks) = &mut self.marks {
            marks.clear();
        }
    }
}

impl<'a> Emitter<'a> {
    pub(crate) fn new(
        program: &'a ProgramBlob,
        set: InstructionSet,
        entries: &'a mut Entries,
        accesses: &'a mut Vec<Access>,
        buffers: &'a mut Buffers,
    ) -> Self {
        buffers.clear();
        let plan = GasPlan::of(set);
        let checks_next_block = CodeRules::of(set.revision()).checks_next_block;
        Self {
            program,
            set,
            plan,
            checks_next_block,
            entries,
            accesses,
            buffers,
            pc: 0,
            next_pc: 0,
            due: 0,
        }
    }

    /// Writes a unit: the segment at `start` and those that follow from it, nearest first, until
    /// there are `budget` instructions. Segments that have code already are not written again.
    pub(crate) fn unit(&mut self, start: u32, budget: u32) {
        self.buffers.work.push(start);
        while let Some(pc) = self.buffers.work.pop() {
            if self.entries.compiled(pc).is_none() && self.buffers.instructions < budget {
                self.chain(pc, budget);
            }
        }
        self.settle();
    }

    /// Writes segments one after the other until one does not go on to the next.
    fn chain(&mut self, start: u32, budget: u32) {
        let mut pc = start;
        loop {
            match self.segment(pc) {
                Flow::Elsewhere => return,
                Flow::Next | Flow::NewSegment => pc = self.next_pc,
            }
            let is_new = self.entries.compiled(pc).is_none();
            if !is_new || self.buffers.instructions >= budget {
                self.jump_to(pc);
                return;
            }
        }
    }

    /// Writes one segment.
    fn segment(&mut self, start: u32) -> Flow {
        let here = self.asm().here();
        self.buffers.segments.push(start);
        let known = self.entries.replace(start, Entry::Compiled(here.number()));
        if let Entry::Awaited(request) = known {
            self.buffers.awaited.push((request, start));
        }
        let first = (self.accesses.len(), self.buffers.fixups.len());
        let first_cost = self.plan.cost_at(self.program, start);
        self.pc = start;
        self.due = 0;
        let is_charged = self.charge(first_cost);
        let mut flow = Flow::Next;
        let mut pc = start;
        let mut index = 0;
        let mut cost = first_cost;
        while index < MAX_SEGMENT && matches!(flow, Flow::Next) {
            self.pc = pc;
            self.mark(Mark::Instruction(pc));
            let (opcode, window) = self.program.decode(self.set, pc);
            self.next_pc = pc + 1 + u32::from(window.skip());
            flow = window.visit(opcode, self);
            pc = self.next_pc;
            index += 1;
            self.due += cost;
            cost = self.plan.inner_cost();
        }
        self.buffers.instructions += index;
        self.price(self.due, is_charged, first);
        flow
    }

    /// Takes the gas of a segment, of whose first instruction the cost is known, unless it is free;
    /// says whether it is not. What it is in all is filled in when it is known.
    fn charge(&mut self, first_cost: u32) -> bool {
        let most = u64::from(first_cost) + u64::from((MAX_SEGMENT - 1) * self.plan.inner_cost());
        if most == 0 {
            return false;
        }
        self.mark(Mark::Gas);
        self.asm().sub_amount(Size::S64, GAS, i8::try_from(most).is_err());
        let unpaid = self.asm().jcc(Condition::Below);
        self.leave_at_step(unpaid);
        true
    }

    /// Tells the parts of a segment what it costs: its accesses and fixups from the first on.
    fn price(&mut self, cost: u32, is_charged: bool, first: (usize, usize)) {
        if is_charged {
            self.asm().fill(cost);
        }
        for access in self.accesses.get_mut(first.0..).unwrap_or_default() {
            access.refund = cost - access.refund;
        }
        for (_, target) in self.buffers.fixups.get_mut(first.1..).unwrap_or_default() {
            if let Target::Step { refund, .. } = target {
                *refund = cost - *refund;
            }
        }
    }

    #[inline]
    fn mark(&mut self, mark: Mark) {
        let at = self.at();
        if let Some(marks) = &mut self.buffers.marks {
            marks.push((at, mark));
        }
    }

    fn asm(&mut self) -> &mut Assembler {
        &mut self.buffers.asm
    }

    fn at(&self) -> u32 {
        self.buffers.asm.at() as u32
    }

    /// Makes a jump leave to the interpreter, at this instruction.
    fn leave_at_step(&mut self, jump: Jump) {
        let pc = self.pc;
        // For now what is due before; `price` makes it what follows.
        self.buffers.fixups.push((jump, Target::Step { pc, refund: self.due }));
    }

    /// Makes a jump go to a position, and has it written soon.
    fn lead_to(&mut self, jump: Jump, pc: u32) {
        self.buffers.fixups.push((jump, Target::Position(pc)));
        if self.entries.compiled(pc).is_none() {
            self.buffers.work.push(pc);
        }
    }

    /// Jumps to a position.
    fn jump_to(&mut self, pc: u32) {
        self.mark(Mark::Continue(pc));
        let jump = self.asm().jmp();
        self.buffers.fixups.push((jump, Target::Position(pc)));
    }

    /// Aims all jumps, writing the ways out that some of them need.
    fn settle(&mut self) {
        let fixups = core::mem::take(&mut self.buffers.fixups);
        for &(jump, target) in &fixups {
            match target {
                Target::Position(pc) => self.aim_at_position(jump, pc),
                Target::Step { pc, refund } => {
                    self.mark(Mark::Step(pc));
                    self.asm().aim_here(jump);
                    if refund > 0 {
                        self.asm().add_imm(Size::S64, GAS, refund as i32);
                    }
                    self.asm().exit_step(pc);
                }
            }
        }
        self.buffers.fixups = fixups;
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
        let place = self.asm().here();
        if let Some(slot) = self.asm().jmp_slot() {
            self.buffers.requests.push(Request { pc, slot, place });
        }
        self.asm().exit_compile(pc);
    }
}
