//! The witness of a run: it keeps events, hashes of instructions, or instructions.

use jambox_engine::{Exit, Inspector, Instance};
use jambox_hostcall::Registers;
use jambox_invocation::{CallEnded, CallStarted, End, Finished, Machine, Observer, Started};
use jambox_isa::Instruction;
use jambox_types::Hash;

use super::{Event, Step};

/// Detail of a pass over a run.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Look {
    /// Events only.
    Marks,
    /// Hashes of every instruction of an invocation, one for each window.
    Hashes { invocation: usize },
    /// The instructions of a window.
    Steps { invocation: usize, start: u64 },
}

/// An event with all parts that can differ; its octets by their hash.
#[derive(Clone, Debug)]
pub(super) struct Mark {
    pub invocation: usize,
    pub kind: MarkKind,
    pub code: Hash,
    pub pc: Option<u64>,
    pub registers: Registers,
    pub gas: u64,
    pub octets: u64,
}

#[derive(Clone, Debug, PartialEq, Eq)]
pub(super) enum MarkKind {
    Started,
    /// A host call, by its name or number.
    Called(String),
    Served(String),
    Ended(Ending),
}

/// End of an invocation.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Ending {
    /// A regular end.
    Halt,
    /// A panic or a page fault.
    Panic,
    /// Gas ran out.
    OutOfGas,
}

impl Mark {
    pub fn event(&self) -> Event {
        let text = match &self.kind {
            MarkKind::Started => "start".to_owned(),
            MarkKind::Called(name) => format!("host call {name}"),
            MarkKind::Served(name) => format!("the answer to host call {name}"),
            MarkKind::Ended(Ending::Halt) => "halt".to_owned(),
            MarkKind::Ended(Ending::Panic) => "panic".to_owned(),
            MarkKind::Ended(Ending::OutOfGas) => "out of gas".to_owned(),
        };
        Event { text, code: self.code, pc: self.pc, gas: self.gas }
    }
}

/// The witness of a run. As an observer of invocations it needs no other reports. A caller that
/// runs machines in another way lets it [run](Observer::run) them too, and reports starts, host
/// calls and ends itself.
#[derive(Debug)]
pub struct Witness {
    look: Look,
    pub(super) marks: Vec<Mark>,
    /// Titles of the invocations.
    pub(super) titles: Vec<String>,
    hashes: Vec<u64>,
    pub(super) steps: Vec<Step>,
    /// The number of invocations that have started.
    started: usize,
    code: Hash,
    pc: Option<u64>,
    registers: Registers,
    gas: u64,
    /// Hash of the host's reads and writes in the current call.
    octets: Rolling,
    name: String,
    /// The number of executed instructions of the invocation.
    count: u64,
    rolling: Rolling,
    open: Option<Step>,
    written: Option<(u32, Vec<u8>)>,
    /// The hash of the running code, or of the program of a running inner machine.
    running: Hash,
}

impl Witness {
    /// The number of instructions in a window, from one kept hash to the next.
    pub(super) const WINDOW: u64 = 1 << 14;

    pub(super) fn new(look: Look) -> Self {
        Self {
            look,
            marks: Vec::new(),
            titles: Vec::new(),
            hashes: Vec::new(),
            steps: Vec::new(),
            started: 0,
            code: Hash::ZERO,
            pc: None,
            registers: [0; 13],
            gas: 0,
            octets: Rolling::default(),
            name: String::new(),
            count: 0,
            rolling: Rolling::default(),
            open: None,
            written: None,
            running: Hash::ZERO,
        }
    }

    /// A program starts: an invocation, or an execution of a trace.
    pub fn starts(&mut self, title: String, code: Hash, pc: u64, gas: u64, arguments: &[u8]) {
        self.titles.push(title);
        self.started = self.started.saturating_add(1);
        (self.code, self.pc, self.gas) = (code, Some(pc), gas);
        self.registers = [0; 13];
        self.octets = Rolling::default();
        self.octets.add_octets(arguments);
        self.count = 0;
        self.mark(MarkKind::Started);
    }

    /// True if this pass needs the instructions, not only the events.
    #[must_use]
    pub fn sees_instructions(&self) -> bool {
        self.look != Look::Marks
    }

    /// The guest makes a host call of this name.
    pub fn calls(&mut self, name: String, pc: Option<u64>, registers: &Registers, gas: u64) {
        (self.pc, self.registers, self.gas) = (pc, *registers, gas);
        self.octets = Rolling::default();
        self.mark(MarkKind::Called(name.clone()));
        self.name = name;
    }

    /// The host read or wrote octets of the guest's memory.
    pub fn touches(&mut self, address: u64, octets: &[u8]) {
        self.octets.add(address);
        self.octets.add_octets(octets);
    }

    /// The host call ended, with these registers and this gas left.
    pub fn served(&mut self, registers: &Registers, gas: u64) {
        (self.registers, self.gas) = (*registers, gas);
        let name = std::mem::take(&mut self.name);
        self.mark(MarkKind::Served(name));
    }

    /// The outer machine stopped for the last time.
    pub fn stops(&mut self, pc: u64, registers: &Registers) {
        (self.pc, self.registers) = (Some(pc), *registers);
    }

