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

use jambox_isa::{InstructionSet, Opcode};
use jambox_program::{CodeRules, GasPlan, ProgramBlob};
use jambox_sandbox::native::frame;

use crate::asm::{Assembler, Condition, Mem, Size};
use crate::entries::{Entries, Entry};
use crate::registers::{GAS, SCRATCH};

/// The most instructions in a segment: what an immediate of one octet can charge where each costs
/// 1.
pub(crate) const MAX_SEGMENT: u32 = 127;

/// A memory access, should it fault.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) struct Access {
    /// Where its instruction starts in the unit.
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
    /// Where in the unit the code is that asks for it, to which the slot leads meanwhile.
    pub(crate) at: u32,
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

/// Where the amount ends that a segment's code takes, once it is known.
enum Charge {
    /// Nowhere: the segment is free.
    None,
    /// After one octet.
    Octet(usize),
    /// After four.
    Word(usize),
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

/// Where a unit will be.
#[derive(Clone, Copy)]
pub(crate) struct Place {
    /// The distance of its first octet from the start of the code space.
    pub(crate) code: u32,
    /// That of its first slot.
    pub(crate) slots: u32,
    /// How many slots it may use.
    pub(crate) slot_room: u32,
}

/// Writes the code of one unit.
pub(crate) struct Emitter<'a> {
    program: &'a ProgramBlob,
    set: InstructionSet,
    plan: GasPlan,
    checks_next_block: bool,
    entries: &'a mut Entries,
    place: Place,
    /// The number of the dispatch table's entries beyond the first.
    dispatch_length: u32,
    buffers: &'a mut Buffers,
    /// The instruction in hand, and what is due before it in its segment.
    pc: u32,
    next_pc: u32,
    due: u32,
}

/// What a unit is made of. Kept from unit to unit so that nothing is allocated anew.
#[derive(Default)]
pub(crate) struct Buffers {
    pub(crate) asm: Assembler,
    pub(crate) accesses: Vec<Access>,
    pub(crate) requests: Vec<Request>,
    /// Positions that slots waited for: the last request for each, and the position.
    pub(crate) awaited: Vec<(u32, u32)>,
    fixups: Vec<(usize, Target)>,
    /// The fixups of this segment that are to be told its cost.
    pending: Vec<usize>,
    work: Vec<u32>,
    /// The positions of the segments written in this unit.
    pub(crate) segments: Vec<u32>,
    /// Instructions written in this unit.
    pub(crate) instructions: u32,
    /// What the code is for, where a listing wants to know.
    pub(crate) marks: Option<Vec<(u32, Mark)>>,
}

impl Buffers {
    fn clear(&mut self) {
        self.asm.clear();
        self.accesses.clear();
        self.requests.clear();
        self.awaited.clear();
        self.fixups.clear();
        self.pending.clear();
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
        place: Place,
        dispatch_length: u32,
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
            place,
            dispatch_length,
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
        let at = self.at();
        self.buffers.segments.push(start);
        let known = self.entries.replace(start, Entry::Compiled(self.place.code + at));
        if let Entry::Awaited(request) = known {
            self.buffers.awaited.push((request, start));
        }
        let first_access = self.buffers.accesses.len();
        let first_cost = self.plan.cost_at(self.program, start);
        self.pc = start;
        self.due = 0;
        let charge = self.charge(first_cost);
        let mut flow = Flow::Next;
        let mut pc = start;
        let mut index = 0;
        let mut cost = first_cost;
        while index < MAX_SEGMENT && matches!(flow, Flow::Next) {
            self.pc = pc;
            self.mark(Mark::Instruction(pc));
            let window = self.program.window(self.set, pc);
            self.next_pc = pc + 1 + u32::from(window.skip());
            let opcode = self.program.opcode(self.set, pc).unwrap_or(Opcode::Trap);
            flow = window.visit(opcode, self);
            pc = self.next_pc;
            index += 1;
            self.due += cost;
            cost = self.plan.inner_cost();
        }
        self.buffers.instructions += index;
        self.price(self.due, charge, first_access);
        flow
    }

