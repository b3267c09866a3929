//! Handlers for particular registers.
//!
//! An op that says which registers it works on makes the processor compute their addresses. A
//! value that one op writes then reaches the next through memory, which takes half a dozen cycles.
//! The processor recognises the address and passes the value on at once if the registers are fixed
//! in the handler's code. So the most frequent instructions have a handler for each choice of their
//! first registers.

use jambox_isa::Reg;
use jambox_sandbox::Entry;

use super::control::{Action, Ending, Handled, Onward, Stepped};
use super::dispatch::Dispatch;
use super::op::{Fixed, Named};
use super::ops::Simple;

const REGS: usize = Reg::ALL.len();

/// Registers for which instructions have handlers of their own.
#[derive(Clone, Copy)]
pub(crate) enum Special {
    /// No registers.
    None,
    /// Each register: in place 0, for an instruction without one in place 1.
    First,
    /// Each pair of registers: in places 0 and 1.
    Pair,
}

/// Handlers for each choice of two registers.
pub(crate) trait Choice<D: Dispatch> {
    /// The one for registers `I` and `J`.
    type For<const I: usize, const J: usize>: Handled<D>;
}

/// Handlers of an action for its registers in places 0 and 1.
pub(crate) struct OfAction<A>(A);

impl<D: Dispatch, A: Action> Choice<D> for OfAction<A> {
    type For<const I: usize, const J: usize> = Ending<A, Fixed<I, J>>;
}

/// Handlers of a simple instruction for its registers in places 0 and 1.
pub(crate) struct OfSimple<S>(S);

impl<D: Dispatch, S: Simple> Choice<D> for OfSimple<S> {
    type For<const I: usize, const J: usize> = Onward<S, Fixed<I, J>>;
}

/// The handlers of an opcode, or of two.
pub(crate) struct Handlers<D: Dispatch> {
    handlers: &'static [Entry<D>],
    /// Distances between the handlers for neighbouring registers, in places 0 and 1.
    strides: [u8; 2],
}

impl<D: Dispatch> Clone for Handlers<D> {
    fn clone(&self) -> Self {
        *self
    }
}

impl<D: Dispatch> Copy for Handlers<D> {}

impl<D: Dispatch> Handlers<D> {
    /// Handlers `F` for particular registers, or `N` for all.
    pub(crate) const fn new<F: Choice<D>, N: Handled<D>>(special: Special) -> Self {
        match special {
            Special::Pair if D::SPECIAL => {
                Self { handlers: pairs::<D, F>(), strides: [REGS as u8, 1] }
            }
            Special::First if D::SPECIAL => Self { handlers: firsts::<D, F>(), strides: [1, 0] },
            _ => Self { handlers: const { &[N::ENTRY] }, strides: [0, 0] },
        }
    }

    /// The handler for registers `a` and `b`.
    #[inline(always)]
    pub(crate) fn get(&self, a: Reg, b: Reg) -> Entry<D> {
        let [of_a, of_b] = self.strides.map(usize::from);
        let found = self.handlers.get(a.index() * of_a + b.index() * of_b);
        // There is one for all registers.
        found.copied().unwrap_or(Ending::<Stepped, Named>::ENTRY)
    }
}

const fn pairs<D: Dispatch, F: Choice<D>>() -> &'static [Entry<D>] {
    const {
        &[
            row::<D, F, 0>(),
            row::<D, F, 1>(),
            row::<D, F, 2>(),
            row::<D, F, 3>(),
            row::<D, F, 4>(),
            row::<D, F, 5>(),
            row::<D, F, 6>(),
            row::<D, F, 7>(),
            row::<D, F, 8>(),
            row::<D, F, 9>(),
            row::<D, F, 10>(),
            row::<D, F, 11>(),
            row::<D, F, 12>(),
        ]
    }
    .as_flattened()
}

const fn row<D: Dispatch, F: Choice<D>, const R: usize>() -> [Entry<D>; REGS] {
    [
        <F::For<R, 0> as Handled<D>>::ENTRY,
        <F::For<R, 1> as Handled<D>>::ENTRY,
        <F::For<R, 2> as Handled<D>>::ENTRY,
        <F::For<R, 3> as Handled<D>>::ENTRY,
        <F::For<R, 4> as Handled<D>>::ENTRY,
        <F::For<R, 5> as Handled<D>>::ENTRY,
        <F::For<R, 6> as Handled<D>>::ENTRY,
        <F::For<R, 7> as Handled<D>>::ENTRY,
        <F::For<R, 8> as Handled<D>>::ENTRY,
        <F::For<R, 9> as Handled<D>>::ENTRY,
        <F::For<R, 10> as Handled<D>>::ENTRY,
        <F::For<R, 11> as Handled<D>>::ENTRY,
        <F::For<R, 12> as Handled<D>>::ENTRY,
    ]
}

const fn firsts<D: Dispatch, F: Choice<D>>() -> &'static [Entry<D>] {
    const {
        &[
            <F::For<0, 0> as Handled<D>>::ENTRY,
            <F::For<1, 0> as Handled<D>>::ENTRY,
            <F::For<2, 0> as Handled<D>>::ENTRY,
            <F::For<3, 0> as Handled<D>>::ENTRY,
            <F::For<4, 0> as Handled<D>>::ENTRY,
            <F::For<5, 0> as Handled<D>>::ENTRY,
            <F::For<6, 0> as Handled<D>>::ENTRY,
            <F::For<7, 0> as Handled<D>>::ENTRY,
            <F::For<8, 0> as Handled<D>>::ENTRY,
            <F::For<9, 0> as Handled<D>>::ENTRY,
            <F::For<10, 0> as Handled<D>>::ENTRY,
            <F::For<11, 0> as Handled<D>>::ENTRY,
            <F::For<12, 0> as Handled<D>>::ENTRY,
        ]
    }
}
