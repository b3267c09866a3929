//! polkavm 0.30.0: its JamV1 is the instruction set of Gray Paper 0.7.2.

use jambox_isa::Revision;
use jambox_program::StandardProgram;
use polkavm_0_30 as polkavm;

use crate::translate::{Sbrks, Translated};

/// The naive model: 1 for every instruction.
fn cost_model(_: Revision) -> Option<polkavm::CostModelKind> {
    None
}

#[path = "polkavm.rs"]
pub mod engine;

fn translate(program: &StandardProgram) -> Result<Translated, String> {
    Ok(Translated { code: program.code().to_vec(), sbrks: Sbrks::default() })
}
