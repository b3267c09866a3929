//! The fast interpreter: predecoded operations that call each other.
//!
//! Code becomes a table of [`Op`](op::Op)s, one slot per instruction that the bitmask marks, filled
//! when it is first reached and shared by every instance of the module. An op holds the function
//! that executes it, its *handler*. Handlers end by passing control to the next op's, in one of two
//! ways ([`Dispatch`](dispatch::Dispatch)): by calling it, which an optimising compiler makes a
//! jump, or by returning it to a loop.
//!
//! # Gas
//!
//! Gas is charged by the *segment*: a run of instructions that ends with the first one that may go
//! elsewhere or leave the machine. Each slot is tagged with the gas due
//! ([`GasPlan`](jambox_program::GasPlan)) at it and at the rest of its segment, and every transfer
//! of control to a slot charges that first. So gas is exact wherever a segment ends, which includes
//! every host call. An instruction that cannot go on as usual gives back the gas due from there on
//! and hands over to the stepper, which charges the instructions it comes to. Where a segment
//! cannot be paid, the stepper runs until gas is out.
//!
//! The stepper executes the first instruction of a run where something is due and the machine has
//! paid it already, or the other way round.
//!
//! # Cases that hand over
//!
//! Everything rare does: traps, halting, faults, accesses that leave their page, jumps to where no
//! block starts, `sbrk`. There is one implementation of all that, the exact one.

mod code;
mod control;
mod decode;
mod dispatch;
mod handlers;
mod op;
mod ops;
mod pairs;
mod positions;
mod program;
mod rows;
mod state;

use jambox_sandbox::GuestMemory;

#[cfg(threaded)]
pub(crate) use dispatch::Threaded;
pub(crate) use dispatch::{Dispatch, Looped};
pub(crate) use program::Interpreted;
pub(crate) use state::State;
use state::Stop;

use crate::{Exit, Instance, stepper};

/// Runs until something ends the run.
pub(crate) fn run<D: Dispatch>(instance: &mut Instance) -> Exit {
    if !instance.is_regular()
        && let Some(exit) = stepper::step(instance, &mut ())
    {
        return exit;
    }
    loop {
        let Instance { module, state, memory, gas, .. } = instance;
        let code = D::code(module.interpreted());
        let start = code.and_then(|code| Some((code, code.at(state.pc)?)));
        let stop = match (start, memory.fast()) {
            (Some((code, start)), Some(memory)) => {
                let payable = (*gas).min(i64::MAX as u64);
                let reserve = *gas - payable;
                control::charge(start, state, payable as i64, memory.view(), code, D::run);
                *gas = state.gas as u64 + reserve;
                let stop = state.stop;
                instance.set_regular();
                if matches!(stop, Stop::Unpaid) && reserve > 0 {
                    continue;
                }
                stop
            }
            _ => Stop::Step,
        };
        match stop {
            Stop::HostCall(number) => {
                instance.is_charged = instance.module.gas_plan().stays_paid();
                return Exit::HostCall(number as u64);
            }
            Stop::Unpaid => return stepper::run(instance, &mut ()),
            Stop::Step => {
                if let Some(exit) = stepper::step(instance, &mut ()) {
                    return exit;
                }
            }
        }
    }
}
