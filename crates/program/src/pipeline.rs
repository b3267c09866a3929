//! The cost of a basic block: a processor that decodes, waits, executes and retires (0.8.0,
//! appendix A.9; the rows of the instructions are `jambox-isa`'s).
//!
//! The paper counts the cycles until the last instruction of the block has retired. Nothing happens
//! in most of them, so this goes from one cycle in which something does to the next. What it
//! relies on:
//!
//! - an instruction that starts in cycle `c` with latency `l` is done in cycle `c + l`: then its
//!   units are free and what depends on it may start;
//! - it retires two cycles later at the earliest, and not before those decoded before it;
//! - the last retires two cycles after the last one is done, so nothing that follows the last start
//!   needs to be gone through.

use jambox_isa::{Fields, InstructionSet, Latency, Opcode, Pipeline, Reg, Units};

use crate::ProgramBlob;

/// Instructions in flight at most: as many as a word has bits, one each.
const IN_FLIGHT: u32 = u32::BITS;

/// Decode slots in a cycle.
const DECODE_SLOTS: u8 = 4;

/// Instructions that start in a cycle at most.
const STARTS: u32 = 5;

/// Cycles from when an instruction is done until it can have retired.
const RETIREMENT: u32 = 2;

/// Cycles of a block that cost nothing.
const FREE_CYCLES: u32 = 3;

/// The latency of a branch.
const BRANCH: u8 = 20;

/// The latency of a branch that leads, one way or the other, to where it is not expected to go.
const UNLIKELY_BRANCH: u8 = 1;

/// A cycle that never comes, and the last that is counted: far more than any block of a valid
/// program takes, and more than is ever charged (see [`GasPlan::MOST`](crate::GasPlan::MOST)).
const NEVER: u32 = u32::MAX;

/// Who writes each register, and after them who writes none.
const WRITERS: usize = 16;
const NO_REGISTER: usize = WRITERS - 1;

/// What the basic block at `start` costs.
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

/// The latency of a branch that may go these ways. Octets count here, not instructions; past the
/// code, and before it, there are zeros.
fn branch_latency(program: &ProgramBlob, set: InstructionSet, ways: [u32; 2]) -> u8 {
    let is_unlikely = |pc: u32| {
        let octet = program.code().get(pc as usize).copied().unwrap_or(0);
        matches!(set.opcode(octet), Some(Opcode::Trap | Opcode::Unlikely))
    };
    if ways.into_iter().any(is_unlikely) { UNLIKELY_BRANCH } else { BRANCH }
}

/// The processor in one cycle.
///
/// An instruction has a number, counted from 0. Those in flight are in a ring of [`IN_FLIGHT`]
/// places, and a set of them is a word with a bit for each place. Who is in flight is `fresh`,
/// `ready`, `blocked`, `executing` or done.
struct Processor {
    cycle: u32,
    /// Decode slots left in this cycle.
    slots: u8,
    /// Whether more could start but for the limit of a cycle.
    is_busy: bool,
    /// Units that nothing occupies.
    units: Units,
    /// The number of the next instruction, and of the oldest that is not known to have retired.
    next: u32,
    oldest: u32,
    /// When the last that retired did.
    retired_at: u32,
    /// Decoded in this cycle, so that they may start in the next.
    fresh: u32,
    /// They start once there are units.
    ready: u32,
    /// They need what others are not done with.
    blocked: u32,
    executing: u32,
    /// All of these: those that are not done.
    undone: u32,
    places: [Place; IN_FLIGHT as usize],
    /// The instruction whose result each register will hold, as a set of one, or none if that is
    /// there. It may be done since.
    writers: [u32; WRITERS],
    /// When the next of those executing is done, and when the last is.
    next_done: u32,
    last_done: u32,
}

/// An instruction in flight.
#[derive(Clone, Copy)]
struct Place {
    cycles: u8,
    units: Units,
    /// Those whose results it needs, while it is blocked. They may be done since.
    needs: u32,
    /// When it is done, once it has started.
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

    /// Decodes an instruction that executes for so many cycles, in this cycle or the next in which
    /// there is room. One that does not execute gives its destination another name.
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
            // It has one source, and what will hold the result of that now will hold two.
            self.writers[destination] = sources;
            return;
        };
        let (place, bit) = place(self.next);
        if self.next >= IN_FLIGHT {
            // Who had the place has retired.
            self.writers.iter_mut().for_each(|writer| *writer &= !bit);
        }
        let needs = sources & self.undone;
        self.places[place] = Place { cycles, units: row.units, needs, done_at: 0 };
        self.next += 1;
        self.writers[destination] = bit;
        self.undone |= bit;
        *(if needs == 0 { &mut self.fresh } else { &mut self.blocked }) |= bit;
    }

    /// The cycles that count, after the last instruction was decoded.
    fn finish(&mut self) -> u64 {
        self.start();
        while self.fresh | self.ready | self.blocked != 0 {
            self.advance(false);
            self.start();
        }
        u64::from(self.last_done.saturating_add(RETIREMENT).saturating_sub(FREE_CYCLES).max(1))
    }

    /// Starts what can start in this cycle, oldest first.
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

    /// Goes to the next cycle in which something may happen, decoding included if there is more to
    /// decode.
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

    /// Takes note of who is done in this cycle, and of who becomes ready by that.
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
            // Places are given away again: who is done must not be asked for later.
            *needs &= self.undone;
            if *needs == 0 {
                self.blocked &= !bit;
                self.ready |= bit;
            }
        }
    }

    /// Whether nothing more can be decoded in this cycle. Nobody else asks who has retired.
    fn is_full(&mut self) -> bool {
        let is_full = |processor: &Self| processor.next - processor.oldest == IN_FLIGHT;
        is_full(self) && {
            self.retire();
            is_full(self)
        }
    }

    /// Lets those retire that can have until this cycle.
    fn retire(&mut self) {
        while let Some(at) = self.retirement().filter(|at| *at <= self.cycle) {
            self.retired_at = at;
            self.oldest += 1;
        }
    }

    /// When the oldest in flight can retire, if it is done.
    fn retirement(&self) -> Option<u32> {
        let (place, bit) = place(self.oldest);
        let is_done = self.oldest != self.next && self.undone & bit == 0;
        is_done.then(|| self.retired_at.max(self.places[place].done_at.saturating_add(RETIREMENT)))
    }
}

/// The place of an instruction, and the set of it alone.
const fn place(number: u32) -> (usize, u32) {
    let place = number % IN_FLIGHT;
    (place as usize, 1 << place)
}

/// The places of a set, and for each the set of it alone.
fn members(mut set: u32) -> impl Iterator<Item = (usize, u32)> {
    core::iter::from_fn(move || {
        let first = (set != 0).then(|| place(set.trailing_zeros()));
        set &= set.wrapping_sub(1);
        first
    })
}
