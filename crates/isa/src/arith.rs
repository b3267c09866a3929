//! Semantics of the instructions as pure functions.
//!
//! Named as the instructions in the table of `sec:instructiontables` (0.7.2), with the operands in
//! the paper's order. The immediate forms are the same functions of a register and an immediate:
//! `neg_add_imm_64` is [`sub_64`]`(x, b)`, `shlo_l_imm_alt_32` is [`shlo_l_32`]`(x, b)`,
//! `set_gt_u_imm` is [`set_lt_u`]`(x, b)`. Shifts and rotations take their distance modulo the
//! width; a 32-bit result is sign-extended.

/// The low 8 bits, sign-extended.
#[inline]
#[must_use]
pub const fn sign_extend_8(a: u64) -> u64 {
    a as i8 as u64
}

/// The low 16 bits, sign-extended.
#[inline]
#[must_use]
pub const fn sign_extend_16(a: u64) -> u64 {
    a as i16 as u64
}

/// The low 32 bits, sign-extended.
#[inline]
#[must_use]
pub const fn sign_extend_32(a: u64) -> u64 {
    a as i32 as u64
}

/// The low 16 bits.
#[inline]
#[must_use]
pub const fn zero_extend_16(a: u64) -> u64 {
    a as u16 as u64
}

macro_rules! unary {
    ($($(#[$doc:meta])* $name:ident($a:ident) $result:expr;)*) => {$(
        $(#[$doc])*
        #[inline]
        #[must_use]
        pub const fn $name($a: u64) -> u64 {
            $result
        }
    )*};
}

unary! {
    /// The number of bits set.
    count_set_bits_64(a) a.count_ones() as u64;
    /// The number of bits set in the low half.
    count_set_bits_32(a) (a as u32).count_ones() as u64;
    /// The number of zeros above the highest bit set.
    leading_zero_bits_64(a) a.leading_zeros() as u64;
    /// The number of zeros above the highest bit set in the low half.
    leading_zero_bits_32(a) (a as u32).leading_zeros() as u64;
    /// The number of zeros below the lowest bit set.
    trailing_zero_bits_64(a) a.trailing_zeros() as u64;
    /// The number of zeros below the lowest bit set in the low half.
    trailing_zero_bits_32(a) (a as u32).trailing_zeros() as u64;
    /// The eight octets in reverse order.
    reverse_bytes(a) a.swap_bytes();
}

macro_rules! binary {
    ($($(#[$doc:meta])* $name:ident($a:ident, $b:ident) $result:expr;)*) => {$(
        $(#[$doc])*
        #[inline]
        #[must_use]
        pub const fn $name($a: u64, $b: u64) -> u64 {
            $result
        }
    )*};
}

binary! {
    /// `a + b`.
    add_32(a, b) sign_extend_32(a.wrapping_add(b));
    /// `a - b`.
    sub_32(a, b) sign_extend_32(a.wrapping_sub(b));
    /// `a * b`.
    mul_32(a, b) sign_extend_32(a.wrapping_mul(b));
    /// `a / b` unsigned; all ones if `b` is 0.
    div_u_32(a, b) match (a as u32).checked_div(b as u32) {
        Some(quotient) => sign_extend_32(quotient as u64),
        None => u64::MAX,
    };
    /// `a / b` signed, towards zero; all ones if `b` is 0; `a` if the quotient overflows.
    div_s_32(a, b) match (a as i32).checked_div(b as i32) {
        Some(quotient) => quotient as u64,
        None if b as u32 == 0 => u64::MAX,
        None => sign_extend_32(a),
    };
    /// `a mod b` unsigned; `a` if `b` is 0.
    rem_u_32(a, b) match (a as u32).checked_rem(b as u32) {
        Some(remainder) => sign_extend_32(remainder as u64),
        None => sign_extend_32(a),
    };
    /// `a mod b` with the sign of `a`; `a` if `b` is 0; 0 if the quotient overflows.
    rem_s_32(a, b) match (a as i32).checked_rem(b as i32) {
        Some(remainder) => remainder as u64,
        None if b as u32 == 0 => sign_extend_32(a),
        None => 0,
    };
    /// `a << b`.
    shlo_l_32(a, b) (a as u32).wrapping_shl(b as u32) as i32 as u64;
    /// `a >> b`, zeros shifted in.
    shlo_r_32(a, b) (a as u32).wrapping_shr(b as u32) as i32 as u64;
    /// `a >> b`, the sign shifted in.
    shar_r_32(a, b) (a as i32).wrapping_shr(b as u32) as u64;

    /// `a + b`.
    add_64(a, b) a.wrapping_add(b);
    /// `a - b`.
    sub_64(a, b) a.wrapping_sub(b);
    /// `a * b`.
    mul_64(a, b) a.wrapping_mul(b);
    /// `a / b` unsigned; all ones if `b` is 0.
    div_u_64(a, b) match a.checked_div(b) {
        Some(quotient) => quotient,
        None => u64::MAX,
    };
    /// `a / b` signed, towards zero; all ones if `b` is 0; `a` if the quotient overflows.
    div_s_64(a, b) match (a as i64).checked_div(b as i64) {
        Some(quotient) => quotient as u64,
        None if b == 0 => u64::MAX,
        None => a,
    };
    /// `a mod b` unsigned; `a` if `b` is 0.
    rem_u_64(a, b) match a.checked_rem(b) {
        Some(remainder) => remainder,
        None => a,
    };
    /// `a mod b` with the sign of `a`; `a` if `b` is 0; 0 if the quotient overflows.
    rem_s_64(a, b) match (a as i64).checked_rem(b as i64) {
        Some(remainder) => remainder as u64,
        None if b == 0 => a,
        None => 0,
    };
    /// `a << b`.
    shlo_l_64(a, b) a.wrapping_shl(b as u32);
    /// `a >> b`, zeros shifted in.
    shlo_r_64(a, b) a.wrapping_shr(b as u32);
    /// `a >> b`, the sign shifted in.
    shar_r_64(a, b) (a as i64).wrapping_shr(b as u32) as u64;

    /// The upper half of `a * b`, both signed.
    mul_upper_s_s(a, b) ((a as i64 as i128).wrapping_mul(b as i64 as i128) >> 64) as u64;
    /// The upper half of `a * b`, both unsigned.
    mul_upper_u_u(a, b) ((a as u128).wrapping_mul(b as u128) >> 64) as u64;
    /// The upper half of `a * b`, `a` signed and `b` unsigned.
    mul_upper_s_u(a, b) ((a as i64 as i128).wrapping_mul(b as i128) >> 64) as u64;
    /// 1 if `a < b` unsigned, else 0.
    set_lt_u(a, b) (a < b) as u64;
    /// 1 if `a < b` signed, else 0.
    set_lt_s(a, b) ((a as i64) < (b as i64)) as u64;
    /// `a` rotated left by `b`.
    rot_l_64(a, b) a.rotate_left((b & 63) as u32);
    /// The low half of `a` rotated left by `b`.
    rot_l_32(a, b) (a as u32).rotate_left((b & 31) as u32) as i32 as u64;
    /// `a` rotated right by `b`.
    rot_r_64(a, b) a.rotate_right((b & 63) as u32);
    /// The low half of `a` rotated right by `b`.
    rot_r_32(a, b) (a as u32).rotate_right((b & 31) as u32) as i32 as u64;
    /// `a & b`.
    and(a, b) a & b;
    /// `a ^ b`.
    xor(a, b) a ^ b;
    /// `a | b`.
    or(a, b) a | b;
    /// `a & !b`.
    and_inv(a, b) a & !b;
    /// `a | !b`.
    or_inv(a, b) a | !b;
    /// `!(a ^ b)`.
    xnor(a, b) !(a ^ b);
    /// The larger, signed.
    max(a, b) if (a as i64) < (b as i64) { b } else { a };
    /// The larger, unsigned.
    max_u(a, b) if a < b { b } else { a };
    /// The smaller, signed.
    min(a, b) if (b as i64) < (a as i64) { b } else { a };
    /// The smaller, unsigned.
    min_u(a, b) if b < a { b } else { a };
}

/// `a` if `b` is 0, else `d`.
#[inline]
#[must_use]
pub const fn cmov_iz(a: u64, b: u64, d: u64) -> u64 {
    if b == 0 { a } else { d }
}

/// `a` if `b` is not 0, else `d`.
#[inline]
#[must_use]
pub const fn cmov_nz(a: u64, b: u64, d: u64) -> u64 {
    if b == 0 { d } else { a }
}

macro_rules! comparison {
    ($($(#[$doc:meta])* $name:ident($a:ident, $b:ident) $result:expr;)*) => {$(
        $(#[$doc])*
        #[inline]
        #[must_use]
        pub const fn $name($a: u64, $b: u64) -> bool {
            $result
        }
    )*};
}

comparison! {
    /// The condition of `branch_eq` and `branch_eq_imm`.
    eq(a, b) a == b;
    /// The condition of `branch_ne` and `branch_ne_imm`.
    ne(a, b) a != b;
    /// The condition of `branch_lt_u` and `branch_lt_u_imm`.
    lt_u(a, b) a < b;
    /// The condition of `branch_lt_s` and `branch_lt_s_imm`.
    lt_s(a, b) (a as i64) < (b as i64);
    /// The condition of `branch_le_u_imm`.
    le_u(a, b) a <= b;
    /// The condition of `branch_le_s_imm`.
    le_s(a, b) a as i64 <= b as i64;
    /// The condition of `branch_ge_u` and `branch_ge_u_imm`.
    ge_u(a, b) a >= b;
    /// The condition of `branch_ge_s` and `branch_ge_s_imm`.
    ge_s(a, b) a as i64 >= b as i64;
    /// The condition of `branch_gt_u_imm`.
    gt_u(a, b) a > b;
    /// The condition of `branch_gt_s_imm`.
    gt_s(a, b) a as i64 > b as i64;
}
