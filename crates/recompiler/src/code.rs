//! The code of one program, made as it is reached.

use std::sync::{Mutex, MutexGuard, PoisonError};

use jambox_isa::InstructionSet;
use jambox_program::ProgramBlob;
use jambox_sandbox::native::{self, CHUNK_SLOTS, Chunk, CodeAddress, DispatchTable, Unsupported};

use crate::emit::{Buffers, Emitter, Place};
use crate::entries::{Entries, Entry};

/// Instructions after which a unit starts no further segment.
pub const UNIT_BUDGET: u32 = 48;

/// The most octets of code, stubs included, that an instruction becomes.
pub const MAX_INSTRUCTION: usize = 96;

/// Octets that a unit never exceeds: its budget, a segment more, all as long as can be.
const MAX_UNIT: usize = (UNIT_BUDGET as usize + 128) * MAX_INSTRUCTION;

/// The most slots that a unit asks for: one for each way an instruction can go.
const MAX_SLOTS: usize = (UNIT_BUDGET as usize + 128) * 2;

/// The most entries of a jump table that jumps look up in code; the interpreter does the rest.
const MAX_DISPATCH: u64 = 1 << 20;

/// The most octets of native code of one program.
pub const MAX_CODE: usize = 64 << 20;

/// Native code of one program, made as it is reached and shared by whoever runs the program.
pub struct Code {
    program: ProgramBlob,
    set: InstructionSet,
    table: DispatchTable,
    dispatch_length: u32,
    state: Mutex<State>,
}

struct State {
    entries: Entries,
    parts: Vec<Part>,
    requests: Vec<Waiting>,
    buffers: Buffers,
    units: usize,
    instructions: usize,
}

/// A chunk of the code space with what is known of the code in it.
struct Part {
    chunk: Chunk,
    slots: usize,
    /// Ordered by `at`.
    accesses: Vec<Access>,
}

/// A memory access, should it fault.
#[derive(Clone, Copy)]
struct Access {
    /// The distance of its instruction from the start of the code space.
    at: u32,
    pc: u32,
    refund: u32,
}

/// A slot to fill when its position has code, and the next one for the same position.
struct Waiting {
    part: u32,
    slot: u32,
    next: Option<u32>,
}

/// The instruction of a program that an instruction of native code belongs to.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Origin {
    /// Its position.
    pub pc: u32,
    /// The gas that was taken for what is due at it and at what follows it in its segment.
    pub refund: u64,
}

/// What an unset entry of the dispatch table leads to.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Dispatch {
    /// Code at this position; the table now leads there.
    Enter(CodeAddress),
    /// This position, for which there is no room for code.
    Interpret(u32),
    /// No basic block: the jump panics.
    Nowhere,
}

/// How much native code there is.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct Usage {
    /// Octets of code.
    pub octets: usize,
    /// Units, each made at once.
    pub units: usize,
    /// Instructions of the program that have code.
    pub instructions: usize,
    /// Memory accesses that could fault.
    pub accesses: usize,
}

impl Code {
    /// No code yet for a program whose instructions are those of `set`.
    ///
    /// # Errors
    /// When the platform cannot run native code.
    pub fn new(program: ProgramBlob, set: InstructionSet) -> Result<Self, Unsupported> {
        native::prepare()?;
        let dispatch_length = program.jump_table().len().min(MAX_DISPATCH) as u32;
        let state = State {
            entries: Entries::new(program.code_len()),
            parts: Vec::new(),
            requests: Vec::new(),
            buffers: Buffers::default(),
            units: 0,
            instructions: 0,
        };
        Ok(Self {
            set,
            table: DispatchTable::new(dispatch_length as usize + 1),
            dispatch_length,
            state: Mutex::new(state),
            program,
        })
    }

    /// The table that the code's indirect jumps go through.
    #[must_use]
    pub fn table(&self) -> &DispatchTable {
        &self.table
    }

