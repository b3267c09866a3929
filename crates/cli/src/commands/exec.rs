//! `jambox exec`: runs a program on its own, without a host.

mod steps;

use std::io::{self, Write};
use std::path::PathBuf;

use clap::Args;
use serde::Serialize;

use jambox_engine::{Engine, EngineError, Exit, Instance, Module, StandardModule};
use jambox_hostcall::{Context, Form, HostCall, Interface};
use jambox_inspect::account::{ExitKind, unreadable_output};
use jambox_inspect::hostcalls::{self, Argument};
use jambox_inspect::{Explanation, Octets, Regions, of_another_revision, wide};
use jambox_invocation::entry_pc;
use jambox_isa::Reg;
use jambox_package::Value;
use jambox_types::Protocol;

use crate::diagnosis::Diagnosis;
use crate::engine::engine;
use crate::explanation;
use crate::input;
use crate::outcome::{Result, Verdict};
use crate::output::{Output, Report, labelled};
use crate::program::{FormArg, Program};
use crate::protocol::ProtocolArgs;
use crate::style::{BAD, GOOD, NAME};

/// Execute a program on its own: no host, one run until it exits
///
/// A standard program gets its memory, arguments and registers as the paper lays them out; a bare
/// program starts with empty memory and zero registers. A host call ends the run.
#[derive(Debug, Args)]
#[command(after_help = "\
Examples:
  jambox exec program.asm --reg r7=10
  jambox exec service.jam --entry accumulate --arguments hex:2a01 --gas 100_000
  jambox exec program.pvm --memory 0x20000+16 --json
  jambox exec program.pvm -v           with every instruction (-vv: and every memory access)

Exit status: 0 halt or host call; 1 panic, page fault or out of gas; 2 bad input.")]
pub struct Exec {
    /// The program: a blob with or without metadata, standard or bare, or assembly text (.asm);
    /// - for standard input
    program: PathBuf,

    /// The form of the blob
    #[arg(long, value_enum, default_value_t = FormArg::Auto)]
    form: FormArg,

    /// The entry point: is-authorized (0), refine (0), accumulate (5), or a pc
    #[arg(long, value_name = "NAME|PC", default_value = "0", value_parser = parse_entry)]
    entry: u64,

    /// The gas
    #[arg(long, default_value = "10_000_000", value_parser = input::parse_amount)]
    #[arg(allow_negative_numbers = true)]
    gas: u64,

    /// The argument octets: text:..., hex:... or file:... (standard programs only)
    #[arg(long, value_name = "VALUE", value_parser = input::parse_value)]
    arguments: Option<Value>,

    /// Set a register, after the arguments are in place: r7=5
    #[arg(long = "reg", value_name = "REG=NUMBER", value_parser = parse_register)]
    registers: Vec<(Reg, u64)>,

    /// Show a range of memory at the end: 0x20000+16
    #[arg(long, value_name = "ADDRESS+LENGTH", value_parser = parse_range)]
    memory: Vec<(u64, u64)>,
}

/// The most octets of one range to show.
const RANGE_LIMIT: u64 = 1 << 24;

impl Exec {
    pub fn run(&self, protocol: &ProtocolArgs, output: &Output) -> Result {
        let backend = protocol.backend();
        let program = Program::load(&self.program, self.form, protocol)?;
        let (mut instance, regions) =
            self.instance(&program, &engine(&program.protocol, backend)?)?;
        let (exit, steps) = match output.verbosity {
            0 => (instance.run(), None),
            verbosity if output.json => steps::record(&mut instance, verbosity),
            verbosity => (steps::run(&mut instance, verbosity, output)?, None),
        };
        let report = self.report(&program, &instance, exit, &regions);
        let report = ExecReport { steps, ..report };
        output.emit(&report)?;
        Ok(Verdict::failed_if(!matches!(exit, Exit::Halt | Exit::HostCall(_))))
    }

