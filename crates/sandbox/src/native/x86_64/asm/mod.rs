//! The instructions of x86-64 that the assembler has.

mod buffer;
mod forms;
mod jumps;
mod operand;
mod shapes;
#[cfg(test)]
mod tests;
#[cfg(test)]
mod unit_tests;

pub use operand::{Condition, Gpr, Mem, Size, Spill};

pub(in crate::native) use buffer::Buffer;
