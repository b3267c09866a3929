//! A run instruction by instruction: shown while it runs, or recorded.

use std::collections::BTreeMap;
use std::io::{self, BufWriter, StdoutLock, Write};

use anstream::AutoStream;

use serde::Serialize;

use jambox_engine::{Exit, Inspector, Instance};
use jambox_inspect::{Octets, Shown, changed_registers, wide};
use jambox_isa::Instruction;

use crate::outcome::{Failure, Result};
use crate::output::Output;
use crate::style::{FAINT, NAME};

/// Runs an instance and prints each instruction with the registers it changes; from the second
/// level of verbosity on its memory accesses too.
pub fn run(instance: &mut Instance, verbosity: u8, output: &Output) -> Result<Exit> {
    let stdout = BufWriter::new(AutoStream::new(io::stdout().lock(), output.color));
    let mut steps = Steps {
        out: stdout,
        show_memory: verbosity > 1,
        registers: *instance.regs(),
        failed: None,
    };
    // A reader that has seen enough ends the run: the program may be far from its own end.
    let exit = loop {
        match (instance.step(&mut steps), steps.failed.take()) {
            (_, Some(error)) => return Err(Failure::Output(error)),
            (Some(exit), None) => break exit,
            (None, None) => {}
        }
    };
    steps.out.flush()?;
    Ok(exit)
}

struct Steps {
    out: BufWriter<AutoStream<StdoutLock<'static>>>,
    show_memory: bool,
    registers: [u64; 13],
    failed: Option<io::Error>,
}

impl Steps {
    fn keep(&mut self, result: io::Result<()>) {
        if let Err(error) = result {
            self.failed.get_or_insert(error);
        }
    }

    fn memory(&mut self, verb: &str, address: u32, octets: &[u8]) {
        if self.show_memory {
            let shown = Shown(octets);
            let line = writeln!(self.out, "        {FAINT}{verb}{FAINT:#} {address:#x}: {shown}");
            self.keep(line);
        }
    }
}

impl Inspector for Steps {
    fn before_instruction(&mut self, instance: &Instance, instruction: &Instruction) {
        let (pc, gas) = (instance.pc(), instance.gas());
        let line =
            writeln!(self.out, "{FAINT}{pc:>7}{FAINT:#} {instruction}  {FAINT}gas {gas}{FAINT:#}");
        self.keep(line);
        self.registers = *instance.regs();
    }

    fn memory_read(&mut self, _: &Instance, address: u32, octets: &[u8]) {
        self.memory("read", address, octets);
    }

    fn memory_written(&mut self, _: &Instance, address: u32, octets: &[u8]) {
        self.memory("write", address, octets);
    }

    fn after_instruction(&mut self, instance: &Instance, _: Option<Exit>) {
        let changed = changed_registers(&self.registers, instance.regs());
        let changed: Vec<_> = changed.map(|(name, value)| format!("{name} = {value:#x}")).collect();
        if !changed.is_empty() {
            let changed = changed.join(", ");
            let line = writeln!(self.out, "        {NAME}{changed}{NAME:#}");
            self.keep(line);
        }
    }
}

/// The most instructions that are recorded: a document is held whole before it is written.
const RECORDED: usize = 100_000;

/// Runs an instance and records each instruction with the registers it changes; from the second
/// level of verbosity on its memory accesses too.
pub fn record(instance: &mut Instance, verbosity: u8) -> (Exit, Option<Recorded>) {
    let registers = *instance.regs();
    let recorded = Recorded { instructions: Vec::new(), dropped: 0 };
    let mut record = Record { recorded, show_memory: verbosity > 1, registers };
    let exit = loop {
        if let Some(exit) = instance.step(&mut record) {
            break exit;
        }
    };
    (exit, Some(record.recorded))
}

/// The instructions of a run.
#[derive(Serialize)]
pub struct Recorded {
    instructions: Vec<Step>,
    /// Number of instructions after the recorded ones.
    dropped: u64,
}

#[derive(Serialize)]
struct Step {
    #[serde(serialize_with = "wide::number")]
    pc: u64,
    instruction: String,
    /// The gas before it.
    #[serde(serialize_with = "wide::number")]
    gas: u64,
    /// The registers that it changed, by name, with their values after it.
    registers: BTreeMap<String, String>,
    memory: Vec<Accessed>,
}

#[derive(Serialize)]
struct Accessed {
    access: &'static str,
    #[serde(serialize_with = "wide::number")]
    address: u32,
    octets: Octets,
}

struct Record {
    recorded: Recorded,
    show_memory: bool,
    registers: [u64; 13],
}

impl Record {
    /// The instruction that runs, unless there were too many before it.
    fn step(&mut self) -> Option<&mut Step> {
        self.recorded.instructions.last_mut().filter(|_| self.recorded.dropped == 0)
    }

    fn memory(&mut self, access: &'static str, address: u32, octets: &[u8]) {
        let is_shown = self.show_memory;
        if let Some(step) = self.step().filter(|_| is_shown) {
            step.memory.push(Accessed { access, address, octets: Octets::new(octets) });
        }
    }
}

impl Inspector for Record {
    fn before_instruction(&mut self, instance: &Instance, instruction: &Instruction) {
        self.registers = *instance.regs();
        if self.recorded.instructions.len() >= RECORDED {
            self.recorded.dropped += 1;
            return;
        }
        self.recorded.instructions.push(Step {
            pc: instance.pc(),
            instruction: instruction.to_string(),
            gas: instance.gas(),
            registers: BTreeMap::new(),
            memory: Vec::new(),
        });
    }

    fn memory_read(&mut self, _: &Instance, address: u32, octets: &[u8]) {
        self.memory("read", address, octets);
    }

    fn memory_written(&mut self, _: &Instance, address: u32, octets: &[u8]) {
        self.memory("write", address, octets);
    }

    fn after_instruction(&mut self, instance: &Instance, _: Option<Exit>) {
        let changed = changed_registers(&self.registers, instance.regs());
        let changed = changed.map(|(name, value)| (name, value.to_string())).collect();
        if let Some(step) = self.step() {
            step.registers = changed;
        }
    }
}
