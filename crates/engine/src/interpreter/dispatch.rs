//! Passing of control from an op to the next.

use jambox_sandbox::{DefaultMemory, GuestMemory, Interpreter};

use super::code::Code;
use super::op::{At, Op};
use super::program::Interpreted;
use super::state::{State, View};

/// A way of passing control, and the values that handlers return in it.
pub(crate) trait Dispatch:
    Interpreter<Operands = Op, State = State, Code = Code<Self>>
{
    /// True if handlers for particular registers, and for two ops, are worth having.
    const SPECIAL: bool;

    /// The ops of a program made for this way.
    fn code(program: &Interpreted) -> Option<&Code<Self>>;

    /// Passes control to the op at `at`, whose segment has been paid.
    fn go<'t>(
        at: At<'t, Self>,
        state: &mut State,
        gas: i64,
        memory: View<'_>,
        code: &'t Code<Self>,
    ) -> Self::Next<'t>;

    /// Passes control back to the caller of [`run`](Self::run).
    fn stop<'t>(state: &mut State, gas: i64) -> Self::Next<'t>;

    /// Runs ops from the one at `at` until one stops.
    fn run<'t>(
        at: At<'t, Self>,
        state: &mut State,
        gas: i64,
        memory: View<'_>,
        code: &'t Code<Self>,
    ) -> Self::Next<'t>;
}

/// Each handler calls the next as the last thing it does.
///
/// The stack stays flat only where the compiler turns these calls into jumps. The build script
/// chooses this way where it does, and `cargo xtask check-dispatch` looks whether it did.
#[cfg(threaded)]
pub(crate) enum Threaded {}

#[cfg(threaded)]
impl Interpreter for Threaded {
    type Operands = Op;
    type State = State;
    type Code = Code<Self>;
    type Next<'t> = ();
}

#[cfg(threaded)]
impl Dispatch for Threaded {
    const SPECIAL: bool = true;

    #[inline]
    fn code(program: &Interpreted) -> Option<&Code<Self>> {
        match program {
            Interpreted::Threaded(code) => Some(code),
            _ => None,
        }
    }

    #[inline(always)]
    fn go<'t>(
        at: At<'t, Self>,
        state: &mut State,
        gas: i64,
        memory: View<'_>,
        code: &'t Code<Self>,
    ) {
        at.go(state, gas, memory, code);
    }

    #[inline(always)]
    fn stop<'t>(state: &mut State, gas: i64) -> Self::Next<'t> {
        state.gas = gas;
    }

    fn run<'t>(
        at: At<'t, Self>,
        state: &mut State,
        gas: i64,
        memory: View<'_>,
        code: &'t Code<Self>,
    ) {
        Self::go(at, state, gas, memory, code);
    }
}

/// Each handler returns the next op to a loop.
pub(crate) enum Looped {}

impl Interpreter for Looped {
    type Operands = Op;
    type State = State;
    type Code = Code<Self>;
    type Next<'t> = Option<(At<'t, Self>, i64)>;
}

impl Dispatch for Looped {
    const SPECIAL: bool = false;

    #[inline]
    fn code(program: &Interpreted) -> Option<&Code<Self>> {
        match program {
            Interpreted::Looped(code) => Some(code),
            _ => None,
        }
    }

    #[inline(always)]
    fn go<'t>(
        at: At<'t, Self>,
        _: &mut State,
        gas: i64,
        _: View<'_>,
        _: &'t Code<Self>,
    ) -> Self::Next<'t> {
        Some((at, gas))
    }

    #[inline(always)]
    fn stop<'t>(state: &mut State, gas: i64) -> Self::Next<'t> {
        state.gas = gas;
        None
    }

    fn run<'t>(
        at: At<'t, Self>,
        state: &mut State,
        gas: i64,
        mut memory: View<'_>,
        code: &'t Code<Self>,
    ) -> Self::Next<'t> {
        let mut next = Some((at, gas));
        while let Some((at, gas)) = next {
            let memory = DefaultMemory::reborrow(&mut memory);
            next = at.go(state, gas, memory, code);
        }
        None
    }
}
