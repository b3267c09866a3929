//! Generated programs in C, compiled as services and for this machine: both must compute the same
//! results.
//!
//! `JAMBOX_COMPILED` sets the number of programs; `cargo xtask soak compiled` runs 150.

use std::fmt::Write;
use std::fs;
use std::ops::Range;
use std::process::Command;

use jambox_build::Settings;
use jambox_types::Revision;

use crate::links::{c_with, output};

/// The number of programs unless `JAMBOX_COMPILED` sets another.
const PROGRAMS: u64 = 25;

/// The number of programs in a service: linking takes longer than running.
const IN_A_SERVICE: u64 = 25;

/// The number of results of each program.
const RESULTS: usize = 16;

/// The operations of the programs, none with undefined behaviour: arithmetic is unsigned, divisors
/// are not 0, indices are within their array.
const PRELUDE: &str = "
    #include <stddef.h>
    #include <stdint.h>
    void *memcpy(void *, const void *, size_t);
    void *memset(void *, int, size_t);
    int memcmp(const void *, const void *, size_t);
    struct part { uint8_t small; int16_t middle; uint32_t word; uint64_t large; };
    static uint8_t octets[64];
    static int16_t halves[32];
    static uint32_t words[32];
    static uint64_t doubles[16];
    static struct part parts[8];
    static volatile uint64_t seen;
    static int64_t divided(int64_t a, int64_t b) {
        return b == 0 || (b == -1 && a == INT64_MIN) ? 5 : a / b; }
    static int64_t rest(int64_t a, int64_t b) {
        return b == 0 || (b == -1 && a == INT64_MIN) ? 7 : a % b; }
    static int32_t short_divided(int32_t a, int32_t b) {
        return b == 0 || (b == -1 && a == INT32_MIN) ? 5 : a / b; }
    static int32_t short_rest(int32_t a, int32_t b) {
        return b == 0 || (b == -1 && a == INT32_MIN) ? 7 : a % b; }
    static uint64_t unsigned_divided(uint64_t a, uint64_t b) { return b ? a / b : 3; }
    static uint64_t unsigned_rest(uint64_t a, uint64_t b) { return b ? a % b : 11; }
    static uint64_t high(uint64_t a, uint64_t b) {
        return (uint64_t)((unsigned __int128)a * b >> 64); }
    static int64_t signed_high(int64_t a, int64_t b) {
        return (int64_t)((__int128)a * b >> 64); }
    static uint64_t wide(uint64_t a, uint64_t b, uint64_t c) {
        return (uint64_t)((((unsigned __int128)a << 64) | b) / (c | 1)); }
    static uint64_t turned(uint64_t a, unsigned by) { return a << (by & 63) | a >> (-by & 63); }
    static uint32_t short_turned(uint32_t a, unsigned by) {
        return a << (by & 31) | a >> (-by & 31); }
    static uint64_t set_octets(uint64_t a) { return (a & 0x0101010101010101u) * 255; }
    static uint64_t real(uint64_t a, uint64_t b) {
        double x = (double)(int64_t)a, y = (double)(uint32_t)b + 2.5;
        float z = (float)(x / y) * 1.25f;
        return (uint64_t)(int64_t)(x / y) + (uint64_t)(z > 3.5f) + (uint64_t)(int64_t)(z / 1e3f); }
    static int64_t smaller(int64_t a, int64_t b) { return a < b ? a : b; }
    static int64_t larger(int64_t a, int64_t b) { return a > b ? a : b; }
    static int64_t not_negative(int64_t a) { return a > 0 ? a : 0; }
";

/// A generator of random numbers, after Knuth's MMIX.
struct Chance(u64);

impl Chance {
    fn below(&mut self, limit: u64) -> u64 {
        self.0 = self.0.wrapping_mul(0x5851_f42d_4c95_7f2d).wrapping_add(0x1405_7b7e_f767_814f);
        (self.0 >> 33) % limit
    }

    fn of<'t>(&mut self, all: &[&'t str]) -> &'t str {
        all[self.below(all.len() as u64) as usize]
    }
}

const TYPES: &[&str] =
    &["uint8_t", "int8_t", "uint16_t", "int16_t", "uint32_t", "int32_t", "uint64_t", "int64_t"];

/// Functions of two numbers, or of fewer.
const FUNCTIONS: &[&str] = &[
    "divided(@, @)",
    "rest(@, @)",
    "short_divided(@, @)",
    "short_rest(@, @)",
    "unsigned_divided(@, @)",
    "unsigned_rest(@, @)",
    "high(@, @)",
    "signed_high(@, @)",
    "wide(@, @, @)",
    "turned(@, @)",
    "short_turned(@, @)",
    "set_octets(@)",
    "real(@, @)",
    "smaller(@, @)",
    "larger(@, @)",
    "not_negative(@)",
    "__builtin_popcountll(@)",
    "__builtin_clzll((@) | 1)",
    "__builtin_ctz((@) | 0x80000000u)",
    "__builtin_bswap64(@)",
    "__builtin_bswap32(@)",
    "((@) ? (@) : (@))",
    "(uint64_t)(@) << ((@) & 63)",
    "(uint32_t)(@) << ((@) & 31)",
    "(int64_t)(@) >> ((@) & 63)",
    "(int32_t)(@) >> ((@) & 31)",
    "(uint64_t)(@) >> ((@) & 63)",
    "(uint32_t)(@) >> ((@) & 31)",
    "!(@)",
    "~(uint64_t)(@)",
    "(@) && (@)",
    "(@) || (@)",
    "((uint64_t)(@) & ~(uint64_t)(@))",
    "(seen, (@))",
];

