//! Passing control: handlers, transfers and stops.

use jambox_sandbox::Entry;

use super::code::Code;
use super::dispatch::Dispatch;
use super::op::{At, Registers};
use super::ops::{self, Condition, Simple};
use super::state::{State, Stop, View};

/// The work of an op that goes elsewhere or stops, control included.
pub(crate) trait Action {
    /// Executes the op at `at`, whose segment has been paid, and passes control on.
    fn run<'t, D: Dispatch, R: Registers>(
        at: At<'t, D>,
        state: &mut State,
        gas: i64,
        memory: View<'_>,
        code: &'t Code<D>,
    ) -> D::Next<'t>;
}

/// Something with a handler.
pub(crate) trait Handled<D: Dispatch> {
    const ENTRY: Entry<D>;
}

macro_rules! handled {
    (
        $(#[$doc:meta])*
        $name:ident<$($param:ident: $bound:ident),*>, $make:ident for $ahead:literal ahead:
        ($at:ident, $state:ident, $gas:ident, $memory:ident, $code:ident) $body:block
    ) => {
        $(#[$doc])*
        pub(crate) struct $name<$($param),*>($($param),*);

        impl<D: Dispatch, $($param: $bound),*> Handled<D> for $name<$($param),*> {
            const ENTRY: Entry<D> = {
                fn op_handler<'t, D: Dispatch, $($param: $bound),*>(
                    $at: At<'t, D, $ahead>,
                    $state: &mut State,
                    $gas: i64,
                    $memory: View<'_>,
                    $code: &'t Code<D>,
                ) -> D::Next<'t> $body
                Entry::$make(op_handler::<D, $($param),*>)
            };
        }
    };
}

handled! {
    /// An action on registers `R`.
    Ending<A: Action, R: Registers>, ending for 0 ahead: (at, state, gas, memory, code) {
        A::run::<D, R>(at, state, gas, memory, code)
    }
}

handled! {
    /// An instruction on registers `R` that goes on to the next.
    Onward<S: Simple, R: Registers>, onward for 1 ahead: (at, state, gas, memory, code) {
        let mut memory = memory;
        if !S::execute::<R>(&at.operands().operands, state, &mut memory) {
            return hand_over(at.alone(), state, gas);
        }
        D::go(at.following(), state, gas, memory, code)
    }
}

handled! {
    /// An instruction on registers `R`, then one on registers `Q`: both go on to the next.
    Two<S: Simple, T: Simple, R: Registers, Q: Registers>, onward_by_two for 2 ahead:
    (at, state, gas, memory, code) {
        let mut memory = memory;
        if !S::execute::<R>(&at.operands().operands, state, &mut memory) {
            return hand_over(at.alone(), state, gas);
        }
        let at = at.following();
        if !T::execute::<Q>(&at.operands().operands, state, &mut memory) {
            return hand_over(at.alone(), state, gas);
        }
        D::go(at.following(), state, gas, memory, code)
    }
}

handled! {
    /// An instruction on registers `R` that goes on to the next, then an action on registers `Q`.
    TwoEnding<S: Simple, A: Action, R: Registers, Q: Registers>, onward for 1 ahead:
    (at, state, gas, memory, code) {
        let mut memory = memory;
        if !S::execute::<R>(&at.operands().operands, state, &mut memory) {
            return hand_over(at.alone(), state, gas);
        }
        A::run::<D, Q>(at.following(), state, gas, memory, code)
    }
}

/// Charges the segment that begins at `at` and continues there with `go`, or stops unpaid.
#[inline(always)]
pub(crate) fn charge<'t, 'm, D: Dispatch>(
    at: At<'t, D>,
    state: &mut State,
    gas: i64,
    memory: View<'m>,
    code: &'t Code<D>,
    go: impl FnOnce(At<'t, D>, &mut State, i64, View<'m>, &'t Code<D>) -> D::Next<'t>,
) -> D::Next<'t> {
    // Gas is not negative and a cost is below 2^32: no overflow.
    let left = gas - i64::from(at.tag());
    if left < 0 { unpaid(at, state, gas) } else { go(at, state, left, memory, code) }
}

#[cold]
fn unpaid<'t, D: Dispatch>(at: At<'t, D>, state: &mut State, gas: i64) -> D::Next<'t> {
    state.pc = u64::from(at.operands().pc);
    state.stop = Stop::Unpaid;
    D::stop(state, gas)
}

/// Gives back the gas left of the segment and lets the stepper execute the op.
#[cold]
fn hand_over<'t, D: Dispatch>(at: At<'t, D>, state: &mut State, gas: i64) -> D::Next<'t> {
    state.pc = u64::from(at.operands().pc);
    state.stop = Stop::Step;
    D::stop(state, gas + i64::from(at.tag()))
}

/// Two ways of transferring control to an op that begins a segment. Each has a decoding function of
/// its own, a call in the last place: a handler that called anything else would keep a stack frame.
macro_rules! transfers {
    ($($(#[$doc:meta])* $name:ident, $decode:ident, $to:ident;)*) => {$(
        $(#[$doc])*
        #[inline(always)]
        fn $name<'t, D: Dispatch>(
            from: At<'t, D>,
            state: &mut State,
            gas: i64,
            memory: View<'_>,
            code: &'t Code<D>,
        ) -> D::Next<'t> {
            match from.$to() {
                Some(at) => charge(at, state, gas, memory, code, D::go),
                None => $decode(from, state, gas, memory, code),
            }
        }

        #[cold]
        fn $decode<'t, D: Dispatch>(
            from: At<'t, D>,
            state: &mut State,
            gas: i64,
            memory: View<'_>,
            code: &'t Code<D>,
        ) -> D::Next<'t> {
            enter(code.$to(from), from, state, gas, memory, code)
        }
    )*};
}

