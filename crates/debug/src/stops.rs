//! Stops of a run through a recording.

use std::collections::{BTreeMap, BTreeSet};

use jambox_engine::Exit;
use jambox_hostcall::{Reply, Request, ResultCode};
use jambox_isa::Opcode;

use crate::condition::Condition;
use crate::recording::{Answer, Ending, Position, RanProgram, Recording, Stretch};
use crate::session::{Session, Step};
use crate::walk::Touched;

/// The event that a stop waits for.
#[derive(Clone, Debug)]
pub enum Kind {
    /// A position in a program (an index in [`Recording::codes`]), one of several; before the
    /// instruction there runs.
    Places(BTreeSet<(usize, u64)>),
    /// A host call of this name, or any; before it is made.
    Call(Option<String>),
    /// A machine that stops for another reason than a host call it is answered.
    Exit,
    /// A way to fail.
    Failure(Failing),
    /// The start of an inner machine's run.
    InnerStart,
    /// Gas of the machine that runs falling below a number.
    GasBelow(u64),
    /// A write to guest memory of the machine that runs: address and length.
    Memory(u64, u64),
    /// A `write` to this key of the service's storage.
    Storage(Vec<u8>),
}

/// A way to fail, of a machine or a host call.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Failing {
    /// A machine panics, also in a host call.
    Panic,
    /// A machine needs a page that does not allow it.
    PageFault,
    /// A machine runs out of gas, also in a host call.
    OutOfGas,
    /// A host call gives a result code that is not OK. That nothing was under a key that is
    /// written is no failure.
    HostCode,
}

impl Failing {
    /// True if a stretch ends so.
    fn ends(self, ending: &Ending) -> bool {
        match (self, ending) {
            (Self::Panic, Ending::Exit(exit)) => *exit == Exit::Panic,
            (Self::PageFault, Ending::Exit(exit)) => matches!(exit, Exit::PageFault(_)),
            (Self::OutOfGas, Ending::Exit(exit)) => *exit == Exit::OutOfGas,
            (Self::Panic | Self::OutOfGas, Ending::Stopped(call)) => {
                let is_out_of_gas =
                    matches!(call.answer, Answer::Stopped { is_out_of_gas: true, .. });
                is_out_of_gas == (self == Self::OutOfGas)
            }
            (Self::HostCode, Ending::Call(call)) => match &call.answer {
                Answer::Reply(None) => true,
                Answer::Reply(Some(reply)) => match reply {
                    Reply::Code(code) => code.result() != ResultCode::Ok,
                    Reply::Data(None) | Reply::Account(None) | Reply::History(None) => true,
                    _ => false,
                },
                Answer::Traced => {
                    let is_write = matches!(call.request, Some(Request::Write(_)));
                    call.code().is_some_and(|code| !(is_write && code == ResultCode::None))
                }
                Answer::Stopped { .. } => false,
            },
            _ => false,
        }
    }
}

/// Something to stop for.
#[derive(Clone, Debug)]
pub struct StopPoint {
    /// The event that the stop waits for.
    pub kind: Kind,
    /// The condition that has to hold for the stop to count, in the machine as it is there.
    pub condition: Option<Condition>,
}

/// A direction in a recording.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Direction {
    /// The direction in which it ran.
    Forwards,
    /// The other direction.
    Backwards,
}

/// The reason why a run came to a stop.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Stopped {
    /// These stops were met, by their numbers.
    At(Vec<usize>),
    /// The recording has no more in this direction.
    End,
}

/// All that a session stops for, by number.
#[derive(Clone, Debug, Default)]
pub struct Stops {
    stops: BTreeMap<usize, StopPoint>,
    next: usize,
}

impl Stops {
    /// Nothing to stop for.
    #[must_use]
    pub const fn new() -> Self {
        Self { stops: BTreeMap::new(), next: 0 }
    }

    /// Adds a stop and gives its number, from 1 on.
    pub fn add(&mut self, stop: StopPoint) -> usize {
        self.next += 1;
        self.stops.insert(self.next, stop);
        self.next
    }

    /// Removes a stop; whether there was one of this number.
    pub fn remove(&mut self, number: usize) -> bool {
        self.stops.remove(&number).is_some()
    }

    /// All stops with their numbers.
    pub fn iter(&self) -> impl Iterator<Item = (usize, &StopPoint)> {
        self.stops.iter().map(|(number, stop)| (*number, stop))
    }
}

/// The stops of one run, made ready to be looked up.
struct Armed<'a> {
    stops: &'a Stops,
    /// By program and pc; host calls too, by where their `ecalli` are.
    places: BTreeMap<(usize, u64), Vec<usize>>,
    touched: Touched,
    /// Stops to look at after each instruction besides: their numbers, and the gas they wait for.
    gas: Vec<(usize, u64)>,
}

