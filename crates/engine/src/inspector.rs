//! Watching a run, instruction by instruction.

use jambox_isa::Instruction;

use crate::{Exit, Instance};

/// An observer of a run: the base of tracers, profilers and debuggers.
///
/// Every method does nothing by default. A run with an inspector steps exactly, one instruction at
/// a time; a run without one pays nothing for the possibility. Two inspectors are one as a pair,
/// and a reference to one is one.
pub trait Inspector {
    /// True to stop before the next instruction. Its gas is not charged yet, unless the revision
    /// charges its block as a whole. Only [`Instance::run_until`] asks.
    fn stops(&mut self, instance: &Instance) -> bool {
        let _ = instance;
        false
    }

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

impl<I: Inspector + ?Sized> Inspector for &mut I {
    fn stops(&mut self, instance: &Instance) -> bool {
        (**self).stops(instance)
    }

    fn before_instruction(&mut self, instance: &Instance, instruction: &Instruction) {
        (**self).before_instruction(instance, instruction);
    }

    fn memory_read(&mut self, instance: &Instance, address: u32, octets: &[u8]) {
        (**self).memory_read(instance, address, octets);
    }

    fn memory_written(&mut self, instance: &Instance, address: u32, octets: &[u8]) {
        (**self).memory_written(instance, address, octets);
    }

    fn after_instruction(&mut self, instance: &Instance, exit: Option<Exit>) {
        (**self).after_instruction(instance, exit);
    }
}

/// Both are told everything, the first one first; either can stop a run.
impl<A: Inspector, B: Inspector> Inspector for (A, B) {
    fn stops(&mut self, instance: &Instance) -> bool {
        let first = self.0.stops(instance);
        self.1.stops(instance) || first
    }

    fn before_instruction(&mut self, instance: &Instance, instruction: &Instruction) {
        self.0.before_instruction(instance, instruction);
        self.1.before_instruction(instance, instruction);
    }

    fn memory_read(&mut self, instance: &Instance, address: u32, octets: &[u8]) {
        self.0.memory_read(instance, address, octets);
        self.1.memory_read(instance, address, octets);
    }

    fn memory_written(&mut self, instance: &Instance, address: u32, octets: &[u8]) {
        self.0.memory_written(instance, address, octets);
        self.1.memory_written(instance, address, octets);
    }

    fn after_instruction(&mut self, instance: &Instance, exit: Option<Exit>) {
        self.0.after_instruction(instance, exit);
        self.1.after_instruction(instance, exit);
    }
}
