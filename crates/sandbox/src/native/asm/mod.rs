//! An assembler for the instructions that a code generator for guests needs, and for nothing that
//! could harm.
//!
//! All code that a safe program writes with it may be run: see [`Assembler`]. Here are units and
//! the rules that make them fit, the same for every processor; the forms of instructions are in the
//! processor's folder, [`x86_64`](super::x86_64).

mod unit;

pub use unit::{Assembler, Jump, Place, Slot, Unfit};

pub(super) use unit::Location;
