//! Texts of a session at its place.

use std::io::{self, Write};

use jambox_debug::{Answer, Call, RanProgram, Session};
use jambox_engine::{Exit, Instance};
use jambox_hostcall::Interface;
use jambox_inspect::hostcalls::{self, Argument, MemoryDirection, MemoryEvent};
use jambox_inspect::{Octets, stack};
use jambox_invocation::Machine;
use jambox_symbols::Frame;

use crate::calls;
use crate::sources::Sources;
use crate::style::{FAINT, NAME};

/// Writes the place of a session.
pub fn place(session: &mut Session, sources: &Sources, out: &mut dyn Write) -> io::Result<()> {
    let instructions = session.instructions();
    let instance = session.instance();
    let (pc, gas) = (instance.pc(), instance.gas());
    let machine = match session.machine() {
        Machine::Outer => String::new(),
        Machine::Inner(Machine::CHILD) => "child machine, ".to_owned(),
        Machine::Inner(handle) => format!("inner machine {handle}, "),
    };
    writeln!(out, "{machine}instruction {instructions}, pc {pc}, gas {gas}")?;
    if session.is_at_end() {
        return writeln!(out, "the end: {}", ending(session));
    }
    if let Some(frame) = session.source().first() {
        writeln!(out, "{NAME}{frame}{NAME:#}")?;
        if frame.line > 0
            && let Some((number, text)) = sources.lines(&frame.file, frame.line, 1).first()
        {
            writeln!(out, "{number:>6}  {text}")?;
        }
    }
    let instruction = session.instance().module().instruction_at(pc);
    writeln!(out, "{FAINT}{pc:>6}: {instruction}{FAINT:#}")
}

/// Ending of the recording, in words.
pub fn ending(session: &Session) -> String {
    match session.exit_of_changed() {
        Some(Exit::HostCall(number)) => {
            return format!(
                "host call {number}, which the recording does not answer once memory was changed"
            );
        }
        Some(exit) => return format!("{exit}, of the machine whose memory was changed"),
        None => {}
    }
    let recording = session.recording();
    if recording.is_cut {
        return "the recording has no more; --memory gives it more room".to_owned();
    }
    let Some(last) = recording.stretches.last() else { return String::new() };
    match &last.ending {
        jambox_debug::Ending::Exit(exit) => exit.to_string(),
        jambox_debug::Ending::Stopped(call) | jambox_debug::Ending::Call(call) => {
            match &call.answer {
                Answer::Stopped { reason, .. } => {
                    format!("host call {} stopped it: {reason}", call.name())
                }
                _ => format!("host call {}", call.name()),
            }
        }
        jambox_debug::Ending::Snapshot | jambox_debug::Ending::Cut => String::new(),
    }
}

/// Writes the call stack; below an inner machine's stack its owner's.
pub fn stack(session: &Session, out: &mut dyn Write) -> io::Result<()> {
    let symbols = session.code().and_then(|code| code.symbols.as_ref());
    write!(out, "{}", stack::of(session.instance(), symbols))?;
    if session.machine() == Machine::Outer {
        return Ok(());
    }
    writeln!(out, "run by")?;
    let owner = session.recording().codes.first();
    let symbols = owner.and_then(|code: &RanProgram| code.symbols.as_ref());
    write!(out, "{}", stack::of(session.outer(), symbols))
}

/// An instruction in a listing.
pub struct Listed {
    pub pc: u64,
    pub text: String,
    /// Gas of the block that begins here, or of the instruction where each has its price.
    pub gas: u64,
}

/// Instructions around the current one: a few before it and some from it on.
pub fn instructions(instance: &Instance, before: usize, from_here: usize) -> Vec<Listed> {
    let module = instance.module();
    let set = module.engine().instruction_set();
    let Ok(pc) = u32::try_from(instance.pc()) else { return Vec::new() };
    let program = module.program();
    let starts = (0..pc).rev().filter(|pc| program.is_instruction_start(*pc)).take(before);
    let starts: Vec<u32> = starts.collect();
    let first = starts.last().copied().unwrap_or(pc);
    let all = program.instructions_from(set, first).take(starts.len() + from_here);
    all.map(|it| Listed {
        pc: it.pc.into(),
        text: it.instruction.to_string(),
        gas: module.cost_at(it.pc.into()).into(),
    })
    .collect()
}

