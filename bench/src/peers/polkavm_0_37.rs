//! polkavm 0.37.0: its JamV1 is the instruction set of Gray Paper 0.8.0.

use jambox_isa::Revision;
use jambox_program::StandardProgram;
use polkavm_0_37 as polkavm;

use crate::translate::{Translated, translated};

#[path = "polkavm.rs"]
pub mod engine;

fn translate(program: &StandardProgram) -> Result<Translated, String> {
    translated(program, Revision::GrayPaper080)
}
