//! Handlers for particular registers.
//!
//! An op that says which registers it works on makes the processor compute their addresses. A
//! value that one op writes then reaches the next through memory, which takes half a dozen cycles.
//! Where the registers are fixed in the handler's code, the processor recognises the address and
//! passes the value on at once. So the most frequent instructions have a handler for each choice
//! of their first two registers.

use jambox_isa::Reg;

use super::dispatch::Dispatch;
use super::op::Handler;
use super::ops::{self, Fusible, opcode};
use super::translate::Kind;

macro_rules! fixed {
    (pairs { $($pair:ident)* } singles { $($single:ident)* }) => {
        /// The handler for an instruction of this kind and these registers in places 0 and 1, if
        /// it is among the most frequent.
        pub(crate) fn handler_for<D: Dispatch>(kind: Kind, [a, b, ..]: [Reg; 4]) -> Option<Handler<D>> {
            let (Kind::Simple(opcode) | Kind::Ending(opcode)) = kind else { return None };
            match opcode {
                $(opcode::$pair => D::fixed::<<ops::$pair as Fusible>::Action>(a, b),)*
                $(opcode::$single => D::fixed_one::<<ops::$single as Fusible>::Action>(a),)*
                _ => None,
            }
        }
    };
}

fixed! {
    pairs {
        load_ind_u64 store_ind_u64 load_ind_u8 store_ind_u8 load_ind_u32 store_ind_u32
        add_imm_64 add_64 sub_64 move_reg and_imm xor or and
        shlo_l_imm_64 shlo_r_imm_64 mul_64 add_32 add_imm_32 shlo_r_imm_32
        branch_ne branch_eq branch_lt_u branch_ge_u
    }
    singles {
        load_imm branch_eq_imm branch_ne_imm branch_lt_u_imm branch_lt_s_imm jump_ind load_imm_jump
    }
}
