//! Effects of ops: a type for each instruction.
//!
//! The types are named as the instructions are.

#![expect(non_camel_case_types, reason = "types named as instructions")]

use jambox_isa::arith;
use jambox_sandbox::GuestView;

use super::op::{Operands, Registers};
use super::state::{State, View};
use crate::semantics::for_each_semantics;

/// An instruction that just computes, loads or stores, and goes on to the next.
pub(crate) trait Simple {
    /// Executes it. `false` if it cannot be done here, and then nothing has changed.
    fn execute<R: Registers>(operands: &Operands, state: &mut State, memory: &mut View<'_>)
    -> bool;
}

/// The condition of a branch.
pub(crate) trait Condition {
    /// True if the branch is taken.
    fn holds<R: Registers>(operands: &Operands, state: &State) -> bool;
}

/// An unsigned or signed integer in memory.
trait Stored<const N: usize> {
    /// The value extended to 64 bits: with its sign if it has one.
    fn extend(octets: [u8; N]) -> u64;
    /// Octets in memory of the low bits of a value.
    fn octets(value: u64) -> [u8; N];
}

macro_rules! stored {
    ($($type:ty: $size:literal,)*) => {$(
        impl Stored<$size> for $type {
            #[inline(always)]
            fn extend(octets: [u8; $size]) -> u64 {
                Self::from_le_bytes(octets) as u64
            }

            #[inline(always)]
            fn octets(value: u64) -> [u8; $size] {
                (value as Self).to_le_bytes()
            }
        }
    )*};
}

stored! { u8: 1, i8: 1, u16: 2, i16: 2, u32: 4, i32: 4, u64: 8, }

#[inline(always)]
fn load<const N: usize, T: Stored<N>, R: Registers>(
    operands: &Operands,
    state: &mut State,
    memory: &View<'_>,
    address: u64,
) -> bool {
    let Some(octets) = memory.load_in_page(address as u32) else { return false };
    R::set(operands, state, T::extend(octets));
    true
}

#[inline(always)]
fn store<const N: usize, T: Stored<N>>(memory: &mut View<'_>, address: u64, value: u64) -> bool {
    memory.store_in_page(address as u32, T::octets(value))
}

macro_rules! simple {
    ($name:ident($o:ident, $state:ident, $memory:ident) $body:block) => {
        pub(crate) enum $name {}

        impl Simple for $name {
            #[inline(always)]
            fn execute<R: Registers>(
                $o: &Operands,
                $state: &mut State,
                $memory: &mut View<'_>,
            ) -> bool $body
        }
    };
    ($name:ident($o:ident, $state:ident) = $value:expr) => {
        simple! { $name($o, $state, _memory) {
            R::set($o, $state, $value);
            true
        } }
    };
}

macro_rules! condition {
    ($name:ident($o:ident, $state:ident) = $value:expr) => {
        pub(crate) enum $name {}

        impl Condition for $name {
            #[inline(always)]
            fn holds<R: Registers>($o: &Operands, $state: &State) -> bool {
                $value
            }
        }
    };
}

macro_rules! ops {
    (
        registers { $($binary:ident,)* }
        immediate { $($imm:ident: $imm_f:ident,)* }
        immediate_first { $($first:ident: $first_f:ident,)* }
        unary { $($unary:ident,)* }
        conditional_move { $($cmov:ident,)* }
        conditional_move_immediate { $($cmov_imm:ident: $cmov_imm_f:ident,)* }
        branch { $($branch:ident: $branch_f:ident,)* }
        branch_immediate { $($branch_imm:ident: $branch_imm_f:ident,)* }
        load { $($load:ident $load_ind:ident: $load_type:ty,)* }
        store { $($store:ident $store_ind:ident $store_imm:ident $store_imm_ind:ident: $store_type:ty,)* }
    ) => {
        $(simple! { $binary(o, state) = arith::$binary(R::get::<1>(o, state), R::get::<2>(o, state)) })*
        $(simple! { $imm(o, state) = arith::$imm_f(R::get::<1>(o, state), o.wide_x()) })*
        $(simple! { $first(o, state) = arith::$first_f(o.wide_x(), R::get::<1>(o, state)) })*
        $(simple! { $unary(o, state) = arith::$unary(R::get::<1>(o, state)) })*
        $(simple! { $cmov(o, state) =
            arith::$cmov(R::get::<1>(o, state), R::get::<2>(o, state), R::get::<0>(o, state)) })*
        $(simple! { $cmov_imm(o, state) =
            arith::$cmov_imm_f(o.wide_x(), R::get::<1>(o, state), R::get::<0>(o, state)) })*
        $(condition! { $branch(o, state) =
            arith::$branch_f(R::get::<0>(o, state), R::get::<1>(o, state)) })*
        $(condition! { $branch_imm(o, state) =
            arith::$branch_imm_f(R::get::<0>(o, state), o.wide_x()) })*
        $(
            simple! { $load(o, state, memory) {
                load::<{ size_of::<$load_type>() }, $load_type, R>(o, state, memory, o.wide_x())
            } }
            simple! { $load_ind(o, state, memory) {
                let address = R::get::<1>(o, state).wrapping_add(o.wide_x());
                load::<{ size_of::<$load_type>() }, $load_type, R>(o, state, memory, address)
            } }
        )*
        $(
            simple! { $store(o, state, memory) {
                store::<{ size_of::<$store_type>() }, $store_type>(memory, o.wide_x(), R::get::<0>(o, state))
            } }
            simple! { $store_ind(o, state, memory) {
                let address = R::get::<1>(o, state).wrapping_add(o.wide_x());
                store::<{ size_of::<$store_type>() }, $store_type>(memory, address, R::get::<0>(o, state))
            } }
            simple! { $store_imm(o, _state, memory) {
                store::<{ size_of::<$store_type>() }, $store_type>(memory, o.wide_x(), o.wide_y())
            } }
            simple! { $store_imm_ind(o, state, memory) {
                let address = R::get::<0>(o, state).wrapping_add(o.wide_x());
                store::<{ size_of::<$store_type>() }, $store_type>(memory, address, o.wide_y())
            } }
        )*
    };
}

for_each_semantics!(ops);

simple! { load_imm(o, _state) = o.wide_x() }
simple! { load_imm_64(o, _state) = o.both() }
simple! { move_reg(o, state) = R::get::<1>(o, state) }
simple! { unlikely(_o, _state, _memory) { true } }

pub(crate) enum ecalli {}
pub(crate) enum fallthrough {}
pub(crate) enum jump {}
pub(crate) enum load_imm_jump {}
pub(crate) enum jump_ind {}
pub(crate) enum load_imm_jump_ind {}

macro_rules! opcodes {
    ($(
        #[doc = $doc:literal]
        [$old:tt, $new:tt] $name:ident $variant:ident($format:ident) $syntax:literal $($flag:ident)?
            ($($pipeline:tt)*);
    )*) => {
        /// The opcodes, named as the ops are, for patterns.
        pub(crate) mod opcode {
            use jambox_isa::Opcode;

            $(pub(crate) const $name: Opcode = Opcode::$variant;)*
        }
    };
}

jambox_isa::for_each_instruction!(opcodes);
