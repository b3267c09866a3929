//! Showing a run instruction by instruction, while it runs.

use std::io::{self, BufWriter, StdoutLock, Write};

use anstream::AutoStream;

use jambox_engine::{Exit, Inspector, Instance};
use jambox_inspect::Shown;
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
        let pairs = self.registers.iter().zip(instance.regs()).enumerate();
        let changed = pairs.filter(|(_, (before, after))| before != after);
        let changed: Vec<_> =
            changed.map(|(index, (_, after))| format!("r{index} = {after:#x}")).collect();
        if !changed.is_empty() {
            let changed = changed.join(", ");
            let line = writeln!(self.out, "        {NAME}{changed}{NAME:#}");
            self.keep(line);
        }
    }
}
