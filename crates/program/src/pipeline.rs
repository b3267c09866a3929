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

use jambox_isa::{Fields, InstructionSet, Latency, Opcode, Pipeline, Units};

use crate::ProgramBlob;

/// Instructions in flight at most: as many as a word has bits, one each.
const IN_FLIGHT: u32 = u32::BITS;

/// Decode slots in a cycle.
const DECODE_SLOTS: u8 = 4;

/// Instructions that start in a cycle at most.
const STARTS: u32 = 5;

/// Cycles from when an instruction is done until it can have retired.
const RETIREMENT: u64 = 2;

/// Cycles of a block that cost nothing.
const FREE_CYCLES: u64 = 3;

/// The latency of a branch.
const BRANCH: u8 = 20;

/// The latency of a branch that leads, one way or the other, to where it is not expected to go.
const UNLIKELY_BRANCH: u8 = 1;

/// Coming cycles that are kept apart: a power of two above every latency.
const CALENDAR: u64 = u128::BITS as u64;

/// Registers that a set of 16 bits can name.
const REGISTERS: usize = u16::BITS as usize;

/// What the basic block at `start` costs.
pub(crate) fn block_cost(program: &ProgramBlob, set: InstructionSet, start: u32) -> u64 {
    let mut processor = Processor::new();
    let mut pc = start;
    loop {
        let window = program.window(set, pc);
        let opcode = program.opcode(set, pc).unwrap_or(Opcode::Trap);
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
/// places, and a set of them is a word with a bit for each place.
struct Processor {
    cycle: u64,
    /// Decode slots left in this cycle.
    slots: u8,
    /// Whether more could start but for the limit of a cycle.
    is_busy: bool,
    /// Units that nothing occupies.
    units: Units,
    /// The number of the next instruction, and of the oldest in flight.
    next: u32,
    oldest: u32,
    /// When the last that retired did.
    retired_at: u64,
    /// Decoded in this cycle.
    fresh: u32,
    /// Decoded earlier, and not started.
    waiting: u32,
    /// Not done: fresh, waiting or executing.
    undone: u32,
    places: [Place; IN_FLIGHT as usize],
    /// For each place those whose results its instruction needs, while they are not done.
    needs: [u32; IN_FLIGHT as usize],
    /// Who is done in which of the coming cycles, and in which of them anyone is.
    calendar: [u32; CALENDAR as usize],
    occupied: u128,
    /// The number, plus 1, of the instruction whose result each register will hold.
    writers: [u32; REGISTERS],
    /// When the last of all that started is done.
    last_done: u64,
}

/// An instruction in flight.
#[derive(Clone, Copy)]
struct Place {
    cycles: u8,
    units: Units,
    /// When it is done, once it has started.
    done_at: u64,
}

impl Processor {
    const fn new() -> Self {
        const EMPTY: Place = Place { cycles: 0, units: Units::ALL, done_at: 0 };
        Self {
            cycle: 0,
            slots: DECODE_SLOTS,
            is_busy: false,
            units: Units::ALL,
            next: 0,
            oldest: 0,
            retired_at: 0,
            fresh: 0,
            waiting: 0,
            undone: 0,
            places: [EMPTY; IN_FLIGHT as usize],
            needs: [0; IN_FLIGHT as usize],
            calendar: [0; CALENDAR as usize],
            occupied: 0,
            writers: [0; REGISTERS],
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
        let (sources, destinations) = (row.sources(fields), row.destinations(fields));
        let Some(cycles) = cycles else {
            let writer = registers(sources).map(|reg| self.writers[reg]).next().unwrap_or(0);
            registers(destinations).for_each(|reg| self.writers[reg] = writer);
            return;
        };
        let (place, bit) = place(self.next);
        self.needs[place] = registers(sources).fold(0, |needs, reg| needs | self.pending(reg));
        self.places[place] = Place { cycles, units: row.units, done_at: 0 };
        self.next += 1;
        registers(destinations).for_each(|reg| self.writers[reg] = self.next);
        self.fresh |= bit;
        self.undone |= bit;
    }

    /// The cycles that count, after the last instruction was decoded.
    fn finish(mut self) -> u64 {
        self.start();
        while self.fresh | self.waiting != 0 {
            self.advance(false);
            self.start();
        }
        (self.last_done + RETIREMENT).saturating_sub(FREE_CYCLES).max(1)
    }

    /// The instruction that has yet to produce a register, as a set.
    fn pending(&self, reg: usize) -> u32 {
        match self.writers[reg].checked_sub(1) {
            Some(number) if number >= self.oldest => place(number).1 & self.undone,
            _ => 0,
        }
    }

    const fn is_full(&self) -> bool {
        self.next - self.oldest == IN_FLIGHT
    }

    /// Starts what can start in this cycle, oldest first.
    fn start(&mut self) {
        let turn = self.oldest % IN_FLIGHT;
        let mut candidates = self.waiting.rotate_right(turn);
        let mut left = STARTS;
        while candidates != 0 && left > 0 {
            let (place, bit) = place(turn + candidates.trailing_zeros());
            candidates &= candidates - 1;
            let Place { cycles, units, done_at } = &mut self.places[place];
            if self.needs[place] != 0 || !self.units.cover(*units) {
                continue;
            }
            left -= 1;
            self.units = self.units.without(*units);
            self.waiting &= !bit;
            *done_at = self.cycle + u64::from(*cycles);
            self.last_done = self.last_done.max(*done_at);
            let day = *done_at % CALENDAR;
            self.calendar[day as usize] |= bit;
            self.occupied |= 1 << day;
        }
        self.is_busy = candidates != 0;
    }

    /// Goes to the next cycle in which something may happen, decoding included if there is more to
    /// decode.
    fn advance(&mut self, is_decoding: bool) {
        let is_next = self.fresh != 0 || self.is_busy || is_decoding && !self.is_full();
        self.cycle += if is_next { 1 } else { self.cycles_to_wait() };
        self.slots = DECODE_SLOTS;
        self.waiting |= self.fresh;
        self.fresh = 0;
        self.complete();
        self.retire();
    }

    /// Cycles until something is done, or the oldest retires.
    fn cycles_to_wait(&self) -> u64 {
        let tomorrow = ((self.cycle + 1) % CALENDAR) as u32;
        let completion = 1 + u64::from(self.occupied.rotate_right(tomorrow).trailing_zeros());
        self.retirement().map_or(completion, |at| completion.min(at - self.cycle))
    }

    /// When the oldest in flight can retire, if it is done.
    fn retirement(&self) -> Option<u64> {
        let (place, bit) = place(self.oldest);
        let is_done = self.oldest != self.next && self.undone & bit == 0;
        is_done.then(|| self.retired_at.max(self.places[place].done_at + RETIREMENT))
    }

    /// Takes note of who is done in this cycle.
    fn complete(&mut self) {
        let day = self.cycle % CALENDAR;
        let done = core::mem::take(&mut self.calendar[day as usize]);
        if done == 0 {
            return;
        }
        self.occupied &= !(1 << day);
        self.undone &= !done;
        self.needs.iter_mut().for_each(|needs| *needs &= !done);
        let mut rest = done;
        while rest != 0 {
            self.units = self.units.with(self.places[rest.trailing_zeros() as usize].units);
            rest &= rest - 1;
        }
    }

    /// Lets those retire that can in this cycle.
    fn retire(&mut self) {
        while let Some(at) = self.retirement().filter(|at| *at <= self.cycle) {
            self.retired_at = at;
            self.oldest += 1;
        }
    }
}

/// The place of an instruction, and the set of it alone.
const fn place(number: u32) -> (usize, u32) {
    let place = number % IN_FLIGHT;
    (place as usize, 1 << place)
}

/// The registers of a set.
fn registers(mut set: u16) -> impl Iterator<Item = usize> {
    core::iter::from_fn(move || {
        let first = set.trailing_zeros() as usize;
        let rest = set & set.checked_sub(1)?;
        set = rest;
        Some(first)
    })
}
