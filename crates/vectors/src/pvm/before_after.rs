//! The format of 0.7.2: a program, a machine before, the machine after (`w3f/jamtestvectors`,
//! version 0.4).

use jambox_engine::{Engine, Exit, Instance};
use serde::Deserialize;

use super::machine::{self, Chunk, Pages};
use crate::Outcome;

/// Vectors that contradict the paper, with the contradiction.
pub const ERRATA: &[(&str, &str)] = &[
    ("inst_store_imm_u8_trap_read_only", READ_ONLY_ERRATUM),
    ("inst_store_u8_trap_read_only", READ_ONLY_ERRATUM),
];

const READ_ONLY_ERRATUM: &str = "the vector expects a panic where the paper has a page fault at \
65536: the page is readable and the address is not below 2^16 (sec:virtualmachine, 0.7.2)";

/// Reason for not comparing gas after a page fault.
const FAULT_GAS: &str = "gas: where a program faults the vectors charge its whole basic block";

/// A case, as in its file.
#[derive(Debug, Clone, PartialEq, Eq, Deserialize)]
#[serde(rename_all = "kebab-case", deny_unknown_fields)]
pub struct Case {
    /// Name of the case.
    pub name: String,
    /// The registers at the start.
    pub initial_regs: [u64; 13],
    /// The program counter at the start.
    pub initial_pc: u32,
    /// Accessible pages.
    pub initial_page_map: Vec<Pages>,
    /// Memory at the start, apart from zeros.
    pub initial_memory: Vec<Chunk>,
    /// The gas at the start.
    pub initial_gas: u64,
    /// The program blob.
    pub program: Vec<u8>,
    /// Exit of the program.
    pub expected_status: Status,
    /// The registers at the end.
    pub expected_regs: [u64; 13],
    /// Program counter of the last instruction.
    pub expected_pc: u32,
    /// Memory at the end, apart from zeros.
    pub expected_memory: Vec<Chunk>,
    /// The gas at the end.
    pub expected_gas: u64,
    /// Address of the faulting page.
    pub expected_page_fault_address: Option<u32>,
}

/// Exit of a program.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Deserialize)]
#[serde(rename_all = "kebab-case")]
pub enum Status {
    /// A panic.
    Panic,
    /// A halt.
    Halt,
    /// A page fault.
    PageFault,
}

/// Runs a case.
#[must_use]
pub fn run_case(case: &Case, engine: &Engine) -> Outcome {
    let mut instance = match set_up(case, engine) {
        Ok(instance) => instance,
        Err(error) => return Outcome::Failed(error),
    };
    let exit = instance.run();
    if let Some(difference) = difference(case, exit, &instance) {
        return Outcome::Failed(difference);
    }
    let gas = instance.gas();
    match case.expected_status {
        _ if gas == case.expected_gas => Outcome::Passed,
        Status::PageFault => Outcome::PassedExcept(FAULT_GAS.into()),
        _ => Outcome::Failed(format!("gas {} expected, {gas} found", case.expected_gas)),
    }
}

fn set_up(case: &Case, engine: &Engine) -> Result<Instance, String> {
    let mut instance = machine::instance(engine, &case.program)?;
    for pages in &case.initial_page_map {
        pages.map(&mut instance);
    }
    for chunk in &case.initial_memory {
        chunk.write(&mut instance);
    }
    *instance.regs_mut() = case.initial_regs;
    instance.set_pc(case.initial_pc.into());
    instance.set_gas(case.initial_gas);
    Ok(instance)
}

/// The first difference from the expected machine, apart from gas.
fn difference(case: &Case, exit: Exit, instance: &Instance) -> Option<String> {
    let expected = match case.expected_status {
        Status::Panic => Exit::Panic,
        Status::Halt => Exit::Halt,
        Status::PageFault => Exit::PageFault(case.expected_page_fault_address.unwrap_or_default()),
    };
    machine::exit_difference(expected, exit)
        .or_else(|| machine::pc_difference(case.expected_pc, instance))
        .or_else(|| machine::register_difference(&case.expected_regs, instance))
        .or_else(|| {
            machine::memory_difference(&case.initial_page_map, &case.expected_memory, instance)
        })
}
