//! Execution counts of source lines and functions.

mod counts;
mod lcov;

use std::collections::BTreeMap;
use std::sync::Arc;

use jambox_engine::{Exit, Inspector, Instance};
use jambox_invocation::Machine;
use jambox_isa::Instruction;
use jambox_symbols::{Frame, Range, Symbols};
use jambox_types::Hash;

use crate::calls::{Calls, Change};

pub use counts::{Counts, CountsError};
pub use lcov::LcovError;

use counts::ProgramCounts;

/// Execution counts of each line and function of the sources.
///
/// The count of a line is that of its most frequent instruction; for a line that was inlined in
/// several places, the sum over the places. The count of a function is the number of times that
/// execution entered it, by a call or into a place where it was inlined. Where the compiler mixed
/// an inlined function with the code around it, each return to it counts again.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Coverage {
    /// Counts of each file, by the compiler's name of it.
    pub files: BTreeMap<Arc<str>, FileCoverage>,
}

/// Execution counts of the lines and functions of a file.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct FileCoverage {
    /// Every line that has code, from 1 on, with its count.
    pub lines: BTreeMap<u32, u64>,
    /// Every function that has code, by name.
    pub functions: BTreeMap<Arc<str>, FunctionCoverage>,
}

/// Execution count of a function.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct FunctionCoverage {
    /// The first line of the function that has code; 0 if no line is known.
    pub line: u32,
    /// The number of entries into it.
    pub count: u64,
}

/// The executed part of a number of lines or functions.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct Part {
    /// The number of those that ran.
    pub hit: u64,
    /// The number of all.
    pub found: u64,
}

impl Part {
    fn of(counts: impl Iterator<Item = u64>) -> Self {
        counts.fold(Self::default(), |part, count| Self {
            hit: part.hit.saturating_add(u64::from(count > 0)),
            found: part.found.saturating_add(1),
        })
    }
}

impl FileCoverage {
    /// The executed lines.
    #[must_use]
    pub fn lines_hit(&self) -> Part {
        Part::of(self.lines.values().copied())
    }

    /// The executed functions.
    #[must_use]
    pub fn functions_hit(&self) -> Part {
        Part::of(self.functions.values().map(|function| function.count))
    }

    /// Adds the counts of other runs.
    pub fn add(&mut self, other: &Self) {
        for (line, count) in &other.lines {
            add(self.lines.entry(*line).or_default(), *count);
        }
        for (name, FunctionCoverage { line, count }) in &other.functions {
            let own = self.functions.entry(Arc::clone(name)).or_default();
            own.line = if own.line == 0 { *line } else { own.line.min(*line) };
            add(&mut own.count, *count);
        }
    }
}

impl Coverage {
    /// Adds the counts of other runs.
    pub fn add(&mut self, other: &Self) {
        for (file, counts) in &other.files {
            self.files.entry(Arc::clone(file)).or_default().add(counts);
        }
    }

    fn function(&mut self, frame: &Frame) -> Option<&mut FunctionCoverage> {
        if frame.file.is_empty() || frame.function.is_empty() {
            return None;
        }
        let file = self.files.entry(Arc::clone(&frame.file)).or_default();
        let function = file.functions.entry(Arc::clone(&frame.function)).or_default();
        if frame.line > 0 && (function.line == 0 || frame.line < function.line) {
            function.line = frame.line;
        }
        Some(function)
    }
}

fn add(sum: &mut u64, count: u64) {
    *sum = sum.saturating_add(count);
}

/// A counter of executed instructions, for any number of invocations.
///
/// The caller reports every run of a machine, in the order in which an
/// [`Observer`](jambox_invocation::Observer) gets them.
#[derive(Debug, Default)]
pub struct Counter<'s> {
    /// The counts of each program, by the hash of the code or of the program.
    programs: BTreeMap<Hash, Program<'s>>,
    /// Positions of the machines that do not run.
    walks: BTreeMap<Machine, Walk>,
    machine: Option<Machine>,
    walk: Walk,
    hash: Hash,
    current: Program<'s>,
}

/// Execution counts of one program.
#[derive(Debug, Default)]
struct Program<'s> {
    symbols: Option<&'s Symbols>,
    /// Execution count of each instruction, by pc.
    counts: Vec<u64>,
    /// Number of entries into a range, by the start of the range and the number of its frames, from
    /// the innermost, that execution entered.
    entries: BTreeMap<(u32, usize), u64>,
}

/// Position of a machine in its program.
#[derive(Debug, Default)]
struct Walk {
    calls: Calls,
    /// The pc of the last instruction.
    last: Option<u64>,
    /// The range of the last instruction, from its start to its end.
    range: Range64,
}

