//! Workloads of the engines, and running them.

use std::fs;
use std::path::Path;

use jambox_isa::Revision;
use jambox_program::StandardProgram;

use crate::machine::{Machine, Peer, Stop};

/// One execution: its state at the start, the host's changes, and the known part of its end.
pub struct Workload {
    pub name: String,
    pub program: StandardProgram,
    pub arguments: Vec<u8>,
    pub start: State,
    pub calls: Vec<Call>,
    /// The end, for a log.
    pub end: Option<End>,
    /// True if the gas in `start`, `calls` and `end` is the gas of the revision.
    pub is_gas_known: bool,
    /// The output, for a kernel.
    pub result: Option<u64>,
}

/// Position, gas and registers.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct State {
    pub pc: u64,
    pub gas: u64,
    pub regs: [u64; 13],
}

/// A host call: the state in which the program makes it, and the changes that the host makes.
pub struct Call {
    pub number: u64,
    pub state: State,
    pub writes: Vec<(u64, Vec<u8>)>,
    pub regs: Vec<(usize, u64)>,
    pub gas: Option<u64>,
}

/// The exit of an execution.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Ending {
    Halt,
    Panic,
    OutOfGas,
}

/// The exit of an execution, and the state in which it ends.
pub struct End {
    pub ending: Ending,
    pub state: State,
}

/// More gas than anything here uses.
const PLENTY: u64 = 1 << 40;

impl Workload {
    /// A log of 0.7.2 for a revision: where that takes other gas, with plenty of it and without
    /// the log's figures of gas.
    #[must_use]
    pub fn under(mut self, revision: Revision) -> Self {
        if revision != Revision::GrayPaper072 {
            self.is_gas_known = false;
            self.start.gas = PLENTY;
            self.calls.iter_mut().for_each(|call| call.gas = None);
        }
        self
    }
}

/// Reads the kernels of a folder: `NAME.pvm` for each line `NAME RESULT` of `expected.txt`.
pub fn read_kernels(folder: &Path) -> Result<Vec<Workload>, String> {
    let expected = fs::read_to_string(folder.join("expected.txt")).map_err(|e| e.to_string())?;
    let kernel = |line: &str| {
        let (name, result) = line.split_once(' ').ok_or("no result")?;
        let octets =
            fs::read(folder.join(name).with_extension("pvm")).map_err(|e| e.to_string())?;
        let program = StandardProgram::parse(&octets).map_err(|error| error.to_string())?;
        Ok(Workload {
            name: name.to_owned(),
            program,
            arguments: Vec::new(),
            start: State { gas: PLENTY, ..State::default() },
            calls: Vec::new(),
            end: None,
            is_gas_known: false,
            result: Some(result.parse().map_err(|_| "no number")?),
        })
    };
    expected.lines().map(kernel).collect()
}

/// Runs an execution to its end, with the recorded answers of the host.
pub fn play<M: Machine>(machine: &mut M, workload: &Workload) -> Stop {
    machine.start(workload.start.pc, workload.start.gas);
    for call in &workload.calls {
        let stop = machine.run();
        if stop != Stop::HostCall(call.number) {
            return stop;
        }
        answer(machine, call);
    }
    machine.run()
}

fn answer<M: Machine>(machine: &mut M, call: &Call) {
    for (address, octets) in &call.writes {
        machine.write(*address, octets);
    }
    for &(reg, value) in &call.regs {
        machine.set_reg(reg, value);
    }
    if let Some(gas) = call.gas {
        machine.set_gas(gas);
    }
    machine.skip_host_call();
}

/// Differences of an engine's run from the logs and the natively computed results.
#[derive(Clone, Debug, Default)]
pub struct Differences {
    pub gas: usize,
    pub other: usize,
    /// The first of the others, in words.
    pub first: Option<String>,
}

impl Differences {
    /// Counts a difference that is not one of gas alone.
    pub fn other(&mut self, what: impl FnOnce() -> String) {
        self.other += 1;
        self.first.get_or_insert_with(what);
    }
}

/// Runs a workload, comparing gas, registers and pc at each host call and at the end with the log,
/// or the result with the native one. Returns the gas used.
///
/// An engine whose gas is not the log's runs out of it elsewhere: then the state there is not
/// compared.
///
/// # Errors
/// When the engine refuses the program.
pub fn check<P: Peer>(
    peer: &P,
    workload: &Workload,
    is_exact: bool,
    differences: &mut Differences,
) -> Result<u64, String> {
    let name = &workload.name;
    let is_exact = is_exact && workload.is_gas_known;
    let program = peer.adapt(&workload.program, workload.arguments.len())?;
    let module = peer.compile(&program)?;
    let mut machine = peer.instantiate(&module, &program, &workload.arguments)?;
    machine.start(workload.start.pc, workload.start.gas);
    let mut used = 0;
    let mut before = workload.start.gas;
    for call in &workload.calls {
        let stop = machine.run();
        used += before.saturating_sub(machine.gas());
        if stop != Stop::HostCall(call.number) {
            differences.other(|| format!("{name}: {stop:?}, not host call {}", call.number));
            return Ok(used);
        }
        compare(workload, &machine, &call.state, differences);
        answer(&mut machine, call);
        before = machine.gas();
    }
    let stop = machine.run();
    used += before.saturating_sub(machine.gas());
    match &workload.end {
        Some(End { ending: Ending::OutOfGas, .. }) if !is_exact => {}
        Some(end) if stop == stop_of(end.ending) => {
            compare(workload, &machine, &end.state, differences);
        }
        Some(end) => differences.other(|| format!("{name}: {stop:?}, not {:?}", end.ending)),
        None => {
            let address = machine.reg(7);
            let result = machine.read_u64(address);
            if stop != Stop::Halt || result != workload.result {
                differences.other(|| format!("{name}: {stop:?}, {result:?}"));
            }
        }
    }
    Ok(used)
}

fn stop_of(ending: Ending) -> Stop {
    match ending {
        Ending::Halt => Stop::Halt,
        Ending::Panic => Stop::Panic,
        Ending::OutOfGas => Stop::OutOfGas,
    }
}

fn compare<M: Machine>(
    workload: &Workload,
    machine: &M,
    expected: &State,
    differences: &mut Differences,
) {
    let name = &workload.name;
    if workload.is_gas_known && machine.gas() != expected.gas {
        differences.gas += 1;
    }
    let regs: [u64; 13] = core::array::from_fn(|reg| machine.reg(reg));
    let pc = machine.pc().unwrap_or(expected.pc);
    if regs != expected.regs || pc != expected.pc {
        differences.other(|| {
            format!(
                "{name}: pc {pc}, registers {regs:x?}, not {} {:x?}",
                expected.pc, expected.regs
            )
        });
    }
}
