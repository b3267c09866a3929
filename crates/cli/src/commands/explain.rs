//! `jambox explain`: meanings of the protocol's words and numbers.

mod listing;

use std::io::{self, Write};
use std::path::Path;

use clap::Args;
use serde::Serialize;

use jambox_hostcall::{
    Abi, Context, FORMS, FetchKind, Form, InnerExit, Interface, Outcome, OutcomeKind, ResultCode,
};
use jambox_inspect::wide;
use jambox_isa::Opcode;
use jambox_types::{Parameters, Protocol, Revision};

use crate::capsule;
use crate::diagnosis::Diagnosis;
use crate::outcome::{Result, Verdict};
use crate::output::{Output, Report, line};
use crate::protocol::{ProtocolArgs, interface};
use crate::style::{HEADING, NAME};

use listing::Listing;

/// Explain a host call, result code, opcode, fetch kind or parameter, by name or number
///
/// Without a word it lists them all, a line each. Numbers and gas are those of every revision side
/// by side, or of the one that --revision names.
#[derive(Debug, Args)]
#[command(after_help = "\
Examples:
  jambox explain write           the host call: arguments, gas, outcomes in their order
  jambox explain HUH             the result code
  jambox explain branch_eq_imm   the instruction
  jambox explain 100             whatever has this number
  jambox explain 2^64-9          the result code with this value
  jambox explain W_R             the parameter
  jambox explain read --revision gray-paper-0.8.0
  jambox explain                 everything, a line each")]
pub struct Explain {
    /// A name or a number; or a capsule, whose contents are listed
    #[arg(value_name = "NAME|NUMBER", allow_negative_numbers = true)]
    word: Option<String>,
}

impl Explain {
    pub fn run(&self, protocol: &ProtocolArgs, output: &Output) -> Result {
        if let Some(word) = &self.word
            && let Some(capsule) = capsule::read(Path::new(word))?
        {
            output.emit(&capsule::Content::of(&capsule))?;
            return Ok(Verdict::Done);
        }
        let revisions = match protocol.switches()?.revision {
            Some(revision) => vec![revision],
            None => Revision::ALL.to_vec(),
        };
        let protocol = protocol.protocol()?;
        interface(&protocol)?;
        let all = everything(&protocol, &revisions);
        let switches = Switches::of(protocol.abi, &revisions);
        let Some(word) = &self.word else {
            output.emit(&Listing { protocol: switches, entries: all })?;
            return Ok(Verdict::Done);
        };
        let (wanted, number) = (normal(word), number(word));
        let (entries, others): (Vec<_>, Vec<_>) =
            all.into_iter().partition(|entry| entry.is_meant(&wanted, number));
        if entries.is_empty() {
            return Err(unknown(word, number, &others).into());
        }
        output.emit(&Explanation { word, protocol: switches, entries })?;
        Ok(Verdict::Done)
    }
}

#[derive(Serialize)]
struct Explanation<'a> {
    word: &'a str,
    protocol: Switches,
    entries: Vec<Entry>,
}

#[derive(Serialize)]
struct Switches {
    revisions: Vec<&'static str>,
    abi: &'static str,
    /// True if nodes agree on the ABI.
    consensus: bool,
}

impl Switches {
    fn of(abi: Abi, revisions: &[Revision]) -> Self {
        Self {
            revisions: revisions.iter().map(|revision| revision.name()).collect(),
            abi: abi.name(),
            consensus: abi == Abi::GrayPaper,
        }
    }
}

/// A host call in a revision that has it.
#[derive(Serialize)]
struct CallIn {
    revision: &'static str,
    #[serde(serialize_with = "wide::number")]
    number: u64,
    gas: String,
}

/// An instruction in a revision that has it.
#[derive(Serialize)]
struct OpcodeIn {
    revision: &'static str,
    opcode: u8,
}

