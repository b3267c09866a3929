//! Going through a recording.

use jambox_engine::{Exit, Inaccessible, Inspector, Instance};
use jambox_invocation::Machine;

use crate::recording::{Call, Ending, Position, RanProgram, Recording, Stretch};

/// A place in a recording, with the machine as it is there.
pub struct Session {
    recording: Recording,
    at: Position,
    outer: Instance,
    /// The stretch that the outer machine has run to its end, if it stands there.
    outer_ended: Option<usize>,
    inner: Option<Instance>,
    /// Number of instructions of each stretch, where it is known.
    lengths: Vec<Option<u64>>,
    /// The run that has left the recording, since something was written by hand.
    trial: Option<Trial>,
}

/// A run off the recording.
#[derive(Clone, Copy, Debug)]
struct Trial {
    /// The position at which something was written.
    from: Position,
    /// The exit that it came to, if it did.
    exit: Option<Exit>,
}

/// The effect of one step.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Step {
    /// One instruction of the same stretch.
    Within,
    /// The last instruction of this stretch: another one begins.
    Into(usize),
    /// Nothing: this is the end.
    AtEnd,
}

impl Session {
    /// A session at the start of a recording; none if nothing was recorded.
    #[must_use]
    pub fn new(recording: Recording) -> Option<Self> {
        let first = recording.stretches.first()?;
        let mut outer = Instance::new(&recording.codes.get(first.code)?.module).ok()?;
        outer.restore(first.start.as_ref()?);
        let cut = |stretch: &Stretch| matches!(stretch.ending, Ending::Cut).then_some(0);
        let lengths = recording.stretches.iter().map(cut).collect();
        let at = Position::default();
        Some(Self { recording, at, outer, outer_ended: None, inner: None, lengths, trial: None })
    }

    /// The recording.
    #[must_use]
    pub const fn recording(&self) -> &Recording {
        &self.recording
    }

    /// The position of the session.
    #[must_use]
    pub const fn position(&self) -> Position {
        self.at
    }

    /// The machine that runs here, as it is here.
    #[must_use]
    pub fn instance(&self) -> &Instance {
        match (self.machine(), &self.inner) {
            (Machine::Inner(_), Some(inner)) => inner,
            _ => &self.outer,
        }
    }

    /// The outer machine: at the host call while an inner machine runs.
    #[must_use]
    pub const fn outer(&self) -> &Instance {
        &self.outer
    }

    /// The machine that runs here.
    #[must_use]
    pub fn machine(&self) -> Machine {
        self.stretch().map_or(Machine::Outer, |stretch| stretch.machine)
    }

    /// The program that runs here.
    #[must_use]
    pub fn code(&self) -> Option<&RanProgram> {
        self.recording.code_of(self.at.stretch)
    }

    /// The last stretch of the outer machine that ended before this position: its call is the one
    /// that was made last, or is still being served while an inner machine runs.
    #[must_use]
    pub fn last_call(&self) -> Option<&Call> {
        let before = self.recording.stretches.get(..self.at.stretch)?.iter().rev();
        before.into_iter().find_map(|stretch| stretch.ending.call())
    }

    /// Writes into the memory of the machine that runs here, as the guest could.
    ///
    /// From here on the session runs the changed machine, off the recording, up to its next exit:
    /// a host call would have to be answered. Going back undoes the change, at the place where it
    /// was made.
    ///
    /// # Errors
    ///
    /// The guest cannot write there.
    pub fn write(&mut self, address: u64, octets: &[u8]) -> Result<(), Inaccessible> {
        if self.trial.is_none() {
            // All stretches are gone through now, since nothing may move the changed machine later.
            self.starts();
        }
        let is_inner = self.machine() != Machine::Outer;
        let instance = match &mut self.inner {
            Some(inner) if is_inner => inner,
            _ => &mut self.outer,
        };
        instance.memory_mut().write(address, octets)?;
        if !is_inner {
            self.outer_ended = None;
        }
        self.trial.get_or_insert(Trial { from: self.at, exit: None });
        Ok(())
    }

    /// True if the machine is not as it was recorded, since something was written.
    #[must_use]
    pub const fn is_changed(&self) -> bool {
        self.trial.is_some()
    }

    /// The exit that the changed machine came to, if it did.
    #[must_use]
    pub fn exit_of_changed(&self) -> Option<Exit> {
        self.trial.and_then(|trial| trial.exit)
    }

