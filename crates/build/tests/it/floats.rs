//! Floating point in C against this machine's: IEEE 754 on either side.

use std::fmt::Write;

use jambox_build::Settings;
use jambox_types::Revision;

use crate::links::{c_with, output};

/// An expression in C of the doubles `a` and `b` and the floats `x` and `y`, and its value on this
/// machine as octets. `x` and `y` are the lower halves of `a` and `b`.
type Row = (&'static str, fn(f64, f64, f32, f32) -> u64);

/// Octets of a double; all NaNs have the same, for IEEE 754 allows many forms.
fn double(value: f64) -> u64 {
    if value.is_nan() { 0x7ff8 << 48 } else { value.to_bits() }
}

fn float(value: f32) -> u64 {
    if value.is_nan() { 0x7fc0_0000 } else { u64::from(value.to_bits()) }
}

const ROWS: &[Row] = &[
    ("double_bits(a + b)", |a, b, _, _| double(a + b)),
    ("double_bits(a - b)", |a, b, _, _| double(a - b)),
    ("double_bits(a * b)", |a, b, _, _| double(a * b)),
    ("double_bits(a / b)", |a, b, _, _| double(a / b)),
    ("double_bits(-a)", |a, _, _, _| double(-a)),
    ("float_bits(x + y)", |_, _, x, y| float(x + y)),
    ("float_bits(x - y)", |_, _, x, y| float(x - y)),
    ("float_bits(x * y)", |_, _, x, y| float(x * y)),
    ("float_bits(x / y)", |_, _, x, y| float(x / y)),
    ("double_bits(x)", |_, _, x, _| double(f64::from(x))),
    ("float_bits(a)", |a, _, _, _| float(a as f32)),
    (
        "(a == b) | (a != b) << 1 | (a < b) << 2 | (a <= b) << 3 | (a > b) << 4 | (a >= b) << 5",
        |a, b, _, _| comparisons(a.partial_cmp(&b)),
    ),
    (
        "(x == y) | (x != y) << 1 | (x < y) << 2 | (x <= y) << 3 | (x > y) << 4 | (x >= y) << 5",
        |_, _, x, y| comparisons(x.partial_cmp(&y)),
    ),
    // A conversion of a number out of the range is undefined in C.
    ("a > -9e18 && a < 9e18 ? (int64_t)a : 0", |a, _, _, _| {
        if a > -9e18 && a < 9e18 { a as i64 as u64 } else { 0 }
    }),
    (
        "a > -1 && a < 18e18 ? (uint64_t)a : 0",
        |a, _, _, _| {
            if a > -1.0 && a < 18e18 { a as u64 } else { 0 }
        },
    ),
    ("x > -2e9f && x < 2e9f ? (int32_t)x : 0", |_, _, x, _| {
        if x > -2e9 && x < 2e9 { x as i32 as i64 as u64 } else { 0 }
    }),
    ("x > -1 && x < 4e9f ? (uint32_t)x : 0", |_, _, x, _| {
        if x > -1.0 && x < 4e9 { u64::from(x as u32) } else { 0 }
    }),
    ("a > -1e38 && a < 1e38 ? (uint64_t)((__int128)a >> 40) : 0", |a, _, _, _| {
        if a > -1e38 && a < 1e38 { (a as i128 >> 40) as u64 } else { 0 }
    }),
    ("double_bits((int64_t)bits)", |a, _, _, _| double(a.to_bits() as i64 as f64)),
    ("double_bits(bits)", |a, _, _, _| double(a.to_bits() as f64)),
    ("double_bits((int32_t)bits)", |a, _, _, _| double(f64::from(a.to_bits() as i32))),
    ("double_bits((uint32_t)bits)", |a, _, _, _| double(f64::from(a.to_bits() as u32))),
    ("float_bits((int64_t)bits)", |a, _, _, _| float(a.to_bits() as i64 as f32)),
    ("float_bits(bits)", |a, _, _, _| float(a.to_bits() as f32)),
    ("float_bits((int32_t)bits)", |a, _, _, _| float(a.to_bits() as i32 as f32)),
    ("float_bits((uint32_t)bits)", |a, _, _, _| float(a.to_bits() as u32 as f32)),
    ("double_bits((unsigned __int128)bits << 50)", |a, _, _, _| {
        double((u128::from(a.to_bits()) << 50) as f64)
    }),
];

fn comparisons(order: Option<std::cmp::Ordering>) -> u64 {
    use std::cmp::Ordering::{Equal, Greater, Less};
    match order {
        Some(Equal) => 0b10_1001,
        Some(Less) => 0b00_1110,
        Some(Greater) => 0b11_0010,
        None => 0b00_0010,
    }
}

/// Doubles and, in their lower halves, floats: the edges of both formats, and random numbers near
/// to each other, so that sums and quotients are hard to round.
fn values() -> Vec<u64> {
    let edges = [
        f64::MIN_POSITIVE.to_bits() | 1,
        f64::MAX.to_bits(),
        f64::INFINITY.to_bits(),
        f64::NAN.to_bits() | u64::from(f32::INFINITY.to_bits()),
        (-0.0f64).to_bits() | u64::from((-0.0f32).to_bits()),
        (-2.5f64).to_bits() | u64::from((-2.5f32).to_bits()),
        1.0f64.to_bits() | u64::from(f32::MIN_POSITIVE.to_bits()),
        // A float's largest, and halfway to what would be the next.
        f64::from(f32::MAX).to_bits() | 0x1000_0000,
        f64::from(f32::MAX).to_bits() & !0xffff_ffff | u64::from(f32::MAX.to_bits()),
        // Below a float's least.
        1e-40f64.to_bits() & !0xffff_ffff | u64::from(f32::NAN.to_bits()),
        0,
        1,
        1 << 63 | 0x8000_0001,
        0x000f_ffff_ffff_ffff,
    ];
    let mut state = 12u64;
    let chance = std::iter::repeat_with(move || {
        state = state.wrapping_mul(0x5851_f42d_4c95_7f2d).wrapping_add(0x1405_7b7e_f767_814f);
        let (high, low) = (state >> 32 & 0x800f_ffff, state & 0x807f_ffff);
        let exponents = [0x3ff, 0x3fe, 0x400, 0x43f, 0x3c0, 0x7fe, 0x001, 0x200];
        let floats = [0x7f, 0x80, 0x7e, 0x90, 0x01, 0xfe, 0x60, 0x9e];
        let pick = (state >> 40 & 7) as usize;
        (high | exponents[pick] << 20) << 32 | low | floats[7 - pick] << 23
    });
    edges.into_iter().chain(chance.take(26)).collect()
}

#[test]
fn floating_point_in_c_is_that_of_ieee_754() {
    let values = values();
    let mut text = String::from(
        "static uint64_t double_bits(double value) {
             union { double value; uint64_t bits; } same = {value};
             return value != value ? 0x7ffull << 52 | 1ull << 51 : same.bits; }
         static uint64_t float_bits(float value) {
             union { float value; uint32_t bits; } same = {value};
             return value != value ? 0x7fc00000 : same.bits; }
         static const uint64_t values[] = {",
    );
    for value in &values {
        let _ = write!(text, "{value:#x},");
    }
    text.push_str(
        "};
        #define COUNT (sizeof values / sizeof values[0])
        static uint64_t out[COUNT * COUNT][ROWS];
        struct jambox_pair f(uint64_t arguments, uint64_t n) {
            for (size_t i = 0; i < COUNT; i++) for (size_t j = 0; j < COUNT; j++) {
                uint64_t bits = values[i], other = values[j], *to = out[i * COUNT + j];
                union { uint64_t bits; double value; } da = {bits}, db = {other};
                union { uint32_t bits; float value; } fx = {(uint32_t)bits}, fy = {(uint32_t)other};
                double a = da.value, b = db.value;
                float x = fx.value, y = fy.value;
        ",
    );
    for (index, (expression, _)) in ROWS.iter().enumerate() {
        let _ = writeln!(text, "to[{index}] = (uint64_t)({expression});");
    }
    text.push_str(
        "}
            return (struct jambox_pair){(uint64_t)out, sizeof out}; }
        JAMBOX_REFINE(f);",
    );
    let text = text.replace("[ROWS]", &format!("[{}]", ROWS.len()));
    for revision in Revision::ALL {
        let settings = Settings { revision: Some(revision), ..Settings::default() };
        let Some(built) = c_with(&text, settings) else { return };
        let output = output(&built.unwrap(), b"");
        let mut found = output.as_chunks().0.iter().map(|octets| u64::from_le_bytes(*octets));
        for left in &values {
            for right in &values {
                let (a, b) = (f64::from_bits(*left), f64::from_bits(*right));
                let (x, y) = (f32::from_bits(*left as u32), f32::from_bits(*right as u32));
                for (expression, of) in ROWS {
                    let (expected, found) = (of(a, b, x, y), found.next().unwrap());
                    assert_eq!(
                        found, expected,
                        "{revision}: {expression}: {found:#x} and not {expected:#x} where a = {a:e}, \
                         b = {b:e}, x = {x:e}, y = {y:e}"
                    );
                }
            }
        }
    }
}