/// The text of one program, whose names begin with its seed.
struct Program {
    seed: u64,
    chance: Chance,
    /// Functions made so far; each may call those before it, outside of loops.
    functions: u64,
    loops: u32,
    text: String,
}

impl Program {
    fn of(seed: u64) -> String {
        let mut program =
            Self { seed, chance: Chance(seed), functions: 0, loops: 0, text: String::new() };
        for _ in 0..6 {
            program.function();
        }
        let _ = writeln!(
            program.text,
            "static uint64_t p{seed}_run(uint64_t number) {{
                uint64_t hash = number * 0x9e3779b97f4a7c15u;"
        );
        for function in 0..program.functions {
            let _ = writeln!(
                program.text,
                "hash = turned(hash, 17) ^
                    p{seed}_f{function}(hash, (int32_t)(hash >> 7), (uint8_t)number);"
            );
        }
        program.text.push_str(
            "for (int i = 0; i < 16; i++) hash = turned(hash, 9) + doubles[i] + words[i * 2] * 3 +
                (uint64_t)halves[i] + octets[i * 3] + parts[i & 7].large + parts[i & 7].word +
                (uint64_t)parts[i & 7].middle + parts[i & 7].small;
             return hash; }\n",
        );
        program.text
    }

    fn function(&mut self) {
        let _ = writeln!(
            self.text,
            "static uint64_t p{}_f{}(uint64_t a, int32_t b, uint8_t c) {{",
            self.seed, self.functions
        );
        for local in 0..5 {
            let (kind, value) = (self.chance.of(TYPES), self.value(2));
            // The first local variable has no other to refer to.
            let value = if local == 0 { "a + (uint64_t)b".to_owned() } else { value };
            let value =
                (local..5).fold(value, |text, later| text.replace(&format!("v{later}"), "a"));
            let _ = writeln!(self.text, "{kind} v{local} = ({kind})({value});");
        }
        for _ in 0..6 {
            let statement = self.statement(2);
            self.text.push_str(&statement);
        }
        let result = self.value(2);
        let _ =
            writeln!(self.text, "return (uint64_t)({result}) ^ (uint64_t)v0 ^ (uint64_t)v4; }}");
        self.functions += 1;
    }

    fn place(&mut self) -> String {
        let index = self.value(1);
        match self.chance.below(8) {
            0 => format!("octets[({index}) & 63]"),
            1 => format!("halves[({index}) & 31]"),
            2 => format!("words[({index}) & 31]"),
            3 => format!("doubles[({index}) & 15]"),
            4 => format!("parts[({index}) & 7].{}", self.chance.of(&["small", "middle", "word"])),
            5 => format!("parts[({index}) & 7].large"),
            _ => format!("v{}", self.chance.below(5)),
        }
    }

    fn value(&mut self, depth: u32) -> String {
        if depth == 0 || self.chance.below(5) == 0 {
            return match self.chance.below(6) {
                0 => "a".to_owned(),
                1 => "b".to_owned(),
                2 => "c".to_owned(),
                3 => format!("{}u", self.chance.below(1 << 31)),
                4 => {
                    self.chance.of(&["0", "1", "-1", "0x8000000000000000u", "0xff", "-128"]).into()
                }
                _ => format!("v{}", self.chance.below(5)),
            };
        }
        match self.chance.below(10) {
            0..4 => {
                let kind = self.chance.of(&["uint32_t", "uint64_t"]);
                let (left, right) = (self.value(depth - 1), self.value(depth - 1));
                let sign = self.chance.of(&["+", "-", "*", "&", "|", "^"]);
                let result = self.chance.of(TYPES);
                format!("({result})(({kind})({left}) {sign} ({kind})({right}))")
            }
            4 => {
                let kind = self.chance.of(TYPES);
                let (left, right) = (self.value(depth - 1), self.value(depth - 1));
                let sign = self.chance.of(&["<", "<=", ">", ">=", "==", "!="]);
                format!("(({kind})({left}) {sign} ({kind})({right}))")
            }
            5 => self.place(),
            _ => {
                let shape = self.chance.of(FUNCTIONS);
                let mut text = String::from("(");
                for (index, piece) in shape.split('@').enumerate() {
                    if index > 0 {
                        text += &self.value(depth - 1);
                    }
                    text += piece;
                }
                text + ")"
            }
        }
    }

    fn statement(&mut self, depth: u32) -> String {
        let mut text = String::new();
        let _ = match self.chance.below(if depth == 0 { 4 } else { 10 }) {
            0..3 => {
                let (place, value) = (self.place(), self.value(3));
                writeln!(text, "{place} = {value};")
            }
            3 => {
                let (to, from) = (self.value(1), self.value(1));
                match self.chance.below(3) {
                    0 => writeln!(text, "parts[({to}) & 7] = parts[({from}) & 7];"),
                    1 => writeln!(text, "memcpy(octets, words + (({from}) & 7), ({to}) & 31);"),
                    _ => writeln!(text, "memset(halves + (({from}) & 7), (int)({to}), 24);"),
                }
            }
            4 | 5 => {
                self.loops += 1;
                let (turns, body) = (self.chance.below(12), self.statement(depth - 1));
                self.loops -= 1;
                let (name, local) = (format!("i{depth}"), self.chance.below(5));
                let body = format!("{body}v{local} = (uint64_t)v{local} + {name};\n");
                writeln!(text, "for (uint8_t {name} = 0; {name} < {turns}; {name}++) {{\n{body}}}")
            }
            // A statement of its own, for C leaves the order of operands open.
            6 if self.functions > 0 && self.loops == 0 => {
                let function = self.chance.below(self.functions);
                let (a, b, c) = (self.value(2), self.value(2), self.value(1));
                let local = self.chance.below(5);
                let seed = self.seed;
                writeln!(
                    text,
                    "v{local} = p{seed}_f{function}({a}, (int32_t)({b}), (uint8_t)({c}));"
                )
            }
            6..9 => {
                let (condition, then) = (self.value(2), self.statement(depth - 1));
                let other = self.statement(depth - 1);
                writeln!(text, "if ({condition}) {{\n{then}}} else {{\n{other}}}")
            }
            _ => {
                let value = self.value(2);
                let mut cases = String::new();
                for case in 0..5 {
                    let (body, falls) = (self.statement(depth - 1), self.chance.below(3) == 0);
                    let _ = write!(cases, "case {case}: {body}");
                    cases += if falls { "__attribute__((fallthrough));\n" } else { "break;\n" };
                }
                writeln!(
                    text,
                    "switch (({value}) & 7) {{\n{cases}default: v0 = (uint64_t)v0 + 1;\n}}"
                )
            }
        };
        text
    }
}

