//! Decoding of segments: the choice of a handler for each instruction.

use std::sync::PoisonError;

use jambox_isa::{Opcode, Window};
use jambox_sandbox::{Entry, Writer};

use super::code::{Code, Draft, next_pc};
use super::control::{Ending, Handled, Stepped};
use super::dispatch::Dispatch;
use super::op::{Named, Op, Operands};
use super::pairs;
use super::rows::Row;

/// The most instructions that are decoded at once: a longer segment is cut. It bounds the cost of
/// entering a segment.
const SEGMENT_LIMIT: usize = 1 << 10;

impl<D: Dispatch> Code<D> {
    /// Fills the slots from `index`, for the instruction at `pc`, to the end of its segment.
    #[cold]
    pub(super) fn decode(&self, index: usize, pc: u32) {
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
    /// already. Returns the remaining cost of that slot's segment.
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
