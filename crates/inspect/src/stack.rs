//! The callers of where a machine stands.
//!
//! The machine has no frame pointer and no call stack. Compiled code keeps a return address in
//! register 0, and on its stack (register 1) when it calls on: where, can be read from the
//! beginning of the function. A return address is an index of the jump table; it is believed only
//! if the instruction before its target is a call that leaves this very address. Where that leads
//! nowhere, the stack is searched for the next such word; where there is none, the words are shown
//! as they are.
//!
//! Functions that never return, as those behind `panic!`, keep no return address, nor does who
//! calls nothing but them. The word that the search finds tells which function was called there;
//! if there is one way only from that function through calls of such to the one whose caller is
//! missing, the frames on that way are known all the same. Without it, frames may be missing, and
//! the next is marked as found by searching.

mod ways;

use std::fmt;

use jambox_engine::{Instance, Module};
use jambox_isa::{Fields, Instruction, Opcode, Reg};
use jambox_program::Jump;
use jambox_symbols::{Frame as Source, Symbols};

use ways::Ways;

/// The most frames that are found.
const MOST_FRAMES: usize = 128;

/// How far the stack is searched for a return address, in octets.
const SEARCHED: u64 = 16 << 10;

/// For how many words that the search finds a way from there is looked for: the first may be what
/// a function that has returned left behind.
const MOST_TRIED: usize = 4;

/// How many words are shown where no frame is found.
const RAW_WORDS: u64 = 8;

/// How far before an instruction the beginning of its function may be, where no symbols tell it.
const LONGEST_FUNCTION: usize = 4096;

/// A call stack, the innermost function first.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Stack {
    /// The frames.
    pub frames: Vec<Frame>,
    /// What comes after the last.
    pub end: End,
}

/// One function that has not returned, with all that was inlined into it there.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Frame {
    /// Where it stands: the machine's position, or that of the call.
    pub pc: u64,
    /// The stack pointer there.
    pub sp: u64,
    /// Where that comes from in the source, innermost first; nothing where it is unknown.
    pub source: Vec<Source>,
    /// How it was found.
    pub found: Found,
}

/// How a frame was found.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Found {
    /// The machine stands there.
    Here,
    /// By the return address where the function keeps it.
    ReturnAddress,
    /// By the code: from the next return address on the stack there is one way to here.
    OnlyWay,
    /// By the next word on the stack that can be a return address: functions may be missing before
    /// it, and it may have returned already.
    Searching,
}

/// What comes after the last frame that was found.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum End {
    /// The entry point, which was given the halt address to return to.
    Entry,
    /// No frame could be found; the words of the stack from there on, with their addresses.
    NotFound(Vec<(u64, u64)>),
    /// More frames than anybody reads.
    TooMany,
}

/// Finds the callers of where a machine stands.
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
    /// The caller and callers of it, each with the stack pointer there.
    Way(Vec<(u64, u64)>),
    Entry,
    NotFound,
}

/// Where a return address leads.
enum Return {
    /// Behind a call at this position.
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

    /// Moves to the caller. `ra` is register 0, for the innermost frame.
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

    /// Goes on with the next word of the stack that is a return address, of a function that can
    /// have led here if there is one.
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

    /// The call that left an address to return to, if one did.
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

    /// What the function at hand has done to the stack so far.
    fn prologue(&self) -> Prologue {
        self.function_start().map_or_else(Prologue::default, |start| {
            Prologue::between(self.module(), start, self.pc)
        })
    }

    /// Where the function at hand begins: by symbols, else at the last instruction that makes room
    /// on the stack.
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

/// What the beginning of a function did.
#[derive(Default)]
struct Prologue {
    /// The octets that it took off the stack pointer.
    size: u64,
    /// Where it saved its return address, from the stack pointer on.
    saved: Option<u64>,
}

impl Prologue {
    /// What a function that begins at `start` has done to the stack when it comes to `pc`.
    fn between(module: &Module, start: u32, pc: u64) -> Self {
        let mut prologue = Self::default();
        let set = module.engine().instruction_set();
        let code = module.program().instructions_from(set, start);
        let mut is_popped = false;
        for it in code.take_while(|it| u64::from(it.pc) < pc) {
            if let Some(change) = stack_change(&it.instruction) {
                if change < 0 && prologue.size == 0 {
                    prologue.size = change.unsigned_abs();
                } else if change > 0 {
                    is_popped = true;
                }
            } else if prologue.saved.is_none() && !is_popped {
                prologue.saved = saved_at(&it.instruction);
            }
            // What follows the return of an early exit has its frame again.
            is_popped &= !it.instruction.opcode().is_terminator();
        }
        if is_popped { Self::default() } else { prologue }
    }
}

/// What an instruction adds to the stack pointer, if that is what it does.
fn stack_change(instruction: &Instruction) -> Option<i64> {
    let Fields { a, b, x, .. } = instruction.fields();
    let moves = instruction.opcode() == Opcode::AddImm64 && a == Reg::R1 && b == Reg::R1;
    moves.then_some(x.into())
}

/// Where an instruction saves register 0 on the stack, from the stack pointer on.
fn saved_at(instruction: &Instruction) -> Option<u64> {
    let Fields { a, b, x, .. } = instruction.fields();
    let saves = instruction.opcode() == Opcode::StoreIndU64 && a == Reg::R0 && b == Reg::R1;
    saves.then_some(u64::try_from(x).ok()?)
}

/// Whether an instruction calls a function: it leaves an address to return to in register 0.
#[must_use]
pub fn is_call(instruction: &Instruction) -> bool {
    link(instruction).is_some() && instruction.fields().a == Reg::R0
}

/// Whether an instruction returns from a function, or does something that looks the same.
#[must_use]
pub fn is_return(instruction: &Instruction) -> bool {
    instruction.opcode() == Opcode::JumpInd
}

/// The position of the call that stands before a position, if one does.
#[must_use]
pub fn call_before(module: &Module, pc: u64) -> Option<u64> {
    let before = instruction_before(module, u32::try_from(pc).ok()?)?;
    is_call(&module.instruction_at(before.into())).then_some(before.into())
}

/// The instruction before another.
fn instruction_before(module: &Module, pc: u32) -> Option<u32> {
    let lowest = pc.saturating_sub(32);
    (lowest..pc).rev().find(|pc| module.program().is_instruction_start(*pc))
}

/// The return address that a call leaves.
fn link(instruction: &Instruction) -> Option<u32> {
    let calls = matches!(instruction.opcode(), Opcode::LoadImmJump | Opcode::LoadImmJumpInd);
    calls.then_some(instruction.fields().x as u32)
}

impl Found {
    /// A remark on frames that are not told by the return address in its place.
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
    /// The callers of the innermost frame, a line each. Where nothing is on the stack and no caller
    /// is found there is nothing to say.
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
