//! How an op passes control to the next.

use jambox_sandbox::{DefaultMemory, GuestMemory};

use jambox_isa::Reg;

use super::code::Code;
use super::control::Action;
use super::op::{At, Handler};
#[cfg(threaded)]
use super::tables;
use super::{State, View};

/// A way of passing control, and what handlers return in it.
pub(crate) trait Dispatch: Sized + 'static {
    /// What a handler returns.
    type Next<'t>;

    /// The handler of an action for registers `a` and `b` in places 0 and 1, if there is a special
    /// one.
    fn fixed<A: Action>(a: Reg, b: Reg) -> Option<Handler<Self>>;

    /// As `fixed`, for actions that have a register in place 0 only.
    fn fixed_one<A: Action>(a: Reg) -> Option<Handler<Self>>;

    /// Passes control to the op at `at`, whose segment has been paid.
    fn go<'t>(
        at: At<'t, Self>,
        state: &mut State,
        gas: i64,
        memory: View<'_>,
        code: &'t Code<Self>,
    ) -> Self::Next<'t>;

    /// Passes control back to whoever called [`run`](Self::run).
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

    fn fixed<A: Action>(a: Reg, b: Reg) -> Option<Handler<Self>> {
        tables::pairs::<Self, A>().get(a.index())?.get(b.index()).copied()
    }

    fn fixed_one<A: Action>(a: Reg) -> Option<Handler<Self>> {
        tables::singles::<Self, A>().get(a.index()).copied()
    }

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

    fn fixed<A: Action>(_: Reg, _: Reg) -> Option<Handler<Self>> {
        None
    }

    fn fixed_one<A: Action>(_: Reg) -> Option<Handler<Self>> {
        None
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
            next = (at.value().handler)(at, state, gas, memory, code);
        }
        None
    }
}
