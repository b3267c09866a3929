//! The ops of a module.

use core::sync::atomic::{AtomicU32, Ordering};
use std::sync::{Mutex, PoisonError};

use jambox_isa::{InstructionSet, Opcode, Window};
use jambox_program::{CodeRules, GasPlan, Jump, ProgramBlob};
use jambox_sandbox::{Entry, Slots, Writer};

use super::control::{Ending, Handled, Stepped};
use super::dispatch::Dispatch;
use super::op::{At, Named, Op, Operands};
use super::pairs;
use super::positions::Positions;
use super::rows::Row;

/// The most instructions that are decoded at once: a longer segment is cut. It bounds the cost of
/// entering a segment.
const SEGMENT_LIMIT: usize = 1 << 10;

/// The most entries of a jump table whose resolution is remembered; jumps beyond are stepped.
const JUMPS_LIMIT: u64 = 1 << 24;

/// A module's ops: for each instruction that the bitmask marks, and for the end of the code.
pub(crate) struct Code<D: Dispatch> {
    slots: Slots<D>,
    /// The indices that jump-table entries lead to, plus 1; 0 where nobody asked yet, or where
    /// they lead nowhere.
    jumps: Box<[AtomicU32]>,
    positions: Positions,
    program: ProgramBlob,
    set: InstructionSet,
    plan: GasPlan,
    checks_next_block: bool,
    /// The segment that is being decoded, kept for its room.
    segment: Mutex<Vec<Draft<D>>>,
}

/// The contents of a slot that is about to be filled.
struct Draft<D: Dispatch> {
    entry: Entry<D>,
    op: Op,
    /// The opcode, if `entry` is one of its own handlers.
    opcode: Option<Opcode>,
    cost: u32,
    /// The index that the op's link leads to.
    target: u32,
}

impl<D: Dispatch> Code<D> {
    /// Nothing decoded yet. `None` if the host lacks the memory for the table.
    pub(crate) fn new(program: &ProgramBlob, set: InstructionSet) -> Option<Self> {
        let positions = Positions::new(program);
        let slots = Slots::new(positions.count() + 1)?;
        let table = program.jump_table();
        // Entries of no octets cost a program nothing, so there may be any number of them.
        let jumps = if table.entry_size() == 0 { 0 } else { table.len().min(JUMPS_LIMIT) };
        let jumps = (0..jumps).map(|_| AtomicU32::new(0)).collect();
        let (program, plan, segment) = (program.clone(), GasPlan::of(set), Mutex::default());
        let checks_next_block = CodeRules::of(set.revision()).checks_next_block;
        Some(Self { slots, jumps, positions, program, set, plan, checks_next_block, segment })
    }