    /// Undoes a write and goes back to its place; false if there was none.
    pub(crate) fn undo(&mut self) -> bool {
        let Some(Trial { from, .. }) = self.trial else { return false };
        self.seek_recorded(from);
        true
    }

    /// True if nothing comes after this.
    #[must_use]
    pub fn is_at_end(&self) -> bool {
        if let Some(trial) = &self.trial {
            return trial.exit.is_some();
        }
        self.at.stretch + 1 == self.recording.stretches.len()
            && self.lengths.get(self.at.stretch).copied().flatten() == Some(self.at.step)
    }

    /// Number of instructions that ran before this position, of all machines. The first time, runs
    /// all stretches that have not been gone through yet.
    pub fn instructions(&mut self) -> u64 {
        let at = self.at;
        for stretch in 0..at.stretch {
            self.length(stretch);
        }
        self.seek(at);
        let before = self.lengths.get(..at.stretch).unwrap_or_default();
        before.iter().copied().flatten().sum::<u64>() + at.step
    }

    /// Numbers of instructions that ran before each stretch, and behind the last the number of all.
    /// The first time, runs all stretches that have not been gone through yet.
    pub fn starts(&mut self) -> Vec<u64> {
        let at = self.at;
        let mut sum = 0;
        let mut starts = vec![sum];
        for stretch in 0..self.recording.stretches.len() {
            sum += self.length(stretch);
            starts.push(sum);
        }
        self.seek(at);
        starts
    }

    /// Number of instructions of a stretch; moves the session.
    fn length(&mut self, stretch: usize) -> u64 {
        if let Some(length) = self.lengths.get(stretch).copied().flatten() {
            return length;
        }
        self.seek(Position { stretch, step: 0 });
        while self.step_with(&mut ()) == Step::Within {}
        self.lengths.get(stretch).copied().flatten().unwrap_or(0)
    }

    /// Goes to the point after this number of instructions from the start, or to the end if there
    /// are fewer.
    pub fn seek_instruction(&mut self, instructions: u64) {
        let mut left = instructions;
        for stretch in 0..self.recording.stretches.len() {
            let is_last = stretch + 1 == self.recording.stretches.len();
            let length = self.length(stretch);
            if left < length || is_last {
                self.seek(Position { stretch, step: left.min(length) });
                return;
            }
            left -= length;
        }
    }

    /// Goes to a position, or to the end of its stretch if that has fewer instructions.
    ///
    /// Going anywhere undoes a write by hand.
    pub fn seek(&mut self, to: Position) {
        if self.trial.is_none() || to != self.at {
            self.seek_recorded(to);
        }
    }

    fn seek_recorded(&mut self, to: Position) {
        let is_changed = self.trial.take().is_some();
        let stretch = to.stretch.min(self.recording.stretches.len().saturating_sub(1));
        let to = Position { stretch, ..to };
        if is_changed || self.at.stretch != to.stretch || self.at > to || self.is_at_end() {
            self.enter(to.stretch);
        }
        while self.at < to && self.step_with(&mut ()) == Step::Within {}
    }

    /// Goes to the end of the recording.
    pub fn seek_end(&mut self) {
        let last = self.recording.stretches.len().saturating_sub(1);
        self.seek(Position { stretch: last, step: 0 });
        while self.step_with(&mut ()) != Step::AtEnd {}
    }

    /// Runs the next instruction; whether there was one.
    pub fn step(&mut self) -> bool {
        self.step_with(&mut ()) != Step::AtEnd
    }

    /// Goes back by one instruction; whether there was one.
    pub fn step_back(&mut self) -> bool {
        if self.undo() {
            return true;
        }
        if let Some(step) = self.at.step.checked_sub(1) {
            self.seek(Position { step, ..self.at });
            return true;
        }
        let Some(stretch) = self.at.stretch.checked_sub(1) else { return false };
        let step = self.length(stretch).saturating_sub(1);
        self.seek(Position { stretch, step });
        true
    }

    fn stretch(&self) -> Option<&Stretch> {
        self.recording.stretches.get(self.at.stretch)
    }

