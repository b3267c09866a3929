//! Semantics that most instructions share, as data: one list that every interpreter expands.
//!
//! A group says where operands come from and where the result goes; a row says which function of
//! [`jambox_isa::arith`], which comparison or which integer type is meant. Instructions not listed
//! here (jumps, calls, `sbrk`, ...) are written by hand in each interpreter. An instruction that is
//! in neither place does not compile, because interpreters are visitors.

/// Calls `callback!` with the groups below.
macro_rules! for_each_semantics {
    ($callback:ident) => {
        $callback! {
            // d = f(a, b)
            registers {
                add_32, sub_32, mul_32, div_u_32, div_s_32, rem_u_32, rem_s_32,
                shlo_l_32, shlo_r_32, shar_r_32,
                add_64, sub_64, mul_64, div_u_64, div_s_64, rem_u_64, rem_s_64,
                shlo_l_64, shlo_r_64, shar_r_64,
                and, xor, or, mul_upper_s_s, mul_upper_u_u, mul_upper_s_u,
                set_lt_u, set_lt_s,
                rot_l_64, rot_l_32, rot_r_64, rot_r_32,
                and_inv, or_inv, xnor, max, max_u, min, min_u,
            }
            // a = f(b, x)
            immediate {
                add_imm_32: add_32, and_imm: and, xor_imm: xor, or_imm: or, mul_imm_32: mul_32,
                set_lt_u_imm: set_lt_u, set_lt_s_imm: set_lt_s,
                shlo_l_imm_32: shlo_l_32, shlo_r_imm_32: shlo_r_32, shar_r_imm_32: shar_r_32,
                add_imm_64: add_64, mul_imm_64: mul_64,
                shlo_l_imm_64: shlo_l_64, shlo_r_imm_64: shlo_r_64, shar_r_imm_64: shar_r_64,
                rot_r_64_imm: rot_r_64, rot_r_32_imm: rot_r_32,
            }
            // a = f(x, b)
            immediate_first {
                neg_add_imm_32: sub_32, neg_add_imm_64: sub_64,
                set_gt_u_imm: set_lt_u, set_gt_s_imm: set_lt_s,
                shlo_l_imm_alt_32: shlo_l_32, shlo_r_imm_alt_32: shlo_r_32,
                shar_r_imm_alt_32: shar_r_32,
                shlo_l_imm_alt_64: shlo_l_64, shlo_r_imm_alt_64: shlo_r_64,
                shar_r_imm_alt_64: shar_r_64,
                rot_r_64_imm_alt: rot_r_64, rot_r_32_imm_alt: rot_r_32,
            }
            // d = f(a)
            unary {
                count_set_bits_64, count_set_bits_32, leading_zero_bits_64, leading_zero_bits_32,
                trailing_zero_bits_64, trailing_zero_bits_32,
                sign_extend_8, sign_extend_16, zero_extend_16, reverse_bytes,
            }
            // d = f(a, b, d)
            conditional_move { cmov_iz, cmov_nz, }
            // a = f(x, b, a)
            conditional_move_immediate { cmov_iz_imm: cmov_iz, cmov_nz_imm: cmov_nz, }
            // to target if f(a, b)
            branch {
                branch_eq: eq, branch_ne: ne, branch_lt_u: lt_u, branch_lt_s: lt_s,
                branch_ge_u: ge_u, branch_ge_s: ge_s,
            }
            // to target if f(a, x)
            branch_immediate {
                branch_eq_imm: eq, branch_ne_imm: ne,
                branch_lt_u_imm: lt_u, branch_le_u_imm: le_u,
                branch_ge_u_imm: ge_u, branch_gt_u_imm: gt_u,
                branch_lt_s_imm: lt_s, branch_le_s_imm: le_s,
                branch_ge_s_imm: ge_s, branch_gt_s_imm: gt_s,
            }
            // a = memory[x], memory[b + x]; a signed type is sign-extended
            load {
                load_u8 load_ind_u8: u8, load_i8 load_ind_i8: i8,
                load_u16 load_ind_u16: u16, load_i16 load_ind_i16: i16,
                load_u32 load_ind_u32: u32, load_i32 load_ind_i32: i32,
                load_u64 load_ind_u64: u64,
            }
            // memory[x], memory[b + x] = a; memory[x], memory[a + x] = y
            store {
                store_u8 store_ind_u8 store_imm_u8 store_imm_ind_u8: u8,
                store_u16 store_ind_u16 store_imm_u16 store_imm_ind_u16: u16,
                store_u32 store_ind_u32 store_imm_u32 store_imm_ind_u32: u32,
                store_u64 store_ind_u64 store_imm_u64 store_imm_ind_u64: u64,
            }
        }
    };
}

pub(crate) use for_each_semantics;