    /// Takes the gas of a segment, of whose first instruction the cost is known. What it is in all
    /// is written when it is known, into the end of the subtraction.
    fn charge(&mut self, first_cost: u32) -> Charge {
        let most = u64::from(first_cost) + u64::from((MAX_SEGMENT - 1) * self.plan.inner_cost());
        if most == 0 {
            return Charge::None;
        }
        self.mark(Mark::Gas);
        let charge = if i8::try_from(most).is_ok() {
            self.asm().sub_imm(Size::S64, GAS, 1);
            Charge::Octet(self.buffers.asm.at())
        } else {
            self.asm().sub_imm(Size::S64, GAS, i32::MAX);
            Charge::Word(self.buffers.asm.at())
        };
        self.asm().jcc(Condition::Below, 0);
        self.leave_at_step();
        charge
    }

    /// Tells the parts of a segment what it costs.
    fn price(&mut self, cost: u32, charge: Charge, first_access: usize) {
        match charge {
            Charge::None => {}
            Charge::Octet(end) => self.buffers.asm.set_octet_before(end, cost as u8),
            Charge::Word(end) => self.buffers.asm.set_word_before(end, cost as i32),
        }
        for access in self.buffers.accesses.iter_mut().skip(first_access) {
            access.refund = cost - access.refund;
        }
        let Buffers { pending, fixups, .. } = &mut *self.buffers;
        for index in pending.drain(..) {
            if let Some((_, Target::Step { refund, .. })) = fixups.get_mut(index) {
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

    /// Makes the jump that was just written leave to the interpreter, at this instruction.
    fn leave_at_step(&mut self) {
        let (end, pc) = (self.buffers.asm.at(), self.pc);
        self.buffers.pending.push(self.buffers.fixups.len());
        // For now what is due before; `price` makes it what follows.
        self.buffers.fixups.push((end, Target::Step { pc, refund: self.due }));
    }

    /// Makes the jump that was just written go to a position, and has it written soon.
    fn lead_to(&mut self, pc: u32) {
        let end = self.buffers.asm.at();
        self.buffers.fixups.push((end, Target::Position(pc)));
        if self.entries.compiled(pc).is_none() {
            self.buffers.work.push(pc);
        }
    }

    /// Jumps to a position.
    fn jump_to(&mut self, pc: u32) {
        self.mark(Mark::Continue(pc));
        self.asm().jmp(0);
        let end = self.buffers.asm.at();
        self.buffers.fixups.push((end, Target::Position(pc)));
    }

    /// Aims all jumps, writing the ways out that some of them need.
    fn settle(&mut self) {
        let fixups = core::mem::take(&mut self.buffers.fixups);
        for &(end, target) in &fixups {
            match target {
                Target::Position(pc) => self.aim_at_position(end, pc),
                Target::Step { pc, refund } => {
                    let here = self.buffers.asm.at();
                    self.mark(Mark::Step(pc));
                    self.buffers.asm.aim(end, here);
                    if refund > 0 {
                        self.asm().add_imm(Size::S64, GAS, refund as i32);
                    }
                    self.asm().mov_u32(SCRATCH, pc);
                    self.asm().jmp_mem(Mem::Frame(frame::EXIT_STEP));
                }
            }
        }
        self.buffers.fixups = fixups;
    }

    fn aim_at_position(&mut self, end: usize, pc: u32) {
        if let Some(offset) = self.entries.compiled(pc) {
            let target = i64::from(offset) - i64::from(self.place.code);
            self.buffers.asm.aim_by(end, (target - end as i64) as i32);
            return;
        }
        // Looking far would make compilation slower than linear.
        let mut recent = self.buffers.requests.iter().rev().take(8);
        if let Some(request) = recent.find(|request| request.pc == pc) {
            let way_out = request.at as usize - WAY_THROUGH_SLOT;
            self.buffers.asm.aim(end, way_out);
            return;
        }
        let here = self.buffers.asm.at();
        self.mark(Mark::Ask(pc));
        self.buffers.asm.aim(end, here);
        let slot = self.buffers.requests.len() as u32;
        if slot < self.place.slot_room {
            let next = i64::from(self.place.code) + (here + WAY_THROUGH_SLOT) as i64;
            let distance = i64::from(self.place.slots + 8 * slot) - next;
            self.asm().jmp_mem(Mem::Rip(distance as i32));
            let at = self.at();
            self.buffers.requests.push(Request { pc, at });
        }
        self.asm().mov_u32(SCRATCH, pc);
        self.asm().jmp_mem(Mem::Frame(frame::EXIT_COMPILE));
    }
}

/// The length of a jump through a slot.
const WAY_THROUGH_SLOT: usize = 6;
