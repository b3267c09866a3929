//! Handlers for runs of instructions that often stand together.
//!
//! A fused handler executes an op and those after it without looking up their handlers. Every
//! slot keeps its own op, so a run may be entered anywhere.

use jambox_isa::Opcode;

use super::control::handler;
use super::dispatch::Dispatch;
use super::op::{Handler, Named};
use super::ops::{self, Fusible, Simple, opcode};
use super::translate::Kind;

/// The opcodes after an instruction in its segment, as far as they matter for fusing.
#[derive(Clone, Copy)]
pub(crate) struct Tail {
    next: Option<Opcode>,
}

impl Tail {
    pub(crate) fn new() -> Self {
        Self { next: None }
    }

    /// What follows the instruction before `kind`.
    pub(crate) fn after(self, kind: Kind) -> Self {
        let next = match kind {
            Kind::Simple(opcode) | Kind::Ending(opcode) => Some(opcode),
            Kind::BranchNowhere | Kind::Stepped => None,
        };
        Self { next }
    }
}

macro_rules! pairs {
    (first { $($first:ident)* } second { $($second:ident)* }) => {
        /// The handler that executes an instruction of this kind together with what follows it.
        pub(crate) fn handler_for<D: Dispatch>(kind: Kind, tail: Tail) -> Option<Handler<D>> {
            let Kind::Simple(first) = kind else { return None };
            let second = tail.next?;
            match first {
                $(opcode::$first => pair::<D, ops::$first>(second),)*
                _ => None,
            }
        }

        fn pair<D: Dispatch, F: Simple>(second: Opcode) -> Option<Handler<D>> {
            match second {
                $(opcode::$second => {
                    Some(handler::<D, (F, <ops::$second as Fusible>::Action), Named>())
                })*
                _ => None,
            }
        }
    };
}

pairs! {
    first {
        load_ind_u64 store_ind_u64 load_ind_u8 store_ind_u8 load_ind_u32 store_ind_u32
        add_imm_64 add_imm_32 add_64 add_32 sub_64 move_reg load_imm and_imm xor
        shlo_l_imm_64 shlo_r_imm_64
    }
    second {
        load_ind_u64 store_ind_u64 load_ind_u8 store_ind_u8 load_ind_u32 store_ind_u32
        add_imm_64 add_imm_32 add_64 add_32 sub_64 move_reg load_imm and_imm xor
        shlo_l_imm_64 shlo_r_imm_64
        branch_ne_imm branch_eq_imm branch_lt_u branch_ge_u branch_lt_u_imm branch_lt_s_imm
        branch_eq branch_ne jump jump_ind load_imm_jump
    }
}
