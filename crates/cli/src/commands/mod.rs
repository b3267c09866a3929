//! One file a subcommand.

pub mod asm;
pub mod completions;
pub mod disasm;
pub mod exec;
pub mod explain;
pub mod inspect;
pub mod run;
pub mod trace;
pub mod vectors;
