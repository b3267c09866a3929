//! The call stack of a stopped machine.
//!
//! The machine has no frame pointer and no call stack. Compiled code keeps a return address in
//! register 0, and on its stack (register 1) when it calls another function; the beginning of the
//! function tells the place on the stack. A return address is an address of the jump table. It
//! counts only if the instruction before its target is a call that leaves this very address. If it
//! does not count, the stack is searched for the next word that does; without one, the words are
//! shown as they are.
//!
//! Functions that never return, such as those behind `panic!`, keep no return address, and neither
//! do functions that call only such functions. The word that the search finds names a call, and so
//! the called function. If there is exactly one way from that function to the one whose caller is
//! missing, through calls that keep no return address, the frames on that way are known.
//! Otherwise frames may be missing, and the next one is marked as found by searching.

mod prologue;
mod ways;

use std::fmt;

use jambox_engine::{Instance, Module};
use jambox_isa::Reg;
use jambox_program::Jump;
use jambox_symbols::{Frame as Source, Symbols};

use prologue::{Prologue, instruction_before, link, stack_change};
pub use prologue::{call_before, is_call, is_return};
use ways::Ways;

/// The largest number of frames of a stack.
const MOST_FRAMES: usize = 128;

/// Length of the part of the stack that is searched for a return address, in octets.
const SEARCHED: u64 = 16 << 10;

/// The number of words that the search tries for a way: the first may be a remainder of a function
/// that has returned.
const MOST_TRIED: usize = 4;

/// The number of words that are shown where no frame is found.
const RAW_WORDS: u64 = 8;

/// The largest distance from the beginning of a function to an instruction, without symbols.
const LONGEST_FUNCTION: usize = 4096;

/// A call stack, the innermost function first.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Stack {
    /// The frames.
    pub frames: Vec<Frame>,
    /// The end of the stack, after the last frame.
    pub end: End,
}

/// A function that has not returned, with the functions inlined into it at this place.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Frame {
    /// The machine's pc, or the pc of the frame's call.
    pub pc: u64,
    /// The stack pointer there.
    pub sp: u64,
    /// Source places of the pc, innermost first; empty where they are unknown.
    pub source: Vec<Source>,
    /// The evidence for the frame.
    pub found: Found,
}

/// Evidence for a frame.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Found {
    /// The pc of the machine.
    Here,
    /// The return address in the place where the function keeps it.
    ReturnAddress,
    /// The code: from the next return address on the stack there is only one way to this place.
    OnlyWay,
    /// The next word on the stack that can be a return address: functions may be missing before
    /// this frame, and its function may have returned already.
    Searching,
}

/// End of a call stack, after the last frame.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum End {
    /// The entry point, which was given the halt address to return to.
    Entry,
    /// No further frame found; the words of the stack from there on, as address and value.
    NotFound(Vec<(u64, u64)>),
    /// More than 128 frames.
    TooMany,
}

/// The call stack of a machine as it stopped. `symbols` are those of its program.
#[must_use]
pub fn of(instance: &Instance, symbols: Option<&Symbols>) -> Stack {
    let mut walk = Walk { instance, symbols, pc: instance.pc(), sp: instance.reg(Reg::R1) };
    let mut frames = vec![walk.frame(Found::Here)];
    let mut ra = Some(instance.reg(Reg::R0));
    loop {
        let (found, on_the_way) = match walk.caller(ra.take()) {
            Next::Entry => return Stack { frames, end: End::Entry },
            Next::NotFound => {
                let words = (0..RAW_WORDS).map(|index| walk.sp.wrapping_add(index.wrapping_mul(8)));
                let words = words.filter_map(|at| Some((at, walk.word(at)?))).collect();
                return Stack { frames, end: End::NotFound(words) };
            }
            Next::Caller(found) => (found, vec![(walk.pc, walk.sp)]),
            Next::Way(way) => (Found::OnlyWay, way),
        };
        for (pc, sp) in on_the_way {
            (walk.pc, walk.sp) = (pc, sp);
            frames.push(walk.frame(found));
            if frames.len() == MOST_FRAMES {
                return Stack { frames, end: End::TooMany };
            }
        }
    }
}

struct Walk<'a> {
    instance: &'a Instance,
    symbols: Option<&'a Symbols>,
    pc: u64,
    sp: u64,
}

enum Next {
    Caller(Found),
    /// The caller and its callers, each a pc with the stack pointer there.
    Way(Vec<(u64, u64)>),
    Entry,
    NotFound,
}

/// Destination of a return address.
enum Return {
    /// The instruction after the call at this position.
    To(u64),
    Entry,
}

