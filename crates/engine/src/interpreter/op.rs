//! Predecoded operations.

use jambox_isa::{Fields, Format, Reg};
use jambox_sandbox::Cursor;

use super::state::State;

/// An op in its table, after which `AHEAD` ops are decoded.
pub(crate) type At<'t, D, const AHEAD: usize = 0> = Cursor<'t, D, AHEAD>;

/// A predecoded instruction, besides its handler. With that, tag and link a slot takes 32 octets.
#[derive(Clone, Copy)]
pub(crate) struct Op {
    pub operands: Operands,
    /// Position of the instruction in the code.
    pub pc: u32,
}

/// Operands, in the order in which the paper's instruction formats name them: the result's
/// register first, then sources. What an instruction does not have is 0.
#[derive(Clone, Copy, Default)]
pub(crate) struct Operands {
    pub x: i32,
    pub y: i32,
    pub regs: [Reg; 4],
}

impl Operands {
    /// Immediate `x` as the paper's 64-bit value.
    #[inline(always)]
    pub(crate) fn wide_x(&self) -> u64 {
        self.x as u64
    }

    /// Immediate `y` as the paper's 64-bit value.
    #[inline(always)]
    pub(crate) fn wide_y(&self) -> u64 {
        self.y as u64
    }

    /// The immediate of `load_imm_64`, whose halves are `x` and `y`.
    #[inline(always)]
    pub(crate) fn both(&self) -> u64 {
        u64::from(self.x as u32) | u64::from(self.y as u32) << 32
    }

    /// The operands of an instruction of this format.
    #[inline(always)]
    pub(crate) fn new(format: Format, fields: Fields) -> Self {
        let Fields { a, b, d, x, y, wide, target: _ } = fields;
        let regs = match format {
            Format::RegReg | Format::RegRegReg => [d, a, b, Reg::R0],
            _ => [a, b, d, Reg::R0],
        };
        // A format has the wide immediate or the others, which are 0 where it lacks them.
        Self { x: x | wide as i32, y: y | (wide >> 32) as i32, regs }
    }
}

/// An op's way of finding its registers.
pub(crate) trait Registers {
    /// The value of the register in place `I` of the operands.
    fn get<const I: usize>(operands: &Operands, state: &State) -> u64;

    /// Sets the register in place 0 of the operands.
    fn set(operands: &Operands, state: &mut State, value: u64);
}

/// Registers named by the operands.
pub(crate) enum Named {}

impl Registers for Named {
    #[inline(always)]
    fn get<const I: usize>(operands: &Operands, state: &State) -> u64 {
        const { assert!(I < 4) };
        #[expect(clippy::indexing_slicing, reason = "checked above; a Reg is below 13")]
        state.regs[operands.regs[I].index()]
    }

    #[inline(always)]
    fn set(operands: &Operands, state: &mut State, value: u64) {
        #[expect(clippy::indexing_slicing, reason = "a Reg is below 13")]
        {
            state.regs[operands.regs[0].index()] = value;
        }
    }
}

/// A fixed register in place 0; the others are named by the operands.
pub(crate) enum Placed<const A: usize> {}

impl<const A: usize> Registers for Placed<A> {
    #[inline(always)]
    fn get<const I: usize>(operands: &Operands, state: &State) -> u64 {
        match I {
            0 => Fixed::<A, A>::get::<0>(operands, state),
            _ => Named::get::<I>(operands, state),
        }
    }

    #[inline(always)]
    fn set(operands: &Operands, state: &mut State, value: u64) {
        Fixed::<A, A>::set(operands, state, value);
    }
}

/// Fixed registers, `A` in place 0 and `B` in place 1: the handler is for these only.
pub(crate) enum Fixed<const A: usize, const B: usize> {}

impl<const A: usize, const B: usize> Registers for Fixed<A, B> {
    #[inline(always)]
    fn get<const I: usize>(operands: &Operands, state: &State) -> u64 {
        const { assert!(A < 13 && B < 13) };
        #[expect(clippy::indexing_slicing, reason = "checked above")]
        match I {
            0 => state.regs[A],
            1 => state.regs[B],
            _ => Named::get::<I>(operands, state),
        }
    }

    #[inline(always)]
    fn set(_: &Operands, state: &mut State, value: u64) {
        const { assert!(A < 13) };
        #[expect(clippy::indexing_slicing, reason = "checked above")]
        {
            state.regs[A] = value;
        }
    }
}