/// A meaning of a word.
#[derive(Serialize)]
#[serde(tag = "kind", rename_all = "kebab-case")]
enum Entry {
    HostCall {
        name: &'static str,
        doc: &'static str,
        contexts: Vec<&'static str>,
        revisions: Vec<CallIn>,
        arguments: Vec<ArgumentEntry>,
        outcomes: Vec<OutcomeEntry>,
    },
    ResultCode {
        name: &'static str,
        #[serde(serialize_with = "wide::number")]
        value: u64,
        doc: &'static str,
    },
    InnerExit {
        name: &'static str,
        #[serde(serialize_with = "wide::number")]
        value: u64,
        doc: &'static str,
    },
    FetchKind {
        name: &'static str,
        number: u64,
        doc: &'static str,
        contexts: Vec<&'static str>,
        indices: &'static [&'static str],
    },
    Instruction {
        name: &'static str,
        revisions: Vec<OpcodeIn>,
        syntax: &'static str,
        doc: &'static str,
        format: String,
        ends_block: bool,
    },
    Parameter {
        name: &'static str,
        symbol: &'static str,
        label: &'static str,
        #[serde(serialize_with = "wide::number")]
        value: u64,
        doc: &'static str,
    },
}

#[derive(Serialize)]
struct ArgumentEntry {
    register: String,
    name: String,
    doc: &'static str,
}

#[derive(Serialize)]
struct OutcomeEntry {
    name: &'static str,
    revisions: Vec<&'static str>,
    /// True if every revision with the call has the outcome.
    #[serde(skip)]
    in_all: bool,
    result: String,
    when: &'static str,
}

/// A word in its form for comparison: any case, `-` and `_` alike.
fn normal(word: &str) -> String {
    word.to_lowercase().replace('-', "_")
}

/// Everything with a name in one of the revisions.
fn everything(protocol: &Protocol, revisions: &[Revision]) -> Vec<Entry> {
    // Codes and kinds have one number in all revisions.
    let interface = Interface { abi: protocol.abi, revision: protocol.revision };
    let mut entries: Vec<Entry> =
        FORMS.iter().filter_map(|form| host_call(form, protocol.abi, revisions)).collect();
    entries.extend(ResultCode::ALL.iter().map(|code| Entry::ResultCode {
        name: code.name(),
        value: interface.code(*code),
        doc: code.doc(),
    }));
    entries.extend(InnerExit::ALL.iter().map(|exit| Entry::InnerExit {
        name: exit.name(),
        value: exit.value(),
        doc: exit.doc(),
    }));
    let kinds = interface.fetch_kinds();
    entries.extend(kinds.map(|(number, kind)| fetch_kind(number, kind, interface)));
    entries.extend(Opcode::ALL.iter().filter_map(|opcode| instruction(*opcode, revisions)));
    let values = protocol.parameters.values();
    let parameters = Parameters::INFO.iter().zip(values);
    entries.extend(parameters.map(|(info, value)| Entry::Parameter {
        name: info.name,
        symbol: info.symbol,
        label: info.label,
        value,
        doc: info.doc.trim(),
    }));
    entries
}

/// Reads `12`, `0x0c` and, for the result codes, `2^64-9` and `-9`.
fn number(word: &str) -> Option<u64> {
    let below = word.strip_prefix("2^64-").or_else(|| word.strip_prefix('-'));
    match below {
        Some(digits) => jambox_isa::parse_number(digits).map(u64::wrapping_neg),
        None => jambox_isa::parse_number(word),
    }
}

fn contexts(is_in: impl Fn(Context) -> bool) -> Vec<&'static str> {
    Context::ALL.into_iter().filter(|context| is_in(*context)).map(Context::name).collect()
}

