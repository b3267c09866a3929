//! The plan of native code: units, segments, traces, slots, fixups, charges and exits.
//!
//! The emitter writes segments: runs of instructions whose gas ([`GasPlan`]) is taken at once, at
//! the start. A segment ends with its basic block, and also after an `ecalli` or `sbrk`, because
//! the gas must be exact there, and after [`MAX_SEGMENT`] instructions. In hot code it goes on into
//! the blocks that follow: see [`trace`]. Everything but plain computation leaves the code: the
//! interpreter does it exactly.
//!
//! Nothing here names an instruction or a register of a processor: see [`target`] for the seam.

mod control;
mod fixups;
mod target;
mod trace;

use jambox_isa::InstructionSet;
use jambox_program::{CodeRules, GasPlan, ProgramBlob};
use jambox_sandbox::native::asm::{Assembler, Jump, Place, Slot};

use crate::entries::{Entries, Entry};
use trace::Trace;

pub(crate) use target::Target;
pub use trace::Tier;

/// The most instructions in a segment. Where each costs 1, the charge for all has its short form.
const MAX_SEGMENT: u32 = 127;
const _: () = assert!(MAX_SEGMENT <= <Assembler as Target>::SHORT_CHARGE);

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

/// The end of a jump that was written before the place of that was known.
#[derive(Clone, Copy)]
enum Destination {
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
    fixups: Vec<(Jump, Destination)>,
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

    #[inline]
    fn mark(&mut self, mark: Mark) {
        let at = self.at();
        if let Some(marks) = &mut self.buffers.marks {
            marks.push((at, mark));
        }
    }

    /// The assembler, for the code of the instruction in hand.
    pub(crate) fn asm(&mut self) -> &mut Assembler {
        &mut self.buffers.asm
    }

    fn at(&self) -> u32 {
        self.buffers.asm.at() as u32
    }

    /// Notes that the instruction written next may fault.
    pub(crate) fn access(&mut self) {
        let (at, pc) = (self.buffers.asm.origin() + self.at(), self.pc);
        // The refund is the gas due before, for now; `price` makes it the gas of what follows.
        self.accesses.push(FaultSite { at, pc, refund: self.due });
    }
}
