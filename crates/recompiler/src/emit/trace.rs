//! Traces: segments of hot code that go on from block to block.
//!
//! A trace follows a jump to its target, and a branch to where it is expected to go: back to the
//! start of the trace, or else on, not taken. It charges all its blocks at once; its way out at a
//! branch that goes elsewhere, a *side exit*, gives back the cost of the blocks after the branch. A
//! trace that comes back to its start is written several times, so that a loop looks at its gas
//! once in several rounds.
//!
//! Traces write instructions more than once, within bounds: see [`Trace::can_grow`].

use super::{Emitter, Flow, MAX_SEGMENT};

/// The most times that a trace goes on to another block in a round.
const MAX_TRANSFERS: usize = 3;

/// The most times that a loop is written.
const MAX_ROUNDS: u32 = 4;

/// The most instructions in a loop that is written again.
const MAX_LOOP: u32 = 24;

/// The most instructions in a block that a trace goes on to: its cost is soon known, and a trace
/// costs no more than a few thousand.
const MAX_JOINED: u32 = 48;

/// Tier of code: the effort made on it.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Tier {
    /// Block by block: soon written.
    First,
    /// In traces over several blocks, and loops in several rounds at once: for code that runs long.
    Hot,
}

/// The trace in hand. In code that is not hot it is a segment of one block.
pub(super) struct Trace {
    tier: Tier,
    /// Number of copies that may still be made.
    copies_left: u32,
    /// Number of instructions so far, and number at the end of the first block once it is over.
    pub(super) length: u32,
    first_block: Option<u32>,
    /// The first block, and the gas due there.
    start: Joined,
    /// The positions and costs at which the trace goes on from there, as far as they are known.
    path: [Joined; MAX_TRANSFERS],
    path_length: usize,
    /// The number of the path's blocks that this round has been to, and the number of the round.
    at: usize,
    rounds: u32,
}

/// A block of a trace.
#[derive(Clone, Copy, Default)]
struct Joined {
    pc: u32,
    cost: u32,
}

impl Trace {
    pub(super) fn new(tier: Tier, copies_left: u32) -> Self {
        Self {
            tier,
            copies_left,
            length: 0,
            first_block: None,
            start: Joined::default(),
            path: [Joined::default(); MAX_TRANSFERS],
            path_length: 0,
            at: 0,
            rounds: 1,
        }
    }

    /// True if segments may be more than blocks.
    pub(super) fn is_on(&self) -> bool {
        self.tier == Tier::Hot
    }

    /// Begins a segment.
    pub(super) fn begin(&mut self, pc: u32, cost: u32) {
        let copies_left = self.copies_left.saturating_sub(self.copied());
        *self = Self { start: Joined { pc, cost }, ..Self::new(self.tier, copies_left) };
    }

    /// The instructions beyond the first block.
    pub(super) fn copied(&self) -> u32 {
        self.first_block.map_or(0, |first_block| self.length - first_block)
    }

    /// Gas due at the place where the trace has just gone on.
    pub(super) fn next_cost(&self) -> u32 {
        let joined = self.at.checked_sub(1).and_then(|last| self.path.get(last));
        joined.unwrap_or(&self.start).cost
    }

    /// True if so many more instructions may be added: to this segment, and to the copies in all.
    /// False where the segment takes no gas: it began behind a host call, in a block that is paid.
    fn can_grow(&self, by: u32) -> bool {
        self.is_on()
            && self.start.cost > 0
            && self.length + by <= MAX_SEGMENT
            && self.copied() + by <= self.copies_left
    }

    /// True if the trace, which has come back to its start, may go through it again.
    fn can_repeat(&self) -> bool {
        let round = self.length / self.rounds;
        self.rounds < MAX_ROUNDS && round <= MAX_LOOP && self.can_grow(round)
    }

    fn repeat(&mut self) -> Flow {
        self.first_block.get_or_insert(self.length);
        self.rounds += 1;
        self.at = 0;
        Flow::Again
    }
}

impl Emitter<'_> {
    /// Goes on at a block: in the trace if it may, else in a new segment.
    pub(super) fn go_on(&mut self, pc: u32) -> Flow {
        self.next_pc = pc;
        if self.is_loop(pc) {
            self.trace.repeat()
        } else if self.can_join(pc) {
            self.join(pc)
        } else {
            Flow::NewSegment
        }
    }

    /// True if the trace may go on here because that is where it began.
    pub(super) fn is_loop(&self, pc: u32) -> bool {
        pc == self.trace.start.pc && self.trace.can_repeat()
    }

    /// True if the trace may go on to a block: in its first round a short one, which may have code
    /// of its own, later the one that it went to before.
    pub(super) fn can_join(&self, pc: u32) -> bool {
        let Trace { at, rounds, start, .. } = self.trace;
        let path = self.trace.path.get(..self.trace.path_length).unwrap_or_default();
        if rounds > 1 {
            return path.get(at).is_some_and(|before| before.pc == pc);
        }
        // A block that is a loop of its own is better off with a trace of its own.
        let is_loop = || path.last().is_some_and(|last| last.pc == pc);
        at < MAX_TRANSFERS
            && pc != start.pc
            && !is_loop()
            && self.trace.can_grow(1)
            && self.block_length(pc).is_some_and(|length| self.trace.can_grow(length))
    }

    /// Goes on to a block that the trace may go on to.
    pub(super) fn join(&mut self, pc: u32) -> Flow {
        self.next_pc = pc;
        if self.trace.rounds == 1 {
            let cost = self.plan.cost_at(self.program, pc);
            if let Some(next) = self.trace.path.get_mut(self.trace.at) {
                *next = Joined { pc, cost };
            }
            self.trace.path_length += 1;
        }
        self.trace.first_block.get_or_insert(self.trace.length);
        self.trace.at += 1;
        Flow::Joined
    }

    /// The number of instructions of the block at a position, if it is not long.
    fn block_length(&self, pc: u32) -> Option<u32> {
        let instructions = self.program.instructions_from(self.set, pc).zip(1..=MAX_JOINED);
        let mut ends = instructions.filter(|(it, _)| it.instruction.opcode().is_terminator());
        ends.next().map(|(_, length)| length)
    }
}