impl<'a> Armed<'a> {
    fn new(stops: &'a Stops, recording: &Recording) -> Self {
        let mut armed =
            Self { stops, places: BTreeMap::new(), touched: Touched::default(), gas: Vec::new() };
        for (number, stop) in stops.iter() {
            match &stop.kind {
                Kind::Places(places) => {
                    for place in places {
                        armed.places.entry(*place).or_default().push(number);
                    }
                }
                Kind::Call(name) => {
                    for place in calls(recording, name.as_deref()) {
                        armed.places.entry(place).or_default().push(number);
                    }
                }
                Kind::GasBelow(gas) => armed.gas.push((number, *gas)),
                Kind::Memory(start, length) => {
                    armed.touched.ranges.push((number, *start, *length));
                }
                Kind::Exit | Kind::Failure(_) | Kind::InnerStart | Kind::Storage(_) => {}
            }
        }
        armed
    }

    fn of(&self, wanted: impl Fn(&Kind) -> bool) -> impl Iterator<Item = usize> {
        self.stops.iter().filter(move |(_, stop)| wanted(&stop.kind)).map(|(number, _)| number)
    }

    /// The stops that a step met. They follow from the state before the step (`before`), the
    /// stretches that the step ended and began, and its writes.
    fn met(&mut self, session: &Session, before: (Position, u64), step: Step) -> Vec<usize> {
        let mut met = std::mem::take(&mut self.touched.written);
        let (before, gas_before) = before;
        let stretches = &session.recording().stretches;
        // The end of a changed machine is not that of the recording.
        let has_ended = !session.is_changed() && (step != Step::Within || session.is_at_end());
        let ended = stretches.get(before.stretch).filter(|_| has_ended);
        if let Some(stretch) = ended {
            self.add_ended(stretch, &mut met);
            met.extend(self.of(|kind| match kind {
                Kind::Failure(failing) => failing.ends(&stretch.ending),
                _ => false,
            }));
        }
        if let Step::Into(index) = step {
            let begun = stretches.get(index);
            let starts_inner = |stretch: &Stretch| {
                stretch.is_first && stretch.machine != jambox_invocation::Machine::Outer
            };
            if begun.is_some_and(starts_inner) {
                met.extend(self.of(|kind| matches!(kind, Kind::InnerStart)));
            }
        }
        let is_same_run = matches!(step, Step::Within)
            || ended.is_some_and(|it| matches!(it.ending, Ending::Snapshot | Ending::Call(_)));
        let gas = session.instance().gas();
        met.extend(
            self.gas
                .iter()
                .filter(|(_, below)| is_same_run && gas < *below && gas_before >= *below)
                .map(|(number, _)| *number),
        );
        if !session.is_at_end() {
            met.extend(self.here(session));
        }
        met
    }

    /// The stops for the place where a session is.
    fn here(&self, session: &Session) -> Vec<usize> {
        if self.places.is_empty() {
            return Vec::new();
        }
        let stretch = session.recording().stretches.get(session.position().stretch);
        let code = stretch.map_or(0, |stretch| stretch.code);
        self.places.get(&(code, session.instance().pc())).cloned().unwrap_or_default()
    }

    /// The stops for how a stretch ended.
    fn add_ended(&mut self, stretch: &Stretch, met: &mut Vec<usize>) {
        match &stretch.ending {
            Ending::Snapshot | Ending::Cut => {}
            Ending::Exit(_) => met.extend(self.of(|kind| matches!(kind, Kind::Exit))),
            Ending::Stopped(_) => met.extend(self.of(|kind| matches!(kind, Kind::Exit))),
            Ending::Call(call) => {
                for write in call.memory.iter().filter(|it| it.is_write) {
                    self.touched.note(write.address, write.length);
                }
                met.append(&mut self.touched.written);
                let key = call.written_key();
                met.extend(
                    self.of(|kind| matches!(kind, Kind::Storage(it) if Some(it.as_slice()) == key)),
                );
            }
        }
    }
}

/// Positions of a host call's `ecalli`, in the program of the invocation.
fn calls(recording: &Recording, name: Option<&str>) -> Vec<(usize, u64)> {
    let numbers: BTreeSet<u64> = recording
        .stretches
        .iter()
        .filter_map(|stretch| stretch.ending.call())
        .filter(|call| name.is_none_or(|name| call.name() == name))
        .map(|call| call.number)
        .collect();
    let Some(RanProgram { module, .. }) = recording.codes.first() else { return Vec::new() };
    let set = module.engine().instruction_set();
    let all = module.program().instructions(set);
    all.filter(|it| it.instruction.opcode() == Opcode::Ecalli)
        .filter(|it| numbers.contains(&(i64::from(it.instruction.fields().x) as u64)))
        .map(|it| (0, u64::from(it.pc)))
        .collect()
}

