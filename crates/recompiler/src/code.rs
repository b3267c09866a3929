//! The code of one program, made as it is reached.

use std::sync::{Arc, Mutex, MutexGuard, PoisonError};

use jambox_isa::InstructionSet;
use jambox_program::ProgramBlob;
use jambox_sandbox::native::asm::{Assembler, Place, Slot, Unfit};
use jambox_sandbox::native::{
    CHUNK_CODE, CodeAddress, NativeExit, NativeProgram, Room, Unsupported,
};
use jambox_sandbox::{Pool, PoolLimits, ReservedMemory};

use crate::emit::{Buffers, Emitter, FaultSite, Target, Tier};
use crate::entries::{Entries, Entry};

/// Copies of instructions in hot code: so many for each instruction that is no copy, and so many
/// besides.
const COPIES: (u64, u64) = (3, 1024);

/// Instructions after which a unit starts no further segment.
pub const UNIT_BUDGET: u32 = 48;

/// The most octets of code, stubs included, that an instruction becomes.
pub const MAX_INSTRUCTION: usize = <Assembler as Target>::MAX_INSTRUCTION;

/// Octets that a unit never exceeds: its budget, a segment more, all as long as can be.
const MAX_UNIT: usize = (UNIT_BUDGET as usize + 128) * MAX_INSTRUCTION;

/// The most slots that a unit asks for: one for each way an instruction can go.
const MAX_SLOTS: usize = (UNIT_BUDGET as usize + 128) * 2;

const ROOM: Room = Room { octets: MAX_UNIT, slots: MAX_SLOTS };

/// The most entries of a jump table that jumps look up in code; the interpreter does the rest.
pub(crate) const MAX_DISPATCH: u64 = 1 << 20;

/// The most octets of native code of one program, unless told otherwise.
pub const MAX_CODE: usize = 64 << 20;

/// Native code of one program, made as it is reached and shared by all runs of the program.
pub struct NativeCode {
    program: ProgramBlob,
    set: InstructionSet,
    tier: Tier,
    native: NativeProgram,
    state: Mutex<State>,
}

struct State {
    entries: Entries,
    parts: Vec<Part>,
    requests: Vec<Waiting>,
    buffers: Buffers,
    units: usize,
    instructions: usize,
    copies: usize,
}

/// Records of the code in a chunk of the code space.
struct Part {
    /// Index of the chunk in the code space.
    chunk: u32,
    /// Ordered by `at`.
    accesses: Vec<FaultSite>,
}

/// A slot to fill when its position has code, and the next one for the same position.
struct Waiting {
    slot: Slot,
    next: Option<u32>,
}

/// The instruction of a program that an instruction of native code belongs to.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Origin {
    /// The instruction's position.
    pub pc: u32,
    /// The gas that was taken for it and for the instructions after it in its segment.
    pub refund: u64,
}

/// The target of an unset entry of the dispatch table.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Dispatch {
    /// Code at this position; the table now leads there.
    Enter(CodeAddress),
    /// The interpreter at this position: there is no room for code.
    Interpret(u32),
    /// No basic block: the jump panics.
    Nowhere,
}

/// Size of the native code of a program.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct Usage {
    /// Octets of code.
    pub octets: usize,
    /// Units, each made at once.
    pub units: usize,
    /// Instructions of the program that have code, each counted once for each time that it was
    /// written.
    pub instructions: usize,
    /// Number of these that are copies, which only hot code has.
    pub copies: usize,
    /// Memory accesses that could fault.
    pub accesses: usize,
}

impl NativeCode {
    /// Code of a program whose instructions are in `set`, in a pool of its own, with at most
    /// [`MAX_CODE`] octets; no native code is made yet.
    ///
    /// # Errors
    /// When the platform cannot run native code.
    pub fn new(program: ProgramBlob, set: InstructionSet, tier: Tier) -> Result<Self, Unsupported> {
        Self::of_pool(&Pool::new(PoolLimits::default()), MAX_CODE, program, set, tier)
    }

    /// The same in a pool, with at most so many octets.
    ///
    /// # Errors
    /// When the platform cannot run native code.
    pub fn of_pool(
        pool: &Arc<Pool>,
        max_octets: usize,
        program: ProgramBlob,
        set: InstructionSet,
        tier: Tier,
    ) -> Result<Self, Unsupported> {
        let dispatch_length = program.jump_table().len().min(MAX_DISPATCH) as u32;
        let native = NativeProgram::new(pool, dispatch_length + 1, max_octets)?;
        let state = State {
            entries: Entries::new(program.code_len()),
            parts: Vec::new(),
            requests: Vec::new(),
            buffers: Buffers::new(native.assembler()),
            units: 0,
            instructions: 0,
            copies: 0,
        };
        Ok(Self { set, tier, native, state: Mutex::new(state), program })
    }

    /// Runs code of this program: see [`NativeProgram::run`].
    #[inline]
    pub fn run(
        &self,
        regs: &mut [u64; 13],
        gas: &mut u64,
        memory: &mut ReservedMemory,
        entry: CodeAddress,
    ) -> NativeExit {
        self.native.run(regs, gas, memory, entry)
    }

