//! A program as an interpreter has it.

use jambox_isa::InstructionSet;
use jambox_program::ProgramBlob;

use super::code::Code;
#[cfg(threaded)]
use super::dispatch::Threaded;
use super::dispatch::{Dispatch, Looped};

/// The program for an interpreter.
pub(crate) enum Interpreted {
    /// The program as it is, for the stepper.
    Stepped,
    /// Ops, control passed by a loop.
    Looped(Box<Code<Looped>>),
    /// Ops, control passed by calls.
    #[cfg(threaded)]
    Threaded(Box<Code<Threaded>>),
}

impl Interpreted {
    /// The program for the interpreter that is fastest in this build.
    pub(crate) fn new(program: &ProgramBlob, set: InstructionSet) -> Self {
        #[cfg(threaded)]
        return Self::predecoded(program, set, Self::Threaded);
        #[cfg(not(threaded))]
        Self::looped(program, set)
    }

    /// The program for the interpreter that every build has.
    pub(crate) fn looped(program: &ProgramBlob, set: InstructionSet) -> Self {
        Self::predecoded(program, set, Self::Looped)
    }

    /// Falls back to the stepper for a program that is too large for ops.
    fn predecoded<D: Dispatch>(
        program: &ProgramBlob,
        set: InstructionSet,
        ops: impl FnOnce(Box<Code<D>>) -> Self,
    ) -> Self {
        Code::new(program, set).map_or(Self::Stepped, |code| ops(Box::new(code)))
    }
}
