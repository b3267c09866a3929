//! The interpreter's handlers of each opcode: one table.

use jambox_isa::{Format, Opcode};
use jambox_sandbox::Entry;

use super::control::{Action, Branch, BranchNowhere, Cut, Ending, Handled, Onward, Stepped};
use super::dispatch::Dispatch;
use super::handlers::{Handlers, OfAction, OfSimple, Special};
use super::op::Named;
use super::ops::{self, Condition, Simple, opcode};
use crate::semantics::for_each_semantics;

/// The interpreter's form of the instructions with one opcode.
pub(crate) struct Row<D: Dispatch> {
    pub format: Format,
    /// True if they end their segment.
    pub ends: bool,
    /// True if they end a block and may go on to the next.
    pub goes_on: bool,
    pub handlers: Handlers<D>,
    /// The handler of those that have a target where no block starts.
    pub nowhere: Entry<D>,
    /// The handler of those that do not end their segment but after which it was cut.
    pub cut: Entry<D>,
}

impl<D: Dispatch> Clone for Row<D> {
    fn clone(&self) -> Self {
        *self
    }
}

impl<D: Dispatch> Copy for Row<D> {}

impl<D: Dispatch> Row<D> {
    /// The row of an opcode.
    #[inline(always)]
    #[expect(clippy::indexing_slicing, reason = "a row for each opcode")]
    pub(crate) fn of(opcode: Opcode) -> &'static Self {
        &(const { &Self::all() })[opcode as usize]
    }

    #[expect(clippy::indexing_slicing, reason = "runs at compile time")]
    const fn all() -> [Self; Opcode::COUNT] {
        let mut rows = [Self::stepped(Opcode::Trap); Opcode::COUNT];
        let mut index = 0;
        while index < Opcode::COUNT {
            rows[index] = row(Opcode::ALL[index]);
            index += 1;
        }
        rows
    }

    /// The row of an instruction that goes on to the next in the segment.
    const fn simple<S: Simple>(opcode: Opcode) -> Self {
        let handlers = Handlers::new::<OfSimple<S>, Onward<S, Named>>(special(opcode));
        let (nowhere, cut) = (Ending::<Stepped, Named>::ENTRY, Ending::<Cut<S>, Named>::ENTRY);
        Self { format: opcode.format(), ends: false, goes_on: false, handlers, nowhere, cut }
    }

    /// The row of an instruction that goes elsewhere, or leaves the machine.
    const fn ending<A: Action>(opcode: Opcode) -> Self {
        let handlers = Handlers::new::<OfAction<A>, Ending<A, Named>>(special(opcode));
        let (nowhere, cut) = (Ending::<Stepped, Named>::ENTRY, Ending::<Stepped, Named>::ENTRY);
        Self { format: opcode.format(), ends: true, goes_on: false, handlers, nowhere, cut }
    }

    /// The row of an instruction that goes elsewhere, or to the next.
    const fn branch<C: Condition>(opcode: Opcode) -> Self {
        let nowhere = Ending::<BranchNowhere<C>, Named>::ENTRY;
        Self { nowhere, goes_on: true, ..Self::ending::<Branch<C>>(opcode) }
    }

    /// The row of an instruction that the stepper executes.
    const fn stepped(opcode: Opcode) -> Self {
        Self::ending::<Stepped>(opcode)
    }
}

/// Choice of handlers for particular registers: the most frequent instructions have them.
const fn special(opcode: Opcode) -> Special {
    match opcode {
        opcode::load_ind_u64
        | opcode::load_ind_u32
        | opcode::load_ind_u8
        | opcode::load_ind_i32
        | opcode::rot_r_64_imm
        | opcode::store_ind_u64
        | opcode::store_ind_u32
        | opcode::store_ind_u8
        | opcode::add_imm_64
        | opcode::add_imm_32
        | opcode::and_imm
        | opcode::shlo_l_imm_64
        | opcode::shlo_r_imm_64
        | opcode::shlo_r_imm_32
        | opcode::move_reg
        | opcode::add_64
        | opcode::add_32
        | opcode::sub_64
        | opcode::mul_64
        | opcode::and
        | opcode::or
        | opcode::xor
        | opcode::branch_eq
        | opcode::branch_ne
        | opcode::branch_lt_u
        | opcode::branch_ge_u => Special::Pair,
        opcode::load_imm
        | opcode::branch_eq_imm
        | opcode::branch_ne_imm
        | opcode::branch_lt_u_imm
        | opcode::branch_le_u_imm
        | opcode::branch_ge_u_imm
        | opcode::branch_gt_u_imm
        | opcode::branch_lt_s_imm
        | opcode::branch_le_s_imm
        | opcode::branch_ge_s_imm
        | opcode::branch_gt_s_imm
        | opcode::jump_ind
        | opcode::load_imm_jump => Special::First,
        _ => Special::None,
    }
}

macro_rules! rows {
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
        const fn row<D: Dispatch>(opcode: Opcode) -> Row<D> {
            match opcode {
                $(opcode::$binary => Row::simple::<ops::$binary>(opcode),)*
                $(opcode::$imm => Row::simple::<ops::$imm>(opcode),)*
                $(opcode::$first => Row::simple::<ops::$first>(opcode),)*
                $(opcode::$unary => Row::simple::<ops::$unary>(opcode),)*
                $(opcode::$cmov => Row::simple::<ops::$cmov>(opcode),)*
                $(opcode::$cmov_imm => Row::simple::<ops::$cmov_imm>(opcode),)*
                $(opcode::$branch => Row::branch::<ops::$branch>(opcode),)*
                $(opcode::$branch_imm => Row::branch::<ops::$branch_imm>(opcode),)*
                $(
                    opcode::$load => Row::simple::<ops::$load>(opcode),
                    opcode::$load_ind => Row::simple::<ops::$load_ind>(opcode),
                )*
                $(
                    opcode::$store => Row::simple::<ops::$store>(opcode),
                    opcode::$store_ind => Row::simple::<ops::$store_ind>(opcode),
                    opcode::$store_imm => Row::simple::<ops::$store_imm>(opcode),
                    opcode::$store_imm_ind => Row::simple::<ops::$store_imm_ind>(opcode),
                )*
                opcode::load_imm => Row::simple::<ops::load_imm>(opcode),
                opcode::load_imm_64 => Row::simple::<ops::load_imm_64>(opcode),
                opcode::move_reg => Row::simple::<ops::move_reg>(opcode),
                opcode::unlikely => Row::simple::<ops::unlikely>(opcode),
                opcode::ecalli => Row::ending::<ops::ecalli>(opcode),
                opcode::fallthrough => {
                    Row { goes_on: true, ..Row::ending::<ops::fallthrough>(opcode) }
                }
                opcode::jump => Row::ending::<ops::jump>(opcode),
                opcode::load_imm_jump => Row::ending::<ops::load_imm_jump>(opcode),
                opcode::jump_ind => Row::ending::<ops::jump_ind>(opcode),
                opcode::load_imm_jump_ind => Row::ending::<ops::load_imm_jump_ind>(opcode),
                opcode::trap | opcode::sbrk => Row::stepped(opcode),
            }
        }
    };
}

for_each_semantics!(rows);