/// Programs that are one file: `results`, and a function that computes all of them.
fn together(programs: &[String], seeds: Range<u64>) -> String {
    let count = programs.len() * RESULTS;
    let mut text = format!("{PRELUDE}{}static uint64_t results[{count}];\n", programs.concat());
    text += "static void compute(void) { uint64_t *next = results;\n";
    for seed in seeds {
        let run = format!("*next++ = p{seed}_run(i)");
        let _ = writeln!(text, "for (uint64_t i = 0; i < {RESULTS}; i++) {run};");
    }
    text + "}\n"
}

/// Results of programs on this machine; `None`, with a message, where there is no compiler.
fn native(text: &str) -> Option<Vec<u8>> {
    let folder = tempfile::tempdir().unwrap();
    let [source, binary] = ["p.c", "p"].map(|name| folder.path().join(name));
    let main = "#include <stdio.h>
        int main(void) { compute(); fwrite(results, sizeof results, 1, stdout); return 0; }";
    fs::write(&source, format!("{text}{main}")).unwrap();
    let flags = ["-O1", "-w", "-fno-strict-aliasing", "-ffp-contract=off", "-o"];
    let compiled = Command::new("cc").args(flags).arg(&binary).arg(&source).output();
    let Ok(compiled) = compiled else {
        eprintln!("skipped, for it takes a C compiler named cc");
        return None;
    };
    assert!(compiled.status.success(), "{}", String::from_utf8_lossy(&compiled.stderr));
    Some(Command::new(binary).output().unwrap().stdout)
}

#[test]
fn generated_programs_compute_the_same_here_and_as_services() {
    let asked = std::env::var("JAMBOX_COMPILED").ok().and_then(|number| number.parse().ok());
    let all: u64 = asked.unwrap_or(PROGRAMS);
    for first in (0..all).step_by(IN_A_SERVICE as usize) {
        let seeds = first..all.min(first + IN_A_SERVICE);
        let programs: Vec<String> = seeds.clone().map(Program::of).collect();
        let text = together(&programs, seeds.clone());
        let Some(expected) = native(&text) else { return };
        assert_eq!(expected.len(), 8 * RESULTS * programs.len(), "seeds {seeds:?}");
        let service = format!(
            "{text}
            struct jambox_pair f(uint64_t a, uint64_t n) {{
                compute();
                return (struct jambox_pair){{(uint64_t)results, sizeof results}}; }}
            JAMBOX_REFINE(f);"
        );
        for revision in Revision::ALL {
            let settings = Settings { revision: Some(revision), ..Settings::default() };
            let Some(built) = c_with(&service, settings) else { return };
            let found = output(&built.unwrap(), b"");
            let results = expected.chunks(8 * RESULTS).zip(found.chunks(8 * RESULTS));
            for ((seed, program), (expected, found)) in seeds.clone().zip(&programs).zip(results) {
                let what = "state is common: the first program that differs counts";
                assert_eq!(found, expected, "seed {seed}, {revision}; {what}:\n{program}");
            }
            assert_eq!(found.len(), expected.len());
        }
    }
}
