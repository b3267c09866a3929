//! Arithmetic against the paper's formulas, computed in integers wide enough for them.

use jambox_isa::arith;
use proptest::prelude::*;

/// A register in the paper's formulas: natural, or signed.
fn n(a: u64) -> i128 {
    a.into()
}

fn z(a: u64) -> i128 {
    if n(a) < 1 << 63 { n(a) } else { n(a) - (1 << 64) }
}

fn z32(a: u64) -> i128 {
    let low = n(a) % (1 << 32);
    if low < 1 << 31 { low } else { low - (1 << 32) }
}

fn low32(a: u64) -> i128 {
    n(a).rem_euclid(1 << 32)
}

/// `x mod 2^64`, for signed results too.
fn wrap(x: i128) -> u64 {
    x.rem_euclid(1 << 64) as u64
}

/// `x mod 2^32`, sign-extended from four octets.
fn sext4(x: i128) -> u64 {
    let x = x.rem_euclid(1 << 32);
    wrap(x + x / (1 << 31) * ((1 << 64) - (1 << 32)))
}

fn floor_div(a: i128, b: i128) -> i128 {
    a.div_euclid(b)
}

/// `rtz`: a rational rounded to an integer towards zero.
fn round_to_zero(a: i128, b: i128) -> i128 {
    let magnitude = a.unsigned_abs() / b.unsigned_abs();
    if (a < 0) == (b < 0) { magnitude as i128 } else { -(magnitude as i128) }
}

fn smod(a: i128, b: i128) -> i128 {
    if b == 0 { a } else { a.signum() * ((a.unsigned_abs() % b.unsigned_abs()) as i128) }
}

fn bit(a: u64, i: u64) -> u64 {
    a >> i & 1
}

fn from_bits(width: u64, bit_at: impl Fn(u64) -> u64) -> u64 {
    (0..width).map(|i| bit_at(i) << i).sum()
}

fn bitwise(a: u64, b: u64, f: impl Fn(bool, bool) -> bool) -> u64 {
    from_bits(64, |i| f(bit(a, i) == 1, bit(b, i) == 1).into())
}

fn rotated(width: u64, a: u64, left: i128) -> u64 {
    let width_n = i128::from(width);
    from_bits(width, |i| bit(a, (i128::from(i) - left).rem_euclid(width_n) as u64))
}

