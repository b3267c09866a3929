//! The commands by name: arguments, effect, and the session's move.

use std::io::{self, Write};

use jambox_debug::{Condition, Direction, Kind, Over, Position, Session};
use jambox_engine::Instance;
use jambox_hostcall::HostCall;
use jambox_package::Value;

use super::{Answer, Lines, refuse};
use crate::commands::debug::{places, show};
use crate::explanation::write_registers;
use crate::input;

/// Execution of a command on its arguments.
type Run = fn(&mut Lines, &str, &mut dyn Write) -> io::Result<Answer>;

/// A command: its names, its arguments, its effect.
pub struct Command {
    pub names: &'static [&'static str],
    arguments: &'static str,
    pub what: &'static str,
    pub run: Run,
}

/// All commands, in the order in which `help` lists them.
pub const COMMANDS: &[Command] = &[
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
    command(&["where", "bt", "backtrace"], "", "the call stack", |it, _, out| {
        show::stack(&it.session, out)?;
        Ok(Answer::Done)
    }),
    command(&["list", "l"], "", "the source around here", |it, _, out| {
        show::listing(it.session.source(), &it.sources, out)?;
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

pub fn number(text: &str) -> Result<u64, String> {
    input::parse_number(text.trim())
}

/// An address, which is an expression, and a length in octets.
pub fn range(text: &str, instance: &Instance) -> Result<(u64, u64), String> {
    let (address, length) = text.rsplit_once(' ').unwrap_or((text, "8"));
    let address = Condition::parse(address).map_err(|error| error.to_string())?;
    let address = address.value(instance).ok_or("the address is in memory that is not readable")?;
    Ok((address, number(length)?))
}

pub fn key(text: &str) -> Result<Vec<u8>, String> {
    let value: Value = input::parse_value(text)?;
    input::octets(&value).map_err(|_| format!("`{text}` cannot be read"))
}
