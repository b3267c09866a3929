//! The format of 0.8.0: a program, steps, and what each basic block costs (`koute/jamtestvectors`,
//! version 0.5).

use jambox_engine::{Engine, Exit, Instance};
use serde::Deserialize;

use super::machine::{self, Chunk, Pages};
use crate::Outcome;

/// A case, as its file has it.
#[derive(Debug, Clone, PartialEq, Eq, Deserialize)]
#[serde(rename_all = "kebab-case", deny_unknown_fields)]
pub struct Case {
    /// Its name.
    pub name: String,
    /// Where it is from.
    #[serde(default)]
    pub comment: String,
    /// The program blob.
    pub program: Vec<u8>,
    /// What each basic block of it costs.
    pub block_gas_costs: Vec<BlockCost>,
    /// The program counter at the start.
    #[serde(default)]
    pub initial_pc: u32,
    /// The gas at the start.
    #[serde(default)]
    pub initial_gas: u64,
    /// What is done in turn; nothing where only the costs are checked.
    #[serde(default)]
    pub steps: Vec<Step>,
    /// Instructions that were executed in all.
    #[serde(default)]
    pub executed: u64,
}

/// What a basic block costs.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct BlockCost {
    /// Where it starts.
    pub pc: u32,
    /// The gas that running it takes.
    pub cost: u32,
}

/// Something that is done.
#[derive(Debug, Clone, PartialEq, Eq, Deserialize)]
#[serde(rename_all = "kebab-case")]
pub enum Step {
    /// Pages become accessible.
    Map(Pages),
    /// Octets are written, whatever the pages allow.
    Write(Chunk),
    /// A register is set.
    SetReg {
        /// Its number.
        reg: usize,
        /// Its value.
        value: u64,
    },
    /// The machine runs until something ends the run. After a host call it goes on behind it.
    Run {},
    /// The machine is compared.
    Assert(State),
}

/// A machine after a run.
#[derive(Debug, Clone, PartialEq, Eq, Deserialize)]
#[serde(rename_all = "kebab-case", deny_unknown_fields)]
pub struct State {
    /// How the run ended.
    pub status: Status,
    /// The gas left.
    pub gas: u64,
    /// The program counter of the instruction that ended it.
    pub pc: u32,
    /// The registers.
    pub regs: [u64; 13],
    /// What the pages hold, apart from zeros.
    pub memory: Vec<Chunk>,
    /// The address of the page that is at fault.
    pub page_fault_address: Option<u32>,
    /// The number of the host call, as 32 bits.
    pub hostcall: Option<u32>,
}

/// How a run ends.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Deserialize)]
#[serde(rename_all = "kebab-case")]
pub enum Status {
    /// With a panic.
    Panic,
    /// Regularly.
    Halt,
    /// With a page fault.
    PageFault,
    /// For lack of gas.
    OutOfGas,
    /// With a host call.
    Ecalli,
}

impl State {
    fn exit(&self) -> Exit {
        match self.status {
            Status::Panic => Exit::Panic,
            Status::Halt => Exit::Halt,
            Status::PageFault => Exit::PageFault(self.page_fault_address.unwrap_or_default()),
            Status::OutOfGas => Exit::OutOfGas,
            // The machine has the sign-extended number.
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

/// The first basic block that costs something else than the case says, or is not in it.
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

/// The first difference that the steps come to.
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
    expected: &State,
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
