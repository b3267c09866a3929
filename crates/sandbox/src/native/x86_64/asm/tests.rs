//! Every row of the form table, over its operands, against iced-x86.

use iced_x86::{Decoder, DecoderOptions, Formatter, IntelFormatter, MemorySizeOptions, NumberBase};

use super::forms::for_each_form;
use super::operand::Operand;
use super::{Condition, Gpr, Mem, Size, Spill};
use crate::native::asm::Assembler;

const GPRS: [Gpr; 15] = [
    Gpr::Rax,
    Gpr::Rcx,
    Gpr::Rdx,
    Gpr::Rbx,
    Gpr::Rbp,
    Gpr::Rsi,
    Gpr::Rdi,
    Gpr::R8,
    Gpr::R9,
    Gpr::R10,
    Gpr::R11,
    Gpr::R12,
    Gpr::R13,
    Gpr::R14,
    Gpr::R15,
];
const SIZES: [Size; 2] = [Size::S32, Size::S64];
const IMMEDIATES: [i32; 9] = [0, 1, -1, 127, 128, -128, -129, i32::MAX, i32::MIN];

/// The name of a register at a width in bits.
fn name(reg: Gpr, bits: u32) -> String {
    const OLD: [&str; 8] = ["ax", "cx", "dx", "bx", "sp", "bp", "si", "di"];
    let number = reg as usize;
    match (OLD.get(number), bits) {
        (Some(old), 64) => format!("r{old}"),
        (Some(old), 32) => format!("e{old}"),
        (Some(old), 16) => (*old).to_string(),
        (Some(old), _) if number < 4 => format!("{}l", &old[..1]),
        (Some(old), _) => format!("{old}l"),
        (None, 64) => format!("r{number}"),
        (None, 32) => format!("r{number}d"),
        (None, 16) => format!("r{number}w"),
        (None, _) => format!("r{number}b"),
    }
}

fn bits(size: Size) -> u32 {
    match size {
        Size::S32 => 32,
        Size::S64 => 64,
    }
}

fn word(bits: u32) -> &'static str {
    match bits {
        8 => "byte",
        16 => "word",
        32 => "dword",
        _ => "qword",
    }
}

fn displacement(value: i32) -> String {
    match value {
        0 => String::new(),
        _ => format!("{value:+}"),
    }
}

/// The text of a memory operand; `end` is where the instruction ends.
fn memory(mem: impl Into<Operand>, bits: u32, end: u64) -> String {
    let place = match mem.into() {
        Operand::Guest(None, at) => format!("gs:[{}]", at as u32),
        Operand::Guest(Some(base), at) => format!("gs:[{}{}]", name(base, 32), displacement(at)),
        Operand::Frame(at) => format!("[rsp{}]", displacement(at.into())),
        Operand::At(base) => format!("[{}]", name(base, 64)),
        Operand::Rip(distance) => format!("[{}]", end.wrapping_add_signed(distance.into())),
    };
    format!("{} ptr {place}", word(bits))
}

/// An immediate as a decoder shows it that knows the operand's width.
fn immediate(value: i32, bits: u32) -> String {
    match bits {
        8 => (value as i8).to_string(),
        16 => (value as i16).to_string(),
        _ => value.to_string(),
    }
}

fn places() -> Vec<Mem> {
    let mut places = Vec::new();
    for at in IMMEDIATES {
        places.push(Mem::Guest(None, at));
        places.extend(GPRS.into_iter().map(|base| Mem::Guest(Some(base), at)));
    }
    places.extend([Spill::First, Spill::Second].map(Mem::Spill));
    places
}

/// Fields of a frame, not only those that there are.
const FIELDS: [i8; 5] = [-128, -8, 0, 8, 127];

const BASE: u64 = 0x1_0000;

/// The text of the one instruction that `write` writes, and the address of its end.
fn decoded(write: impl FnOnce(&mut Assembler)) -> (String, u64) {
    let mut assembler = Assembler::default();
    write(&mut assembler);
    let mut decoder = Decoder::with_ip(64, assembler.octets(), BASE, DecoderOptions::NONE);
    let instruction = decoder.decode();
    assert_eq!(instruction.len(), assembler.at(), "{:x?}", assembler.octets());
    let mut formatter = IntelFormatter::new();
    let options = formatter.options_mut();
    options.set_number_base(NumberBase::Decimal);
    options.set_signed_immediate_operands(true);
    options.set_space_after_operand_separator(true);
    options.set_memory_size_options(MemorySizeOptions::Always);
    options.set_rip_relative_addresses(false);
    options.set_show_branch_size(false);
    let mut text = String::new();
    formatter.format(&instruction, &mut text);
    (text, BASE + instruction.len() as u64)
}