    fn instance(&self, program: &Program, engine: &Engine) -> Result<(Instance, Regions)> {
        let failed = |error: EngineError| Diagnosis::new(error.to_string());
        let refused = |error| {
            let hint = of_another_revision(&program.container, &program.protocol);
            hint.into_iter().fold(failed(error).in_file(&program.path), Diagnosis::help)
        };
        let arguments = self.arguments.as_ref().map(input::octets).transpose()?;
        let (mut instance, regions) = match (program.standard(), &arguments) {
            (Some(standard), arguments) => {
                let arguments = arguments.as_deref().unwrap_or_default();
                let ready = StandardModule::new(engine, standard.clone()).map_err(refused)?;
                let instance = ready.instance(arguments).map_err(failed)?;
                (instance, Regions::standard(standard, arguments.len()))
            }
            (None, Some(_)) => {
                let diagnosis = Diagnosis::new("a bare program takes no arguments")
                    .in_file(&program.path)
                    .help("leave --arguments out; --reg sets registers");
                return Err(diagnosis.into());
            }
            (None, None) => {
                let module = Module::new(engine, program.blob().clone()).map_err(refused)?;
                (Instance::new(&module).map_err(failed)?, Regions::default())
            }
        };
        instance.set_pc(self.entry);
        instance.set_gas(self.gas);
        for (reg, value) in &self.registers {
            instance.set_reg(*reg, *value);
        }
        Ok((instance, regions))
    }

    fn report(
        &self,
        program: &Program,
        instance: &Instance,
        exit: Exit,
        regions: &Regions,
    ) -> ExecReport {
        let [.., r7, r8, _, _, _, _] = *instance.regs();
        // The output of a halting standard program is the range that r7 and r8 name, if it can be
        // read.
        let output = (exit == Exit::Halt && program.standard().is_some())
            .then(|| instance.memory().read(r7, r8).unwrap_or_default());
        let range = |(address, length): &(u64, u64)| MemoryRange {
            address: *address,
            length: *length,
            octets: instance.memory().read(*address, *length).ok().map(Octets),
        };
        ExecReport {
            program: program.path.display().to_string(),
            form: program.container.form().to_string(),
            exit: exit_report(exit, instance, &program.protocol),
            pc: instance.pc(),
            gas: GasReport {
                limit: self.gas,
                used: self.gas.saturating_sub(instance.gas()),
                left: instance.gas(),
            },
            registers: *instance.regs(),
            output: output.map(Octets),
            note: (exit == Exit::Halt && program.standard().is_some())
                .then(|| unreadable_output(instance))
                .flatten(),
            steps: None,
            memory: self.memory.iter().map(range).collect(),
            explanation: Explanation::of(instance, exit, regions)
                .map(|explanation| explanation.with_stack(instance, program.symbols.as_ref())),
            hint: matches!(exit, Exit::Panic | Exit::OutOfGas | Exit::PageFault(_))
                .then(|| of_another_revision(&program.container, &program.protocol))
                .flatten(),
        }
    }
}

#[derive(Serialize)]
struct ExecReport {
    program: String,
    form: String,
    exit: ExitReport,
    #[serde(serialize_with = "wide::number")]
    pc: u64,
    gas: GasReport,
    #[serde(serialize_with = "wide::all")]
    registers: [u64; 13],
    output: Option<Octets>,
    /// Remark on the end.
    #[serde(skip_serializing_if = "Option::is_none")]
    note: Option<String>,
    /// The instructions, when asked for.
    #[serde(skip_serializing_if = "Option::is_none")]
    steps: Option<steps::Recorded>,
    memory: Vec<MemoryRange>,
    explanation: Option<Explanation>,
    /// Advice: another possible cause.
    #[serde(skip_serializing_if = "Option::is_none")]
    hint: Option<String>,
}

#[derive(Serialize)]
struct ExitReport {
    #[serde(flatten)]
    kind: ExitKind,
    /// The host call at which the program stopped, as a host would see it.
    #[serde(flatten)]
    call: Option<Call>,
}

#[derive(Serialize)]
struct Call {
    /// `None` for a number that no call has.
    name: Option<&'static str>,
    arguments: Vec<Argument>,
}

