//! The public vectors, where they are, and the project's own cases.

mod codec;
mod steps;
mod stf;
