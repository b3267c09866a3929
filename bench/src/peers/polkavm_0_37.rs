//! polkavm 0.37.0: its JamV1 is the instruction set of Gray Paper 0.8.0.

use jambox_isa::Revision;
use jambox_program::StandardProgram;
use polkavm_0_37 as polkavm;

use crate::translate::{Translated, translated};

/// Polkavm's own simulator under 0.8.0, whose memory latency of a second-level cache is the
/// paper's; else its naive model, 1 for every instruction.
fn cost_model(revision: Revision) -> Option<polkavm::CostModelKind> {
    match revision {
        Revision::GrayPaper072 => None,
        Revision::GrayPaper080 => Some(polkavm::CostModelKind::Full(polkavm::CacheModel::L2Hit)),
    }
}

#[path = "polkavm.rs"]
pub mod engine;

fn translate(program: &StandardProgram) -> Result<Translated, String> {
    translated(program, Revision::GrayPaper080)
}