type Binary = (&'static str, fn(u64, u64) -> u64, fn(u64, u64) -> u64);

const BINARY: &[Binary] = &[
    ("add_32", arith::add_32, |a, b| sext4(n(a) + n(b))),
    ("sub_32", arith::sub_32, |a, b| sext4(n(a) + (1 << 32) - low32(b))),
    ("mul_32", arith::mul_32, |a, b| sext4(low32(a) * low32(b))),
    ("div_u_32", arith::div_u_32, |a, b| {
        if low32(b) == 0 { wrap(-1) } else { sext4(floor_div(low32(a), low32(b))) }
    }),
    ("div_s_32", arith::div_s_32, |a, b| match (z32(a), z32(b)) {
        (_, 0) => wrap(-1),
        (a @ -0x8000_0000, -1) => wrap(a),
        (a, b) => wrap(round_to_zero(a, b)),
    }),
    ("rem_u_32", arith::rem_u_32, |a, b| {
        if low32(b) == 0 { sext4(low32(a)) } else { sext4(low32(a) % low32(b)) }
    }),
    ("rem_s_32", arith::rem_s_32, |a, b| match (z32(a), z32(b)) {
        (-0x8000_0000, -1) => 0,
        (a, b) => wrap(smod(a, b)),
    }),
    ("shlo_l_32", arith::shlo_l_32, |a, b| sext4(low32(a) << (b % 32))),
    ("shlo_r_32", arith::shlo_r_32, |a, b| sext4(floor_div(low32(a), 1 << (b % 32)))),
    ("shar_r_32", arith::shar_r_32, |a, b| wrap(floor_div(z32(a), 1 << (b % 32)))),
    ("add_64", arith::add_64, |a, b| wrap(n(a) + n(b))),
    ("sub_64", arith::sub_64, |a, b| wrap(n(a) + (1 << 64) - n(b))),
    ("mul_64", arith::mul_64, |a, b| {
        let low = low32(a) * n(b);
        let high = (n(a) >> 32) * low32(b);
        wrap(low + (high << 32))
    }),
    (
        "div_u_64",
        arith::div_u_64,
        |a, b| {
            if b == 0 { wrap(-1) } else { wrap(floor_div(n(a), n(b))) }
        },
    ),
    ("div_s_64", arith::div_s_64, |a, b| {
        if b == 0 {
            wrap(-1)
        } else if z(a) == -(1 << 63) && z(b) == -1 {
            a
        } else {
            wrap(round_to_zero(z(a), z(b)))
        }
    }),
    ("rem_u_64", arith::rem_u_64, |a, b| if b == 0 { a } else { wrap(n(a) % n(b)) }),
    ("rem_s_64", arith::rem_s_64, |a, b| {
        if z(a) == -(1 << 63) && z(b) == -1 { 0 } else { wrap(smod(z(a), z(b))) }
    }),
    ("shlo_l_64", arith::shlo_l_64, |a, b| {
        from_bits(64, |i| if i < b % 64 { 0 } else { bit(a, i - b % 64) })
    }),
    ("shlo_r_64", arith::shlo_r_64, |a, b| wrap(floor_div(n(a), 1 << (b % 64)))),
    ("shar_r_64", arith::shar_r_64, |a, b| wrap(floor_div(z(a), 1 << (b % 64)))),
    ("mul_upper_s_s", arith::mul_upper_s_s, |a, b| wrap(floor_div(z(a) * z(b), 1 << 64))),
    ("mul_upper_u_u", arith::mul_upper_u_u, |a, b| upper(n(a), n(b))),
    ("mul_upper_s_u", arith::mul_upper_s_u, |a, b| {
        // The signed value is the unsigned value less 2^64 when the sign bit is set.
        let excess = if z(a) < 0 { n(b) } else { 0 };
        wrap(n(upper(n(a), n(b))) - excess)
    }),
    ("set_lt_u", arith::set_lt_u, |a, b| (n(a) < n(b)).into()),
    ("set_lt_s", arith::set_lt_s, |a, b| (z(a) < z(b)).into()),
    ("rot_l_64", arith::rot_l_64, |a, b| rotated(64, a, n(b))),
    ("rot_l_32", arith::rot_l_32, |a, b| sext4(n(rotated(32, a, n(b))))),
    ("rot_r_64", arith::rot_r_64, |a, b| rotated(64, a, -n(b))),
    ("rot_r_32", arith::rot_r_32, |a, b| sext4(n(rotated(32, a, -n(b))))),
    ("and", arith::and, |a, b| bitwise(a, b, |a, b| a && b)),
    ("xor", arith::xor, |a, b| bitwise(a, b, |a, b| a != b)),
    ("or", arith::or, |a, b| bitwise(a, b, |a, b| a || b)),
    ("and_inv", arith::and_inv, |a, b| bitwise(a, b, |a, b| a && !b)),
    ("or_inv", arith::or_inv, |a, b| bitwise(a, b, |a, b| a || !b)),
    ("xnor", arith::xnor, |a, b| bitwise(a, b, |a, b| a == b)),
    ("max", arith::max, |a, b| wrap(z(a).max(z(b)))),
    ("max_u", arith::max_u, |a, b| a.max(b)),
    ("min", arith::min, |a, b| wrap(z(a).min(z(b)))),
    ("min_u", arith::min_u, |a, b| a.min(b)),
    ("cmov_iz", |a, b| arith::cmov_iz(a, b, 77), |a, b| if b == 0 { a } else { 77 }),
    ("cmov_nz", |a, b| arith::cmov_nz(a, b, 77), |a, b| if b != 0 { a } else { 77 }),
    ("eq", |a, b| arith::eq(a, b).into(), |a, b| (n(a) == n(b)).into()),
    ("ne", |a, b| arith::ne(a, b).into(), |a, b| (n(a) != n(b)).into()),
    ("lt_u", |a, b| arith::lt_u(a, b).into(), |a, b| (n(a) < n(b)).into()),
    ("lt_s", |a, b| arith::lt_s(a, b).into(), |a, b| (z(a) < z(b)).into()),
    ("le_u", |a, b| arith::le_u(a, b).into(), |a, b| (n(a) <= n(b)).into()),
    ("le_s", |a, b| arith::le_s(a, b).into(), |a, b| (z(a) <= z(b)).into()),
    ("ge_u", |a, b| arith::ge_u(a, b).into(), |a, b| (n(a) >= n(b)).into()),
    ("ge_s", |a, b| arith::ge_s(a, b).into(), |a, b| (z(a) >= z(b)).into()),
    ("gt_u", |a, b| arith::gt_u(a, b).into(), |a, b| (n(a) > n(b)).into()),
    ("gt_s", |a, b| arith::gt_s(a, b).into(), |a, b| (z(a) > z(b)).into()),
];

/// Upper 64 bits of a product of naturals, by halves: the whole product exceeds an `i128`.
fn upper(a: i128, b: i128) -> u64 {
    const HALF: i128 = 1 << 32;
    let (a1, a0, b1, b0) = (a / HALF, a % HALF, b / HALF, b % HALF);
    let middle = a1 * b0 + (a0 * b0) / HALF;
    let other = a0 * b1 + middle % HALF;
    wrap(a1 * b1 + middle / HALF + other / HALF)
}

type Unary = (&'static str, fn(u64) -> u64, fn(u64) -> u64);

const UNARY: &[Unary] = &[
    ("count_set_bits_64", arith::count_set_bits_64, |a| (0..64).map(|i| bit(a, i)).sum()),
    ("count_set_bits_32", arith::count_set_bits_32, |a| (0..32).map(|i| bit(a, i)).sum()),
    ("leading_zero_bits_64", arith::leading_zero_bits_64, |a| {
        (0..64).take_while(|i| bit(a, 63 - i) == 0).count() as u64
    }),
    ("leading_zero_bits_32", arith::leading_zero_bits_32, |a| {
        (0..32).take_while(|i| bit(a, 31 - i) == 0).count() as u64
    }),
    ("trailing_zero_bits_64", arith::trailing_zero_bits_64, |a| {
        (0..64).take_while(|i| bit(a, *i) == 0).count() as u64
    }),
    ("trailing_zero_bits_32", arith::trailing_zero_bits_32, |a| {
        (0..32).take_while(|i| bit(a, *i) == 0).count() as u64
    }),
    ("sign_extend_8", arith::sign_extend_8, |a| {
        let low = n(a) % 256;
        wrap(if low < 128 { low } else { low - 256 })
    }),
    ("sign_extend_16", arith::sign_extend_16, |a| {
        let low = n(a) % 65536;
        wrap(if low < 32768 { low } else { low - 65536 })
    }),
    ("sign_extend_32", arith::sign_extend_32, |a| wrap(z32(a))),
    ("zero_extend_16", arith::zero_extend_16, |a| a % 65536),
    ("reverse_bytes", arith::reverse_bytes, |a| {
        (0..8).map(|i| (a >> (8 * i) & 255) << (8 * (7 - i))).sum()
    }),
];

fn assert_as_in_the_paper(a: u64, b: u64) {
    for (name, ours, paper) in BINARY {
        assert_eq!(ours(a, b), paper(a, b), "{name} {a:#x} {b:#x}");
    }
    for (name, ours, paper) in UNARY {
        assert_eq!(ours(a), paper(a), "{name} {a:#x}");
    }
}

#[test]
fn edges_are_as_in_the_paper() {
    let mut edges = vec![0, 1, 2, 3, 7, 12, u64::MAX];
    for bit in [7, 8, 15, 16, 31, 32, 33, 62, 63] {
        let power = 1_u64 << bit;
        edges.extend([power - 1, power, power + 1, !power, power.wrapping_neg() - 1]);
    }
    for a in &edges {
        for b in edges.iter().chain(&[5, 63, 64, 65, 96]) {
            assert_as_in_the_paper(*a, *b);
        }
    }
}

#[test]
fn cases_worked_by_hand() {
    const NEG: fn(i64) -> u64 = |value| value as u64;
    assert_eq!(arith::div_s_64(NEG(-7), 2), NEG(-3));
    assert_eq!(arith::rem_s_64(NEG(-7), 2), NEG(-1));
    assert_eq!(arith::rem_s_64(7, NEG(-2)), 1);
    assert_eq!(arith::div_u_32(7, 1 << 32), u64::MAX);
    assert_eq!(arith::rem_u_32(0x1_8000_0000, 0), 0xffff_ffff_8000_0000);
    assert_eq!(arith::div_s_32(0x8000_0000, 0xffff_ffff), 0xffff_ffff_8000_0000);
    assert_eq!(arith::rem_s_32(0x8000_0000, 0xffff_ffff), 0);
    assert_eq!(arith::shlo_r_32(0x8000_0000, 32), 0xffff_ffff_8000_0000);
    assert_eq!(arith::shar_r_32(0x8000_0000, 31), u64::MAX);
    assert_eq!(arith::shlo_l_64(1, 127), 1 << 63);
    assert_eq!(arith::mul_upper_s_u(u64::MAX, u64::MAX), u64::MAX);
    assert_eq!(arith::mul_upper_s_s(u64::MAX, u64::MAX), 0);
    assert_eq!(arith::mul_upper_u_u(u64::MAX, u64::MAX), u64::MAX - 1);
    assert_eq!(arith::rot_r_32(1, 1), 0xffff_ffff_8000_0000);
    assert_eq!(arith::leading_zero_bits_64(0), 64);
    assert_eq!(arith::trailing_zero_bits_32(1 << 32), 32);
}

proptest! {
    #[test]
    fn any_values_are_as_in_the_paper(a in any::<u64>(), b in any::<u64>()) {
        assert_as_in_the_paper(a, b);
    }

    #[test]
    fn values_alike_in_size_are_as_in_the_paper(a in any::<i16>(), b in any::<i8>()) {
        assert_as_in_the_paper(i64::from(a) as u64, i64::from(b) as u64);
    }
}