transfers! {
    /// Transfers control to the op at the link.
    transfer, decode_target, target;
    /// Transfers control to the next op.
    fall_through, decode_next, next;
}

/// Transfers control to an op that was just decoded.
fn enter<'t, D: Dispatch>(
    at: Option<At<'t, D>>,
    from: At<'t, D>,
    state: &mut State,
    gas: i64,
    memory: View<'_>,
    code: &'t Code<D>,
) -> D::Next<'t> {
    match at {
        Some(at) => charge(at, state, gas, memory, code, D::go),
        // There is always one; if there were not, stepping would be right.
        None => hand_over(from, state, gas),
    }
}

/// Transfers control by a dynamic jump. Before it, `set` writes the register that the instruction
/// loads, such as that of a return address.
#[inline(always)]
fn jump_through_table<'t, D: Dispatch>(
    from: At<'t, D>,
    address: u64,
    set: impl FnOnce(&mut State),
    state: &mut State,
    gas: i64,
    memory: View<'_>,
    code: &'t Code<D>,
) -> D::Next<'t> {
    match code.jump(address as u32) {
        Some(at) => {
            set(state);
            charge(at, state, gas, memory, code, D::go)
        }
        None => resolve(from, address as u32, state, gas, memory, code),
    }
}

/// Makes a dynamic jump known and executes it anew, or leaves it to the stepper.
#[cold]
fn resolve<'t, D: Dispatch>(
    from: At<'t, D>,
    address: u32,
    state: &mut State,
    gas: i64,
    memory: View<'_>,
    code: &'t Code<D>,
) -> D::Next<'t> {
    if code.resolve_jump(address) {
        D::go(from, state, gas, memory, code)
    } else {
        hand_over(from, state, gas)
    }
}

macro_rules! action {
    (
        $(#[$doc:meta])*
        $(@[$($bound:tt)*])? $type:ty:
        ($at:ident, $state:ident, $gas:ident, $memory:ident, $code:ident) $body:block
    ) => {
        $(#[$doc])*
        impl $(<$($bound)*>)? Action for $type {
            #[inline(always)]
            fn run<'t, D: Dispatch, R: Registers>(
                $at: At<'t, D>,
                $state: &mut State,
                $gas: i64,
                $memory: View<'_>,
                $code: &'t Code<D>,
            ) -> D::Next<'t> $body
        }
    };
}

/// An instruction that goes on to the next, which begins a segment: the segment was cut after it.
pub(crate) struct Cut<S>(S);

action! { @[S: Simple] Cut<S>: (at, state, gas, memory, code) {
    let mut memory = memory;
    if !S::execute::<R>(&at.operands().operands, state, &mut memory) {
        return hand_over(at, state, gas);
    }
    fall_through(at, state, gas, memory, code)
} }

/// A branch to where a block starts.
pub(crate) struct Branch<C>(C);

action! { @[C: Condition] Branch<C>: (at, state, gas, memory, code) {
    if C::holds::<R>(&at.operands().operands, state) {
        transfer(at, state, gas, memory, code)
    } else {
        fall_through(at, state, gas, memory, code)
    }
} }

/// A branch to where no block starts.
pub(crate) struct BranchNowhere<C>(C);

action! { @[C: Condition] BranchNowhere<C>: (at, state, gas, memory, code) {
    if C::holds::<R>(&at.operands().operands, state) {
        hand_over(at, state, gas)
    } else {
        fall_through(at, state, gas, memory, code)
    }
} }

/// Everything that only the stepper does.
pub(crate) enum Stepped {}

action! { Stepped: (at, state, gas, _memory, _code) {
    hand_over(at, state, gas)
} }

action! { ops::ecalli: (at, state, gas, _memory, _code) {
    let op = at.operands();
    state.pc = u64::from(op.pc);
    state.stop = Stop::HostCall(op.operands.x);
    D::stop(state, gas)
} }

action! { ops::fallthrough: (at, state, gas, memory, code) {
    fall_through(at, state, gas, memory, code)
} }

action! { ops::jump: (at, state, gas, memory, code) {
    transfer(at, state, gas, memory, code)
} }

action! { ops::load_imm_jump: (at, state, gas, memory, code) {
    let operands = &at.operands().operands;
    R::set(operands, state, operands.wide_x());
    transfer(at, state, gas, memory, code)
} }

action! { ops::jump_ind: (at, state, gas, memory, code) {
    let operands = &at.operands().operands;
    let address = R::get::<0>(operands, state).wrapping_add(operands.wide_x());
    jump_through_table(at, address, |_| (), state, gas, memory, code)
} }

action! { ops::load_imm_jump_ind: (at, state, gas, memory, code) {
    let operands = &at.operands().operands;
    let address = R::get::<1>(operands, state).wrapping_add(operands.wide_y());
    let set = |state: &mut State| R::set(operands, state, operands.wide_x());
    jump_through_table(at, address, set, state, gas, memory, code)
} }
