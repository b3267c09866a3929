//! The gas of a basic block: a processor that decodes, waits, executes and retires (0.8.0, appendix
//! A.9; the instructions' parameters are `jambox-isa`'s).
//!
//! The paper counts the cycles until the last instruction of the block has retired. Most cycles
//! have no event, so the simulation moves from one cycle with an event to the next. It relies on
//! three facts:
//!
//! - An instruction that starts in cycle `c` with latency `l` is done in cycle `c + l`: its units
//!   are free then, and instructions that depend on it may start.
//! - It retires two cycles later at the earliest, and not before earlier instructions.
//! - The last instruction retires two cycles after the last is done, so cycles after the last start
//!   need no simulation.

use jambox_isa::{Fields, InstructionSet, Latency, Opcode, Pipeline, Reg, Units};

use crate::ProgramBlob;

/// Largest number of instructions in flight: one for each bit of a word.
const IN_FLIGHT: u32 = u32::BITS;

/// Decode slots in a cycle.
const DECODE_SLOTS: u8 = 4;

/// Largest number of instructions that start in a cycle.
const STARTS: u32 = 5;

/// Cycles from the end of execution to the earliest retirement.
const RETIREMENT: u32 = 2;

/// Cycles of a block that are free of gas.
const FREE_CYCLES: u32 = 3;

/// The latency of a branch.
const BRANCH: u8 = 20;

/// Latency of a branch with `unlikely` or `trap` at one of its two destinations.
const UNLIKELY_BRANCH: u8 = 1;

/// A cycle that never comes, and the last that is counted: far more than any block of a valid
/// program takes, and more than is ever charged (see [`GasPlan::MOST`](crate::GasPlan::MOST)).
const NEVER: u32 = u32::MAX;

/// Number of entries of [`Processor::writers`]: the registers, and entries for no register.
const WRITERS: usize = 16;
const NO_REGISTER: usize = WRITERS - 1;

/// Gas of the basic block at `start`.
pub(crate) fn block_cost(program: &ProgramBlob, set: InstructionSet, start: u32) -> u64 {
    let mut processor = Processor::new();
    let mut pc = start;
    loop {
        let (opcode, window) = program.decode(set, pc);
        let next = pc.saturating_add(u32::from(window.skip())).saturating_add(1);
        if let Some(row) = opcode.pipeline() {
            let fields = window.fields(opcode.format());
            let cycles = match row.latency {
                Latency::Cycles(cycles) => Some(cycles),
                Latency::Branch => Some(branch_latency(program, set, [next, fields.target])),
                Latency::Move => None,
            };
            processor.decode(row, &fields, cycles);
        }
        if opcode.is_terminator() {
            return processor.finish();
        }
        pc = next;
    }
}

/// Latency of a branch with these two destinations. The octets at the destinations count, whether
/// or not they are instructions; before and past the code the octets are zeros.
fn branch_latency(program: &ProgramBlob, set: InstructionSet, ways: [u32; 2]) -> u8 {
    let is_unlikely = |pc: u32| {
        let octet = program.code().get(pc as usize).copied().unwrap_or(0);
        matches!(set.opcode(octet), Some(Opcode::Trap | Opcode::Unlikely))
    };
    if ways.into_iter().any(is_unlikely) { UNLIKELY_BRANCH } else { BRANCH }
}

/// State of the processor in one cycle.
///
/// Instructions are numbered from 0. Those in flight are in a ring of [`IN_FLIGHT`] places, and a
/// set of them is a word with a bit for each place. An instruction in flight is in one of the sets
/// `fresh`, `ready`, `blocked` and `executing`, or done.
struct Processor {
    cycle: u32,
    /// Decode slots left in this cycle.
    slots: u8,
    /// True if more instructions could start but for the limit of a cycle.
    is_busy: bool,
    /// Free units.
    units: Units,
    /// Numbers of the next instruction, and of the oldest one not known to have retired.
    next: u32,
    oldest: u32,
    /// Cycle of the last retirement.
    retired_at: u32,
    /// Decoded in this cycle: may start in the next.
    fresh: u32,
    /// Waiting for units.
    ready: u32,
    /// Waiting for results of other instructions.
    blocked: u32,
    executing: u32,
    /// Union of the four sets above: the instructions that are not done.
    undone: u32,
    places: [Place; IN_FLIGHT as usize],
    /// The instructions whose results each register will hold, as a set; empty if the register is
    /// final. Members may be done already.
    writers: [u32; WRITERS],
    /// Cycles in which the next executing instruction, and the last one, will be done.
    next_done: u32,
    last_done: u32,
}

/// An instruction in flight.
#[derive(Clone, Copy)]
struct Place {
    cycles: u8,
    units: Units,
    /// The instructions whose results it needs, while it is blocked. Members may be done already.
    needs: u32,
    /// Cycle in which it is done, once it has started.
    done_at: u32,
}

impl Processor {
    const fn new() -> Self {
        const EMPTY: Place = Place { cycles: 0, units: Units::NONE, needs: 0, done_at: 0 };
        Self {
            cycle: 0,
            slots: DECODE_SLOTS,
            is_busy: false,
            units: Units::ALL,
            next: 0,
            oldest: 0,
            retired_at: 0,
            fresh: 0,
            ready: 0,
            blocked: 0,
            executing: 0,
            undone: 0,
            places: [EMPTY; IN_FLIGHT as usize],
            writers: [0; WRITERS],
            next_done: NEVER,
            last_done: 0,
        }
    }

