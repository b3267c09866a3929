//! Watching a run, instruction by instruction.

use jambox_isa::Instruction;

use crate::{Exit, Instance};

/// Is told what a run does: the base of tracers, profilers and debuggers.
///
/// Every method does nothing by default. A run with an inspector steps exactly, one instruction at
/// a time; a run without one pays nothing for the possibility.
pub trait Inspector {
    /// An instruction is about to run and is paid for; `instance` is in the state before it,
    /// except that its gas has been charged.
    fn before_instruction(&mut self, instance: &Instance, instruction: &Instruction) {
        let _ = (instance, instruction);
    }

    /// The instruction read these octets of memory. `instance` is in the state before it.
    fn memory_read(&mut self, instance: &Instance, address: u32, octets: &[u8]) {
        let _ = (instance, address, octets);
    }

    /// The instruction wrote these octets to memory.
    fn memory_written(&mut self, instance: &Instance, address: u32, octets: &[u8]) {
        let _ = (instance, address, octets);
    }

    /// The instruction is done, or the run is, with `exit`. Also called, without
    /// [`before_instruction`](Self::before_instruction), when an instruction cannot be paid.
    fn after_instruction(&mut self, instance: &Instance, exit: Option<Exit>) {
        let _ = (instance, exit);
    }
}

/// Watches nothing.
impl Inspector for () {}
