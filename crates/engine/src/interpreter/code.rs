//! The ops of a module.

use core::sync::atomic::{AtomicU32, Ordering};
use std::sync::Mutex;

use jambox_isa::{InstructionSet, Opcode, Window};
use jambox_program::{CodeRules, GasPlan, Jump, ProgramBlob};
use jambox_sandbox::{Entry, Slots};

use super::dispatch::Dispatch;
use super::op::{At, Op};
use super::positions::Positions;

/// The most entries of a jump table whose resolution is remembered; jumps beyond are stepped.
const JUMPS_LIMIT: u64 = 1 << 24;

/// A module's ops: for each instruction that the bitmask marks, and for the end of the code.
pub(crate) struct Code<D: Dispatch> {
    pub(super) slots: Slots<D>,
    /// The indices that jump-table entries lead to, plus 1; 0 where nobody asked yet, or where
    /// they lead nowhere.
    jumps: Box<[AtomicU32]>,
    pub(super) positions: Positions,
    pub(super) program: ProgramBlob,
    pub(super) set: InstructionSet,
    pub(super) plan: GasPlan,
    pub(super) checks_next_block: bool,
    /// The segment that is being decoded, kept for its room.
    pub(super) segment: Mutex<Vec<Draft<D>>>,
}

/// The contents of a slot that is about to be filled.
pub(super) struct Draft<D: Dispatch> {
    pub(super) entry: Entry<D>,
    pub(super) op: Op,
    /// The opcode, if `entry` is one of its own handlers.
    pub(super) opcode: Option<Opcode>,
    pub(super) cost: u32,
    /// The index that the op's link leads to.
    pub(super) target: u32,
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

    /// The opcode of the instruction in the window; an octet that is no opcode is a `trap`.
    #[inline(always)]
    pub(super) fn opcode(&self, window: Window) -> Opcode {
        self.set.opcode(window.opcode_octet()).unwrap_or(Opcode::Trap)
    }
}

/// The position after the window's instruction.
#[inline(always)]
pub(super) fn next_pc(window: Window) -> u32 {
    window.pc().saturating_add(u32::from(window.skip()) + 1)
}

/// The jump-table entry that a dynamic jump address stands for. An odd address becomes one with
/// the highest bit set, as address 0 does, which no table reaches.
#[inline(always)]
fn entry_of(address: u32) -> usize {
    address.rotate_right(1).wrapping_sub(1) as usize
}
