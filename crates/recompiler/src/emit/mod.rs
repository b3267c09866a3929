//! Instructions to machine code: a visitor of `jambox-isa`'s table.
//!
//! The emitter writes segments: runs of instructions whose gas ([`GasPlan`]) is taken at once, at
//! the start. A segment ends with its basic block, and also after an `ecalli` or `sbrk`, because
//! the gas must be exact there, and after [`MAX_SEGMENT`] instructions. In hot code it goes on into
//! the blocks that follow: see [`trace`]. Everything but plain computation leaves the code: the
//! interpreter does it exactly.

mod arithmetic;
mod control;
mod divide;
mod memory;
mod trace;
mod visitor;

use jambox_isa::InstructionSet;
use jambox_program::{CodeRules, GasPlan, ProgramBlob};
use jambox_sandbox::native::asm::{Assembler, Condition, Jump, Place, Size, Slot};

use crate::code::Tier;
use crate::entries::{Entries, Entry};
use crate::registers::GAS;
use trace::Trace;

/// The most instructions in a segment: an immediate of one octet can charge so many where each
/// costs 1.
pub(crate) const MAX_SEGMENT: u32 = 127;

/// A memory access, should it fault.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) struct FaultSite {
    /// The distance of its instruction from the start of the code space.
    pub(crate) at: u32,
    /// The position of the guest's instruction.
    pub(crate) pc: u32,
    /// The gas that was taken for it and for the instructions after it in its segment.
    pub(crate) refund: u32,
}

/// A slot that code of the unit jumps through, which does not lead to the code yet.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) struct Request {
    /// The position that it should lead to.
    pub(crate) pc: u32,
    pub(crate) slot: Slot,
    /// The unit's jump through the slot.
    place: Place,
}

/// The purpose of the code from a place of a unit on.
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
    /// Leaving, because the gas of the segment at this position is not there.
    Unpaid(u32),
    /// Leaving a trace for this position, the gas of the rest of the trace given back.
    SideExit(u32),
    /// Asking for code for this position.
    Ask(u32),
}

/// The target of a jump that was written before the place of its target was known.
#[derive(Clone, Copy)]
enum Target {
    Position(u32),
    Step { pc: u32, refund: u32 },
    Unpaid { pc: u32, refund: u32 },
    SideExit { pc: u32, refund: u32 },
}

/// Control flow after an instruction.
pub(crate) enum Flow {
    /// The next one, in the same segment.
    Next,
    /// The next one, which starts a block, in the same segment.
    Joined,
    /// The first one of the segment, in the same segment.
    Again,
    /// The next one, in a new segment.
    NewSegment,
    /// Nothing: code goes elsewhere in every case.
    Elsewhere,
}

impl Flow {
    const fn is_within_segment(&self) -> bool {
        matches!(self, Self::Next | Self::Joined | Self::Again)
    }
}

/// Writes the code of one unit.
pub(crate) struct Emitter<'a> {
    program: &'a ProgramBlob,
    set: InstructionSet,
    plan: GasPlan,
    checks_next_block: bool,
    entries: &'a mut Entries,
    /// List of accesses: the unit's come after the accesses of earlier units.
    accesses: &'a mut Vec<FaultSite>,
    buffers: &'a mut Buffers,
    trace: Trace,
    /// The instruction in hand, the gas due before it in its segment, and at it.
    pc: u32,
    next_pc: u32,
    due: u32,
    cost: u32,
}

/// Working memory for a unit, kept from unit to unit so that nothing is allocated anew.
pub(crate) struct Buffers {
    pub(crate) asm: Assembler,
    pub(crate) requests: Vec<Request>,
    /// Positions that slots waited for: the last request for each, and the position.
    pub(crate) awaited: Vec<(u32, u32)>,
    fixups: Vec<(Jump, Target)>,
    work: Vec<u32>,
    /// The positions of the segments written in this unit.
    pub(crate) segments: Vec<u32>,
    /// Instructions written in this unit, and how many of them are copies: those that a trace has
    /// beyond its first block.
    pub(crate) instructions: u32,
    pub(crate) copies: u32,
    /// The purposes of the code, by distance in the unit, where a listing wants to know.
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
            copies: 0,
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
        self.copies = 0;
        if let Some(marks) = &mut self.marks {
            marks.clear();
        }
    }
}