    /// The code at a position that a host or the interpreter has come to. There is none in the
    /// middle of a basic block, unless it was made for what stands before.
    #[must_use]
    pub fn enter(&self, pc: u32) -> Option<CodeAddress> {
        let mut state = self.lock();
        match state.entries.get(pc) {
            Entry::Compiled(offset) => state.address(offset),
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
                self.table.set(index, address);
                Dispatch::Enter(address)
            }
            None => Dispatch::Interpret(pc),
        }
    }

    /// What the instruction of native code that faulted belongs to, if it is of this program.
    #[must_use]
    pub fn origin(&self, at: CodeAddress) -> Option<Origin> {
        let state = self.lock();
        let part = state.parts.iter().find(|part| part.chunk.code_at(at.offset()).is_some())?;
        let index = part.accesses.binary_search_by_key(&at.offset(), |access| access.at).ok()?;
        let access = part.accesses.get(index)?;
        Some(Origin { pc: access.pc, refund: access.refund.into() })
    }

    /// How much code there is by now.
    #[must_use]
    pub fn usage(&self) -> Usage {
        let state = self.lock();
        let octets = state.parts.iter().map(Part::octets).sum();
        let accesses = state.parts.iter().map(|part| part.accesses.len()).sum();
        Usage { octets, units: state.units, instructions: state.instructions, accesses }
    }

    fn lock(&self) -> MutexGuard<'_, State> {
        self.state.lock().unwrap_or_else(PoisonError::into_inner)
    }

    fn compile(&self, state: &mut State, pc: u32) -> Option<CodeAddress> {
        let index = state.part_with_room()?;
        let State { entries, parts, requests, buffers, units, instructions } = &mut *state;
        let part = parts.get_mut(index)?;
        let place = part.place();
        let length = self.dispatch_length;
        Emitter::new(&self.program, self.set, entries, place, length, buffers)
            .unit(pc, UNIT_BUDGET);
        debug_assert!(buffers.asm.at() <= MAX_UNIT, "a unit of {} octets", buffers.asm.at());
        let Some(start) = part.chunk.append(buffers.asm.octets()) else {
            // Only in a forked child: nothing will ever be run there.
            for &pc in &buffers.segments {
                entries.replace(pc, Entry::Unknown);
            }
            return None;
        };
        *units += 1;
        *instructions += buffers.instructions as usize;
        part.accesses.extend(buffers.accesses.iter().map(|access| Access {
            at: place.code + access.at,
            pc: access.pc,
            refund: access.refund,
        }));
        for request in &buffers.requests {
            let slot = part.slots;
            part.slots += 1;
            if let Some(way_out) = part.chunk.code_at(place.code + request.at) {
                part.chunk.set_slot(slot, way_out);
            }
            let next = match entries.get(request.pc) {
                Entry::Awaited(next) => Some(next),
                Entry::Unknown | Entry::Compiled(_) => None,
            };
            let waiting = Waiting { part: index as u32, slot: slot as u32, next };
            entries.replace(request.pc, Entry::Awaited(requests.len() as u32));
            requests.push(waiting);
        }
        state.grant();
        state.address(start.offset())
    }
}

impl Part {
    fn place(&self) -> Place {
        Place {
            code: self.chunk.next_offset(),
            slots: self.chunk.slot_offset(self.slots.min(CHUNK_SLOTS - 1)),
            slot_room: (CHUNK_SLOTS - self.slots) as u32,
        }
    }

    fn octets(&self) -> usize {
        native::CHUNK_CODE - self.chunk.room()
    }
}

impl State {
    /// A part with room for a unit; `None` if the program has all the code it may have, or the
    /// process has none left.
    fn part_with_room(&mut self) -> Option<usize> {
        let is_full =
            |part: &Part| part.chunk.room() < MAX_UNIT || part.slots + MAX_SLOTS > CHUNK_SLOTS;
        if self.parts.last().is_none_or(is_full) {
            if (self.parts.len() + 1) * native::CHUNK_CODE > MAX_CODE {
                return None;
            }
            let chunk = Chunk::allocate().ok()?;
            self.parts.push(Part { chunk, slots: 0, accesses: Vec::new() });
        }
        self.parts.len().checked_sub(1)
    }

    /// Fills the slots that waited for the segments of the unit just made.
    fn grant(&mut self) {
        let Self { parts, requests, buffers, entries, .. } = self;
        for &(request, pc) in &buffers.awaited {
            let last = parts.last().zip(entries.compiled(pc));
            let Some(target) = last.and_then(|(part, offset)| part.chunk.code_at(offset)) else {
                continue;
            };
            let mut next = Some(request);
            while let Some(waiting) = next.and_then(|index| requests.get(index as usize)) {
                if let Some(part) = parts.get(waiting.part as usize) {
                    part.chunk.set_slot(waiting.slot as usize, target);
                }
                next = waiting.next;
            }
        }
    }

    fn address(&self, offset: u32) -> Option<CodeAddress> {
        // The last part is the likeliest.
        self.parts.iter().rev().find_map(|part| part.chunk.code_at(offset))
    }
}
