//! An assembler for the x86-64 instructions that a code generator for guests needs, and for
//! nothing that could harm.
//!
//! All code that a safe program writes with it may be run: see [`Assembler`].

mod buffer;
mod forms;
mod operand;
#[cfg(test)]
mod tests;
mod unit;
#[cfg(test)]
mod unit_tests;

pub use operand::{Condition, Gpr, Mem, Size, Spill};
pub use unit::{Assembler, Jump, Place, Slot, Unfit};

pub(super) use unit::Location;
