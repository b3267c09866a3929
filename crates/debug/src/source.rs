//! Moving by lines of the source, and by functions.

use jambox_inspect::stack;
use jambox_invocation::Machine;
use jambox_isa::Reg;
use jambox_symbols::Frame;

use crate::condition::Condition;
use crate::session::Session;
use crate::stops::{Direction, Kind, StopPoint, Stopped, Stops};

/// The most instructions that a line is followed for, before a step ends within it.
const LONGEST_LINE: usize = 1_000_000;

/// The frames that a step by lines goes over.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Over {
    /// Nothing: the step ends at the next line, in any function.
    Nothing,
    /// Functions that are called, inlined ones too, and runs of inner machines.
    Calls,
}

impl Session {
    /// The machine's frames in the source, innermost first; none where they are unknown.
    #[must_use]
    pub fn source(&self) -> &[Frame] {
        let symbols = self.code().and_then(|code| code.symbols.as_ref());
        symbols.map_or(&[][..], |symbols| symbols.frames_at(self.instance().pc()))
    }

    /// Goes on to the beginning of another line, or by an instruction where there are no symbols.
    /// The stops stop it on the way, if it goes over functions.
    pub fn step_line(&mut self, direction: Direction, over: Over, stops: &Stops) -> Stopped {
        if direction == Direction::Backwards && self.undo() {
            return Stopped::At(Vec::new());
        }
        let start = self.source().to_vec();
        let machine = self.machine();
        for _ in 0..LONGEST_LINE {
            if let Some(stopped) = self.step_over(direction, over, machine, stops) {
                return stopped;
            }
            if start.is_empty() || self.is_other_line(&start, over) {
                break;
            }
        }
        if direction == Direction::Backwards && !start.is_empty() {
            self.back_to_line_start(over, machine, stops);
        }
        Stopped::At(Vec::new())
    }

    /// Goes back to the first instruction of the current line.
    fn back_to_line_start(&mut self, over: Over, machine: Machine, stops: &Stops) {
        let line = self.source().to_vec();
        let mut start = self.position();
        for _ in 0..LONGEST_LINE {
            let stopped = self.step_over(Direction::Backwards, over, machine, stops);
            if stopped.is_some() || self.is_other_line(&line, over) || self.source().is_empty() {
                break;
            }
            // Code that the compiler inserted before the line is not its beginning.
            if self.source().first() == line.first() {
                start = self.position();
            }
        }
        self.seek(start);
    }

    /// True if this is the beginning of a line other than the one of these frames.
    fn is_other_line(&self, start: &[Frame], over: Over) -> bool {
        let here = self.source();
        let (Some(first), Some(now)) = (start.first(), here.first()) else { return false };
        // Line 0 is code that the compiler has added.
        if now.line == 0 {
            return false;
        }
        if over == Over::Nothing {
            return first != now;
        }
        // Functions inlined into the line belong to it: frames are compared from the outermost on.
        let depth = start.len().min(here.len());
        let outer = |frames: &[Frame]| frames.get(frames.len() - depth..).map(<[Frame]>::to_vec);
        outer(start) != outer(here) || here.len() < start.len()
    }

    /// One instruction, or a whole call. Returns the stop if it was not done.
    fn step_over(
        &mut self,
        direction: Direction,
        over: Over,
        machine: Machine,
        stops: &Stops,
    ) -> Option<Stopped> {
        if over == Over::Calls
            && let Some(stopped) = self.over_call(direction, stops)
        {
            return stopped;
        }
        loop {
            let has_moved = match direction {
                Direction::Forwards => self.step(),
                Direction::Backwards => self.step_back(),
            };
            if !has_moved || self.is_at_end() {
                return Some(Stopped::End);
            }
            let is_in_inner = machine == Machine::Outer && self.machine() != Machine::Outer;
            if !(is_in_inner && over == Over::Calls) {
                return None;
            }
        }
    }

    /// Goes over the call that comes next in a direction; `None` if none does. The inner value is
    /// the stop met in the call, if any.
    fn over_call(&mut self, direction: Direction, stops: &Stops) -> Option<Option<Stopped>> {
        let code = self.recording().stretches.get(self.position().stretch)?.code;
        let module = self.instance().module().clone();
        let target = match direction {
            Direction::Forwards => {
                let pc = self.instance().pc();
                stack::is_call(&module.instruction_at(pc)).then(|| module.next_pc(pc))?
            }
            Direction::Backwards => {
                let call = stack::call_before(&module, self.instance().pc())?;
                // It may have come here by a jump: then the instruction before is another.
                let (here, sp) = (self.position(), self.instance().reg(Reg::R1));
                self.step_back();
                let has_returned = self.instance().reg(Reg::R1) <= sp
                    && stack::is_return(&module.instruction_at(self.instance().pc()));
                self.seek(here);
                has_returned.then_some(call)?
            }
        };
        let stopped = self.run_to((code, target), self.instance().reg(Reg::R1), direction, stops);
        Some(stopped)
    }

    /// Runs until the current function returns to its caller, or back to before it was called.
    /// `None` if no caller is found.
    pub fn finish(&mut self, direction: Direction, stops: &Stops) -> Option<Stopped> {
        if direction == Direction::Backwards && self.undo() {
            return Some(Stopped::At(Vec::new()));
        }
        let code = self.recording().stretches.get(self.position().stretch)?.code;
        let symbols = self.code().and_then(|code| code.symbols.as_ref());
        let stack = stack::of(self.instance(), symbols);
        let caller = stack.frames.get(1)?;
        let target = match direction {
            Direction::Forwards => self.instance().module().next_pc(caller.pc),
            Direction::Backwards => caller.pc,
        };
        let stopped = self.run_to((code, target), caller.sp, direction, stops);
        Some(stopped.unwrap_or(Stopped::At(Vec::new())))
    }

    /// Runs to a place with a stack pointer; returns the stop met before it, if any.
    fn run_to(
        &mut self,
        place: (usize, u64),
        sp: u64,
        direction: Direction,
        stops: &Stops,
    ) -> Option<Stopped> {
        let mut stops = stops.clone();
        let condition = Condition::parse(&format!("sp == {sp}")).ok();
        let own = stops.add(StopPoint { kind: Kind::Places([place].into()), condition });
        match self.run(direction, &stops) {
            Stopped::End => Some(Stopped::End),
            Stopped::At(met) => {
                let others: Vec<_> = met.iter().copied().filter(|number| *number != own).collect();
                (!met.contains(&own)).then_some(Stopped::At(others))
            }
        }
    }
}
