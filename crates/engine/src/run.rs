//! Running instances, by whichever backend their module's code is for.

use crate::module::Code;
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
        let module = self.module.clone();
        by_backend(module.code(), self)
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

/// Runs until something ends the run, by the backend that the code is for.
pub(crate) fn by_backend(code: &Code, instance: &mut Instance) -> Exit {
    match code {
        Code::Stepped => stepper::run(instance, &mut ()),
        Code::Looped(code) => interpreter::run(code, instance),
        #[cfg(threaded)]
        Code::Threaded(code) => interpreter::run(code, instance),
        #[cfg(native)]
        Code::Native(_) => native::run(instance),
    }
}
