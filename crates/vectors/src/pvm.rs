//! Single-program PVM vectors (`w3f/jamtestvectors`, version 0.4).

use std::ops::Range;
use std::path::Path;

use jambox_engine::{Access, Engine, Exit, Instance, Module, PAGE_SIZE};
use jambox_program::ProgramBlob;
use serde::Deserialize;

use crate::{Error, Outcome, Report, files};

/// Vectors that contradict the paper, and how.
pub const ERRATA: &[(&str, &str)] = &[
    ("inst_store_imm_u8_trap_read_only", READ_ONLY_ERRATUM),
    ("inst_store_u8_trap_read_only", READ_ONLY_ERRATUM),
];

const READ_ONLY_ERRATUM: &str = "the vector expects a panic where the paper has a page fault at \
65536: the page is readable and the address is not below 2^16 (sec:virtualmachine, 0.7.2)";

/// Why gas is not compared where a vector ends with a page fault.
const FAULT_GAS: &str = "gas: where a program faults the vectors charge its whole basic block";

/// A case, as its file has it.
#[derive(Debug, Clone, PartialEq, Eq, Deserialize)]
#[serde(rename_all = "kebab-case", deny_unknown_fields)]
pub struct Case {
    /// Its name.
    pub name: String,
    /// The registers at the start.
    pub initial_regs: [u64; 13],
    /// The program counter at the start.
    pub initial_pc: u32,
    /// The pages that are accessible.
    pub initial_page_map: Vec<Pages>,
    /// What they hold at the start, apart from zeros.
    pub initial_memory: Vec<Chunk>,
    /// The gas at the start.
    pub initial_gas: u64,
    /// The program blob.
    pub program: Vec<u8>,
    /// How the program ends.
    pub expected_status: Status,
    /// The registers at the end.
    pub expected_regs: [u64; 13],
    /// The program counter of the instruction that ends it.
    pub expected_pc: u32,
    /// What the pages hold at the end, apart from zeros.
    pub expected_memory: Vec<Chunk>,
    /// The gas at the end.
    pub expected_gas: u64,
    /// The address of the page that is at fault.
    pub expected_page_fault_address: Option<u32>,
}

/// Accessible pages.
#[derive(Debug, Clone, PartialEq, Eq, Deserialize)]
#[serde(rename_all = "kebab-case", deny_unknown_fields)]
pub struct Pages {
    /// The address of the first.
    pub address: u32,
    /// Octets in all of them.
    pub length: u32,
    /// Whether they can be written.
    pub is_writable: bool,
}

/// Octets and where they are.
#[derive(Debug, Clone, PartialEq, Eq, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Chunk {
    /// The address of the first octet.
    pub address: u32,
    /// The octets.
    pub contents: Vec<u8>,
}

/// How a program ends.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Deserialize)]
#[serde(rename_all = "kebab-case")]
pub enum Status {
    /// With a panic.
    Panic,
    /// Regularly.
    Halt,
    /// With a page fault.
    PageFault,
}

/// Runs every case in a folder (`*.json`) on an engine: exit, program counter, registers, gas,
/// which memory is accessible and what it holds.
///
/// # Errors
///
/// When the folder cannot be read or holds no case.
pub fn run(folder: &Path, engine: &Engine) -> Result<Report, Error> {
    let mut report = Report::default();
    for (name, case) in files::json_under::<Case>(folder, "PVM vectors (`*.json`)")? {
        let erratum = ERRATA.iter().find(|(erratum, _)| *erratum == name);
        let outcome = match (erratum, case) {
            (Some((_, reason)), _) => Outcome::Skipped((*reason).into()),
            (None, Err(error)) => Outcome::Failed(format!("not a case: {error}")),
            (None, Ok(case)) => run_case(&case, engine),
        };
        report.add(name, outcome);
    }
    Ok(report)
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
    let program = ProgramBlob::parse(&case.program).map_err(|error| error.to_string())?;
    let module = Module::new(engine, program).map_err(|error| error.to_string())?;
    let mut instance = Instance::new(&module).map_err(|error| error.to_string())?;
    for Pages { address, length, is_writable } in &case.initial_page_map {
        let access = if *is_writable { Access::ReadWrite } else { Access::ReadOnly };
        instance.memory_mut().set_access(address / PAGE_SIZE, length / PAGE_SIZE, access);
    }
    for Chunk { address, contents } in &case.initial_memory {
        instance.memory_mut().poke_raw((*address).into(), contents);
    }
    *instance.regs_mut() = case.initial_regs;
    instance.set_pc(case.initial_pc.into());
    instance.set_gas(case.initial_gas);
    Ok(instance)
}

/// The first difference from what the case expects, gas apart.
fn difference(case: &Case, exit: Exit, instance: &Instance) -> Option<String> {
    let expected = match case.expected_status {
        Status::Panic => Exit::Panic,
        Status::Halt => Exit::Halt,
        Status::PageFault => Exit::PageFault(case.expected_page_fault_address.unwrap_or_default()),
    };
    if exit != expected {
        return Some(format!("{expected} expected, {exit} found"));
    }
    if instance.pc() != u64::from(case.expected_pc) {
        return Some(format!("pc {} expected, {} found", case.expected_pc, instance.pc()));
    }
    let mut registers = case.expected_regs.iter().zip(instance.regs()).enumerate();
    if let Some((register, (expected, found))) = registers.find(|(_, (e, f))| e != f) {
        return Some(format!("r{register} {expected:#x} expected, {found:#x} found"));
    }
    memory_difference(case, instance)
}

fn memory_difference(case: &Case, instance: &Instance) -> Option<String> {
    let range = |pages: &Pages| {
        let start = u64::from(pages.address);
        let access = if pages.is_writable { Access::ReadWrite } else { Access::ReadOnly };
        (start..start + u64::from(pages.length), access)
    };
    let mut expected: Vec<(Range<u64>, Access)> = case.initial_page_map.iter().map(range).collect();
    expected.sort_by_key(|(range, _)| range.start);
    let found: Vec<_> = instance.memory().accessible_ranges().collect();
    if expected != found {
        return Some(format!("accessible memory {expected:x?} expected, {found:x?} found"));
    }
    let is_in = |chunk: &Chunk, (range, _): &(Range<u64>, Access)| {
        let start = u64::from(chunk.address);
        range.start <= start && start + chunk.contents.len() as u64 <= range.end
    };
    let mut chunks = case.expected_memory.iter();
    if let Some(chunk) = chunks.find(|chunk| !expected.iter().any(|range| is_in(chunk, range))) {
        return Some(format!("memory at {:#x} expected, inaccessible", chunk.address));
    }
    expected.iter().find_map(|(range, _)| {
        let mut image = vec![0; usize::try_from(range.end - range.start).ok()?];
        for Chunk { address, contents } in &case.expected_memory {
            let offset = u64::from(*address).checked_sub(range.start);
            let offset = offset.and_then(|offset| usize::try_from(offset).ok());
            let into = offset.and_then(|offset| image.get_mut(offset..));
            into.into_iter().flatten().zip(contents).for_each(|(to, from)| *to = *from);
        }
        let mut found = vec![0; image.len()];
        instance.memory().peek(range.start, &mut found);
        let mut octets = (range.start..).zip(image.iter().zip(&found));
        octets.find(|(_, (expected, found))| expected != found).map(|(address, (e, f))| {
            format!("memory at {address:#x}: {e:#04x} expected, {f:#04x} found")
        })
    })
}