/// Program counters.
type Range64 = std::ops::Range<u64>;

impl<'s> Counter<'s> {
    /// An invocation started: its machines are new.
    pub fn invocation_started(&mut self) {
        self.walks.clear();
    }

    /// A machine was made anew under a handle.
    pub fn created(&mut self, handle: u64) {
        self.walks.remove(&Machine::Inner(handle));
    }

    /// A machine is about to run. `hash` is the hash of its code or program, `symbols` its symbols.
    pub fn enter(&mut self, machine: Machine, hash: Hash, symbols: Option<&'s Symbols>) {
        self.machine = Some(machine);
        self.walk = self.walks.remove(&machine).unwrap_or_default();
        self.hash = hash;
        self.current = self.programs.remove(&hash).unwrap_or_default();
        self.current.symbols = symbols;
    }

    /// The machine stopped.
    pub fn leave(&mut self) {
        if let Some(machine) = self.machine.take() {
            self.walks.insert(machine, std::mem::take(&mut self.walk));
            self.programs.insert(self.hash, std::mem::take(&mut self.current));
        }
    }

    /// The counts of lines and functions. Programs without symbols have no lines and count for
    /// nothing.
    #[must_use]
    pub fn finish(&self) -> Coverage {
        self.counts().coverage(|hash| self.programs.get(&hash)?.symbols)
    }

    /// The counts of instructions of the programs with symbols.
    #[must_use]
    pub fn counts(&self) -> Counts {
        let programs = self.programs.iter().filter(|(_, program)| program.symbols.is_some());
        Counts { programs: programs.map(|(hash, program)| (*hash, program.counts())).collect() }
    }
}

impl Inspector for Counter<'_> {
    fn before_instruction(&mut self, instance: &Instance, instruction: &Instruction) {
        let pc = instance.pc();
        let change = self.walk.calls.before(instance, instruction);
        let last = self.walk.last.replace(pc);
        let Some(symbols) = self.current.symbols else { return };
        self.current.count(pc);
        let before = match change {
            // Most instructions are in the same range as the last one.
            Change::None if self.walk.range.contains(&pc) => return,
            Change::None => last,
            Change::Called => None,
            Change::Returned => self.walk.calls.returned_to(),
        };
        let range = symbols.range_at(pc);
        self.walk.range = range.map_or(0..0, |range| range.start.into()..range.end.into());
        self.current.entered(symbols, before, range);
    }

    fn after_instruction(&mut self, _: &Instance, exit: Option<Exit>) {
        let Some(exit) = exit else { return };
        self.walk.calls.stopped(exit);
        if matches!(exit, Exit::Halt | Exit::Panic) {
            (self.walk.last, self.walk.range) = (None, 0..0);
        }
    }
}

impl Program<'_> {
    fn count(&mut self, pc: u64) {
        // No code is longer than memory.
        let Ok(index) = usize::try_from(pc) else { return };
        if index >= self.counts.len() {
            self.counts.resize(index.saturating_add(1), 0);
        }
        if let Some(count) = self.counts.get_mut(index) {
            add(count, 1);
        }
    }

    /// Counts the functions that execution enters on its way from one instruction to another. At
    /// the first instruction (`from` is `None`) it enters all functions of the range.
    fn entered(&mut self, symbols: &Symbols, from: Option<u64>, to: Option<&Range>) {
        let Some(to) = to else { return };
        let from = from.and_then(|pc| symbols.range_at(pc));
        let kept = from.map_or(0, |from| in_common(&from.frames, &to.frames));
        let entered = to.frames.len().saturating_sub(kept);
        if entered > 0 {
            add(self.entries.entry((to.start, entered)).or_default(), 1);
        }
    }

    fn counts(&self) -> ProgramCounts {
        let counts = (0..).zip(&self.counts).filter(|(_, count)| **count > 0);
        ProgramCounts {
            instructions: counts.map(|(pc, count)| (pc, *count)).collect(),
            entries: self.entries.clone(),
        }
    }
}

/// Number of frames, from the outermost, that two places have in common: the same functions, the
/// inner ones inlined in the same place.
fn in_common(one: &[Frame], other: &[Frame]) -> usize {
    let mut around: Option<(u32, u32)> = None;
    let pairs = one.iter().rev().zip(other.iter().rev());
    let is_same = |(one, other): &(&Frame, &Frame)| {
        let same_place = around.is_none_or(|(one, other)| one == other);
        around = Some((one.line, other.line));
        same_place && one.function == other.function && one.file == other.file
    };
    pairs.take_while(is_same).count()
}