    /// Runs the next instruction, telling an inspector.
    pub(crate) fn step_with<I: Inspector>(&mut self, inspector: &mut I) -> Step {
        if self.is_at_end() {
            return Step::AtEnd;
        }
        let machine = self.machine();
        let instance = match (machine, &mut self.inner) {
            (Machine::Inner(_), Some(inner)) => inner,
            _ => &mut self.outer,
        };
        let exit = instance.step(inspector);
        self.at.step += 1;
        if let Some(trial) = &mut self.trial {
            trial.exit = exit;
            return Step::Within;
        }
        let Position { stretch, step } = self.at;
        if exit.is_none() && !self.is_at_snapshot() {
            return Step::Within;
        }
        if let Some(length) = self.lengths.get_mut(stretch) {
            *length = Some(step);
        }
        if exit.is_some() && machine == Machine::Outer {
            self.outer_ended = Some(stretch);
        }
        if stretch + 1 == self.recording.stretches.len() {
            return Step::Within;
        }
        match exit {
            // The next stretch goes on where this one is.
            None => self.at = Position { stretch: stretch + 1, step: 0 },
            Some(_) => self.enter(stretch + 1),
        }
        Step::Into(stretch + 1)
    }

    /// True if the machine has come to where the next stretch begins with a snapshot.
    fn is_at_snapshot(&self) -> bool {
        let Some(Stretch { ending: Ending::Snapshot, .. }) = self.stretch() else { return false };
        let next = self.recording.stretches.get(self.at.stretch + 1);
        next.and_then(|next| next.start.as_ref()).is_some_and(|start| {
            let here = self.instance();
            // Every block, or instruction, takes gas, so there is one such point only.
            (here.pc(), here.gas(), here.is_charged())
                == (start.pc(), start.gas(), start.is_charged())
        })
    }

    /// Goes to the start of a stretch.
    fn enter(&mut self, index: usize) {
        let Some(stretch) = self.recording.stretches.get(index) else { return };
        if let (Machine::Inner(_), Some(start)) = (stretch.machine, &stretch.start) {
            let module = self.recording.codes.get(stretch.code).map(|code| &code.module);
            if let Some(mut inner) = module.and_then(|module| Instance::new(module).ok()) {
                inner.restore(start);
                self.inner = Some(inner);
            }
            let owner = self.outer_before(index);
            if self.outer_ended != owner
                && let Some(owner) = owner
            {
                self.place_outer(owner);
                self.run_outer(owner);
            }
        } else {
            self.place_outer(index);
            self.inner = None;
        }
        self.at = Position { stretch: index, step: 0 };
    }

    /// The last stretch of the outer machine before another.
    fn outer_before(&self, index: usize) -> Option<usize> {
        let stretches = self.recording.stretches.get(..index)?;
        stretches.iter().rposition(|stretch| stretch.machine == Machine::Outer)
    }

    /// Puts the outer machine at the start of a stretch of its own.
    fn place_outer(&mut self, index: usize) {
        let mut way = vec![index];
        while let Some(&first) = way.last() {
            let starts = |index: usize| {
                self.recording.stretches.get(index).is_some_and(|stretch| stretch.start.is_some())
            };
            let Some(before) = self.outer_before(first) else { break };
            if starts(first) || self.outer_ended == Some(before) {
                break;
            }
            way.push(before);
        }
        let last = way.len() - 1;
        for (rest, index) in way.into_iter().rev().enumerate() {
            let Some(stretch) = self.recording.stretches.get(index) else { return };
            match &stretch.start {
                Some(start) => self.outer.restore(start),
                None => self.deliver(index),
            }
            self.outer_ended = None;
            if rest < last {
                self.run_outer(index);
            }
        }
    }

    /// Runs the outer machine to the end of a stretch that it is at the start of, and that ends
    /// with an exit.
    fn run_outer(&mut self, index: usize) {
        let mut steps = 0;
        loop {
            let exit = self.outer.step(&mut ());
            steps += 1;
            if exit.is_some() {
                break;
            }
        }
        if let Some(length) = self.lengths.get_mut(index) {
            *length = Some(steps);
        }
        self.outer_ended = Some(index);
    }

    /// Repeats on the outer machine the effects of the host call before a stretch.
    fn deliver(&mut self, index: usize) {
        let before = self.outer_before(index).and_then(|it| self.recording.stretches.get(it));
        let Some(call) = before.and_then(|stretch| stretch.ending.call()) else { return };
        let outer = &mut self.outer;
        if call.heap_growth > 0 {
            outer.memory_mut().grow_heap(call.heap_growth);
        }
        for write in call.memory.iter().filter(|it| it.is_write) {
            // The call could write there, so this can.
            let _ = outer.memory_mut().write(write.address, &write.octets);
        }
        *outer.regs_mut() = call.after;
        outer.set_gas(call.gas_after);
        outer.skip_host_call();
    }
}
