//! Running instances, by whichever backend their module's code is for.

use crate::interpreter::Interpreted;
#[cfg(native)]
use crate::native;
use crate::{Exit, Inspector, Instance, interpreter, stepper};

impl Instance {
    /// Runs from the current pc until something ends the run.
    pub fn run(&mut self) -> Exit {
        #[cfg(native)]
        if self.module.tiered().is_some() {
            return native::run(self);
        }
        interpret(self)
    }

    /// Like [`run`](Self::run), but by single steps, each reported to an inspector.
    pub fn run_with<I: Inspector>(&mut self, inspector: &mut I) -> Exit {
        stepper::run(self, inspector)
    }

    /// Like [`run_with`](Self::run_with), but asks the inspector before every instruction whether
    /// to stop there: `None` if it did. The run then goes on with another call, whose inspector is
    /// asked anew.
    pub fn run_until<I: Inspector>(&mut self, inspector: &mut I) -> Option<Exit> {
        stepper::run_until(self, inspector)
    }

    /// Runs one instruction and reports it to an inspector (`&mut ()` for none). Returns the exit
    /// if the instruction ended the run; otherwise pc is at the next instruction.
    pub fn step<I: Inspector>(&mut self, inspector: &mut I) -> Option<Exit> {
        stepper::step(self, inspector)
    }
}

/// Runs until something ends the run, by an interpreter.
pub(crate) fn interpret(instance: &mut Instance) -> Exit {
    match instance.module.interpreted() {
        Interpreted::Stepped => stepper::run(instance, &mut ()),
        Interpreted::Looped(_) => interpreter::run::<interpreter::Looped>(instance),
        #[cfg(threaded)]
        Interpreted::Threaded(_) => interpreter::run::<interpreter::Threaded>(instance),
    }
}
