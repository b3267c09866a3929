//! One handler for two instructions that often follow each other.
//!
//! Passing control takes a third of the time of a small op. A *pair* is two opcodes with a *shape*:
//! the pattern in which their registers repeat. The shape decides which two registers the handlers
//! are made for. The slot of the first instruction gets the pair's handler. The slot of the second
//! keeps its own, for jumps to it; both handlers read its operands and gas.
//!
//! The table has the pairs that compilers emit most: saving and restoring registers on the stack,
//! entering and leaving a function, addressing an element, counting a loop.

use jambox_isa::{Opcode, Reg};
use jambox_sandbox::Entry;

use super::control::{Action, Branch, Handled, Two, TwoEnding};
use super::dispatch::Dispatch;
use super::handlers::{Choice, Handlers, Special};
use super::op::{Fixed, Named, Operands, Placed, Registers};
use super::ops::{self, Simple, opcode};

/// The stack pointer of compilers.
const SP: usize = 1;

/// Registers that repeat in two instructions, and the two that handlers are chosen by.
pub(crate) trait Shape {
    /// The first instruction's registers.
    type First<const I: usize, const J: usize>: Registers;
    /// The second's.
    type Second<const I: usize, const J: usize>: Registers;
    /// False if the shape has only a register `I`.
    const HAS_TWO: bool;

    /// The registers `I` and `J`, if two instructions have this shape.
    fn choose(first: [Reg; 2], second: [Reg; 2]) -> Option<[Reg; 2]>;
}