impl Session {
    /// Runs to the next stop in a direction, or to the end.
    ///
    /// A run forwards to a stop at an instruction's effect (a write, an exit) stops behind the
    /// instruction, a run backwards before it: in both cases it is the last one that was gone over.
    pub fn run(&mut self, direction: Direction, stops: &Stops) -> Stopped {
        if direction == Direction::Backwards && self.undo() {
            return Stopped::At(Vec::new());
        }
        let mut armed = Armed::new(stops, self.recording());
        match direction {
            Direction::Forwards => self.run_on(&mut armed, None).map_or(Stopped::End, |met| {
                self.seek(met.after);
                Stopped::At(met.stops)
            }),
            Direction::Backwards => self.run_back(&mut armed),
        }
    }

    /// Goes on, up to a position if one is given, and gives the first stop: the session is behind
    /// it then.
    fn run_on(&mut self, armed: &mut Armed<'_>, until: Option<Position>) -> Option<Met> {
        loop {
            let (before, gas) = (self.position(), self.instance().gas());
            if until.is_some_and(|until| before >= until) {
                return None;
            }
            let step = self.step_with(&mut armed.touched);
            if step == Step::AtEnd {
                return None;
            }
            let stops = self.that_hold(armed.met(self, (before, gas), step), armed.stops);
            if !stops.is_empty() {
                return Some(Met { stops, before, after: self.position() });
            }
        }
    }

    fn that_hold(&self, met: Vec<usize>, stops: &Stops) -> Vec<usize> {
        let holds = |number: &usize| {
            let condition = stops.stops.get(number).and_then(|stop| stop.condition.as_ref());
            condition.is_none_or(|condition| condition.holds(self.instance()))
        };
        met.into_iter().filter(holds).collect()
    }

    /// Goes back: snapshot by snapshot, each time forwards to where it came from, for the last stop
    /// on that way.
    fn run_back(&mut self, armed: &mut Armed<'_>) -> Stopped {
        let from = self.position();
        let mut until = from;
        let mut first = Some(until.stretch);
        while let Some(start) = first {
            let start = self.snapshot_at_or_before(start);
            self.seek(Position { stretch: start, step: 0 });
            let mut last: Option<Met> = None;
            let here = self.that_hold(armed.here(self), armed.stops);
            if !here.is_empty() && self.position() < until {
                let at = self.position();
                last = Some(Met { stops: here, before: at, after: at });
            }
            while let Some(met) = self.run_on(armed, Some(until)) {
                // A stop met by arriving somewhere is at `after`; it must not be where this began.
                let target = met.target(armed.stops);
                if target < from {
                    // A stop for arriving at an instruction and a stop for its effect have one
                    // target: joined.
                    let same = last.take().filter(|last| last.before == target);
                    let mut stops = same.map_or_else(Vec::new, |last| last.stops);
                    stops.extend(met.stops);
                    last = Some(Met { stops, before: target, after: met.after });
                }
            }
            if let Some(met) = last {
                self.seek(met.before);
                return Stopped::At(met.stops);
            }
            until = Position { stretch: start, step: 0 };
            first = start.checked_sub(1);
        }
        self.seek(Position::default());
        Stopped::End
    }

    /// The last stretch up to another that begins with a snapshot of the outer machine.
    fn snapshot_at_or_before(&self, stretch: usize) -> usize {
        let stretches = self.recording().stretches.get(..=stretch).unwrap_or_default();
        stretches
            .iter()
            .rposition(|it| it.start.is_some() && it.machine == jambox_invocation::Machine::Outer)
            .unwrap_or(0)
    }
}

/// Stops that one instruction met.
struct Met {
    stops: Vec<usize>,
    before: Position,
    after: Position,
}

impl Met {
    /// The position at which going backwards stops: the place that was arrived at, if a stop for
    /// arriving was met, else before the instruction whose effect was met.
    fn target(&self, stops: &Stops) -> Position {
        let arrives = |number: &usize| {
            let kind = stops.stops.get(number).map(|stop| &stop.kind);
            matches!(kind, Some(Kind::Places(_) | Kind::Call(_) | Kind::InnerStart))
        };
        if self.stops.iter().any(arrives) { self.after } else { self.before }
    }
}
