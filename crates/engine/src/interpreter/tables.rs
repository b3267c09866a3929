//! The handlers of one action for each choice of registers.

use super::control::{Action, handler};
use super::dispatch::Dispatch;
use super::op::{Fixed, Handler};

type Row<D> = [Handler<D>; 13];

/// The handlers of an action by the registers in places 0 and 1.
pub(crate) const fn pairs<D: Dispatch, A: Action>() -> &'static [Row<D>; 13] {
    const { &all::<D, A>() }
}

/// The handlers of an action by the register in place 0.
pub(crate) const fn singles<D: Dispatch, A: Action>() -> &'static Row<D> {
    const { &single_row::<D, A>() }
}

const fn all<D: Dispatch, A: Action>() -> [Row<D>; 13] {
    [
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

const fn row<D: Dispatch, A: Action, const R: usize>() -> Row<D> {
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

const fn single_row<D: Dispatch, A: Action>() -> Row<D> {
    [
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
