//! Explanations as text.

use std::io::{self, Write};

use super::entries::{ArgumentEntry, CallIn, Entry, OutcomeEntry};
use super::{Explanation, Switches};
use crate::output::{Report, line};
use crate::style::{HEADING, NAME};

impl Report for Explanation<'_> {
    fn write(&self, out: &mut dyn Write) -> io::Result<()> {
        for (index, entry) in self.entries.iter().enumerate() {
            if index > 0 {
                writeln!(out)?;
            }
            entry.write(out, &self.protocol)?;
        }
        Ok(())
    }
}

impl Entry {
    fn write(&self, out: &mut dyn Write, protocol: &Switches) -> io::Result<()> {
        let mut heading = |kind: &str, name: &str, rest: &str| {
            writeln!(out, "{HEADING}{kind}{HEADING:#} {NAME}{name}{NAME:#}{rest}")
        };
        match self {
            Self::HostCall { name, doc, contexts, revisions, arguments, outcomes } => {
                let Switches { abi, consensus, .. } = protocol;
                let warning = if *consensus { "" } else { " (non-consensus)" };
                heading("host call", name, &format!(" ({abi} ABI{warning})"))?;
                line(out, "", doc)?;
                line(out, "offered in", &contexts.join(", "))?;
                write_numbers(out, protocol, revisions)?;
                write_arguments(out, arguments)?;
                write_outcomes(out, outcomes)
            }
            Self::ResultCode { name, value, doc } => {
                heading("result code", name, &format!(" = {}", code_value(*value)))?;
                line(out, "", doc)
            }
            Self::InnerExit { name, value, doc } => {
                heading("inner exit", name, &format!(" = {value} in r7 after invoke"))?;
                line(out, "", doc)
            }
            Self::FetchKind { name, number, doc, contexts, indices } => {
                heading("fetch kind", name, &format!(", {number} in r10"))?;
                line(out, "", doc)?;
                line(out, "offered in", &contexts.join(", "))?;
                for (index, register) in indices.iter().zip(["r11", "r12"]) {
                    line(out, register, &format!("index of the {index}"))?;
                }
                Ok(())
            }
            Self::Instruction { name, revisions, syntax, doc, format, ends_block } => {
                heading("instruction", name, &format!(" {syntax}"))?;
                line(out, "", doc)?;
                let opcodes = revisions.iter().map(|it| (it.revision, it.opcode.to_string()));
                beside(out, protocol, &[("opcode", opcodes.collect())])?;
                line(out, "format", format)?;
                if *ends_block {
                    line(out, "", "ends a basic block")?;
                }
                Ok(())
            }
            Self::Parameter { name, symbol, label, value, doc } => {
                heading("parameter", name, &format!(" = {value}"))?;
                line(out, "", doc)?;
                line(out, "paper", &format!("{symbol}, {label}"))
            }
        }
    }
}

fn write_numbers(out: &mut dyn Write, protocol: &Switches, calls: &[CallIn]) -> io::Result<()> {
    let numbers = calls.iter().map(|call| (call.revision, call.number.to_string())).collect();
    let gas = calls.iter().map(|call| (call.revision, call.gas.clone())).collect();
    beside(out, protocol, &[("number", numbers), ("gas", gas)])
}

/// Writes a column for each revision, where revisions differ.
fn beside(
    out: &mut dyn Write,
    protocol: &Switches,
    rows: &[(&str, Vec<(&'static str, String)>)],
) -> io::Result<()> {
    let cell = |cells: &[(&str, String)], revision: &str| {
        let own = cells.iter().find(|(of, _)| *of == revision);
        own.map_or_else(|| "none".to_owned(), |(_, text)| text.clone())
    };
    let columns = protocol.revisions.iter().map(|revision| {
        let cells: Vec<String> = rows.iter().map(|(_, cells)| cell(cells, revision)).collect();
        let width = cells.iter().map(String::len).max().unwrap_or(0).max(revision.len());
        (*revision, cells, width + 2)
    });
    let columns: Vec<_> = columns.collect();
    let joined = |texts: &mut dyn Iterator<Item = (&str, usize)>| {
        texts.map(|(text, width)| format!("{text:<width$}")).collect::<String>()
    };
    let heads = joined(&mut columns.iter().map(|(revision, _, width)| (*revision, *width)));
    line(out, "", heads.trim_end())?;
    for (index, (label, _)) in rows.iter().enumerate() {
        let cells = columns.iter().map(|(_, cells, width)| (cells[index].as_str(), *width));
        line(out, label, joined(&mut cells.into_iter()).trim_end())?;
    }
    Ok(())
}

fn write_arguments(out: &mut dyn Write, arguments: &[ArgumentEntry]) -> io::Result<()> {
    for argument in arguments {
        let ArgumentEntry { register, name, doc } = argument;
        let doc = if doc.is_empty() { String::new() } else { format!(" ({doc})") };
        line(out, register, &format!("{name}{doc}"))?;
    }
    Ok(())
}

fn write_outcomes(out: &mut dyn Write, outcomes: &[OutcomeEntry]) -> io::Result<()> {
    for (index, outcome) in outcomes.iter().enumerate() {
        let label = if index == 0 { "outcomes" } else { "" };
        let only = match outcome.in_all {
            true => String::new(),
            false => format!(" (in {})", outcome.revisions.join(", ")),
        };
        line(out, label, &format!("{:<11}{}{only}", outcome.result, outcome.when))?;
    }
    Ok(())
}

pub fn code_value(value: u64) -> String {
    match value {
        0 => "0".to_owned(),
        value => format!("2^64-{} ({value})", value.wrapping_neg()),
    }
}
