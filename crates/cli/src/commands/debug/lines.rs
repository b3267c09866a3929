//! The debugger by commands, a line each.

mod commands;

use std::io::{self, Write};

use jambox_debug::{
    Condition, Direction, Kind, Over, Position, Session, StopPoint, Stopped, Stops,
};
use jambox_hostcall::Interface;
use jambox_inspect::count;

use super::places;
use super::show;
use crate::sources::Sources;

use commands::{COMMANDS, key, number, range};

/// Result of a command.
pub enum Answer {
    Done,
    Quit,
    /// The command was not understood, or cannot be done: the reason.
    Refused(String),
}

/// A session controlled by lines of text.
pub struct Lines {
    session: Session,
    stops: Stops,
    sources: Sources,
    interface: Interface,
    /// True if moves print the new place. A front end that shows the place anyway turns it off.
    pub says_place: bool,
    /// A remark on the recording as a whole.
    pub note: Option<String>,
}

/// Effect of the command of this name, in the words of `help`; `None` if there is no such command.
pub fn purpose(name: &str) -> Option<&'static str> {
    COMMANDS.iter().find(|command| command.names.contains(&name)).map(|command| command.what)
}

/// Meaning of a write by hand.
pub const CHANGED: &str =
    "from here on this is not what ran, up to the next host call; going back undoes it";

fn refuse(problem: impl Into<String>) -> io::Result<Answer> {
    Ok(Answer::Refused(problem.into()))
}

impl Lines {
    pub const fn new(session: Session, sources: Sources, interface: Interface) -> Self {
        Self { session, stops: Stops::new(), sources, interface, says_place: true, note: None }
    }

    /// The session.
    pub const fn session(&self) -> &Session {
        &self.session
    }

    /// The session, for front ends that move it themselves.
    pub const fn session_mut(&mut self) -> &mut Session {
        &mut self.session
    }

    /// Breakpoints and other stops.
    pub const fn stops(&self) -> &Stops {
        &self.stops
    }

    /// Stops, for front ends that set them themselves.
    pub const fn stops_mut(&mut self) -> &mut Stops {
        &mut self.stops
    }

    /// Folders of the source files.
    pub const fn sources(&self) -> &Sources {
        &self.sources
    }

    /// Interface under which host calls are read.
    pub const fn interface(&self) -> Interface {
        self.interface
    }

    /// Prints the debugged invocation, and its first place.
    pub fn welcome(&mut self, out: &mut dyn Write) -> io::Result<()> {
        let recording = self.session.recording();
        let (title, gas) = (&recording.title, recording.gas_limit);
        writeln!(out, "{title}, gas {gas}: {}", show::ending(&self.session))?;
        if let Some(note) = &self.note {
            writeln!(out, "{note}")?;
        }
        let calls = recording.stretches.iter().filter(|it| it.ending.call().is_some()).count();
        writeln!(out, "{} recorded; `help` lists the commands", count(calls as u64, "host call"))
    }

    /// Executes a line; an empty one or a remark (`# ..`) does nothing.
    pub fn command(&mut self, line: &str, out: &mut dyn Write) -> io::Result<Answer> {
        let line = line.trim();
        if line.is_empty() || line.starts_with('#') {
            return Ok(Answer::Done);
        }
        let (name, rest) = line.split_once(' ').unwrap_or((line, ""));
        let command = COMMANDS.iter().find(|command| command.names.contains(&name));
        match command {
            Some(command) => (command.run)(self, rest.trim(), out),
            None => refuse(format!("`{name}` is no command; `help` lists them")),
        }
    }

    fn place(&mut self, out: &mut dyn Write) -> io::Result<Answer> {
        if self.says_place {
            show::place(&mut self.session, &self.sources, out)?;
        }
        Ok(Answer::Done)
    }

    fn stopped(&mut self, stopped: &Stopped, out: &mut dyn Write) -> io::Result<Answer> {
        match stopped {
            Stopped::At(numbers) => {
                for (number, stop) in self.stops.iter().filter(|(it, _)| numbers.contains(it)) {
                    writeln!(out, "stop {number}: {}", places::describe(stop))?;
                }
            }
            Stopped::End if self.session.position() == Position::default() => {
                writeln!(out, "this is where it began")?;
            }
            Stopped::End => {}
        }
        self.place(out)
    }

