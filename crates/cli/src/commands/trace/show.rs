//! `jambox trace show`: contents of a trace, in words.

use std::io::{self, BufReader, Write};
use std::path::PathBuf;

use clap::Args;
use serde::Serialize;

use jambox_hostcall::{Context, Interface, ResultCode};
use jambox_inspect::hostcalls::{self, Argument, MemoryDirection, MemoryEvent};
use jambox_inspect::{Octets, wide};
use jambox_invocation::entry_pc;
use jambox_package::{Disk, symbols_beside, symbols_in};
use jambox_symbols::Symbols;
use jambox_trace::{Action, Call, EndKind, Execution, Reader};
use jambox_types::{Hash, Revision};

use crate::calls;
use crate::diagnosis::Diagnosis;
use crate::input;
use crate::outcome::{Failure, Result, Verdict};
use crate::output::{Output, Report, line};
use crate::plain::plain;
use crate::protocol::{ProtocolArgs, interface};
use crate::style::{BAD, FAINT, GOOD, HEADING};

#[derive(Debug, Args)]
#[command(after_help = "\
Examples:
  jambox trace show run.log
  jambox trace show run.log -v      with the arguments of every call (-vv: memory and source, too)")]
pub struct Show {
    /// The trace
    trace: PathBuf,

    /// The folder of its programs' symbol files [default: the folder symbols beside the trace]
    #[arg(long, value_name = "FOLDER")]
    symbols: Option<PathBuf>,
}

impl Show {
    pub fn run(&self, protocol: &ProtocolArgs, output: &Output) -> Result {
        let interface = interface(&protocol.protocol()?)?;
        let file = input::open(&self.trace)?;
        let (mut executions, mut found) = (Vec::new(), false);
        for execution in Reader::new(BufReader::new(file)) {
            let execution = execution.map_err(|error| self.bad_trace(&error.to_string()))?;
            found = true;
            let named = execution.revision();
            if let (Some(asked), Some(named)) = (protocol.revision(), named)
                && !asked.is(named)
            {
                return Err(self.of_another_revision(&execution, named, asked));
            }
            let revision = named.unwrap_or(interface.revision);
            let interface = Interface { revision, ..interface };
            let symbols = self.symbols(Hash::blake2b(&execution.program));
            let symbols = symbols.as_ref();
            let shown = ExecutionReport::of(&execution, interface, output.verbosity, symbols);
            if output.json {
                executions.push(shown);
            } else {
                // A trace may be larger than memory: the text form holds one execution at a time.
                output.emit(&shown)?;
            }
        }
        if !found {
            return Err(self.bad_trace("the file holds no execution"));
        }
        if output.json {
            output.emit(&TraceReport { executions })?;
        }
        Ok(Verdict::Done)
    }

    /// The symbols of a program, if they are known.
    fn symbols(&self, code_hash: Hash) -> Option<Symbols> {
        match &self.symbols {
            Some(folder) => symbols_in(&Disk, folder, code_hash),
            None => symbols_beside(&Disk, &self.trace, code_hash),
        }
    }

    fn of_another_revision(
        &self,
        execution: &Execution,
        named: Revision,
        asked: Revision,
    ) -> Failure {
        let at = execution.line;
        let message =
            format!("the execution at line {at} is of {named}, and {asked} was asked for");
        let diagnosis = Diagnosis::new(message).in_file(&self.trace);
        diagnosis.help("leave --revision out: the trace says its own").into()
    }

    fn bad_trace(&self, why: &str) -> Failure {
        let diagnosis = Diagnosis::new(why).in_file(&self.trace);
        let diagnosis = diagnosis.expected("expected a trace in the text form of JIP-7");
        diagnosis.help("`jambox trace record` writes one").into()
    }
}

/// All executions of a trace, for JSON.
#[derive(Serialize)]
struct TraceReport {
    executions: Vec<ExecutionReport>,
}

impl Report for TraceReport {
    fn write(&self, out: &mut dyn Write) -> io::Result<()> {
        self.executions.iter().try_for_each(|execution| execution.write(out))
    }
}

#[derive(Serialize)]
struct ExecutionReport {
    line: usize,
    comments: Vec<String>,
    program_octets: usize,
    program_hash: String,
    abi: &'static str,
    /// The revision that names the host calls.
    revision: &'static str,
    /// True if the trace itself names this revision.
    says_revision: bool,
    /// True if nodes agree on the ABI.
    consensus: bool,
    #[serde(serialize_with = "wide::number")]
    pc: u64,
    #[serde(serialize_with = "wide::number")]
    gas: u64,
    host_calls: usize,
    /// The calls, when asked for.
    calls: Vec<CallReport>,
    end: Option<EndReport>,
}

#[derive(Serialize)]
struct CallReport {
    line: usize,
    #[serde(serialize_with = "wide::number")]
    number: u64,
    name: Option<&'static str>,
    #[serde(serialize_with = "wide::number")]
    pc: u64,
    #[serde(serialize_with = "wide::number")]
    gas: u64,
    arguments: Vec<Argument>,
    result: Option<String>,
    memory: Vec<MemoryEvent>,
    /// Source positions of the call, the innermost function first.
    source: Vec<String>,
    #[serde(skip)]
    show_all: bool,
}

