//! Native code of each row of the instruction table. Rows of control flow go to the plan.

use jambox_isa::Visitor;
use jambox_isa::operands::{
    Imm, ImmImm, NoOperands, Offset, RegExtImm, RegImm, RegImmImm, RegImmOffset, RegReg, RegRegImm,
    RegRegImmImm, RegRegOffset, RegRegReg,
};

use super::divide::{Sign, Wanted};
use super::memory::based;
use crate::emit::{Emitter, Flow};
use jambox_sandbox::native::asm::Assembler as Asm;
use jambox_sandbox::native::x86_64::{Condition, Mem, Size};

use Condition::{
    Above, AboveOrEqual, Below, BelowOrEqual, Equal, Greater, GreaterOrEqual, Less, LessOrEqual,
    NotEqual,
};
use Size::{S32, S64};

/// Rows of three registers: `name: method(arguments before the registers);`.
macro_rules! registers {
    ($($name:ident: $method:ident($($argument:expr),*);)*) => {$(
        fn $name(&mut self, RegRegReg { a, b, d }: RegRegReg) -> Flow {
            self.$method($($argument,)* d, a, b)
        }
    )*};
}

/// Rows of two registers and an immediate.
macro_rules! immediates {
    ($($name:ident: $method:ident($($argument:expr),*);)*) => {$(
        fn $name(&mut self, RegRegImm { a, b, x }: RegRegImm) -> Flow {
            self.$method($($argument,)* a, b, x)
        }
    )*};
}

/// Rows of two registers.
macro_rules! pairs {
    ($($name:ident: $method:ident($($argument:expr),*);)*) => {$(
        fn $name(&mut self, RegReg { d, a }: RegReg) -> Flow {
            self.$method($($argument,)* d, a)
        }
    )*};
}

macro_rules! divisions {
    ($($name:ident: $wanted:ident $sign:ident $size:ident;)*) => {$(
        fn $name(&mut self, operands: RegRegReg) -> Flow {
            self.divide(Wanted::$wanted, Sign::$sign, $size, operands)
        }
    )*};
}

macro_rules! loads {
    ($($direct:ident $indirect:ident;)*) => {$(
        fn $direct(&mut self, RegImm { a, x }: RegImm) -> Flow {
            self.load(Asm::$direct, a, Mem::Guest(None, x))
        }

        fn $indirect(&mut self, RegRegImm { a, b, x }: RegRegImm) -> Flow {
            self.load(Asm::$direct, a, based(b, x))
        }
    )*};
}

macro_rules! stores {
    ($($direct:ident $indirect:ident $imm:ident $imm_indirect:ident;)*) => {$(
        fn $direct(&mut self, RegImm { a, x }: RegImm) -> Flow {
            self.store(Asm::$direct, Mem::Guest(None, x), a)
        }

        fn $indirect(&mut self, RegRegImm { a, b, x }: RegRegImm) -> Flow {
            self.store(Asm::$direct, based(b, x), a)
        }

        fn $imm(&mut self, ImmImm { x, y }: ImmImm) -> Flow {
            self.store_imm(Asm::$imm, Mem::Guest(None, x), y)
        }

        fn $imm_indirect(&mut self, RegImmImm { a, x, y }: RegImmImm) -> Flow {
            self.store_imm(Asm::$imm, based(a, x), y)
        }
    )*};
}

macro_rules! branches {
    ($($name:ident: $condition:expr;)*) => {$(
        fn $name(&mut self, RegRegOffset { a, b, target }: RegRegOffset) -> Flow {
            self.branch_registers(a, b, $condition, target)
        }
    )*};
}

macro_rules! branches_imm {
    ($($name:ident: $condition:expr;)*) => {$(
        fn $name(&mut self, RegImmOffset { a, x, target }: RegImmOffset) -> Flow {
            self.branch_immediate(a, x, $condition, target)
        }
    )*};
}