impl<'a> Emitter<'a> {
    /// With how many copies of instructions there may be, where the tier has traces.
    pub(crate) fn new(
        program: &'a ProgramBlob,
        set: InstructionSet,
        (tier, copies): (Tier, u32),
        entries: &'a mut Entries,
        accesses: &'a mut Vec<FaultSite>,
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
            trace: Trace::new(tier, copies),
            pc: 0,
            next_pc: 0,
            due: 0,
            cost: 0,
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
                Flow::Next | Flow::Joined | Flow::Again | Flow::NewSegment => pc = self.next_pc,
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
        self.pc = start;
        self.due = 0;
        self.cost = self.plan.cost_at(self.program, start);
        self.trace.begin(start, self.cost);
        let is_charged = self.charge();
        let mut flow = Flow::Next;
        while self.trace.length < MAX_SEGMENT && flow.is_within_segment() {
            self.mark(Mark::Instruction(self.pc));
            let (opcode, window) = self.program.decode(self.set, self.pc);
            self.next_pc = self.pc + 1 + u32::from(window.skip());
            self.trace.length += 1;
            flow = window.visit(opcode, self);
            self.due += self.cost;
            self.pc = self.next_pc;
            self.cost = match flow {
                Flow::Joined | Flow::Again => self.trace.next_cost(),
                _ => self.plan.inner_cost(),
            };
        }
        self.buffers.instructions += self.trace.length;
        self.buffers.copies += self.trace.copied();
        self.price(self.due, is_charged, first);
        flow
    }

    /// Takes the gas of the segment whose first instruction is in hand, unless it is free; says
    /// whether it is not. What it is in all is filled in when it is known.
    fn charge(&mut self) -> bool {
        let inner = (MAX_SEGMENT - 1) * self.plan.inner_cost();
        let most = u64::from(self.cost) + u64::from(inner);
        if most == 0 {
            return false;
        }
        self.mark(Mark::Gas);
        // A trace costs as much as all its blocks, where each has a cost of its own.
        let is_long = i8::try_from(most).is_err() || inner == 0 && self.trace.is_on();
        self.asm().sub_amount(Size::S64, GAS, is_long);
        let unpaid = self.asm().jcc(Condition::Below);
        self.buffers.fixups.push((unpaid, Target::Unpaid { pc: self.pc, refund: 0 }));
        true
    }

    /// Sets the cost of a segment in its parts: its accesses and fixups from the first on.
    fn price(&mut self, cost: u32, is_charged: bool, first: (usize, usize)) {
        if is_charged {
            self.asm().fill(cost);
        }
        for access in self.accesses.get_mut(first.0..).unwrap_or_default() {
            access.refund = cost - access.refund;
        }
        for (_, target) in self.buffers.fixups.get_mut(first.1..).unwrap_or_default() {
            match target {
                Target::Step { refund, .. }
                | Target::Unpaid { refund, .. }
                | Target::SideExit { refund, .. } => *refund = cost - *refund,
                Target::Position(_) => {}
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
        // The refund is the gas due before, for now; `price` makes it the gas of what follows.
        self.buffers.fixups.push((jump, Target::Step { pc, refund: self.due }));
    }

    /// Makes a jump leave the trace for a position, after this instruction.
    fn leave_trace(&mut self, jump: Jump, pc: u32) {
        // The refund is the gas due until then, for now; `price` makes it the gas of what follows.
        let refund = self.due + self.cost;
        self.buffers.fixups.push((jump, Target::SideExit { pc, refund }));
        self.want(pc);
    }

    /// Makes a jump go to a position, and has it written soon.
    fn lead_to(&mut self, jump: Jump, pc: u32) {
        self.buffers.fixups.push((jump, Target::Position(pc)));
        self.want(pc);
    }

    /// Has a position written soon, if it has no code.
    fn want(&mut self, pc: u32) {
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
                Target::Position(pc) | Target::SideExit { pc, refund: 0 } => {
                    self.aim_at_position(jump, pc);
                }
                Target::Step { pc, refund } => {
                    self.way_out(jump, Mark::Step(pc), refund);
                    self.asm().exit_step(pc);
                }
                Target::Unpaid { pc, refund } => {
                    self.way_out(jump, Mark::Unpaid(pc), refund);
                    self.asm().exit_unpaid(pc);
                }
                Target::SideExit { pc, refund } => {
                    self.way_out(jump, Mark::SideExit(pc), refund);
                    match self.entries.compiled(pc) {
                        Some(place) => {
                            let on = self.asm().jmp();
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
            self.asm().add_imm(Size::S64, GAS, refund as i32);
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

    /// Goes on at a position that has no code yet, and asks for it until it has.
    fn ask(&mut self, pc: u32) {
        let place = self.asm().here();
        if let Some(slot) = self.asm().jmp_slot() {
            self.buffers.requests.push(Request { pc, slot, place });
        }
        self.asm().exit_compile(pc);
    }
}
