//! Recording of invocations.

use std::io;
use std::path::Path;

use jambox_engine::Instance;
use jambox_hostcall::{Registers, Reply};
use jambox_invocation::{CallEnded, CallStarted, Failure, Finished, Observer, Started};
use jambox_program::StandardProgram;

use crate::{Action, Block, EndKind, Limits, Recorder, SyntaxError, TracedState};

/// An observer that records every invocation into one file.
///
/// An invocation that never runs, because its code is no program, leaves no trace. Inner machines
/// show only in the memory read and written by the calls that drive them.
#[derive(Debug)]
pub struct Recording {
    recorder: Recorder,
    /// Start of an invocation that has not run yet.
    prelude: Option<Prelude>,
    /// Registers and gas before the present call.
    before: Option<(Registers, u64)>,
    executions: usize,
    /// Number of octets of text in the present execution, rounded down.
    taken: usize,
    /// The first failed write; nothing is written after it.
    failure: Option<io::Error>,
}

#[derive(Debug)]
struct Prelude {
    comment: String,
    program: Vec<u8>,
    writes: Vec<Block>,
    start: TracedState,
}

impl Recording {
    /// Starts a recording into a file with this name, which may exist.
    ///
    /// # Errors
    ///
    /// When its folder cannot be written to.
    pub fn create(path: &Path) -> io::Result<Self> {
        let recorder = Recorder::create(path)?;
        Ok(Self { recorder, prelude: None, before: None, executions: 0, taken: 0, failure: None })
    }

    /// Number of recorded executions.
    #[must_use]
    pub const fn executions(&self) -> usize {
        self.executions
    }

    /// Puts the file under its name and returns the number of executions in it.
    ///
    /// # Errors
    ///
    /// When writing fails or has failed before; an old file then keeps the name.
    pub fn finish(self) -> io::Result<usize> {
        match self.failure {
            Some(error) => Err(error),
            None => self.recorder.finish().map(|()| self.executions),
        }
    }

    fn write(&mut self, write: impl FnOnce(&mut Recorder) -> io::Result<()>) {
        if self.failure.is_none() {
            self.failure = write(&mut self.recorder).err();
        }
    }

    /// Counts octets of memory, two digits each, against the limits of readers.
    fn take(&mut self, octets: &[u8]) {
        self.taken = self.taken.saturating_add(octets.len().saturating_mul(2));
        let limit = Limits::default().execution;
        if self.taken > limit {
            let error = || io::Error::other(SyntaxError::ExecutionTooLong(limit));
            self.failure.get_or_insert_with(error);
        }
    }

    fn write_prelude(&mut self) {
        if let Some(Prelude { comment, program, writes, start }) = self.prelude.take() {
            self.executions = self.executions.saturating_add(1);
            self.write(|recorder| {
                recorder.comment(&comment)?;
                recorder.start(&program, &writes, &start)
            });
        }
    }
}

impl Observer for Recording {
    fn invocation_started(&mut self, started: &Started<'_>) {
        let registers = StandardProgram::registers(started.arguments.len() as u64);
        let [_, _, _, _, _, _, _, address, ..] = registers;
        let arguments = Block {
            address: u32::try_from(address).unwrap_or(u32::MAX),
            octets: started.arguments.to_vec(),
        };
        self.taken = 0;
        self.prelude = Some(Prelude {
            comment: format!("{} ({})", started.invocation, started.revision),
            program: started.code.to_vec(),
            writes: if started.arguments.is_empty() { Vec::new() } else { vec![arguments] },
            start: TracedState { pc: started.entry_pc, gas: started.gas_limit, registers },
        });
    }

    fn host_call_started(&mut self, call: &CallStarted<'_>) {
        self.write_prelude();
        self.before = Some((*call.registers, call.gas));
        let (number, gas, registers) = (call.number, call.gas, *call.registers);
        let state = TracedState { pc: call.pc.unwrap_or_default(), gas, registers };
        self.write(|recorder| recorder.call(number, state));
    }

    fn memory_read(&mut self, address: u64, octets: &[u8]) {
        self.take(octets);
        blocks(address, octets).for_each(|block| self.recorder.action(Action::Read(block)));
    }

    fn memory_written(&mut self, address: u64, octets: &[u8]) {
        self.take(octets);
        blocks(address, octets).for_each(|block| self.recorder.action(Action::Write(block)));
    }

    fn host_call_ended(&mut self, call: &CallEnded<'_>) {
        let Some((registers, gas)) = self.before.take() else { return };
        let touched = touched_registers(call);
        let pairs = registers.iter().zip(call.registers).zip(0_u8..);
        for ((before, after), register) in pairs {
            if before != after || touched.contains(&register) {
                let value = *after;
                self.recorder.action(Action::SetRegister { register, value });
            }
        }
        if gas != call.gas {
            self.recorder.action(Action::SetGas(call.gas));
        }
    }

    fn stopped(&mut self, instance: &Instance, failure: Option<&Failure>) {
        self.write_prelude();
        let kind = match failure {
            None => EndKind::Halt,
            Some(failure) if failure.is_out_of_gas() => EndKind::OutOfGas,
            Some(_) => EndKind::Panic(0),
        };
        let (pc, gas, registers) = (instance.pc(), instance.gas(), *instance.regs());
        self.write(|recorder| recorder.end(kind, TracedState { pc, gas, registers }));
    }

    fn invocation_ended(&mut self, _: &Finished<'_>) {
        self.prelude = None;
    }
}

/// Largest number of octets of memory in a line of a trace. In hexadecimal this is well below the
/// limit of readers.
const BLOCK: usize = 1 << 20;

/// Octets of memory as blocks within the limits of readers.
fn blocks(address: u64, octets: &[u8]) -> impl Iterator<Item = Block> {
    let addresses = (address..).step_by(BLOCK);
    octets.chunks(BLOCK).zip(addresses).filter_map(|(octets, address)| {
        Some(Block { address: u32::try_from(address).ok()?, octets: octets.to_vec() })
    })
}

/// Registers that the host sets even if the value stays the same, since JIP-7 has them shown. A
/// call that returns always sets the register of its result, r7; two results also set r8.
fn touched_registers(call: &CallEnded<'_>) -> &'static [u8] {
    match call.reply {
        Err(_) => &[],
        Ok(Some(Reply::History(Some(_)) | Reply::Ran { detail: Some(_), .. })) => &[7, 8],
        Ok(_) => &[7],
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn long_memory_becomes_lines_that_readers_take() {
        let octets = vec![7; 2 * BLOCK + 1];
        let blocks: Vec<_> = blocks(0x20000, &octets).collect();
        let at = |index: usize| 0x20000 + (index * BLOCK) as u32;
        let expected: Vec<_> = (0..3).map(at).collect();
        assert_eq!(blocks.iter().map(|block| block.address).collect::<Vec<_>>(), expected);
        assert_eq!(blocks.iter().map(|block| block.octets.len()).sum::<usize>(), octets.len());
        assert!(blocks.iter().all(|block| 2 * block.octets.len() < Limits::default().line));
    }
}