    /// The program ended, with this output.
    pub fn ends(&mut self, ending: Ending, gas: u64, output: &[u8]) {
        self.gas = gas;
        self.octets = Rolling::default();
        self.octets.add_octets(output);
        self.mark(MarkKind::Ended(ending));
    }

    fn mark(&mut self, kind: MarkKind) {
        if self.look == Look::Marks {
            self.marks.push(Mark {
                invocation: self.started.saturating_sub(1),
                kind,
                code: self.code,
                pc: self.pc,
                registers: self.registers,
                gas: self.gas,
                octets: self.octets.0,
            });
        }
    }

    /// The hash after each window, and the hash of the rest.
    pub(super) fn finished_hashes(mut self) -> Vec<u64> {
        self.hashes.push(self.rolling.0);
        self.hashes
    }
}

impl Observer for Witness {
    fn invocation_started(&mut self, started: &Started<'_>) {
        let Started { code_hash, entry_pc, gas_limit, arguments, .. } = *started;
        let title = started.invocation.to_string();
        self.starts(title, code_hash, entry_pc, gas_limit, arguments);
    }

    fn run(&mut self, machine: Machine, instance: &mut Instance) -> Exit {
        let is_here = |invocation: usize| self.started == invocation.saturating_add(1);
        match self.look {
            Look::Hashes { invocation } | Look::Steps { invocation, .. } if is_here(invocation) => {
                self.running = match machine {
                    Machine::Outer => self.code,
                    Machine::Inner(_) => Hash::blake2b(&instance.module().program().encode()),
                };
                instance.run_with(self)
            }
            _ => instance.run(),
        }
    }

    fn host_call_started(&mut self, call: &CallStarted<'_>) {
        let name = match call.form {
            Some(form) => form.call.name().to_owned(),
            None => call.number.to_string(),
        };
        self.calls(name, call.pc, call.registers, call.gas);
    }

    fn memory_read(&mut self, address: u64, octets: &[u8]) {
        self.touches(address, octets);
    }

    fn memory_written(&mut self, address: u64, octets: &[u8]) {
        self.touches(address, octets);
    }

    fn host_call_ended(&mut self, call: &CallEnded<'_>) {
        self.served(call.registers, call.gas);
    }

    fn stopped(&mut self, instance: &Instance, _: Option<&jambox_invocation::Failure>) {
        self.stops(instance.pc(), instance.regs());
    }

    fn invocation_ended(&mut self, finished: &Finished<'_>) {
        let (ending, output) = match finished.end {
            End::Halt(output) => (Ending::Halt, output.as_slice()),
            End::Panic(_) => (Ending::Panic, &[][..]),
            End::OutOfGas(_) => (Ending::OutOfGas, &[][..]),
        };
        self.ends(ending, finished.gas_used, output);
    }
}

impl Inspector for Witness {
    fn before_instruction(&mut self, instance: &Instance, instruction: &Instruction) {
        self.open = Some(Step {
            code: self.running,
            pc: instance.pc(),
            instruction: *instruction,
            registers: [0; 13],
            written: None,
            exit: None,
        });
    }

    fn memory_written(&mut self, _: &Instance, address: u32, octets: &[u8]) {
        self.written = Some((address, octets.to_vec()));
    }

    fn after_instruction(&mut self, instance: &Instance, exit: Option<Exit>) {
        let Some(step) = self.open.take() else { return };
        let written = self.written.take();
        match self.look {
            Look::Marks => {}
            Look::Hashes { .. } => {
                self.rolling.add(step.pc);
                // The instruction itself counts, not only its effect here.
                self.rolling.add(u64::from(step.instruction.opcode() as u8));
                instance.regs().iter().for_each(|register| self.rolling.add(*register));
                if let Some((address, octets)) = &written {
                    self.rolling.add(u64::from(*address));
                    self.rolling.add_octets(octets);
                }
                if let Some(exit) = exit {
                    self.rolling.add_octets(exit.to_string().as_bytes());
                }
            }
            Look::Steps { start, .. } => {
                let window = start..start.saturating_add(Self::WINDOW);
                if window.contains(&self.count) {
                    self.steps.push(Step { registers: *instance.regs(), written, exit, ..step });
                }
            }
        }
        self.count = self.count.saturating_add(1);
        if self.count.is_multiple_of(Self::WINDOW) {
            self.hashes.push(self.rolling.0);
        }
    }
}

/// A rolling hash of all values so far. It is not a cryptographic hash: the windows that it finds
/// different are compared instruction by instruction.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
struct Rolling(u64);

impl Default for Rolling {
    fn default() -> Self {
        Self(0xcbf2_9ce4_8422_2325)
    }
}

impl Rolling {
    fn add(&mut self, word: u64) {
        self.0 = (self.0 ^ word).wrapping_mul(0x9e37_79b9_7f4a_7c15).rotate_left(29);
    }

    fn add_octets(&mut self, octets: &[u8]) {
        self.add(octets.len() as u64);
        for word in octets.chunks(8) {
            let mut padded = [0; 8];
            padded.iter_mut().zip(word).for_each(|(to, from)| *to = *from);
            self.add(u64::from_le_bytes(padded));
        }
    }
}
