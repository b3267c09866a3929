//! One file a subcommand.

pub mod asm;
pub mod bisect;
pub mod block;
pub mod build;
pub mod call;
pub mod completions;
pub mod debug;
pub mod deploy;
pub mod disasm;
pub mod exec;
pub mod explain;
pub mod gas;
pub mod inspect;
pub mod man;
pub mod merge;
pub mod new;
pub mod node;
pub mod run;
pub mod state;
pub mod submit;
pub mod test;
pub mod trace;
pub mod vectors;
