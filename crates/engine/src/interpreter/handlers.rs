//! Handlers for particular registers.
//!
//! An op that says which registers it works on makes the processor compute their addresses. A
//! value that one op writes then reaches the next through memory, which takes half a dozen cycles.
//! The processor recognises the address and passes the value on at once if the registers are fixed
//! in the handler's code. So the most frequent instructions have a handler for each choice of their
//! first registers.

use jambox_isa::Reg;

use super::control::{Action, Stepped, handler};
use super::dispatch::Dispatch;
use super::op::{Fixed, Handler, Named};

const REGS: usize = Reg::ALL.len();

/// Registers for which an action has handlers of their own.
#[derive(Clone, Copy)]
pub(crate) enum Special {
    /// No registers.
    None,
    /// Each register in place 0, for actions without one in place 1.
    First,
    /// Each pair of registers in places 0 and 1.
    Pair,
}

/// The handlers of an action.
pub(crate) struct Handlers<D: Dispatch> {
    handlers: &'static [Handler<D>],
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
    pub(crate) const fn new<A: Action>(special: Special) -> Self {
        match special {
            Special::Pair if D::SPECIAL => {
                Self { handlers: pairs::<D, A>(), strides: [REGS as u8, 1] }
            }
            Special::First if D::SPECIAL => Self { handlers: firsts::<D, A>(), strides: [1, 0] },
            _ => Self { handlers: const { &[handler::<D, A, Named>()] }, strides: [0, 0] },
        }
    }

    /// The handler for registers `a` and `b` in places 0 and 1.
    #[inline(always)]
    pub(crate) fn get(&self, a: Reg, b: Reg) -> Handler<D> {
        let [of_a, of_b] = self.strides.map(usize::from);
        let found = self.handlers.get(a.index() * of_a + b.index() * of_b);
        // There is one for all registers.
        found.copied().unwrap_or(handler::<D, Stepped, Named>())
    }
}

const fn pairs<D: Dispatch, A: Action>() -> &'static [Handler<D>] {
    const {
        &[
            row::<D, A, 0>(),
            row::<D, A, 1>(),
            row::<D, A, 2>(),
            row::<D, A, 3>(),
            row::<D, A, 4>(),
            row::<D, A, 5>(),
            row::<D, A, 6>(),
            row::<D, A, 7>(),
            row::<D, A, 8>(),
            row::<D, A, 9>(),
            row::<D, A, 10>(),
            row::<D, A, 11>(),
            row::<D, A, 12>(),
        ]
    }
    .as_flattened()
}

const fn row<D: Dispatch, A: Action, const R: usize>() -> [Handler<D>; REGS] {
    [
        handler::<D, A, Fixed<R, 0>>(),
        handler::<D, A, Fixed<R, 1>>(),
        handler::<D, A, Fixed<R, 2>>(),
        handler::<D, A, Fixed<R, 3>>(),
        handler::<D, A, Fixed<R, 4>>(),
        handler::<D, A, Fixed<R, 5>>(),
        handler::<D, A, Fixed<R, 6>>(),
        handler::<D, A, Fixed<R, 7>>(),
        handler::<D, A, Fixed<R, 8>>(),
        handler::<D, A, Fixed<R, 9>>(),
        handler::<D, A, Fixed<R, 10>>(),
        handler::<D, A, Fixed<R, 11>>(),
        handler::<D, A, Fixed<R, 12>>(),
    ]
}

const fn firsts<D: Dispatch, A: Action>() -> &'static [Handler<D>] {
    const {
        &[
            handler::<D, A, Fixed<0, 0>>(),
            handler::<D, A, Fixed<1, 0>>(),
            handler::<D, A, Fixed<2, 0>>(),
            handler::<D, A, Fixed<3, 0>>(),
            handler::<D, A, Fixed<4, 0>>(),
            handler::<D, A, Fixed<5, 0>>(),
            handler::<D, A, Fixed<6, 0>>(),
            handler::<D, A, Fixed<7, 0>>(),
            handler::<D, A, Fixed<8, 0>>(),
            handler::<D, A, Fixed<9, 0>>(),
            handler::<D, A, Fixed<10, 0>>(),
            handler::<D, A, Fixed<11, 0>>(),
            handler::<D, A, Fixed<12, 0>>(),
        ]
    }
}
