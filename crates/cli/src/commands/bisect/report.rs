//! Report of `jambox bisect`.

use std::io::{self, Write};

use serde::Serialize;

use jambox_inspect::difference::{Difference, Event, Step, What};
use jambox_inspect::wide;

use crate::output::{Report, line};
use crate::plain::plain;
use crate::style::{BAD, FAINT, GOOD, HEADING};

use super::sides::Side;

/// Result of a bisection.
#[derive(Serialize)]
pub struct Bisected<'a> {
    pub first: &'a str,
    pub second: &'a str,
    /// The first difference; nothing if the two do the same.
    #[serde(rename = "difference")]
    pub found: &'a Option<Found>,
}

/// The first difference.
#[derive(Serialize)]
pub struct Found {
    /// The invocation's number among those of the run, from 0 on.
    invocation: usize,
    title: String,
    /// The event's number among those of the invocation, from 0 on.
    event: usize,
    differs: &'static str,
    /// The event on either side; nothing where a run has no more.
    events: [Option<FoundEvent>; 2],
    /// Number of the invocation's instructions that are the same, from its start on.
    #[serde(serialize_with = "wide::option")]
    instructions: Option<u64>,
    /// The first instruction that differs, on either side.
    steps: [Option<FoundStep>; 2],
}

#[derive(Serialize)]
struct FoundEvent {
    what: String,
    #[serde(serialize_with = "wide::option")]
    pc: Option<u64>,
    #[serde(serialize_with = "wide::number")]
    gas: u64,
    source: Vec<String>,
}

#[derive(Serialize)]
struct FoundStep {
    #[serde(serialize_with = "wide::number")]
    pc: u64,
    instruction: String,
    /// The registers in which the two differ after it.
    registers: Vec<FoundRegister>,
    /// The instruction's write to memory; `None` unless it differs.
    #[serde(skip_serializing_if = "Option::is_none")]
    written: Option<String>,
    #[serde(skip_serializing_if = "Option::is_none")]
    exit: Option<String>,
    source: Vec<String>,
}

#[derive(Serialize)]
struct FoundRegister {
    register: usize,
    #[serde(serialize_with = "wide::number")]
    value: u64,
}

impl Found {
    /// The difference, with the sources of both sides.
    pub fn new(difference: Difference, sides: [&Side; 2]) -> Self {
        let Difference { invocation, titles, event, events, what, step } = difference;
        let title = titles.into_iter().flatten().next().unwrap_or_default();
        let [first, second] = events;
        let found_event = |event: Option<Event>, side: &Side| {
            event.map(|Event { text, code, pc, gas }| FoundEvent {
                what: text,
                pc,
                gas,
                source: pc.map(|pc| side.source(code, pc)).unwrap_or_default(),
            })
        };
        let events = [found_event(first, sides[0]), found_event(second, sides[1])];
        let instructions = step.as_ref().map(|step| step.index);
        let steps = match step {
            None => [None, None],
            Some(step) => {
                let [one, other] = &step.steps;
                [
                    found_step(one.as_ref(), other.as_ref(), sides[0]),
                    found_step(other.as_ref(), one.as_ref(), sides[1]),
                ]
            }
        };
        let differs = match what {
            What::Start => "the start of the invocation: its code, arguments or gas",
            What::Kind => "what happens next",
            What::Machine => "the machine there: its pc, registers or gas",
            What::Host => "the reads, writes and answers of the host, or the result",
        };
        Self { invocation, title, event, differs, events, instructions, steps }
    }
}

fn found_step(step: Option<&Step>, other: Option<&Step>, side: &Side) -> Option<FoundStep> {
    let step = step?;
    let differs = |index: usize, value: u64| {
        other.is_none_or(|other| other.registers.get(index) != Some(&value))
    };
    let registers = step.registers.iter().copied().enumerate();
    let written =
        step.written.as_ref().filter(|_| other.is_none_or(|other| other.written != step.written));
    Some(FoundStep {
        pc: step.pc,
        instruction: step.instruction.to_string(),
        registers: registers
            .filter(|(index, value)| differs(*index, *value))
            .map(|(register, value)| FoundRegister { register, value })
            .collect(),
        written: written.map(|(address, octets)| {
            format!("{address:#x}: {}", const_hex::encode_prefixed(octets))
        }),
        exit: step.exit.map(|exit| exit.to_string()),
        source: side.source(step.code, step.pc),
    })
}

impl Report for Bisected<'_> {
    fn write(&self, out: &mut dyn Write) -> io::Result<()> {
        let labels = [self.first, self.second].map(|label| plain(label).into_owned());
        let Some(found) = &self.found else {
            let [first, second] = labels;
            return writeln!(out, "{GOOD}no difference{GOOD:#} between {first} and {second}");
        };
        writeln!(out, "{HEADING}first difference{HEADING:#} in {}", plain(&found.title))?;
        line(out, "differs", found.differs)?;
        line(out, "event", &format!("{} of the invocation", found.event))?;
        for (label, event) in labels.iter().zip(&found.events) {
            writeln!(out, "  {BAD}{label}{BAD:#}")?;
            match event {
                Some(FoundEvent { what, pc, gas, source }) => {
                    let pc = pc.map(|pc| format!(" at pc {pc}")).unwrap_or_default();
                    line(out, "", &format!("{}{pc}, gas {gas}", plain(what)))?;
                    write_source(out, source)?;
                }
                None => line(out, "", "nothing more")?,
            }
        }
        match found.instructions {
            None => {
                let same = "stepped one by one, both machines do the same";
                return line(out, "instruction", same);
            }
            Some(same) => line(out, "instruction", &format!("{same} are the same, then"))?,
        }
        for (label, step) in labels.iter().zip(&found.steps) {
            writeln!(out, "  {BAD}{label}{BAD:#}")?;
            match step {
                Some(step) => step.write(out)?,
                None => line(out, "", "nothing more")?,
            }
        }
        Ok(())
    }
}

impl FoundStep {
    fn write(&self, out: &mut dyn Write) -> io::Result<()> {
        let mut text = format!("{} at pc {}", self.instruction, self.pc);
        if let Some(exit) = &self.exit {
            text.push_str(&format!(": {exit}"));
        }
        line(out, "", &text)?;
        write_source(out, &self.source)?;
        for FoundRegister { register, value } in &self.registers {
            line(out, "", &format!("r{register} = {value:#x}"))?;
        }
        match &self.written {
            Some(written) => line(out, "", &format!("writes {written}")),
            None => Ok(()),
        }
    }
}

fn write_source(out: &mut dyn Write, source: &[String]) -> io::Result<()> {
    source
        .iter()
        .try_for_each(|frame| writeln!(out, "              {FAINT}in {}{FAINT:#}", plain(frame)))
}
