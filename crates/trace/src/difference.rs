//! Differences between executions.

use std::fmt;

use crate::write::in_order;
use crate::{Action, Block, EndKind, Execution, TracedState};

/// The first difference between an execution and a trace, or between two traces.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
#[error("line {line}, {step}: {kind}")]
pub struct Difference {
    /// Line of the (first) trace, from 1.
    pub line: usize,
    /// Step of the execution.
    pub step: Step,
    /// The difference.
    pub kind: DifferenceKind,
}

/// A step of an execution. Host calls are counted from 1.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Step {
    /// Before the first instruction.
    Start,
    /// At a host call.
    Call(usize),
    /// While or after the host served a call.
    Served(usize),
    /// At the end.
    End,
}

impl fmt::Display for Step {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Start => f.write_str("start"),
            Self::Call(number) => write!(f, "call {number}"),
            Self::Served(number) => write!(f, "serving call {number}"),
            Self::End => f.write_str("end"),
        }
    }
}

/// The next event of an execution.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Event {
    /// A host call with this number.
    HostCall(u64),
    /// The program ends.
    End(EndKind),
    /// None: the trace is cut off.
    Nothing,
}

impl fmt::Display for Event {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::HostCall(number) => write!(f, "host call {number}"),
            Self::End(kind) => kind.fmt(f),
            Self::Nothing => f.write_str("nothing"),
        }
    }
}

/// Kind of difference.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum DifferenceKind {
    /// The program, from this octet on.
    Program(usize),
    /// Memory written before the start.
    Prelude(Compared<Option<Block>>),
    /// The next event.
    Event(Compared<Event>),
    /// The program counter.
    ProgramCounter(Compared<u64>),
    /// Gas left.
    Gas(Compared<u64>),
    /// A register.
    Register(u8, Compared<u64>),
    /// An octet read by the host, by address; `None` if it is inaccessible.
    Read(u32, Compared<Option<u8>>),
    /// Memory written by the host is not writable.
    NotWritable {
        /// First address of the write.
        address: u32,
        /// Length of the write, in octets.
        length: usize,
    },
    /// The host's action.
    Action(Compared<Option<Action>>),
}

/// Two values that should be equal.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Compared<T> {
    /// Value of the (first) trace.
    pub expected: T,
    /// Value of the execution or of the second trace.
    pub found: T,
}

impl<T: PartialEq> Compared<T> {
    /// The two values, if they differ.
    pub(crate) fn differing(expected: T, found: T) -> Option<Self> {
        (expected != found).then_some(Self { expected, found })
    }
}

impl fmt::Display for DifferenceKind {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Program(octet) => write!(f, "the programs differ from octet {octet} on"),
            Self::Prelude(Compared { expected, found }) => {
                let text = |block: &Option<Block>| match block {
                    Some(block) => format!("{:#}", Action::Write(block.clone())),
                    None => "nothing".to_owned(),
                };
                write!(f, "initial memory: {} expected, {} found", text(expected), text(found))
            }
            Self::Event(Compared { expected, found }) => {
                write!(f, "{expected} expected, {found} found")
            }
            Self::ProgramCounter(Compared { expected, found }) => {
                write!(f, "pc {expected} expected, {found} found")
            }
            Self::Gas(Compared { expected, found }) => {
                write!(f, "gas {expected} expected, {found} found")
            }
            Self::Register(register, Compared { expected, found }) => {
                write!(f, "r{register} {expected:#x} expected, {found:#x} found")
            }
            Self::Read(address, Compared { expected, found }) => {
                let text = |octet: &Option<u8>| match octet {
                    Some(octet) => format!("{octet:#04x}"),
                    None => "inaccessible memory".to_owned(),
                };
                let (expected, found) = (text(expected), text(found));
                write!(f, "the host reads at {address:#010x}: {expected} expected, {found} found")
            }
            Self::NotWritable { address, length } => {
                write!(
                    f,
                    "the host writes {length} octets at {address:#010x}, which is not writable"
                )
            }
            Self::Action(Compared { expected, found }) => {
                let text = |action: &Option<Action>| match action {
                    Some(action) => format!("`{action:#}`"),
                    None => "nothing".to_owned(),
                };
                write!(f, "{} expected, {} found", text(expected), text(found))
            }
        }
    }
}

