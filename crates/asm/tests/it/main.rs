//! Checks of the assembler and the disassembler.

mod disassembly;
mod errors;
mod language;
mod round_trip;

use jambox_asm::{Assembly, Dialect, assemble};
use jambox_isa::{InstructionSet, Revision};

/// The dialect of the tests.
const DIALECT: Dialect<'_> = Dialect {
    set: InstructionSet::of(Revision::GrayPaper072),
    host_calls: &[("gas", 0), ("fetch", 1), ("read", 3), ("write", 4)],
};

fn assembled(text: &str) -> Assembly {
    assemble(text, &DIALECT).unwrap_or_else(|errors| panic!("{errors}\nin {text}"))
}

/// The code of a bare program.
fn code(text: &str) -> Vec<u8> {
    assembled(text).container.program().code().to_vec()
}