    /// Decodes an instruction with this latency, in this cycle or the next with room for it. An
    /// instruction without latency renames its destination register.
    fn decode(&mut self, row: &Pipeline, fields: &Fields, cycles: Option<u8>) {
        let slots = row.decode_slots(fields);
        while slots > self.slots || self.is_full() {
            self.start();
            self.advance(true);
        }
        self.slots -= slots;
        let writers = [fields.a, fields.b, fields.d].map(|reg| self.writers[reg.index()]);
        let sources = row.union_of_sources(writers);
        let destination = row.destination(fields).map_or(NO_REGISTER, Reg::index);
        let Some(cycles) = cycles else {
            // A move has one source. Its destination waits for the same instructions.
            self.writers[destination] = sources;
            return;
        };
        let (place, bit) = place(self.next);
        if self.next >= IN_FLIGHT {
            // The former instruction of this place has retired.
            self.writers.iter_mut().for_each(|writer| *writer &= !bit);
        }
        let needs = sources & self.undone;
        self.places[place] = Place { cycles, units: row.units, needs, done_at: 0 };
        self.next += 1;
        self.writers[destination] = bit;
        self.undone |= bit;
        *(if needs == 0 { &mut self.fresh } else { &mut self.blocked }) |= bit;
    }

    /// The charged cycles, after the last instruction was decoded.
    fn finish(&mut self) -> u64 {
        self.start();
        while self.fresh | self.ready | self.blocked != 0 {
            self.advance(false);
            self.start();
        }
        u64::from(self.last_done.saturating_add(RETIREMENT).saturating_sub(FREE_CYCLES).max(1))
    }

    /// Starts ready instructions, oldest first, as far as units and the limit allow.
    fn start(&mut self) {
        let turn = self.oldest % IN_FLIGHT;
        let mut candidates = self.ready.rotate_right(turn);
        let mut left = STARTS;
        while candidates != 0 && left > 0 {
            let (place, bit) = place(turn + candidates.trailing_zeros());
            candidates &= candidates - 1;
            let Place { cycles, units, done_at, .. } = &mut self.places[place];
            if !self.units.cover(*units) {
                continue;
            }
            left -= 1;
            self.units = self.units.without(*units);
            self.ready &= !bit;
            self.executing |= bit;
            *done_at = self.cycle.saturating_add((*cycles).into());
            self.next_done = self.next_done.min(*done_at);
            self.last_done = self.last_done.max(*done_at);
        }
        self.is_busy = candidates != 0;
    }

    /// Moves to the next cycle with an event. Decoding is an event if there is more to decode.
    fn advance(&mut self, is_decoding: bool) {
        let is_next = self.fresh != 0 || self.is_busy || is_decoding && !self.is_full();
        self.cycle = if is_next {
            self.cycle.saturating_add(1)
        } else if is_decoding {
            self.next_done.min(self.retirement().unwrap_or(NEVER))
        } else {
            self.next_done
        };
        self.slots = DECODE_SLOTS;
        self.ready |= self.fresh;
        self.fresh = 0;
        if self.next_done <= self.cycle {
            self.complete();
        }
    }

    /// Completes the instructions that are done in this cycle, and readies those that waited for
    /// them.
    fn complete(&mut self) {
        self.next_done = NEVER;
        for (place, bit) in members(self.executing) {
            let Place { units, done_at, .. } = self.places[place];
            if done_at > self.cycle {
                self.next_done = self.next_done.min(done_at);
                continue;
            }
            self.executing &= !bit;
            self.undone &= !bit;
            self.units = self.units.with(units);
        }
        for (place, bit) in members(self.blocked) {
            let needs = &mut self.places[place].needs;
            // Places are reused: finished instructions must not be in the set later.
            *needs &= self.undone;
            if *needs == 0 {
                self.blocked &= !bit;
                self.ready |= bit;
            }
        }
    }

    /// True if no more instructions can be decoded in this cycle. Retires instructions, which
    /// nothing else depends on.
    fn is_full(&mut self) -> bool {
        let is_full = |processor: &Self| processor.next - processor.oldest == IN_FLIGHT;
        is_full(self) && {
            self.retire();
            is_full(self)
        }
    }

    /// Retires the instructions that can have retired by this cycle.
    fn retire(&mut self) {
        while let Some(at) = self.retirement().filter(|at| *at <= self.cycle) {
            self.retired_at = at;
            self.oldest += 1;
        }
    }

    /// Cycle in which the oldest instruction in flight can retire; `None` if it is not done.
    fn retirement(&self) -> Option<u32> {
        let (place, bit) = place(self.oldest);
        let is_done = self.oldest != self.next && self.undone & bit == 0;
        is_done.then(|| self.retired_at.max(self.places[place].done_at.saturating_add(RETIREMENT)))
    }
}

/// Place of an instruction, and the set with it alone.
const fn place(number: u32) -> (usize, u32) {
    let place = number % IN_FLIGHT;
    (place as usize, 1 << place)
}

/// Places of a set, each with the set of it alone.
fn members(mut set: u32) -> impl Iterator<Item = (usize, u32)> {
    core::iter::from_fn(move || {
        let first = (set != 0).then(|| place(set.trailing_zeros()));
        set &= set.wrapping_sub(1);
        first
    })
}