#[derive(Serialize)]
struct EndReport {
    kind: String,
    #[serde(serialize_with = "wide::number")]
    pc: u64,
    #[serde(serialize_with = "wide::number")]
    gas: u64,
    /// Source positions of the end, the innermost function first.
    source: Vec<String>,
    #[serde(skip)]
    is_good: bool,
}

impl ExecutionReport {
    fn of(
        execution: &Execution,
        interface: Interface,
        verbosity: u8,
        symbols: Option<&Symbols>,
    ) -> Self {
        let calls = if verbosity > 0 { execution.calls.as_slice() } else { &[] };
        let context = context(execution.start.pc);
        let call = |call: &Call| CallReport {
            source: source(symbols, call.state.pc),
            ..CallReport::of(call, interface, context, verbosity > 1)
        };
        Self {
            line: execution.line,
            comments: execution.comments.clone(),
            program_octets: execution.program.len(),
            program_hash: Hash::blake2b(&execution.program).to_string(),
            abi: interface.abi.name(),
            revision: interface.revision.name(),
            says_revision: execution.revision().is_some(),
            consensus: interface.is_consensus(),
            pc: execution.start.pc,
            gas: execution.start.gas,
            host_calls: execution.calls.len(),
            calls: calls.iter().map(call).collect(),
            end: execution.end.map(|end| EndReport {
                kind: end.kind.to_string(),
                pc: end.state.pc,
                gas: end.state.gas,
                source: source(symbols, end.state.pc),
                is_good: end.kind == EndKind::Halt,
            }),
        }
    }
}

impl Report for ExecutionReport {
    fn write(&self, out: &mut dyn Write) -> io::Result<()> {
        writeln!(out, "{HEADING}execution{HEADING:#} at line {}", self.line)?;
        for comment in &self.comments {
            line(out, "comment", &plain(comment))?;
        }
        line(out, "program", &format!("{} octets, {}", self.program_octets, self.program_hash))?;
        line(out, "start", &format!("pc {}, gas {}", self.pc, self.gas))?;
        let mut named = match self.consensus {
            true => String::new(),
            false => format!(", named by the ABI {} (non-consensus)", self.abi),
        };
        if !self.says_revision {
            named +=
                &format!(", named as in {}: the trace does not say its revision", self.revision);
        }
        line(out, "host calls", &format!("{}{named}", self.host_calls))?;
        for call in &self.calls {
            call.write(out)?;
        }
        match &self.end {
            Some(EndReport { kind, pc, gas, source, is_good }) => {
                let style = if *is_good { GOOD } else { BAD };
                line(out, "end", &format!("{style}{kind}{style:#} at pc {pc}, gas {gas}"))?;
                source.iter().try_for_each(|frame| line(out, "source", &plain(frame)))
            }
            None => line(out, "end", "not in the trace"),
        }
    }
}

/// Context of a program that starts at `pc`. Refine offers all calls of is-authorized.
pub fn context(pc: u64) -> Context {
    if pc == u64::from(entry_pc(Context::Accumulate)) {
        Context::Accumulate
    } else {
        Context::Refine
    }
}

impl CallReport {
    fn of(call: &Call, interface: Interface, context: Context, show_all: bool) -> Self {
        let form = interface.form(context, call.number);
        let memory: Vec<_> = call.actions.iter().filter_map(memory_event).collect();
        let r7 = call.actions.iter().find_map(|action| match action {
            Action::SetRegister { register: 7, value } => Some(*value),
            _ => None,
        });
        let abi = interface.abi;
        let arguments =
            form.map(|form| hostcalls::arguments(form, &call.state.registers, &memory, abi));
        Self {
            line: call.line,
            number: call.number,
            name: form.map(|form| form.call.name()),
            pc: call.state.pc,
            gas: call.state.gas,
            arguments: arguments.unwrap_or_default(),
            // The value 0 may be a number as well as OK.
            result: r7.map(|value| match ResultCode::from_value(abi, value) {
                Some(code) if value != 0 => code.name().to_owned(),
                _ => value.to_string(),
            }),
            memory,
            source: Vec::new(),
            show_all,
        }
    }

    fn write(&self, out: &mut dyn Write) -> io::Result<()> {
        let name = self.name.map_or_else(|| self.number.to_string(), str::to_owned);
        let result = self.result.as_deref().unwrap_or("nothing");
        calls::write(out, &name, &self.arguments, result, &format!("gas {} before", self.gas))?;
        if !self.show_all {
            return Ok(());
        }
        for frame in &self.source {
            writeln!(out, "              {FAINT}in {}{FAINT:#}", plain(frame))?;
        }
        calls::write_memory(out, &self.memory)
    }
}

/// Source positions of an instruction, the innermost function first; empty without symbols.
fn source(symbols: Option<&Symbols>, pc: u64) -> Vec<String> {
    let frames = symbols.map_or(&[][..], |symbols| symbols.frames_at(pc));
    frames.iter().map(ToString::to_string).collect()
}

fn memory_event(action: &Action) -> Option<MemoryEvent> {
    let (access, block) = match action {
        Action::Read(block) => (MemoryDirection::Read, block),
        Action::Write(block) => (MemoryDirection::Write, block),
        Action::SetRegister { .. } | Action::SetGas(_) => return None,
    };
    Some(MemoryEvent {
        access,
        address: block.address.into(),
        length: block.octets.len(),
        octets: Octets::new(block.octets.as_slice()),
    })
}