#[track_caller]
fn same(write: impl FnOnce(&mut Assembler), expected: &str) {
    assert_eq!(decoded(write).0, expected);
}

/// Tests a row, by its shape.
macro_rules! check {
    (dst_src($($e:tt)*) $name:ident $mnemonic:literal) => {
        for (size, dst, src) in sized_pairs() {
            let (d, s) = (name(dst, bits(size)), name(src, bits(size)));
            same(|a| a.$name(size, dst, src), &format!("{} {d}, {s}", $mnemonic));
        }
    };
    (reg_rm($($e:tt)*) $name:ident $mnemonic:literal) => {
        check!(dst_src() $name $mnemonic)
    };
    (dst_imm($($e:tt)*) $name:ident $mnemonic:literal) => {
        for (size, dst, _) in sized_pairs() {
            for imm in IMMEDIATES {
                let d = name(dst, bits(size));
                same(|a| a.$name(size, dst, imm), &format!("{} {d}, {imm}", $mnemonic));
            }
        }
    };
    (dst($($e:tt)*) $name:ident $mnemonic:literal) => {
        for (size, dst, _) in sized_pairs() {
            same(|a| a.$name(size, dst), &format!("{} {}", $mnemonic, name(dst, bits(size))));
        }
    };
    (dst_cl($($e:tt)*) $name:ident $mnemonic:literal) => {
        for (size, dst, _) in sized_pairs() {
            same(|a| a.$name(size, dst), &format!("{} {}, cl", $mnemonic, name(dst, bits(size))));
        }
    };
    (dst_count($($e:tt)*) $name:ident $mnemonic:literal) => {
        for (size, dst, _) in sized_pairs() {
            for count in [1, 5, 31] {
                let d = name(dst, bits(size));
                same(|a| a.$name(size, dst, count), &format!("{} {d}, {count}", $mnemonic));
            }
        }
    };
    (widen($escape:literal, $octet:literal, $size:expr, $bits:literal) $name:ident
        $mnemonic:literal) => {
        for (dst, src) in pairs() {
            let (d, s) = (name(dst, bits($size)), name(src, $bits));
            same(|a| a.$name(dst, src), &format!("{} {d}, {s}", $mnemonic));
        }
    };
    (counted($($e:tt)*) $name:ident $mnemonic:literal) => {
        for (size, dst, src) in sized_pairs() {
            for count in GPRS {
                let [d, s, c] = [dst, src, count].map(|reg| name(reg, bits(size)));
                same(|a| a.$name(size, dst, src, count), &format!("{} {d}, {s}, {c}", $mnemonic));
            }
        }
    };
    (vex($($e:tt)*) $name:ident $mnemonic:literal) => {
        for (size, dst, src) in sized_pairs() {
            for second in GPRS {
                let [d, s, c] = [dst, src, second].map(|reg| name(reg, bits(size)));
                same(|a| a.$name(size, dst, second, src), &format!("{} {d}, {c}, {s}", $mnemonic));
            }
        }
    };
    (vex_spill($($e:tt)*) $name:ident $mnemonic:literal) => {
        for (size, dst, second) in sized_pairs() {
            for spill in [Spill::First, Spill::Second] {
                let [d, s] = [dst, second].map(|reg| name(reg, bits(size)));
                let m = memory(Mem::Spill(spill), bits(size), 0);
                same(|a| a.$name(size, dst, second, spill), &format!("{} {d}, {s}, {m}", $mnemonic));
            }
        }
    };
    (load($escape:literal, $octet:literal, $size:expr, $bits:literal) $name:ident
        $mnemonic:literal) => {
        for (dst, mem) in places_with_gprs() {
            let (text, end) = decoded(|a| a.$name(dst, mem));
            let (d, m) = (name(dst, bits($size)), memory(mem, $bits, end));
            assert_eq!(text, format!("{} {d}, {m}", $mnemonic));
        }
    };
    (store($prefix:literal, $octet:literal, $size:expr, $bits:literal) $name:ident
        $mnemonic:literal) => {
        for (src, mem) in places_with_gprs() {
            let (text, end) = decoded(|a| a.$name(mem, src));
            let (s, m) = (name(src, $bits), memory(mem, $bits, end));
            assert_eq!(text, format!("{} {m}, {s}", $mnemonic));
        }
    };
    (store_imm($prefix:literal, $octet:literal, $size:expr, $bits:literal) $name:ident
        $mnemonic:literal) => {
        for mem in places() {
            for imm in IMMEDIATES {
                let (text, end) = decoded(|a| a.$name(mem, imm));
                let m = memory(mem, $bits, end);
                assert_eq!(text, format!("{} {m}, {}", $mnemonic, immediate(imm, $bits)));
            }
        }
    };
    (setcc() $name:ident $mnemonic:literal) => {
        for (condition, letters) in conditions() {
            for dst in GPRS {
                let d = name(dst, 8);
                same(|a| a.$name(condition, dst), &format!("{}{letters} {d}", $mnemonic));
            }
        }
    };
    (cmovcc() $name:ident $mnemonic:literal) => {
        for (condition, letters) in conditions() {
            for (dst, src) in pairs() {
                let [d, s] = [dst, src].map(|reg| name(reg, 64));
                same(|a| a.$name(condition, dst, src), &format!("{}{letters} {d}, {s}", $mnemonic));
            }
        }
    };
    (three($($e:tt)*) $name:ident $mnemonic:literal) => {
        for (size, dst, src) in sized_pairs() {
            for imm in IMMEDIATES {
                let [d, s] = [dst, src].map(|reg| name(reg, bits(size)));
                // The decoder writes a source that is the destination only once.
                let operands = if dst == src { d } else { format!("{d}, {s}") };
                let expected = format!("{} {operands}, {imm}", $mnemonic);
                same(|a| a.$name(size, dst, src, imm), &expected);
            }
        }
    };
    (rorx() $name:ident $mnemonic:literal) => {
        for (size, dst, src) in sized_pairs() {
            for count in [0, 7, 31] {
                let [d, s] = [dst, src].map(|reg| name(reg, bits(size)));
                same(|a| a.$name(size, dst, src, count), &format!("{} {d}, {s}, {count}", $mnemonic));
            }
        }
    };
    (bswap() $name:ident $mnemonic:literal) => {
        for dst in GPRS {
            same(|a| a.$name(dst), &format!("{} {}", $mnemonic, name(dst, 64)));
        }
    };
    (mov_u32() $name:ident $mnemonic:literal) => {
        for dst in GPRS {
            for imm in IMMEDIATES {
                let expected = format!("{} {}, {imm}", $mnemonic, name(dst, 32));
                same(|a| a.$name(dst, imm as u32), &expected);
            }
        }
    };
    (mov_i32() $name:ident $mnemonic:literal) => {
        for dst in GPRS {
            for imm in IMMEDIATES {
                same(|a| a.$name(dst, imm), &format!("{} {}, {imm}", $mnemonic, name(dst, 64)));
            }
        }
    };
    (mov_u64() $name:ident $mnemonic:literal) => {
        for dst in GPRS {
            for imm in [0, 1, u64::MAX, 0x0123_4567_89ab_cdef] {
                let expected = format!("{} {}, {}", $mnemonic, name(dst, 64), imm as i64);
                same(|a| a.$name(dst, imm), &expected);
            }
        }
    };
    (sign_into_rdx() $name:ident $mnemonic:literal) => {
        same(|a| a.$name(Size::S64), $mnemonic);
        same(|a| a.$name(Size::S32), "cdq");
    };
    (lea() $name:ident $mnemonic:literal) => {
        for (size, dst, base) in sized_pairs() {
            for imm in IMMEDIATES {
                let (d, b) = (name(dst, bits(size)), name(base, 64));
                let expected = format!("{} {d}, [{b}{}]", $mnemonic, displacement(imm));
                same(|a| a.$name(size, dst, base, imm), &expected);
            }
        }
    };
    (lea_index() $name:ident $mnemonic:literal) => {
        for (size, dst, base) in sized_pairs() {
            for index in GPRS {
                let d = name(dst, bits(size));
                let [b, i] = [base, index].map(|reg| name(reg, 64));
                let expected = format!("{} {d}, [{b}+{i}]", $mnemonic);
                same(|a| a.$name(size, dst, base, index), &expected);
            }
        }
    };
    (lea_rip() $name:ident $mnemonic:literal) => {
        for dst in GPRS {
            let (text, end) = decoded(|a| a.$name(dst, -77));
            assert_eq!(text, format!("{} {}, [{}]", $mnemonic, name(dst, 64), end - 77));
        }
    };
    (load_field($($e:tt)*) $name:ident $mnemonic:literal) => {
        for (dst, field) in gprs_with_fields() {
            let (d, m) = (name(dst, 64), memory(Operand::Frame(field), 64, 0));
            same(|a| a.$name(dst, field), &format!("{} {d}, {m}", $mnemonic));
        }
    };
    (store_field($($e:tt)*) $name:ident $mnemonic:literal) => {
        for (src, field) in gprs_with_fields() {
            let (s, m) = (name(src, 64), memory(Operand::Frame(field), 64, 0));
            same(|a| a.$name(field, src), &format!("{} {m}, {s}", $mnemonic));
        }
    };
    (store_imm_field($($e:tt)*) $name:ident $mnemonic:literal) => {
        for field in FIELDS {
            for imm in IMMEDIATES {
                let m = memory(Operand::Frame(field), 32, 0);
                same(|a| a.$name(field, imm), &format!("{} {m}, {imm}", $mnemonic));
            }
        }
    };
    (jmp_at() $name:ident $mnemonic:literal) => {
        for base in GPRS {
            let m = memory(Operand::At(base), 64, 0);
            same(|a| a.$name(base), &format!("{} {m}", $mnemonic));
        }
    };
    (jmp_rip() $name:ident $mnemonic:literal) => {
        for distance in [0, 1000, -1000] {
            let (text, end) = decoded(|a| a.$name(distance));
            assert_eq!(text, format!("{} {}", $mnemonic, memory(Operand::Rip(distance), 64, end)));
        }
    };
    (jmp() $name:ident $mnemonic:literal) => {
        for distance in [0, 1000, -1000] {
            let (text, end) = decoded(|a| a.$name(distance));
            let target = end.wrapping_add_signed(distance.into());
            assert_eq!(text, format!("{} {target}", $mnemonic));
        }
    };
    (jmp_short() $name:ident $mnemonic:literal) => {
        for distance in [0, 100, -100] {
            let (text, end) = decoded(|a| a.$name(distance));
            let target = end.wrapping_add_signed(distance.into());
            assert_eq!(text, format!("{} {target}", $mnemonic));
        }
    };
    (jcc() $name:ident $mnemonic:literal) => {
        for (condition, letters) in conditions() {
            let (text, end) = decoded(|a| a.$name(condition, 500));
            assert_eq!(text, format!("{}{letters} {}", $mnemonic, end + 500));
        }
    };
    (jcc_short() $name:ident $mnemonic:literal) => {
        for (condition, letters) in conditions() {
            let (text, end) = decoded(|a| a.$name(condition, -50));
            assert_eq!(text, format!("{}{letters} {}", $mnemonic, end - 50));
        }
    };
}

