//! Passing of control from an op to the next.

use jambox_sandbox::{DefaultMemory, GuestMemory};

use super::code::Code;
use super::op::At;
use super::state::{State, View};

/// A way of passing control, and the values that handlers return in it.
pub(crate) trait Dispatch: Sized + 'static {
    /// The return type of a handler.
    type Next<'t>;

    /// True if handlers for particular registers are worth having.
    const SPECIAL: bool;

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
impl Dispatch for Threaded {
    type Next<'t> = ();

    const SPECIAL: bool = true;

    #[inline(always)]
    fn go<'t>(
        at: At<'t, Self>,
        state: &mut State,
        gas: i64,
        memory: View<'_>,
        code: &'t Code<Self>,
    ) {
        (at.value().handler)(at, state, gas, memory, code);
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

impl Dispatch for Looped {
    type Next<'t> = Option<(At<'t, Self>, i64)>;

    const SPECIAL: bool = false;

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
            next = (at.value().handler)(at, state, gas, memory, code);
        }
        None
    }
}
