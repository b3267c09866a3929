//! Every instruction of the compilers' instruction set, with every register twice and the zero
//! register in every place, against the RISC-V specification.

use std::fmt::Write;

use jambox_build::Settings;
use jambox_sdk_testing::{Cause, Exit};
use jambox_types::Revision;

use crate::links::{c_with, output, refined};

/// An instruction by its operands, with the function that it computes.
enum Row {
    /// Two registers.
    Two(&'static str, fn(u64, u64) -> u64),
    /// One register.
    One(&'static str, fn(u64) -> u64),
    /// A register and one of these numbers.
    Number(&'static str, fn(u64, i64) -> u64, &'static [i64]),
    /// Two registers: the first is moved if the second meets the condition.
    Move(&'static str, fn(u64) -> bool),
    /// Two registers, for a jump.
    Branch(&'static str, fn(u64, u64) -> bool),
    /// A word in memory and a register, with the word's new value; 32 bits if `true`, else 64.
    Atomic(&'static str, fn(u64, u64) -> u64, bool),
}

use Row::{Atomic, Branch, Move, Number, One, Two};

const NUMBERS: &[i64] = &[0, 1, -1, 2047, -2048];
const SHIFTS: &[i64] = &[0, 1, 31, 32, 63];
const SHORT_SHIFTS: &[i64] = &[0, 1, 31];

const fn word(value: u64) -> u64 {
    value as i32 as i64 as u64
}

fn divided<T: PartialEq + From<u8>>(by: T, quotient: impl Fn() -> T, by_zero: T) -> T {
    if by == T::from(0) { by_zero } else { quotient() }
}

/// Chapters I, M, A and Zbb of the unprivileged specification; the last two rows are T-Head's.
const ROWS: &[Row] = &[
    Two("add", u64::wrapping_add),
    Two("sub", u64::wrapping_sub),
    Two("sll", |a, b| a << (b & 63)),
    Two("slt", |a, b| u64::from((a as i64) < b as i64)),
    Two("sltu", |a, b| u64::from(a < b)),
    Two("xor", |a, b| a ^ b),
    Two("srl", |a, b| a >> (b & 63)),
    Two("sra", |a, b| ((a as i64) >> (b & 63)) as u64),
    Two("or", |a, b| a | b),
    Two("and", |a, b| a & b),
    Two("addw", |a, b| word(a.wrapping_add(b))),
    Two("subw", |a, b| word(a.wrapping_sub(b))),
    Two("sllw", |a, b| word(a << (b & 31))),
    Two("srlw", |a, b| word(u64::from(a as u32 >> (b & 31)))),
    Two("sraw", |a, b| (a as i32 >> (b & 31)) as i64 as u64),
    Two("mul", u64::wrapping_mul),
    Two("mulh", |a, b| ((i128::from(a as i64) * i128::from(b as i64)) >> 64) as u64),
    Two("mulhsu", |a, b| ((i128::from(a as i64) * i128::from(b)) >> 64) as u64),
    Two("mulhu", |a, b| ((u128::from(a) * u128::from(b)) >> 64) as u64),
    Two("div", |a, b| divided(b, || (a as i64).wrapping_div(b as i64) as u64, u64::MAX)),
    Two("divu", |a, b| divided(b, || a / b, u64::MAX)),
    Two("rem", |a, b| divided(b, || (a as i64).wrapping_rem(b as i64) as u64, a)),
    Two("remu", |a, b| divided(b, || a % b, a)),
    Two("mulw", |a, b| word(a.wrapping_mul(b))),
    Two("divw", |a, b| {
        let (a, b) = (a as i32, b as i32);
        (if b == 0 { -1 } else { a.wrapping_div(b) }) as i64 as u64
    }),
    Two("divuw", |a, b| word(u64::from(divided(b as u32, || a as u32 / b as u32, u32::MAX)))),
    Two("remw", |a, b| {
        let (a, b) = (a as i32, b as i32);
        (if b == 0 { a } else { a.wrapping_rem(b) }) as i64 as u64
    }),
    Two("remuw", |a, b| word(u64::from(divided(b as u32, || a as u32 % b as u32, a as u32)))),
    Two("andn", |a, b| a & !b),
    Two("orn", |a, b| a | !b),
    Two("xnor", |a, b| !(a ^ b)),
    Two("max", |a, b| (a as i64).max(b as i64) as u64),
    Two("maxu", u64::max),
    Two("min", |a, b| (a as i64).min(b as i64) as u64),
    Two("minu", u64::min),
    Two("rol", |a, b| a.rotate_left(b as u32 & 63)),
    Two("ror", |a, b| a.rotate_right(b as u32 & 63)),
    Two("rolw", |a, b| word(u64::from((a as u32).rotate_left(b as u32 & 31)))),
    Two("rorw", |a, b| word(u64::from((a as u32).rotate_right(b as u32 & 31)))),
    One("clz", |a| u64::from(a.leading_zeros())),
    One("clzw", |a| u64::from((a as u32).leading_zeros())),
    One("ctz", |a| u64::from(a.trailing_zeros())),
    One("ctzw", |a| u64::from((a as u32).trailing_zeros())),
    One("cpop", |a| u64::from(a.count_ones())),
    One("cpopw", |a| u64::from((a as u32).count_ones())),
    One("sext.b", |a| a as i8 as i64 as u64),
    One("sext.h", |a| a as i16 as i64 as u64),
    One("zext.h", |a| u64::from(a as u16)),
    One("rev8", u64::swap_bytes),
    One("orc.b", |a| {
        u64::from_le_bytes(a.to_le_bytes().map(|octet| if octet == 0 { 0 } else { 0xff }))
    }),
    Number("addi", u64::wrapping_add_signed, NUMBERS),
    Number("addiw", |a, n| word(a.wrapping_add_signed(n)), NUMBERS),
    Number("slti", |a, n| u64::from((a as i64) < n), NUMBERS),
    Number("sltiu", |a, n| u64::from(a < n as u64), NUMBERS),
    Number("xori", |a, n| a ^ n as u64, NUMBERS),
    Number("ori", |a, n| a | n as u64, NUMBERS),
    Number("andi", |a, n| a & n as u64, NUMBERS),
    Number("slli", |a, n| a << n, SHIFTS),
    Number("srli", |a, n| a >> n, SHIFTS),
    Number("srai", |a, n| ((a as i64) >> n) as u64, SHIFTS),
    Number("slliw", |a, n| word(a << n), SHORT_SHIFTS),
    Number("srliw", |a, n| word(u64::from(a as u32 >> n)), SHORT_SHIFTS),
    Number("sraiw", |a, n| (a as i32 >> n) as i64 as u64, SHORT_SHIFTS),
    Number("rori", |a, n| a.rotate_right(n as u32), SHIFTS),
    Number("roriw", |a, n| word(u64::from((a as u32).rotate_right(n as u32))), SHORT_SHIFTS),
    Branch("beq", |a, b| a == b),
    Branch("bne", |a, b| a != b),
    Branch("blt", |a, b| (a as i64) < b as i64),
    Branch("bge", |a, b| a as i64 >= b as i64),
    Branch("bltu", |a, b| a < b),
    Branch("bgeu", |a, b| a >= b),
    Atomic("amoswap.w", |_, b| b, true),
    Atomic("amoadd.w", u64::wrapping_add, true),
    Atomic("amoxor.w", |a, b| a ^ b, true),
    Atomic("amoand.w", |a, b| a & b, true),
    Atomic("amoor.w", |a, b| a | b, true),
    Atomic("amomin.w", |a, b| (a as i32).min(b as i32) as u64, true),
    Atomic("amomax.w", |a, b| (a as i32).max(b as i32) as u64, true),
    Atomic("amominu.w", |a, b| u64::from((a as u32).min(b as u32)), true),
    Atomic("amomaxu.w", |a, b| u64::from((a as u32).max(b as u32)), true),
    Atomic("amoswap.d", |_, b| b, false),
    Atomic("amoadd.d", u64::wrapping_add, false),
    Atomic("amoxor.d", |a, b| a ^ b, false),
    Atomic("amoand.d", |a, b| a & b, false),
    Atomic("amoor.d", |a, b| a | b, false),
    Atomic("amomin.d", |a, b| (a as i64).min(b as i64) as u64, false),
    Atomic("amomax.d", |a, b| (a as i64).max(b as i64) as u64, false),
    Atomic("amominu.d", u64::min, false),
    Atomic("amomaxu.d", u64::max, false),
    Move("th.mveqz", |condition| condition == 0),
    Move("th.mvnez", |condition| condition != 0),
];

/// The registers of the cases; the first is the zero register.
const REGISTERS: [&str; 4] = ["zero", "a3", "a4", "a5"];

/// Initial values of the registers: any two of these, and their difference.
const VALUES: &[u64] =
    &[0, 1, u64::MAX, 1 << 63, 0xffff_ffff_8000_0000, 0x7fff_ffff_8000_003f, 0xff00_0100_0080_7f00];

/// A text in assembly with its registers, and their values after it.
struct Case {
    text: String,
    result: Box<dyn Fn([u64; 4]) -> [u64; 4]>,
}

/// All choices of registers for a target and two operands, up to renaming.
fn placements() -> Vec<(usize, usize, usize)> {
    let mut found = Vec::new();
    for (a, b, to) in (0..36).map(|number| (number % 3, number / 3 % 3, number / 9)) {
        let mut highest = 0;
        let in_order = [a, b, to].into_iter().all(|register| {
            let next = register <= highest + 1;
            highest = highest.max(register);
            next
        });
        if in_order {
            found.push((a, b, to));
        }
    }
    found
}

fn cases() -> Vec<Case> {
    let mut cases = Vec::new();
    for (row, (a, b, to)) in
        ROWS.iter().flat_map(|row| placements().into_iter().map(move |p| (row, p)))
    {
        let [t, x, y] = [to, a, b].map(|register: usize| REGISTERS[register]);
        let mut add = |text: String, result: Box<dyn Fn([u64; 4]) -> u64>| {
            let result = move |mut registers: [u64; 4]| {
                registers[to] = result(registers);
                registers
            };
            cases.push(Case { text, result: Box::new(result) });
        };
        match row {
            Two(name, of) => {
                add(format!("{name} {t}, {x}, {y}"), Box::new(move |r| of(r[a], r[b])));
            }
            Move(name, takes) => {
                let result = move |r: [u64; 4]| if takes(r[b]) { r[a] } else { r[to] };
                add(format!("{name} {t}, {x}, {y}"), Box::new(result));
            }
            Branch(name, jumps) if to == 3 => {
                let text = format!("li {t}, 1; {name} {x}, {y}, 1f; li {t}, 0; 1:");
                add(text, Box::new(move |r| u64::from(jumps(r[a], r[b]))));
            }
            One(name, of) if b == 0 => {
                add(format!("{name} {t}, {x}"), Box::new(move |r| of(r[a])));
            }
            Number(name, of, numbers) if b == 0 => {
                for number in *numbers {
                    let result = move |r: [u64; 4]| of(r[a], *number);
                    add(format!("{name} {t}, {x}, {number}"), Box::new(result));
                }
            }
            Atomic(name, of, short) if b == 0 => {
                // The word begins as the value of a5, and its new value comes back in a5.
                let text = format!(
                    "addi sp, sp, -16; sd a5, 0(sp); {name} {t}, {x}, (sp); ld a5, 0(sp); \
                     addi sp, sp, 16"
                );
                let result = move |mut r: [u64; 4]| {
                    let (old, new) = (r[3], of(r[3], r[a]));
                    r[to] = if *short { word(old) } else { old };
                    r[3] = if *short { old >> 32 << 32 | new & 0xffff_ffff } else { new };
                    r
                };
                cases.push(Case { text, result: Box::new(result) });
            }
            One(..) | Number(..) | Branch(..) | Atomic(..) => {}
        }
    }
    cases
}

/// A hash with another value mixed in. The program has the same function in C.
fn mixed(hash: u64, value: u64) -> u64 {
    (hash ^ value).wrapping_mul(0x9e37_79b9_7f4a_7c15).rotate_left(29)
}

fn expected(case: &Case) -> u64 {
    let mut hash = 0;
    for x in VALUES {
        for y in VALUES {
            let registers = (case.result)([0, *x, *y, x.wrapping_sub(*y)]);
            for register in &registers[1..] {
                hash = mixed(hash, *register);
            }
        }
    }
    hash
}

fn source(cases: &[Case]) -> String {
    let mut text = String::from(
        "static uint64_t mixed(uint64_t hash, uint64_t value) {
             hash = (hash ^ value) * 0x9e3779b97f4a7c15;
             return hash << 29 | hash >> 35; }
         static const uint64_t values[] = {",
    );
    for value in VALUES {
        let _ = write!(text, "{value:#x},");
    }
    text.push_str("};\n#define COUNT (sizeof values / sizeof values[0])\n");
    for (index, case) in cases.iter().enumerate() {
        let _ = writeln!(
            text,
            "static void case_{index}(uint64_t *r) {{
                register uint64_t a __asm__(\"a3\") = r[1], b __asm__(\"a4\") = r[2];
                register uint64_t c __asm__(\"a5\") = r[3];
                __asm__ volatile(\"{}\" : \"+r\"(a), \"+r\"(b), \"+r\"(c));
                r[1] = a, r[2] = b, r[3] = c; }}",
            case.text
        );
    }
    text.push_str("static void (*const cases[])(uint64_t *) = {");
    for index in 0..cases.len() {
        let _ = write!(text, "case_{index},");
    }
    text.push_str(
        "};
        static uint64_t hashes[sizeof cases / sizeof cases[0]];
        struct jambox_pair f(uint64_t a, uint64_t n) {
            for (size_t i = 0; i < sizeof cases / sizeof cases[0]; i++)
                for (size_t x = 0; x < COUNT; x++)
                    for (size_t y = 0; y < COUNT; y++) {
                        uint64_t r[] = {0, values[x], values[y], values[x] - values[y]};
                        cases[i](r);
                        for (size_t k = 1; k < 4; k++) hashes[i] = mixed(hashes[i], r[k]);
                    }
            return (struct jambox_pair){(uint64_t)hashes, sizeof hashes}; }
        JAMBOX_REFINE(f);",
    );
    text
}

/// The linker mistranslates some instructions; `mend.rs` has their replacements.
#[test]
fn instructions_compute_what_the_specification_says() {
    let cases = cases();
    let text = source(&cases);
    for revision in Revision::ALL {
        let settings = Settings { revision: Some(revision), ..Settings::default() };
        let Some(built) = c_with(&text, settings) else { return };
        let hashes = output(&built.unwrap(), b"");
        let hashes = hashes.as_chunks().0.iter().map(|octets| u64::from_le_bytes(*octets));
        let pairs = cases.iter().zip(hashes);
        let wrong: Vec<_> = pairs.filter(|(case, hash)| expected(case) != *hash).collect();
        let wrong: Vec<_> = wrong.iter().map(|(case, _)| &case.text).collect();
        assert!(wrong.is_empty(), "{revision}: {} of {}: {wrong:#?}", wrong.len(), cases.len());
    }
}

/// A read or write with an unused result, and its effect.
struct Access {
    code: &'static str,
    stops: Stop,
}

/// Fault of an access.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum Stop {
    Nothing,
    /// A panic: addresses below 2^16 never have memory.
    Trap,
    /// A page fault at this address.
    Page(u32),
}

use Stop::{Nothing, Page, Trap};

const ACCESSES: &[Access] = &[
    Access { code: "*(volatile uint64_t *)0xf0000000;", stops: Page(0xf000_0000) },
    Access { code: "(void)*(volatile uint8_t *)(a + 0x10000000);", stops: Page(0x0eff_0000) },
    Access {
        code: "__asm__ volatile(\"li t0, 0xf0000000; ld t0, 0(t0)\" : : : \"t0\");",
        stops: Page(0xf000_0000),
    },
    Access { code: "*(volatile uint32_t *)8;", stops: Trap },
    Access { code: "*(volatile uint32_t *)8 = 1;", stops: Trap },
    Access { code: "*(volatile uint32_t *)2047 = n;", stops: Trap },
    Access { code: "n = *(volatile uint16_t *)16;", stops: Trap },
    Access { code: "n = *(volatile uint64_t *)-8;", stops: Page(0xffff_f000) },
    Access { code: "*(volatile uint64_t *)-2048 = a;", stops: Page(0xffff_f000) },
    Access { code: "*(volatile uint64_t *)-16;", stops: Page(0xffff_f000) },
    // All of these addresses have memory, and registers keep their values.
    Access { code: "(void)known;", stops: Nothing },
    Access { code: "for (int i = 0; i < 3; i++) (void)many[i * 7];", stops: Nothing },
    Access {
        code: "register uint64_t t __asm__(\"t0\") = n;
               __asm__ volatile(\"ld zero, -8(sp); lb zero, 7(%1)\" : \"+r\"(t) : \"r\"(many));
               n = t;",
        stops: Nothing,
    },
];

#[test]
fn volatile_accesses_are_made_wherever_they_go() {
    for (index, Access { code, stops }) in ACCESSES.iter().enumerate() {
        let code = format!(
            "volatile uint64_t known = 1, many[32];
            struct jambox_pair f(uint64_t a, uint64_t n) {{
                uint64_t before = n; {code};
                return (struct jambox_pair){{a, n == before ? 1 : 0}}; }}
            JAMBOX_REFINE(f);"
        );
        for revision in Revision::ALL {
            let settings = Settings { revision: Some(revision), ..Settings::default() };
            let Some(built) = c_with(&code, settings) else { return };
            let run = refined(&built.unwrap(), b"");
            let stopped =
                match run.failure.as_ref().map(|failed| &failed.why.as_ref().unwrap().cause) {
                    None => Nothing,
                    Some(Cause::Exit(Exit::Panic)) => Trap,
                    Some(Cause::Exit(Exit::PageFault(page))) => Page(*page),
                    Some(other) => panic!("{other}"),
                };
            assert_eq!(stopped, *stops, "{revision}, case {index}: {code}");
            if stopped == Nothing {
                assert_eq!(run.result.unwrap().len(), 1, "{revision}: {code}");
            }
        }
    }
}