fn pairs() -> impl Iterator<Item = (Gpr, Gpr)> {
    GPRS.into_iter().flat_map(|dst| GPRS.into_iter().map(move |src| (dst, src)))
}

fn sized_pairs() -> impl Iterator<Item = (Size, Gpr, Gpr)> {
    SIZES.into_iter().flat_map(|size| pairs().map(move |(dst, src)| (size, dst, src)))
}

fn places_with_gprs() -> impl Iterator<Item = (Gpr, Mem)> {
    GPRS.into_iter().flat_map(|reg| places().into_iter().map(move |mem| (reg, mem)))
}

fn gprs_with_fields() -> impl Iterator<Item = (Gpr, i8)> {
    GPRS.into_iter().flat_map(|reg| FIELDS.map(|field| (reg, field)))
}

fn conditions() -> impl Iterator<Item = (Condition, &'static str)> {
    Condition::ALL.into_iter().zip(["b", "ae", "e", "ne", "be", "a", "l", "ge", "le", "g"])
}

macro_rules! define_tests {
    ($(
        #[doc = $doc:literal]
        $name:ident: $shape:ident($($encoding:tt)*) $mnemonic:literal;
    )*) => {
        $(
            #[test]
            fn $name() {
                check! { $shape($($encoding)*) $name $mnemonic }
            }
        )*
    };
}

for_each_form!(define_tests);

#[test]
fn a_condition_and_its_negation_cover_everything_once() {
    for condition in Condition::ALL {
        assert_eq!(condition.negated().negated(), condition);
        // The architecture encodes a negation in the lowest bit.
        assert_eq!(condition.negated() as u8, condition as u8 ^ 1);
    }
}

macro_rules! mnemonics {
    ($($(#[$doc:meta])* $name:ident: $shape:ident($($argument:tt)*) $mnemonic:literal;)*) => {
        const MNEMONICS: &[&str] = &[$($mnemonic),*];
    };
}

for_each_form!(mnemonics);

/// Guest calls are jumps: whatever a guest does, the host's stack stays as it is.
#[test]
fn no_form_moves_the_stack_or_leaves_the_process() {
    let forbidden = ["push", "pop", "call", "ret", "enter", "leave", "syscall", "int", "wrgsbase"];
    assert!(MNEMONICS.len() > 50);
    for mnemonic in MNEMONICS {
        assert!(!forbidden.contains(mnemonic), "{mnemonic}");
    }
}
