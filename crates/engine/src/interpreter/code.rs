//! The ops of a module.

use core::sync::atomic::{AtomicU32, Ordering};

use jambox_isa::InstructionSet;
use jambox_program::{Located, ProgramBlob};
use jambox_sandbox::{Slots, Writer};

use super::dispatch::Dispatch;
use super::fixed;
use super::fused::{self, Tail};
use super::op::{At, Op};
use super::positions::Positions;
use super::translate::{Kind, Translated, translate};
use crate::GasModel;
use crate::module;

/// The most instructions that are decoded at once: a segment longer than this is cut by an op that
/// hands over. It bounds what entering a segment costs.
const SEGMENT_LIMIT: usize = 1 << 10;

/// The most entries of a jump table whose resolution is remembered; jumps beyond are stepped.
const JUMPS_LIMIT: u64 = 1 << 24;

/// A module's ops: for each instruction that the bitmask marks, and for the end of the code.
pub(crate) struct Code<D: Dispatch> {
    slots: Slots<Op<D>>,
    /// The indices that jump-table entries lead to, plus 1; 0 where nobody asked yet, or where
    /// they lead nowhere.
    jumps: Box<[AtomicU32]>,
    positions: Positions,
    program: ProgramBlob,
    set: InstructionSet,
    gas_model: GasModel,
}

impl<D: Dispatch> Code<D> {
    /// Nothing decoded yet. `None` if the host lacks the memory for the table.
    pub(crate) fn new(
        program: &ProgramBlob,
        set: InstructionSet,
        gas_model: GasModel,
    ) -> Option<Self> {
        let positions = Positions::new(program);
        let slots = Slots::new(positions.count() + 1)?;
        let table = program.jump_table();
        // Entries of no octets cost a program nothing, so there may be any number of them.
        let jumps = if table.entry_size() == 0 { 0 } else { table.len().min(JUMPS_LIMIT) };
        let jumps = (0..jumps).map(|_| AtomicU32::new(0)).collect();
        Some(Self { slots, jumps, positions, program: program.clone(), set, gas_model })
    }

    /// The op of an index, if it is decoded.
    #[inline(always)]
    pub(crate) fn get(&self, index: usize) -> Option<At<'_, D>> {
        self.slots.get(index)
    }

    /// The op of an index, which is decoded if need be; `None` beyond the end of the code.
    pub(crate) fn prepare(&self, index: usize) -> Option<At<'_, D>> {
        if let Some(at) = self.get(index) {
            return Some(at);
        }
        if index > self.positions.count() {
            return None;
        }
        self.decode(index);
        self.get(index)
    }

    /// The index of the instruction that starts at `pc`, or of the end of the code.
    pub(crate) fn index_at(&self, pc: u64) -> Option<usize> {
        self.positions.index_at(u32::try_from(pc).ok()?)
    }

    /// Where the instruction of an index starts.
    pub(crate) fn pc_of(&self, index: usize) -> u64 {
        u64::from(self.positions.pc_of(index))
    }

    /// The index of an op.
    pub(crate) fn index_of(&self, at: At<'_, D>) -> usize {
        at.index_in(&self.slots)
    }

    /// The index that an op's link leads to.
    pub(crate) fn target_of(&self, at: At<'_, D>) -> usize {
        at.target_index_in(&self.slots)
    }

    /// The op that a dynamic jump to `address` leads to, if that is known.
    #[inline(always)]
    pub(crate) fn jump(&self, address: u32) -> Option<At<'_, D>> {
        let index = self.jumps.get(entry_of(address))?.load(Ordering::Relaxed);
        // What is not known yet has an index that no op has.
        self.get(index.wrapping_sub(1) as usize)
    }

    /// Makes the op known that a dynamic jump to `address` leads to, if there is one.
    #[cold]
    pub(crate) fn resolve_jump(&self, address: u32) -> bool {
        let target = module::resolve_jump(&self.program, self.set, address).ok();
        let index = target.and_then(|target| self.positions.index_at(target));
        let (Some(index), Some(jump)) = (index, self.jumps.get(entry_of(address))) else {
            return false;
        };
        jump.store(index as u32 + 1, Ordering::Relaxed);
        self.prepare(index).is_some()
    }

    /// Fills the slots from `index` to the end of its segment.
    #[cold]
    fn decode(&self, index: usize) {
        let mut writer = self.slots.writer();
        let (segment, mut cost_after) = self.read_segment(&writer, index);
        let mut tail = Tail::new();
        for (offset, translated) in segment.iter().enumerate().rev() {
            let Translated { pc, kind, operands, target, handler, cost } = *translated;
            let at = index + offset;
            let handler = fixed::handler_for(kind, operands.regs)
                .or_else(|| fused::handler_for(kind, tail))
                .unwrap_or(handler);
            let tag = match kind {
                Kind::Stepped => 0,
                Kind::Ending(_) | Kind::BranchNowhere => cost,
                Kind::Simple(_) => cost + cost_after,
            };
            writer.fill(at, Op { handler, operands, pc }, tag, target.unwrap_or(at));
            (tail, cost_after) = (tail.after(kind), tag);
        }
    }

    /// The instructions from `index` to the end of its segment, or to a slot that is filled
    /// already, and what that slot's segment still costs.
    fn read_segment(&self, writer: &Writer<'_, Op<D>>, index: usize) -> (Vec<Translated<D>>, u32) {
        let mut segment = Vec::new();
        let mut pc = self.positions.pc_of(index);
        loop {
            let at = index + segment.len();
            if let Some(filled) = writer.get(at) {
                return (segment, filled.tag());
            }
            let located = self.program.instruction(self.set, pc);
            let is_last = segment.len() + 1 == SEGMENT_LIMIT;
            // The next instruction has the next index, except where skipping stops at 24 octets.
            let next_pc = located.next_pc();
            let goes_on = self.positions.index_at(next_pc) == Some(at + 1);
            let translated =
                if is_last || !goes_on { Translated::stepped(pc) } else { self.translate(located) };
            let ends = !matches!(translated.kind, Kind::Simple(_));
            segment.push(translated);
            if ends {
                return (segment, 0);
            }
            pc = next_pc;
        }
    }

    fn translate(&self, located: Located) -> Translated<D> {
        let is_block_start = |pc| self.program.is_block_start(self.set, pc);
        let index_at = |pc| self.positions.index_at(pc).filter(|_| is_block_start(pc));
        let cost = self.gas_model.instruction_cost(&located.instruction);
        translate(located, cost as u32, index_at)
    }
}

/// The jump-table entry that a dynamic jump address stands for. An odd address becomes one with
/// the highest bit set, as address 0 does, which no table reaches.
#[inline(always)]
fn entry_of(address: u32) -> usize {
    address.rotate_right(1).wrapping_sub(1) as usize
}