    fn go(&mut self, direction: Direction, out: &mut dyn Write) -> io::Result<Answer> {
        let stopped = self.session.run(direction, &self.stops);
        self.stopped(&stopped, out)
    }

    fn line(
        &mut self,
        direction: Direction,
        over: Over,
        out: &mut dyn Write,
    ) -> io::Result<Answer> {
        let stopped = self.session.step_line(direction, over, &self.stops);
        self.stopped(&stopped, out)
    }

    fn finish(&mut self, direction: Direction, out: &mut dyn Write) -> io::Result<Answer> {
        match self.session.finish(direction, &self.stops) {
            Some(stopped) => self.stopped(&stopped, out),
            None => refuse("no caller is found: this may be the entry point"),
        }
    }

    fn instructions(
        &mut self,
        text: &str,
        step: fn(&mut Session) -> bool,
        out: &mut dyn Write,
    ) -> io::Result<Answer> {
        let times = match text {
            "" => 1,
            text => match number(text) {
                Ok(times) => times,
                Err(problem) => return refuse(problem),
            },
        };
        for _ in 0..times {
            if !step(&mut self.session) {
                break;
            }
        }
        self.place(out)
    }

    fn goto(&mut self, text: &str, out: &mut dyn Write) -> io::Result<Answer> {
        match number(text) {
            Ok(instructions) => self.session.seek_instruction(instructions),
            Err(problem) => return refuse(problem),
        }
        self.place(out)
    }

    fn stop_at(&mut self, text: &str, out: &mut dyn Write) -> io::Result<Answer> {
        let found = places::with_condition(text).and_then(|(place, condition)| {
            Ok((places::find(self.session.recording(), place)?, condition))
        });
        match found {
            Ok((found, condition)) => {
                let kind = Kind::Places(found.places);
                let number = self.stops.add(StopPoint { kind, condition });
                writeln!(out, "stop {number}: {}", found.what)?;
                Ok(Answer::Done)
            }
            Err(problem) => refuse(problem),
        }
    }

    fn add(
        &mut self,
        text: &str,
        out: &mut dyn Write,
        kind: impl Fn(&str) -> Result<Kind, String>,
    ) -> io::Result<Answer> {
        // The text may be a condition alone: the space lets ` if ` be found.
        let text = format!(" {text}");
        let stop = places::with_condition(&text)
            .and_then(|(what, condition)| Ok(StopPoint { kind: kind(what)?, condition }));
        match stop {
            Ok(stop) => {
                let described = places::describe(&stop);
                let number = self.stops.add(stop);
                writeln!(out, "stop {number}: {described}")?;
                Ok(Answer::Done)
            }
            Err(problem) => refuse(problem),
        }
    }

    /// Writes into memory: the value is the last word.
    fn write(&mut self, text: &str, out: &mut dyn Write) -> io::Result<Answer> {
        let Some((address, value)) = text.rsplit_once(' ') else {
            return refuse("expected an address and a value: write sp + 8 hex:00ff");
        };
        let written = range(&format!("{address} 0"), self.session.instance())
            .and_then(|(address, _)| Ok((address, key(value)?)))
            .and_then(|(address, octets)| {
                let written = self.session.write(address, &octets);
                written.map_err(|_| format!("the guest cannot write at {address:#x}"))
            });
        match written {
            Ok(()) => {
                writeln!(out, "{CHANGED}")?;
                Ok(Answer::Done)
            }
            Err(problem) => refuse(problem),
        }
    }

    fn print(&mut self, text: &str, out: &mut dyn Write) -> io::Result<Answer> {
        match Condition::parse(text) {
            Ok(expression) => match expression.value(self.session.instance()) {
                Some(value) => writeln!(out, "{value} ({value:#x})")?,
                None => writeln!(out, "not readable")?,
            },
            Err(error) => return refuse(error.to_string()),
        }
        Ok(Answer::Done)
    }

    fn host(&mut self, _: &str, out: &mut dyn Write) -> io::Result<Answer> {
        let is_done = self.session.machine() == jambox_invocation::Machine::Outer;
        match self.session.last_call() {
            Some(call) => show::call(call, self.interface, is_done, out)?,
            None => writeln!(out, "none was made yet")?,
        }
        Ok(Answer::Done)
    }
}