/// The first difference between two states.
pub(crate) fn between_states(
    expected: &TracedState,
    found: &TracedState,
) -> Option<DifferenceKind> {
    let register = || {
        (0..13_u8).zip(expected.registers).zip(found.registers).find_map(|((register, e), f)| {
            Some(DifferenceKind::Register(register, Compared::differing(e, f)?))
        })
    };
    // A different path shows first in the program counter most often, next in registers.
    Compared::differing(expected.pc, found.pc)
        .map(DifferenceKind::ProgramCounter)
        .or_else(register)
        .or_else(|| Compared::differing(expected.gas, found.gas).map(DifferenceKind::Gas))
}

/// The first difference between two traces of one execution.
///
/// The host's actions are compared in JIP-7's order. Comments are not compared, nor the argument of
/// a panic, whose meaning is up to the recorder.
#[must_use]
pub fn compare(expected: &Execution, found: &Execution) -> Option<Difference> {
    let at = |line, step| move |kind| Difference { line, step, kind };
    if let Some(kind) = between_preludes(expected, found) {
        return Some(at(expected.line, Step::Start)(kind));
    }
    for (index, call) in expected.calls.iter().enumerate() {
        let number = index.saturating_add(1);
        let here = at(call.line, Step::Call(number));
        let Some(other) = found.calls.get(index) else {
            let event = Compared { expected: Event::HostCall(call.number), found: end_of(found) };
            return Some(here(DifferenceKind::Event(event)));
        };
        let event = Compared::differing(call.number, other.number).map(|numbers| {
            DifferenceKind::Event(Compared {
                expected: Event::HostCall(numbers.expected),
                found: Event::HostCall(numbers.found),
            })
        });
        if let Some(kind) = event.or_else(|| between_states(&call.state, &other.state)) {
            return Some(here(kind));
        }
        if let Some(kind) = between_actions(&call.actions, &other.actions) {
            return Some(at(call.line, Step::Served(number))(kind));
        }
    }
    between_ends(expected, found)
}

fn between_preludes(expected: &Execution, found: &Execution) -> Option<DifferenceKind> {
    if expected.program != found.program {
        let pairs = expected.program.iter().zip(&found.program);
        return Some(DifferenceKind::Program(pairs.take_while(|(e, f)| e == f).count()));
    }
    let length = expected.writes.len().max(found.writes.len());
    let write = (0..length).find_map(|index| {
        let pair = (expected.writes.get(index).cloned(), found.writes.get(index).cloned());
        Compared::differing(pair.0, pair.1).map(DifferenceKind::Prelude)
    });
    write.or_else(|| between_states(&expected.start, &found.start))
}

fn between_actions(expected: &[Action], found: &[Action]) -> Option<DifferenceKind> {
    let (expected, found) = (in_order(expected), in_order(found));
    let length = expected.len().max(found.len());
    (0..length).find_map(|index| {
        let pair = (expected.get(index).cloned(), found.get(index).cloned());
        Compared::differing(pair.0, pair.1).map(DifferenceKind::Action)
    })
}

fn between_ends(expected: &Execution, found: &Execution) -> Option<Difference> {
    let line = match &expected.end {
        Some(end) => end.line,
        None => expected.calls.last().map_or(expected.line, |call| call.line),
    };
    let event = match found.calls.get(expected.calls.len()) {
        Some(call) => Event::HostCall(call.number),
        None => end_of(found),
    };
    let events = Compared::differing(end_of(expected), event).map(DifferenceKind::Event);
    let states = || between_states(&expected.end?.state, &found.end?.state);
    events.or_else(states).map(|kind| Difference { line, step: Step::End, kind })
}

/// End of a trace, without the argument of a panic.
fn end_of(execution: &Execution) -> Event {
    match execution.end.map(|end| end.kind) {
        None => Event::Nothing,
        Some(EndKind::Panic(_)) => Event::End(EndKind::Panic(0)),
        Some(kind) => Event::End(kind),
    }
}