macro_rules! shapes {
    ($(
        $(#[$doc:meta])*
        $name:ident($($has_two:literal)?): $first:ty, $second:ty;
        [$a:pat, $b:pat, $c:pat, $d:pat] => [$i:expr, $j:expr] if $holds:expr;
    )*) => {$(
        $(#[$doc])*
        pub(crate) enum $name {}

        impl Shape for $name {
            type First<const I: usize, const J: usize> = $first;
            type Second<const I: usize, const J: usize> = $second;

            const HAS_TWO: bool = [$($has_two,)? true][0];

            #[inline(always)]
            fn choose([$a, $b]: [Reg; 2], [$c, $d]: [Reg; 2]) -> Option<[Reg; 2]> {
                ($holds).then_some([$i, $j])
            }
        }
    )*};
}

// In places 0 and 1, the first instruction has registers `a` and `b`, the second `c` and `d`.
shapes! {
    /// Both at the stack pointer.
    OnStack(): Fixed<I, SP>, Fixed<J, SP>;
    [a, b, c, d] => [a, c] if b == Reg::R1 && d == Reg::R1;

    /// The second at the stack pointer.
    ThenStack(): Placed<I>, Fixed<J, SP>;
    [a, _, c, d] => [a, c] if d == Reg::R1;

    /// The first at the stack pointer.
    StackThen(): Fixed<I, SP>, Placed<J>;
    [a, b, c, _] => [a, c] if b == Reg::R1;

    /// The first changes the stack pointer, the second is at it.
    Enter(false): Fixed<SP, SP>, Fixed<I, SP>;
    [a, b, c, d] => [c, c] if a == Reg::R1 && b == Reg::R1 && d == Reg::R1;

    /// The second changes the stack pointer, the first is at it.
    Leave(false): Fixed<I, SP>, Fixed<SP, SP>;
    [a, b, c, d] => [a, a] if b == Reg::R1 && c == Reg::R1 && d == Reg::R1;

    /// The first changes the stack pointer.
    Return(false): Fixed<SP, SP>, Placed<I>;
    [a, b, c, _] => [c, c] if a == Reg::R1 && b == Reg::R1;

    /// Each changes a register.
    Both(): Fixed<I, I>, Fixed<J, J>;
    [a, b, c, d] => [a, c] if a == b && c == d;

    /// The first changes a register.
    ChangeThen(): Fixed<I, I>, Placed<J>;
    [a, b, c, _] => [a, c] if a == b;

    /// The second changes a register.
    ThenChange(): Placed<I>, Fixed<J, J>;
    [a, _, c, d] => [a, c] if c == d;

    /// The second works on the first's result and changes it.
    Again(): Fixed<I, J>, Fixed<I, I>;
    [a, b, c, d] => [a, b] if c == a && d == a;

    /// The second's place 1 is the first's result.
    Of(): Placed<I>, Fixed<J, I>;
    [a, _, c, d] => [a, c] if d == a;

    /// Any.
    Any(): Placed<I>, Placed<J>;
    [a, _, c, _] => [a, c] if true;
}

/// Handlers of two simple instructions of a shape.
struct OfTwo<S, T, H>(S, T, H);

impl<D: Dispatch, S: Simple, T: Simple, H: Shape> Choice<D> for OfTwo<S, T, H> {
    type For<const I: usize, const J: usize> = Two<S, T, H::First<I, J>, H::Second<I, J>>;
}

/// Handlers of a simple instruction and an action of a shape.
struct OfTwoEnding<S, A, H>(S, A, H);

impl<D: Dispatch, S: Simple, A: Action, H: Shape> Choice<D> for OfTwoEnding<S, A, H> {
    type For<const I: usize, const J: usize> = TwoEnding<S, A, H::First<I, J>, H::Second<I, J>>;
}

/// A shape of registers, and the handlers of two opcodes in it.
struct Pair<D: Dispatch> {
    choose: fn([Reg; 2], [Reg; 2]) -> Option<[Reg; 2]>,
    handlers: Handlers<D>,
}

impl<D: Dispatch> Pair<D> {
    /// The pair of a shape `H` with handlers `F` for particular registers, or `N` for all.
    const fn new<F: Choice<D>, N: Handled<D>, H: Shape>() -> Self {
        let special = if H::HAS_TWO { Special::Pair } else { Special::First };
        Self { choose: H::choose, handlers: Handlers::new::<F, N>(special) }
    }
}

macro_rules! pairs {
    (
        simple { $($a:ident, $b:ident: $shape:ident;)* }
        ending { $($c:ident, $d:ident as $action:ty: $ending_shape:ident;)* }
    ) => {
        const fn all<D: Dispatch>() -> [Pair<D>; COUNT] {
            [
                $(Pair::new::<
                    OfTwo<ops::$a, ops::$b, $shape>, Two<ops::$a, ops::$b, Named, Named>, $shape,
                >(),)*
                $(Pair::new::<
                    OfTwoEnding<ops::$c, $action, $ending_shape>,
                    TwoEnding<ops::$c, $action, Named, Named>,
                    $ending_shape,
                >(),)*
            ]
        }

        /// The number of pairs.
        const COUNT: usize = [$(opcode::$a,)* $(opcode::$c,)*].len();
        /// Opcodes of the pairs.
        const OPCODES: [[Opcode; 2]; COUNT] =
            [$([opcode::$a, opcode::$b],)* $([opcode::$c, opcode::$d],)*];
    };
}

pairs! {
    simple {
        load_ind_u64, load_ind_u64: OnStack;
        store_ind_u64, store_ind_u64: OnStack;
        load_ind_u64, add_imm_64: Leave;
        add_imm_64, store_ind_u64: Enter;
        store_ind_u64, move_reg: StackThen;
        move_reg, load_ind_u64: ThenStack;
        move_reg, move_reg: Any;
        load_imm, load_ind_u64: ThenStack;
        add_imm_64, add_imm_64: Both;
        load_ind_u8, add_imm_64: ThenChange;
        store_ind_u8, add_imm_64: ThenChange;
        add_imm_64, store_ind_u8: ChangeThen;
        load_ind_u64, add_64: Any;
        shlo_l_imm_64, add_64: Again;
        add_64, load_ind_u64: Of;
        add_64, load_ind_i32: Of;
        add_64, add_64: ThenChange;
        add_64, add_imm_64: ThenChange;
        mul_64, add_64: ThenChange;
    }
    ending {
        add_imm_64, jump_ind as ops::jump_ind: Return;
        add_imm_64, branch_ne_imm as Branch<ops::branch_ne_imm>: ChangeThen;
        add_imm_64, branch_ne as Branch<ops::branch_ne>: ChangeThen;
        store_ind_u8, branch_lt_u as Branch<ops::branch_lt_u>: Any;
    }
}

/// For two opcodes, 1 and the index of their pair; 0 if they are none.
#[expect(clippy::indexing_slicing, reason = "runs at compile time")]
static INDEX: [[u8; Opcode::COUNT]; Opcode::COUNT] = {
    let mut table = [[0; Opcode::COUNT]; Opcode::COUNT];
    let mut index = 0;
    while index < COUNT {
        let [first, second] = OPCODES[index];
        let entry = &mut table[first as usize][second as usize];
        assert!(*entry == 0, "a pair twice");
        index += 1;
        *entry = index as u8;
    }
    table
};

/// The handler of two instructions, if they are a pair.
#[inline(always)]
#[expect(clippy::indexing_slicing, reason = "a row and a column for each opcode")]
pub(crate) fn find<D: Dispatch>(
    first: (Opcode, &Operands),
    second: (Opcode, &Operands),
) -> Option<Entry<D>> {
    let index = usize::from(INDEX[first.0 as usize][second.0 as usize]).checked_sub(1)?;
    let Pair { choose, handlers } = const { &all::<D>() }.get(index)?;
    let [a, b, ..] = first.1.regs;
    let [c, d, ..] = second.1.regs;
    let [i, j] = choose([a, b], [c, d])?;
    Some(handlers.get(i, j))
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::interpreter::state::State;

    const REGS: [Reg; 13] = Reg::ALL;

    /// True if, of all registers that two instructions may have, those for which a shape chooses
    /// `I` and `J` are where its types say.
    fn holds<H: Shape, const I: usize, const J: usize>() -> bool {
        let mut state = State::new();
        state.regs = core::array::from_fn(|reg| 100 + reg as u64);
        let mut chosen = 0;
        for index in 0..REGS.len().pow(4) {
            let [a, b, c, d] = [1, 13, 169, 2197].map(|unit| REGS[index / unit % 13]);
            let choice = H::choose([a, b], [c, d]).map(|regs| regs.map(Reg::index));
            if choice != Some(if H::HAS_TWO { [I, J] } else { [I, I] }) {
                continue;
            }
            chosen += 1;
            let operands = |a, b| Operands { regs: [a, b, Reg::R5, Reg::R0], ..Default::default() };
            if !same::<H::First<I, J>>(&operands(a, b), &mut state)
                || !same::<H::Second<I, J>>(&operands(c, d), &mut state)
            {
                return false;
            }
        }
        chosen > 0
    }

    /// True if `R` finds the registers that the operands name.
    fn same<R: Registers>(operands: &Operands, state: &mut State) -> bool {
        let reads = R::get::<0>(operands, state) == Named::get::<0>(operands, state)
            && R::get::<1>(operands, state) == Named::get::<1>(operands, state)
            && R::get::<2>(operands, state) == Named::get::<2>(operands, state);
        let mut other = State::new();
        other.regs = state.regs;
        Named::set(operands, &mut other, 7);
        let mut changed = State::new();
        changed.regs = state.regs;
        R::set(operands, &mut changed, 7);
        reads && changed.regs == other.regs
    }

    macro_rules! shapes_hold {
        ($($shape:ident)*) => {$(
            assert!(holds::<$shape, 1, 1>(), stringify!($shape));
            assert!(holds::<$shape, 7, 8>(), stringify!($shape));
            assert!(holds::<$shape, 12, 0>(), stringify!($shape));
        )*};
    }

    #[test]
    fn shapes_fix_the_registers_that_instructions_name() {
        shapes_hold! {
            OnStack ThenStack StackThen Enter Leave Return Both ChangeThen ThenChange Again Of Any
        }
    }
}