#[derive(Serialize)]
struct GasReport {
    #[serde(serialize_with = "wide::number")]
    limit: u64,
    #[serde(serialize_with = "wide::number")]
    used: u64,
    #[serde(serialize_with = "wide::number")]
    left: u64,
}

#[derive(Serialize)]
struct MemoryRange {
    #[serde(serialize_with = "wide::number")]
    address: u64,
    #[serde(serialize_with = "wide::number")]
    length: u64,
    /// `None` when the range cannot be read.
    octets: Option<Octets>,
}

fn exit_report(exit: Exit, instance: &Instance, protocol: &Protocol) -> ExitReport {
    let call = match exit {
        Exit::HostCall(number) => {
            let interface = Interface { abi: protocol.abi, revision: protocol.revision };
            let form = interface.forms().find(|form| form.number(interface) == Some(number));
            let arguments =
                |form: &Form| hostcalls::arguments(form, instance.regs(), &[], protocol.abi);
            Some(Call {
                name: form.map(|form| HostCall::name(form.call)),
                arguments: form.map(arguments).unwrap_or_default(),
            })
        }
        _ => None,
    };
    ExitReport { kind: exit.into(), call }
}

impl Report for ExecReport {
    fn write(&self, out: &mut dyn Write) -> io::Result<()> {
        let line = |out: &mut dyn Write, label: &str, text: &str| labelled(out, "", label, text);
        let ExitReport { kind, call } = &self.exit;
        let (style, what) = match (kind, call) {
            (ExitKind::HostCall { number }, Some(call)) => {
                (NAME, format!("host call {number} ({})", call.name.unwrap_or("unknown")))
            }
            (ExitKind::Halt, _) => (GOOD, kind.to_string()),
            _ => (BAD, kind.to_string()),
        };
        line(out, "exit", &format!("{style}{what}{style:#} at pc {}", self.pc))?;
        for Argument { name, text, .. } in call.iter().flat_map(|call| &call.arguments) {
            line(out, "", &format!("{name}: {text}"))?;
        }
        let GasReport { limit, used, left } = &self.gas;
        line(out, "gas", &format!("{used} used of {limit}, {left} left"))?;
        if let Some(output) = &self.output {
            line(out, "output", &output.to_string())?;
        }
        if let Some(note) = &self.note {
            line(out, "note", note)?;
        }
        match &self.explanation {
            Some(explanation) => explanation::write(out, "", explanation)?,
            None => explanation::write_registers(out, "", &self.registers)?,
        }
        if let Some(hint) = &self.hint {
            line(out, "hint", hint)?;
        }
        for MemoryRange { address, length, octets } in &self.memory {
            let shown = octets.as_ref().map_or("not readable".to_owned(), ToString::to_string);
            line(out, "memory", &format!("{address:#x}+{length}: {shown}"))?;
        }
        Ok(())
    }
}

fn parse_entry(written: &str) -> std::result::Result<u64, String> {
    if let Some(context) = Context::ALL.into_iter().find(|context| context.name() == written) {
        return Ok(entry_pc(context).into());
    }
    let expected = || format!("expected {} or a pc", Context::ALL.map(Context::name).join(", "));
    input::parse_number(written).map_err(|_| expected())
}

fn parse_register(written: &str) -> std::result::Result<(Reg, u64), String> {
    let expected = || "expected a register and a number such as r7=5".to_owned();
    let (reg, value) = written.split_once('=').ok_or_else(expected)?;
    let reg = reg.trim().parse().map_err(|_| expected())?;
    Ok((reg, input::parse_number(value.trim())?))
}

fn parse_range(written: &str) -> std::result::Result<(u64, u64), String> {
    let expected = || "expected an address and a length such as 0x20000+16".to_owned();
    let (address, length) = written.split_once('+').ok_or_else(expected)?;
    let range = (input::parse_number(address)?, input::parse_number(length)?);
    if range.1 > RANGE_LIMIT {
        return Err(format!("expected a length of at most {RANGE_LIMIT}"));
    }
    Ok(range)
}