    /// The code at a position that a host or the interpreter has come to. There is none in the
    /// middle of a basic block, unless code was made for the instruction before.
    #[must_use]
    pub fn enter(&self, pc: u32) -> Option<CodeAddress> {
        let mut state = self.lock();
        match state.entries.get(pc) {
            Entry::Compiled(place) => self.address(&state, place),
            // Native code only ever asks for positions that it continues at.
            Entry::Awaited(_) => self.compile(&mut state, pc),
            Entry::Unknown if self.program.is_block_start(self.set, pc) => {
                self.compile(&mut state, pc)
            }
            Entry::Unknown => None,
        }
    }

    /// The code at the position that an entry of the jump table, counted from 1, names.
    #[must_use]
    pub fn dispatch(&self, index: usize) -> Dispatch {
        let entry = (index as u64).checked_sub(1);
        let target = entry.and_then(|entry| self.program.jump_table().get(entry));
        let Some(pc) = target.and_then(|target| u32::try_from(target).ok()) else {
            return Dispatch::Nowhere;
        };
        if !self.program.is_block_start(self.set, pc) {
            return Dispatch::Nowhere;
        }
        match self.enter(pc) {
            Some(address) => {
                self.native.set_entry(index, address);
                Dispatch::Enter(address)
            }
            None => Dispatch::Interpret(pc),
        }
    }

    /// The origin of the instruction of native code that faulted, if it is of this program.
    #[must_use]
    pub fn origin(&self, at: CodeAddress) -> Option<Origin> {
        let state = self.lock();
        let part = state.parts.iter().find(|part| part.chunk == chunk_of(at.offset()))?;
        let index = part.accesses.binary_search_by_key(&at.offset(), |access| access.at).ok()?;
        let access = part.accesses.get(index)?;
        Some(Origin { pc: access.pc, refund: access.refund.into() })
    }

    /// Size of the code made so far.
    #[must_use]
    pub fn usage(&self) -> Usage {
        let state = self.lock();
        let octets = state.buffers.asm.octets_finished();
        let accesses = state.parts.iter().map(|part| part.accesses.len()).sum();
        let State { units, instructions, copies, .. } = *state;
        Usage { octets, units, instructions, copies, accesses }
    }

    fn lock(&self) -> MutexGuard<'_, State> {
        self.state.lock().unwrap_or_else(PoisonError::into_inner)
    }

    fn address(&self, state: &State, place: u32) -> Option<CodeAddress> {
        self.native.address(&state.buffers.asm, Place::of_number(place))
    }

    /// Makes the unit at a position; `None` if the program has all the code it may have, or the
    /// process has none left.
    fn compile(&self, state: &mut State, pc: u32) -> Option<CodeAddress> {
        let copies_left = copies_left(state.instructions - state.copies, state.copies);
        let State { entries, parts, requests, buffers, units, instructions, copies } = &mut *state;
        if !self.native.begin(&mut buffers.asm, ROOM) {
            return None;
        }
        let chunk = chunk_of(buffers.asm.origin());
        if parts.last().is_none_or(|part| part.chunk != chunk) {
            parts.push(Part { chunk, accesses: Vec::new() });
        }
        let accesses = &mut parts.last_mut()?.accesses;
        let before = accesses.len();
        let tier = (self.tier, copies_left);
        Emitter::new(&self.program, self.set, tier, entries, accesses, buffers)
            .unit(pc, UNIT_BUDGET);
        if let Err(reason) = self.native.append(&mut buffers.asm) {
            debug_assert_eq!(reason, Unfit::Forked, "the unit for {pc}");
            // In a forked child nothing will ever be run.
            for &pc in &buffers.segments {
                entries.replace(pc, Entry::Unknown);
            }
            accesses.truncate(before);
            return None;
        }
        *units += 1;
        *instructions += buffers.instructions as usize;
        *copies += buffers.copies as usize;
        for request in &buffers.requests {
            let next = match entries.get(request.pc) {
                Entry::Awaited(next) => Some(next),
                Entry::Unknown | Entry::Compiled(_) => None,
            };
            entries.replace(request.pc, Entry::Awaited(requests.len() as u32));
            requests.push(Waiting { slot: request.slot, next });
        }
        self.grant(state);
        let place = state.entries.compiled(pc)?;
        self.address(state, place)
    }

    /// Fills the slots that waited for the segments of the unit just made.
    fn grant(&self, state: &State) {
        let State { requests, buffers, entries, .. } = state;
        for &(request, pc) in &buffers.awaited {
            let Some(place) = entries.compiled(pc).map(Place::of_number) else { continue };
            let mut next = Some(request);
            while let Some(waiting) = next.and_then(|index| requests.get(index as usize)) {
                self.native.set_slot(&buffers.asm, waiting.slot, place);
                next = waiting.next;
            }
        }
    }
}

/// Number of copies that may still be made, so that the work stays linear in the code that is
/// reached.
pub(crate) fn copies_left(originals: usize, copies: usize) -> u32 {
    let most = COPIES.0 * originals as u64 + COPIES.1;
    u32::try_from(most.saturating_sub(copies as u64)).unwrap_or(u32::MAX)
}

/// The chunk that a distance from the start of the code space lies in.
const fn chunk_of(offset: u32) -> u32 {
    offset / CHUNK_CODE as u32
}
