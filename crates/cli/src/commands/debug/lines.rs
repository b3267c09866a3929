//! The debugger by commands, a line each.

use std::io::{self, Write};

use jambox_debug::{
    Condition, Direction, Kind, Over, Position, Session, StopPoint, Stopped, Stops,
};
use jambox_engine::Instance;
use jambox_hostcall::{HostCall, Interface};
use jambox_inspect::count;
use jambox_package::Value;

use super::places;
use super::show;
use crate::explanation::write_registers;
use crate::input;
use crate::sources::Sources;

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

type Run = fn(&mut Lines, &str, &mut dyn Write) -> io::Result<Answer>;

/// A command: its names, its arguments, its effect.
struct Command {
    names: &'static [&'static str],
    arguments: &'static str,
    what: &'static str,
    run: Run,
}

/// All commands, in the order in which `help` lists them.
const COMMANDS: &[Command] = &[
    command(&["continue", "c"], "", "on to the next stop", |it, _, out| {
        it.go(Direction::Forwards, out)
    }),
    command(&["reverse-continue", "rc"], "", "back to the last stop", |it, _, out| {
        it.go(Direction::Backwards, out)
    }),
    command(&["step", "s"], "", "on to another line, into functions", |it, _, out| {
        it.line(Direction::Forwards, Over::Nothing, out)
    }),
    command(&["next", "n"], "", "on to another line, over calls", |it, _, out| {
        it.line(Direction::Forwards, Over::Calls, out)
    }),
    command(&["reverse-step", "rs"], "", "back to another line, into functions", |it, _, out| {
        it.line(Direction::Backwards, Over::Nothing, out)
    }),
    command(&["reverse-next", "rn"], "", "back to another line, over calls", |it, _, out| {
        it.line(Direction::Backwards, Over::Calls, out)
    }),
    command(&["finish"], "", "on until the function has returned", |it, _, out| {
        it.finish(Direction::Forwards, out)
    }),
    command(&["reverse-finish"], "", "back to the call of the function", |it, _, out| {
        it.finish(Direction::Backwards, out)
    }),
    command(&["stepi", "si"], "[N]", "on by instructions", |it, text, out| {
        it.instructions(text, Session::step, out)
    }),
    command(&["reverse-stepi", "rsi"], "[N]", "back by instructions", |it, text, out| {
        it.instructions(text, Session::step_back, out)
    }),
    command(&["goto"], "N", "where N instructions have run, of all machines", Lines::goto),
    command(&["start"], "", "back to the first instruction", |it, _, out| {
        it.session.seek(Position::default());
        it.place(out)
    }),
    command(&["end"], "", "on to the end", |it, _, out| {
        it.session.seek_end();
        it.place(out)
    }),
    command(
        &["break", "b"],
        "FUNCTION|FILE:LINE|pc N [if EXPRESSION]",
        "stop there",
        Lines::stop_at,
    ),
    command(&["call"], "NAME|any [if ..]", "stop before host calls", |it, text, out| {
        it.add(text, out, |name| match name {
            "any" => Ok(Kind::Call(None)),
            name if HostCall::ALL.iter().any(|call| call.name() == name) => {
                Ok(Kind::Call(Some(name.to_owned())))
            }
            name => Err(format!("no host call `{name}`: `jambox explain` lists them")),
        })
    }),
    command(
        &["watch", "w"],
        "ADDRESS LENGTH [if ..]",
        "stop on writes to memory",
        |it, text, out| {
            let instance = it.session.instance();
            let range = places::with_condition(text).and_then(|(what, _)| range(what, instance));
            it.add(text, out, |_| {
                range.clone().map(|(address, length)| Kind::Memory(address, length))
            })
        },
    ),
    command(&["key"], "VALUE [if ..]", "stop on writes to this storage key", |it, text, out| {
        it.add(text, out, |text| key(text).map(Kind::Storage))
    }),
    command(&["gas"], "N [if ..]", "stop when gas falls below N", |it, text, out| {
        it.add(text, out, |text| number(text).map(Kind::GasBelow))
    }),
    command(&["inner"], "[if ..]", "stop when an inner machine starts", |it, text, out| {
        it.add(text, out, |_| Ok(Kind::InnerStart))
    }),
    command(&["exit"], "[if ..]", "stop when a machine ends", |it, text, out| {
        it.add(text, out, |_| Ok(Kind::Exit))
    }),
    command(&["stops"], "", "list all stops", |it, _, out| {
        for (number, stop) in it.stops.iter() {
            writeln!(out, "{number:>3}  {}", places::describe(stop))?;
        }
        Ok(Answer::Done)
    }),
    command(&["delete", "d"], "N", "remove a stop", |it, text, _| {
        let number = number(text).ok().and_then(|number| usize::try_from(number).ok());
        match number.is_some_and(|number| it.stops.remove(number)) {
            true => Ok(Answer::Done),
            false => refuse(format!("no stop `{text}`: `stops` lists them")),
        }
    }),
    command(&["where", "bt"], "", "the call stack", |it, _, out| {
        show::stack(&it.session, out)?;
        Ok(Answer::Done)
    }),
    command(&["list", "l"], "", "the source around here", |it, _, out| {
        show::listing(it.session.source().first(), &it.sources, out)?;
        Ok(Answer::Done)
    }),
    command(
        &["code"],
        "[N]",
        "the instructions from here, and what blocks cost",
        |it, text, out| {
            let count = number(text).ok().and_then(|count| usize::try_from(count).ok());
            show::disassembly(it.session.instance(), count.unwrap_or(12).min(1000), out)?;
            Ok(Answer::Done)
        },
    ),
    command(&["registers", "regs"], "", "the registers", |it, _, out| {
        write_registers(out, "", it.session.instance().regs())?;
        Ok(Answer::Done)
    }),
    command(&["x"], "ADDRESS LENGTH", "memory", |it, text, out| {
        match range(text, it.session.instance()) {
            Ok((address, length)) => {
                show::memory(it.session.instance(), address, length.min(1 << 16), out)?;
                Ok(Answer::Done)
            }
            Err(problem) => refuse(problem),
        }
    }),
    command(
        &["write"],
        "ADDRESS VALUE",
        "write memory (text:.., hex:..): what if it were so",
        Lines::write,
    ),
    command(&["pages"], "", "which memory is accessible", |it, _, out| {
        for (addresses, access) in it.session.instance().memory().accessible_ranges() {
            writeln!(out, "{:#x}..{:#x}  {access:?}", addresses.start, addresses.end)?;
        }
        Ok(Answer::Done)
    }),
    command(&["print", "p"], "EXPRESSION", "a value: r7, u32[sp + 8], gas", Lines::print),
    command(&["host"], "", "the last host call, with what it read and wrote", Lines::host),
    command(&["place"], "", "where this is", |it, _, out| it.place(out)),
    command(&["help", "h"], "", "this list", |_, _, out| {
        for command in COMMANDS {
            let names = command.names.join(", ");
            writeln!(out, "{:<24} {}", format!("{names} {}", command.arguments), command.what)?;
        }
        writeln!(
            out,
            "Blobs keep no information on variables: values are in registers and memory. \
             Expressions: r0 to r12 (or ra, sp, a0 ..), pc, gas, u8[..] to u64[..], + - * & == != \
             < <= > >= && ||"
        )?;
        Ok(Answer::Done)
    }),
    command(&["quit", "q"], "", "leave", |_, _, _| Ok(Answer::Quit)),
];

const fn command(
    names: &'static [&'static str],
    arguments: &'static str,
    what: &'static str,
    run: Run,
) -> Command {
    Command { names, arguments, what, run }
}

/// Meaning of a write by hand.
pub const CHANGED: &str =
    "from here on this is not what ran, up to the next host call; going back undoes it";

fn refuse(problem: impl Into<String>) -> io::Result<Answer> {
    Ok(Answer::Refused(problem.into()))
}

fn number(text: &str) -> Result<u64, String> {
    input::parse_number(text.trim())
}

/// An address, which is an expression, and a length in octets.
fn range(text: &str, instance: &Instance) -> Result<(u64, u64), String> {
    let (address, length) = text.rsplit_once(' ').unwrap_or((text, "8"));
    let address = Condition::parse(address).map_err(|error| error.to_string())?;
    let address = address.value(instance).ok_or("the address is in memory that is not readable")?;
    Ok((address, number(length)?))
}

fn key(text: &str) -> Result<Vec<u8>, String> {
    let value: Value = input::parse_value(text)?;
    input::octets(&value).map_err(|_| format!("`{text}` cannot be read"))
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