impl Walk<'_> {
    fn module(&self) -> &Module {
        self.instance.module()
    }

    fn frame(&self, found: Found) -> Frame {
        let source = self.symbols.map_or(&[][..], |symbols| symbols.frames_at(self.pc));
        Frame { pc: self.pc, sp: self.sp, source: source.to_vec(), found }
    }

    fn word(&self, address: u64) -> Option<u64> {
        self.instance.memory().read_array(address).ok().map(u64::from_le_bytes)
    }

    /// Moves to the caller. `ra` is register 0 for the innermost frame, and `None` for the others.
    fn caller(&mut self, ra: Option<u64>) -> Next {
        let Prologue { size, saved } = self.prologue();
        let kept = match saved {
            Some(offset) => self.word(self.sp.wrapping_add(offset)),
            None => ra,
        };
        let above = self.sp.wrapping_add(size);
        match kept.and_then(|address| self.returns_to(address)) {
            Some(Return::Entry) => return Next::Entry,
            Some(Return::To(call)) => {
                (self.pc, self.sp) = (call, above);
                return Next::Caller(Found::ReturnAddress);
            }
            None => {}
        }
        self.search(above)
    }

    /// Moves on by the next return address on the stack. A return address of a function with a way
    /// to this place is preferred.
    fn search(&mut self, from: u64) -> Next {
        let mut first = None;
        let mut ways = Ways::new(self.module(), self.pc);
        let mut tried = 0_usize;
        for at in (from..from.saturating_add(SEARCHED)).step_by(8) {
            let Some(word) = self.word(at) else { break };
            let Some(found) = self.returns_to(word) else { continue };
            tried = tried.saturating_add(1);
            if tried > MOST_TRIED {
                break;
            }
            let called = match found {
                Return::To(call) => ways.called_at(call),
                Return::Entry => ways.called_from_outside(),
            };
            let kept = |value| (self.sp..at).step_by(8).any(|it| self.word(it) == Some(value));
            if let Some(way) = ways.only(&called, at.wrapping_sub(from), kept) {
                let sps = way.iter().scan(from, |sp, step| {
                    let here = *sp;
                    *sp = sp.wrapping_add(step.size);
                    Some((step.site.into(), here))
                });
                return Next::Way(sps.collect());
            }
            first.get_or_insert((at, found));
        }
        match first {
            Some((at, Return::To(call))) => {
                (self.pc, self.sp) = (call, at.wrapping_add(8));
                Next::Caller(Found::Searching)
            }
            Some((_, Return::Entry)) => Next::Entry,
            None => Next::NotFound,
        }
    }

    /// Destination of a word as a return address; `None` if no call left it.
    fn returns_to(&self, address: u64) -> Option<Return> {
        let set = self.module().engine().instruction_set();
        let low = u32::try_from(address).ok()?;
        let target = match self.module().program().resolve_jump(set, low) {
            Jump::Halt => return Some(Return::Entry),
            Jump::Nowhere => return None,
            Jump::To(target) => target,
        };
        let call = instruction_before(self.module(), target)?;
        let instruction = self.module().instruction_at(call.into());
        (link(&instruction) == Some(low)).then_some(Return::To(call.into()))
    }

    /// Effect on the stack of the current function up to the pc.
    fn prologue(&self) -> Prologue {
        self.function_start().map_or_else(Prologue::default, |start| {
            Prologue::between(self.module(), start, self.pc)
        })
    }

    /// Beginning of the current function: by symbols, else the last instruction before the pc that
    /// makes room on the stack.
    fn function_start(&self) -> Option<u32> {
        let pc = u32::try_from(self.pc).ok()?;
        let Some(symbols) = self.symbols else { return self.last_push(pc) };
        let function = &symbols.frames_at(self.pc).last()?.function;
        let ranges = symbols.ranges();
        let here = ranges.partition_point(|range| range.start <= pc);
        let before = ranges.get(..here)?.iter().rev();
        let same = before.take_while(|range| {
            range.frames.last().is_some_and(|frame| frame.function == *function)
        });
        same.last().map(|range| range.start)
    }

    fn last_push(&self, pc: u32) -> Option<u32> {
        let mut at = pc;
        for _ in 0..LONGEST_FUNCTION {
            at = instruction_before(self.module(), at)?;
            let instruction = self.module().instruction_at(at.into());
            if stack_change(&instruction).is_some_and(|change| change < 0) {
                return Some(at);
            }
        }
        None
    }
}

impl Found {
    /// Remark on a frame with other evidence than the return address in its place; else empty.
    #[must_use]
    pub const fn mark(self) -> &'static str {
        match self {
            Self::Here | Self::ReturnAddress => "",
            Self::OnlyWay => " (the only way in the code)",
            Self::Searching => " (found by searching the stack)",
        }
    }
}

impl Stack {
    /// The callers of the innermost frame, a line each. No lines if the stack is empty and no
    /// caller was found.
    #[must_use]
    pub fn callers(&self) -> Vec<String> {
        let mut lines = Vec::new();
        for frame in self.frames.iter().skip(1) {
            let mark = frame.found.mark();
            if frame.source.is_empty() {
                lines.push(format!("pc {}{mark}", frame.pc));
            }
            lines.extend(frame.source.iter().map(|source| format!("{source}{mark}")));
        }
        match &self.end {
            End::NotFound(words) if !words.is_empty() => {
                let words = words.iter().map(|(at, word)| format!("{at:#x}: {word:#x}"));
                let words: Vec<_> = words.collect();
                lines.push(format!("no frame found; the stack has {}", words.join(", ")));
            }
            End::TooMany => lines.push("and more".to_owned()),
            End::Entry | End::NotFound(_) => {}
        }
        lines
    }
}

impl fmt::Display for Stack {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let mut number = 0_usize;
        for frame in &self.frames {
            let mark = frame.found.mark();
            if frame.source.is_empty() {
                writeln!(f, "#{number:<3} pc {}{mark}", frame.pc)?;
                number = number.saturating_add(1);
            }
            for (index, source) in frame.source.iter().enumerate() {
                let is_own = index.saturating_add(1) == frame.source.len();
                let pc = format!("pc {}", frame.pc);
                let place = if is_own { pc.as_str() } else { "inlined" };
                writeln!(f, "#{number:<3} {source}, {place}{mark}")?;
                number = number.saturating_add(1);
            }
        }
        match &self.end {
            End::Entry => Ok(()),
            End::TooMany => writeln!(f, "... and more"),
            End::NotFound(words) => {
                writeln!(f, "no frame found beyond; the stack has")?;
                words.iter().try_for_each(|(at, word)| writeln!(f, "     {at:#x}: {word:#018x}"))
            }
        }
    }
}