fn host_call(form: &'static Form, abi: Abi, revisions: &[Revision]) -> Option<Entry> {
    let numbers = revisions.iter().filter_map(|revision| {
        Some(CallIn {
            revision: revision.name(),
            number: form.number(Interface { abi, revision: *revision })?,
            gas: form.price(*revision).to_string(),
        })
    });
    let numbers: Vec<CallIn> = numbers.collect();
    if numbers.is_empty() {
        return None;
    }
    let arguments = form.arguments_with_registers().flat_map(|(first, argument)| {
        argument.kind.parts().iter().zip(first..).enumerate().map(
            move |(index, (part, register))| ArgumentEntry {
                register: format!("r{register}"),
                name: if part.is_empty() {
                    argument.name.to_owned()
                } else {
                    format!("{}: {part}", argument.name)
                },
                doc: if index == 0 { argument.doc } else { "" },
            },
        )
    });
    let offered: Vec<Revision> = revisions
        .iter()
        .copied()
        .filter(|revision| form.number(Interface { abi, revision: *revision }).is_some())
        .collect();
    let of = |outcome: &Outcome| -> Vec<&'static str> {
        let has = offered.iter().filter(|revision| outcome.is_in(**revision));
        has.map(|revision| revision.name()).collect()
    };
    let known = form.every_outcome().filter(|outcome| !of(outcome).is_empty());
    let outcomes = known.map(|outcome| OutcomeEntry {
        name: outcome.name,
        revisions: of(outcome),
        in_all: of(outcome).len() == offered.len(),
        result: match outcome.kind {
            OutcomeKind::Panic => "panic".to_owned(),
            OutcomeKind::OutOfGas => "out of gas".to_owned(),
            OutcomeKind::Value => "a number".to_owned(),
            OutcomeKind::Code(code) => code.under(abi).name().to_owned(),
            OutcomeKind::Exit(exit) => exit.name().to_owned(),
            OutcomeKind::Nothing => "stays".to_owned(),
        },
        when: outcome.when,
    });
    Some(Entry::HostCall {
        name: form.call.name(),
        doc: form.call.doc(),
        contexts: contexts(|context| form.contexts.contains(context)),
        revisions: numbers,
        arguments: arguments.collect(),
        outcomes: outcomes.collect(),
    })
}

fn instruction(opcode: Opcode, revisions: &[Revision]) -> Option<Entry> {
    let octets = revisions.iter().filter_map(|revision| {
        Some(OpcodeIn { revision: revision.name(), opcode: opcode.octet(*revision)? })
    });
    let octets: Vec<OpcodeIn> = octets.collect();
    (!octets.is_empty()).then(|| Entry::Instruction {
        name: opcode.mnemonic(),
        revisions: octets,
        syntax: opcode.syntax(),
        doc: opcode.doc(),
        format: format!("{:?}", opcode.format()),
        ends_block: opcode.is_terminator(),
    })
}

fn fetch_kind(number: u64, kind: FetchKind, interface: Interface) -> Entry {
    let offered = kind.contexts(interface.abi);
    Entry::FetchKind {
        name: kind.name(),
        number,
        doc: kind.doc(),
        contexts: contexts(|context| offered.contains(context)),
        indices: kind.indices(),
    }
}

fn unknown(word: &str, number: Option<u64>, known: &[Entry]) -> Diagnosis {
    let message = match number {
        Some(_) => {
            format!("no host call, result code, instruction or parameter has the number {word}")
        }
        None => format!("no host call, result code, instruction or parameter is called `{word}`"),
    };
    let near = jambox_asm::most_like(word, known.iter().flat_map(Entry::names));
    Diagnosis::new(message).help(match near {
        Some(near) if number.is_none() => format!("did you mean `{near}`?"),
        _ => "`jambox explain` without a word lists all of them".to_owned(),
    })
}

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
                let number = |call: &CallIn| call.number.to_string();
                let numbers = revisions.iter().map(|call| (call.revision, number(call)));
                beside(
                    out,
                    protocol,
                    &[("number", numbers.collect()), ("gas", prices(revisions))],
                )?;
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

fn prices(calls: &[CallIn]) -> Vec<(&'static str, String)> {
    calls.iter().map(|call| (call.revision, call.gas.clone())).collect()
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

fn code_value(value: u64) -> String {
    match value {
        0 => "0".to_owned(),
        value => format!("2^64-{} ({value})", value.wrapping_neg()),
    }
}