    /// The op of the instruction that starts at `pc`, or of the end of the code.
    pub(crate) fn at(&self, pc: u64) -> Option<At<'_, D>> {
        let pc = u32::try_from(pc).ok()?;
        self.prepare(self.positions.index_at(pc)?, pc)
    }

    /// The op that an op's link leads to.
    pub(crate) fn target(&self, from: At<'_, D>) -> Option<At<'_, D>> {
        let window = self.program.window(self.set, from.operands().pc);
        let pc = window.fields(self.opcode(window).format()).target;
        self.prepare(from.target_index_in(&self.slots), pc)
    }

    /// The op after an op.
    pub(crate) fn next(&self, from: At<'_, D>) -> Option<At<'_, D>> {
        let pc = from.operands().pc;
        self.prepare(from.index_in(&self.slots) + 1, next_pc(self.program.window(self.set, pc)))
    }

    /// The op that a dynamic jump to `address` leads to, if that is known.
    #[inline(always)]
    pub(crate) fn jump(&self, address: u32) -> Option<At<'_, D>> {
        let index = self.jumps.get(entry_of(address))?.load(Ordering::Relaxed);
        // An entry not known yet has an index that no op has.
        self.slots.get(index.wrapping_sub(1) as usize)
    }

    /// Makes the op known that a dynamic jump to `address` leads to, if there is one.
    #[cold]
    pub(crate) fn resolve_jump(&self, address: u32) -> bool {
        let Jump::To(pc) = self.program.resolve_jump(self.set, address) else { return false };
        let (Some(index), Some(jump)) =
            (self.positions.index_at(pc), self.jumps.get(entry_of(address)))
        else {
            return false;
        };
        jump.store(index as u32 + 1, Ordering::Relaxed);
        self.prepare(index, pc).is_some()
    }

    /// The op of an index, for the instruction at `pc`. It is decoded if need be.
    fn prepare(&self, index: usize, pc: u32) -> Option<At<'_, D>> {
        self.slots.get(index).or_else(|| {
            if index < self.slots.len() {
                self.decode(index, pc);
            }
            self.slots.get(index)
        })
    }

    /// Fills the slots from `index`, for the instruction at `pc`, to the end of its segment.
    #[cold]
    fn decode(&self, index: usize, pc: u32) {
        let mut segment = self.segment.lock().unwrap_or_else(PoisonError::into_inner);
        let mut writer = self.slots.writer();
        segment.clear();
        let mut cost_after = self.read_segment(&writer, index, pc, &mut segment);
        let mut after: Option<&Draft<D>> = None;
        for (offset, draft) in segment.iter().enumerate().rev() {
            cost_after += draft.cost;
            let both = after.and_then(|after| draft.fused(after));
            let entry = both.unwrap_or(draft.entry);
            writer.fill(index + offset, entry, draft.op, cost_after, draft.target as usize);
            after = Some(draft);
        }
    }

    /// Reads the instructions from `index` to the end of its segment, or to a slot that is filled
    /// already. Returns what that slot's segment still costs.
    fn read_segment(
        &self,
        writer: &Writer<'_, D>,
        index: usize,
        mut pc: u32,
        segment: &mut Vec<Draft<D>>,
    ) -> u32 {
        let mut cost = self.plan.cost_at(&self.program, pc);
        loop {
            let at = index + segment.len();
            if let Some(filled) = writer.get(at) {
                return filled.tag();
            }
            if segment.len() == SEGMENT_LIMIT {
                segment.last_mut().into_iter().for_each(Draft::cut);
                return 0;
            }
            let window = self.program.window(self.set, pc);
            if !self.goes_on(window) {
                segment.push(Draft::stepped(at, pc));
                return 0;
            }
            let opcode = self.opcode(window);
            let row = Row::of(opcode);
            segment.push(self.draft(at, window, opcode, row, cost));
            if row.ends {
                return 0;
            }
            cost = self.plan.inner_cost();
            pc = next_pc(window);
        }
    }

    /// True if the next instruction has the next index: everywhere but at the end of the code, and
    /// where skipping stops before an instruction.
    #[inline(always)]
    fn goes_on(&self, window: Window) -> bool {
        let (next, end) = (next_pc(window), self.program.code_len());
        let stopped = window.skip() == Window::MAX_SKIP;
        let finds = !stopped || next == end || self.program.is_instruction_start(next);
        finds && window.pc() < end
    }

    /// The opcode of the instruction in the window; all that is none is a `trap`.
    #[inline(always)]
    fn opcode(&self, window: Window) -> Opcode {
        self.set.opcode(window.opcode_octet()).unwrap_or(Opcode::Trap)
    }

    #[inline(always)]
    fn draft(
        &self,
        at: usize,
        window: Window,
        opcode: Opcode,
        row: &Row<D>,
        cost: u32,
    ) -> Draft<D> {
        let fields = window.fields(row.format);
        let operands = Operands::new(row.format, fields);
        let [a, b, ..] = operands.regs;
        let op = Op { operands, pc: window.pc() };
        let entry = row.handlers.get(a, b);
        let mut draft = Draft { entry, op, opcode: Some(opcode), cost, target: at as u32 };
        if row.format.has_target() {
            match self.block_at(fields.target) {
                Some(index) => draft.target = index,
                None => draft.replace(row.nowhere),
            }
        }
        if row.goes_on && self.checks_next_block {
            let ways = [next_pc(window), fields.target];
            let count = if row.format.has_target() { 2 } else { 1 };
            let is_block = |pc: &u32| self.program.is_block_start(self.set, *pc);
            if !ways.iter().take(count).all(is_block) {
                draft.replace(Ending::<Stepped, Named>::ENTRY);
            }
        }
        draft
    }

    /// The index of the block that starts at `pc`, if one does.
    fn block_at(&self, pc: u32) -> Option<u32> {
        let index = self.positions.index_at(pc)?;
        self.program.is_block_start(self.set, pc).then_some(index as u32)
    }
}

impl<D: Dispatch> Draft<D> {
    /// Leaves the instruction at `pc` to the stepper.
    fn stepped(at: usize, pc: u32) -> Self {
        let op = Op { operands: Operands::default(), pc };
        let entry = Ending::<Stepped, Named>::ENTRY;
        Self { entry, op, opcode: None, cost: 0, target: at as u32 }
    }

    /// Gives the instruction another handler than its own.
    fn replace(&mut self, entry: Entry<D>) {
        (self.entry, self.opcode) = (entry, None);
    }

    /// Makes this the last instruction of its segment.
    fn cut(&mut self) {
        if let Some(opcode) = self.opcode {
            self.replace(Row::of(opcode).cut);
        }
    }

    /// A handler for this instruction and the one after it, if there is one for such two.
    #[inline(always)]
    fn fused(&self, after: &Self) -> Option<Entry<D>> {
        pairs::find((self.opcode?, &self.op.operands), (after.opcode?, &after.op.operands))
    }
}

/// The position after the window's instruction.
#[inline(always)]
fn next_pc(window: Window) -> u32 {
    window.pc().saturating_add(u32::from(window.skip()) + 1)
}

/// The jump-table entry that a dynamic jump address stands for. An odd address becomes one with
/// the highest bit set, as address 0 does, which no table reaches.
#[inline(always)]
fn entry_of(address: u32) -> usize {
    address.rotate_right(1).wrapping_sub(1) as usize
}