impl Visitor for Emitter<'_> {
    type Output = Flow;

    registers! {
        add_32: add(S32);
        sub_32: sub(S32);
        mul_32: commutative(Asm::imul, S32);
        shlo_l_32: shift(Asm::shlx, S32);
        shlo_r_32: shift(Asm::shrx, S32);
        shar_r_32: shift(Asm::sarx, S32);
        add_64: add(S64);
        sub_64: sub(S64);
        mul_64: commutative(Asm::imul, S64);
        shlo_l_64: shift(Asm::shlx, S64);
        shlo_r_64: shift(Asm::shrx, S64);
        shar_r_64: shift(Asm::sarx, S64);
        and: commutative(Asm::and, S64);
        xor: commutative(Asm::xor, S64);
        or: commutative(Asm::or, S64);
        mul_upper_s_s: mul_upper_signed();
        mul_upper_u_u: mul_upper_unsigned();
        mul_upper_s_u: mul_upper_mixed();
        set_lt_u: set(Below);
        set_lt_s: set(Less);
        cmov_iz: conditional_move(Equal);
        cmov_nz: conditional_move(NotEqual);
        rot_l_64: rotate(Asm::rol_cl, S64);
        rot_l_32: rotate(Asm::rol_cl, S32);
        rot_r_64: rotate(Asm::ror_cl, S64);
        rot_r_32: rotate(Asm::ror_cl, S32);
        and_inv: and_inverted();
        or_inv: or_inverted();
        xnor: equivalence();
        max: select(Less);
        max_u: select(Below);
        min: select(Greater);
        min_u: select(Above);
    }

    divisions! {
        div_u_32: Quotient Unsigned S32;
        div_s_32: Quotient Signed S32;
        rem_u_32: Remainder Unsigned S32;
        rem_s_32: Remainder Signed S32;
        div_u_64: Quotient Unsigned S64;
        div_s_64: Quotient Signed S64;
        rem_u_64: Remainder Unsigned S64;
        rem_s_64: Remainder Signed S64;
    }

    immediates! {
        add_imm_32: add_imm(S32);
        and_imm: bitwise_imm(Asm::and_imm);
        xor_imm: bitwise_imm(Asm::xor_imm);
        or_imm: bitwise_imm(Asm::or_imm);
        mul_imm_32: mul_imm(S32);
        set_lt_u_imm: set_imm(Below);
        set_lt_s_imm: set_imm(Less);
        shlo_l_imm_32: shift_imm(Asm::shl_imm, S32);
        shlo_r_imm_32: shift_imm(Asm::shr_imm, S32);
        shar_r_imm_32: shift_imm(Asm::sar_imm, S32);
        neg_add_imm_32: sub_from_imm(S32);
        set_gt_u_imm: set_imm(Above);
        set_gt_s_imm: set_imm(Greater);
        shlo_l_imm_alt_32: shift_of_imm(Asm::shlx, S32);
        shlo_r_imm_alt_32: shift_of_imm(Asm::shrx, S32);
        shar_r_imm_alt_32: shift_of_imm(Asm::sarx, S32);
        cmov_iz_imm: conditional_move_imm(Equal);
        cmov_nz_imm: conditional_move_imm(NotEqual);
        add_imm_64: add_imm(S64);
        mul_imm_64: mul_imm(S64);
        shlo_l_imm_64: shift_imm(Asm::shl_imm, S64);
        shlo_r_imm_64: shift_imm(Asm::shr_imm, S64);
        shar_r_imm_64: shift_imm(Asm::sar_imm, S64);
        neg_add_imm_64: sub_from_imm(S64);
        shlo_l_imm_alt_64: shift_of_imm(Asm::shlx, S64);
        shlo_r_imm_alt_64: shift_of_imm(Asm::shrx, S64);
        shar_r_imm_alt_64: shift_of_imm(Asm::sarx, S64);
        rot_r_64_imm: rotate_imm(S64);
        rot_r_64_imm_alt: rotate_of_imm(S64);
        rot_r_32_imm: rotate_imm(S32);
        rot_r_32_imm_alt: rotate_of_imm(S32);
    }

    pairs! {
        move_reg: move_register();
        count_set_bits_64: unary(Asm::popcnt, S64);
        count_set_bits_32: unary(Asm::popcnt, S32);
        leading_zero_bits_64: unary(Asm::lzcnt, S64);
        leading_zero_bits_32: unary(Asm::lzcnt, S32);
        trailing_zero_bits_64: unary(Asm::tzcnt, S64);
        trailing_zero_bits_32: unary(Asm::tzcnt, S32);
        sign_extend_8: widen(Asm::movsx_8);
        sign_extend_16: widen(Asm::movsx_16);
        zero_extend_16: widen(Asm::movzx_16);
        reverse_bytes: swap_octets();
    }

    loads! {
        load_u8 load_ind_u8;
        load_i8 load_ind_i8;
        load_u16 load_ind_u16;
        load_i16 load_ind_i16;
        load_u32 load_ind_u32;
        load_i32 load_ind_i32;
        load_u64 load_ind_u64;
    }

    stores! {
        store_u8 store_ind_u8 store_imm_u8 store_imm_ind_u8;
        store_u16 store_ind_u16 store_imm_u16 store_imm_ind_u16;
        store_u32 store_ind_u32 store_imm_u32 store_imm_ind_u32;
        store_u64 store_ind_u64 store_imm_u64 store_imm_ind_u64;
    }

    branches! {
        branch_eq: Equal;
        branch_ne: NotEqual;
        branch_lt_u: Below;
        branch_lt_s: Less;
        branch_ge_u: AboveOrEqual;
        branch_ge_s: GreaterOrEqual;
    }

    branches_imm! {
        branch_eq_imm: Equal;
        branch_ne_imm: NotEqual;
        branch_lt_u_imm: Below;
        branch_le_u_imm: BelowOrEqual;
        branch_ge_u_imm: AboveOrEqual;
        branch_gt_u_imm: Above;
        branch_lt_s_imm: Less;
        branch_le_s_imm: LessOrEqual;
        branch_ge_s_imm: GreaterOrEqual;
        branch_gt_s_imm: Greater;
    }

    fn trap(&mut self, _: NoOperands) -> Flow {
        self.step_and_end()
    }

    fn fallthrough(&mut self, _: NoOperands) -> Flow {
        self.fall_through()
    }

    fn unlikely(&mut self, _: NoOperands) -> Flow {
        Flow::Next
    }

    fn ecalli(&mut self, Imm { x }: Imm) -> Flow {
        self.host_call(x)
    }

    fn load_imm_64(&mut self, RegExtImm { a, wide }: RegExtImm) -> Flow {
        self.set_immediate(a, wide)
    }

    fn load_imm(&mut self, RegImm { a, x }: RegImm) -> Flow {
        self.set_immediate(a, i64::from(x) as u64)
    }

    fn jump(&mut self, Offset { target }: Offset) -> Flow {
        self.jump_static(target)
    }

    fn load_imm_jump(&mut self, RegImmOffset { a, x, target }: RegImmOffset) -> Flow {
        self.load_and_jump(a, x, target)
    }

    fn jump_ind(&mut self, RegImm { a, x }: RegImm) -> Flow {
        self.jump_indirect(a, x)
    }

    fn load_imm_jump_ind(&mut self, RegRegImmImm { a, b, x, y }: RegRegImmImm) -> Flow {
        self.load_and_jump_indirect(a, x, b, y)
    }

    fn sbrk(&mut self, _: RegReg) -> Flow {
        self.step_and_return()
    }
}
