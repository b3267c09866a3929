//! An assembler for the x86-64 instructions that the code generator needs.

mod buffer;
mod forms;
mod operand;
#[cfg(test)]
mod tests;

pub use forms::Assembler;
pub use operand::{Condition, Gpr, Mem, Size};
