//! The format of 0.8.0: a program, steps, and the gas of each basic block (`koute/jamtestvectors`,
//! version 0.5).

use jambox_engine::{Engine, Exit, Instance};
use serde::Deserialize;

use super::machine::{self, Chunk, Pages};
use crate::Outcome;

/// A case, as in its file.
#[derive(Debug, Clone, PartialEq, Eq, Deserialize)]
#[serde(rename_all = "kebab-case", deny_unknown_fields)]
pub struct Case {
    /// Name of the case.
    pub name: String,
    /// Origin of the case.
    #[serde(default)]
    pub comment: String,
    /// The program blob.
    pub program: Vec<u8>,
    /// Gas of each basic block.
    pub block_gas_costs: Vec<BlockCost>,
    /// The program counter at the start.
    #[serde(default)]
    pub initial_pc: u32,
    /// The gas at the start.
    #[serde(default)]
    pub initial_gas: u64,
    /// Steps in their order; none if only the gas of blocks is checked.
    #[serde(default)]
    pub steps: Vec<Step>,
    /// Number of instructions executed in all.
    #[serde(default)]
    pub executed: u64,
}

/// Gas of a basic block.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct BlockCost {
    /// Position of the block.
    pub pc: u32,
    /// Gas of the block.
    pub cost: u32,
}

/// One step of a case.
#[derive(Debug, Clone, PartialEq, Eq, Deserialize)]
#[serde(rename_all = "kebab-case")]
pub enum Step {
    /// Makes pages accessible.
    Map(Pages),
    /// Writes octets, regardless of the access of their pages.
    Write(Chunk),
    /// Sets a register.
    SetReg {
        /// Number of the register.
        reg: usize,
        /// The new value.
        value: u64,
    },
    /// Runs the machine until it exits. After a host call it continues with the next instruction.
    Run {},
    /// Compares the machine.
    Assert(StateAfter),
}

/// State of a machine after a run.
#[derive(Debug, Clone, PartialEq, Eq, Deserialize)]
#[serde(rename_all = "kebab-case", deny_unknown_fields)]
pub struct StateAfter {
    /// Exit of the run.
    pub status: Status,
    /// Gas left.
    pub gas: u64,
    /// Program counter of the last instruction.
    pub pc: u32,
    /// The registers.
    pub regs: [u64; 13],
    /// Memory, apart from zeros.
    pub memory: Vec<Chunk>,
    /// Address of the faulting page.
    pub page_fault_address: Option<u32>,
    /// Number of the host call, as 32 bits.
    pub hostcall: Option<u32>,
}

/// Exit of a run.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Deserialize)]
#[serde(rename_all = "kebab-case")]
pub enum Status {
    /// A panic.
    Panic,
    /// A halt.
    Halt,
    /// A page fault.
    PageFault,
    /// Out of gas.
    OutOfGas,
    /// A host call.
    Ecalli,
}

impl StateAfter {
    fn exit(&self) -> Exit {
        match self.status {
            Status::Panic => Exit::Panic,
            Status::Halt => Exit::Halt,
            Status::PageFault => Exit::PageFault(self.page_fault_address.unwrap_or_default()),
            Status::OutOfGas => Exit::OutOfGas,
            // The machine's number is sign-extended.
            Status::Ecalli => Exit::HostCall(self.hostcall.unwrap_or_default() as i32 as u64),
        }
    }
}

/// Runs a case.
#[must_use]
pub fn run_case(case: &Case, engine: &Engine) -> Outcome {
    let difference = match machine::instance(engine, &case.program) {
        Ok(instance) => cost_difference(case, &instance).or_else(|| difference(case, instance)),
        Err(error) => Some(error),
    };
    difference.map_or(Outcome::Passed, Outcome::Failed)
}

/// The first basic block whose gas differs from the case's, or that the case lacks.
fn cost_difference(case: &Case, instance: &Instance) -> Option<String> {
    let module = instance.module();
    let blocks = module.program().basic_blocks(module.engine().instruction_set());
    let found: Vec<u32> = blocks.map(|block| block.start).collect();
    let mut expected: Vec<BlockCost> = case.block_gas_costs.clone();
    expected.sort_by_key(|block| block.pc);
    if !expected.iter().map(|block| block.pc).eq(found.iter().copied()) {
        return Some(format!("blocks start at {found:?}, not where the vector says"));
    }
    expected.into_iter().find_map(|BlockCost { pc, cost }| {
        let found = module.cost_at(pc.into());
        (found != cost).then(|| format!("block {pc}: cost {cost} expected, {found} found"))
    })
}

/// The first difference found by the steps.
fn difference(case: &Case, mut instance: Instance) -> Option<String> {
    instance.set_pc(case.initial_pc.into());
    instance.set_gas(case.initial_gas);
    let mut pages = Vec::new();
    let mut exit = None;
    for (index, step) in case.steps.iter().enumerate() {
        match step {
            Step::Map(group) => {
                group.map(&mut instance);
                pages.push(group.clone());
            }
            Step::Write(chunk) => chunk.write(&mut instance),
            Step::SetReg { reg, value } => match instance.regs_mut().get_mut(*reg) {
                Some(register) => *register = *value,
                None => return Some(format!("step {index} sets r{reg}, which does not exist")),
            },
            Step::Run {} => {
                if let Some(Exit::HostCall(_)) = exit {
                    instance.skip_host_call();
                }
                exit = Some(instance.run());
            }
            Step::Assert(expected) => {
                let Some(exit) = exit else {
                    return Some(format!("step {index} compares what has not run"));
                };
                if let Some(found) = state_difference(expected, exit, &pages, &instance) {
                    return Some(format!("step {index}: {found}"));
                }
            }
        }
    }
    None
}

fn state_difference(
    expected: &StateAfter,
    exit: Exit,
    pages: &[Pages],
    instance: &Instance,
) -> Option<String> {
    let gas = instance.gas();
    machine::exit_difference(expected.exit(), exit)
        .or_else(|| machine::pc_difference(expected.pc, instance))
        .or_else(|| {
            (gas != expected.gas).then(|| format!("gas {} expected, {gas} found", expected.gas))
        })
        .or_else(|| machine::register_difference(&expected.regs, instance))
        .or_else(|| machine::memory_difference(pages, &expected.memory, instance))
}