/// The instructions around the current one, with the gas of blocks.
pub fn disassembly(instance: &Instance, count: usize, out: &mut dyn Write) -> io::Result<()> {
    let listed = instructions(instance, 4, count);
    if listed.is_empty() {
        return writeln!(out, "there is no code here");
    }
    for Listed { pc, text, gas } in listed.into_iter().take(count) {
        let mark = if pc == instance.pc() { "=>" } else { "  " };
        let cost = match gas {
            0 => String::new(),
            gas => format!("{FAINT}  ; {gas} gas{FAINT:#}"),
        };
        writeln!(out, "{mark} {pc:>6}: {text}{cost}")?;
    }
    Ok(())
}

/// Octets of memory, sixteen a line: in hexadecimal and as text.
pub fn memory(
    instance: &Instance,
    address: u64,
    length: u64,
    out: &mut dyn Write,
) -> io::Result<()> {
    for start in (0..length).step_by(16) {
        let at = address.wrapping_add(start);
        let size = (length - start).min(16);
        let Ok(octets) = instance.memory().read(at, size) else {
            writeln!(out, "{at:#10x}: not readable")?;
            continue;
        };
        let digits: Vec<_> = octets.iter().map(|octet| format!("{octet:02x}")).collect();
        let text: String = octets
            .iter()
            .map(|octet| char::from(*octet))
            .map(|c| if c.is_ascii_graphic() || c == ' ' { c } else { '.' })
            .collect();
        writeln!(out, "{at:#10x}: {:<47}  {text}", digits.join(" "))?;
    }
    Ok(())
}

/// A host call with its arguments and result.
pub fn call(
    call: &Call,
    interface: Interface,
    is_done: bool,
    out: &mut dyn Write,
) -> io::Result<()> {
    let (arguments, result) = call_in_words(call, interface, is_done);
    let gas = call.gas_before.saturating_sub(call.gas_after);
    let events: Vec<_> = call.memory.iter().map(event).collect();
    calls::write(out, &call.name(), &arguments, &result, &format!("{gas} gas"))?;
    if is_done { calls::write_memory(out, &events) } else { Ok(()) }
}

/// Arguments and result of a host call; the result of an unfinished one is left open.
pub fn call_in_words(call: &Call, interface: Interface, is_done: bool) -> (Vec<Argument>, String) {
    let events: Vec<_> = call.memory.iter().map(event).collect();
    let arguments = call
        .form
        .map(|form| hostcalls::arguments(form, &call.before, &events, interface.abi))
        .unwrap_or_default();
    let result = match (&call.answer, is_done) {
        (_, false) => "...".to_owned(),
        (Answer::Reply(reply), true) => {
            hostcalls::result(Ok(reply.as_ref()), call.form, interface, call.after[7])
        }
        // A trace tells no more than the registers.
        (Answer::Traced, true) => match call.code() {
            Some(code) => code.name().to_owned(),
            None => call.after[7].to_string(),
        },
        (Answer::Stopped { reason, .. }, true) => reason.clone(),
    };
    (arguments, result)
}

fn event(event: &jambox_debug::CallMemory) -> MemoryEvent {
    MemoryEvent {
        access: if event.is_write { MemoryDirection::Write } else { MemoryDirection::Read },
        address: event.address,
        length: usize::try_from(event.length).unwrap_or(usize::MAX),
        octets: Octets::new(event.octets.as_slice()),
    }
}

/// The lines of the source around the innermost of these frames whose source is at hand.
pub fn listing(frames: &[Frame], sources: &Sources, out: &mut dyn Write) -> io::Result<()> {
    let Some(frame) = sources.nearest(frames) else {
        return writeln!(out, "the source of this place is not known: there are no symbols of it");
    };
    let lines = sources.lines(&frame.file, frame.line.saturating_sub(5).max(1), 11);
    if lines.is_empty() {
        return writeln!(out, "{} is not at hand; --source names a folder to look in", frame.file);
    }
    if frames.first() != Some(frame) {
        writeln!(out, "{frame} has it inlined:")?;
    }
    for (number, text) in lines {
        let mark = if number == frame.line { "=>" } else { "  " };
        writeln!(out, "{mark}{number:>5}  {text}")?;
    }
    Ok(())
}
