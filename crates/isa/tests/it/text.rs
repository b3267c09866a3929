//! Instructions as text.

use jambox_isa::{Instruction, ParseErrorKind, Reg};
use proptest::prelude::*;

use crate::decode::instruction;

fn parse(text: &str) -> Instruction {
    text.parse().unwrap_or_else(|error| panic!("{text}: {error}"))
}

#[test]
fn the_text_of_each_syntax() {
    for text in [
        "trap",
        "ecalli 100",
        "load_imm_64 r7, 0x8000000000000000",
        "store_imm_u8 [0x20000], 255",
        "store_imm_u64 [0xfffffffc], -1",
        "jump @4095",
        "jump_ind r0",
        "jump_ind r12 - 2",
        "load_imm r7, -4095",
        "load_imm r7, 0x1000",
        "load_imm r7, -0x80000000",
        "load_u8 r7, [0x0]",
        "store_u64 [0xfefe0000], r1",
        "store_imm_ind_u16 [r3 + 16], -0x1000",
        "store_imm_ind_u16 [r3], 1",
        "branch_lt_s_imm r2, -1, @4294967295",
        "load_imm_jump r0, 4, @12",
        "move_reg r1, r2",
        "sbrk r1, r2",
        "unlikely",
        "store_ind_u32 [r8 - 0x1000], r7",
        "load_ind_i32 r7, [r8 + 4]",
        "add_imm_32 r7, r8, -1",
        "branch_eq r1, r2, @0",
        "load_imm_jump_ind r1, 2, r3 + 4",
        "load_imm_jump_ind r1, -2, r3",
        "sub_64 r9, r7, r8",
    ] {
        assert_eq!(parse(text).to_string(), text);
    }
}

#[test]
fn the_same_may_be_written_in_many_ways() {
    for (text, plain) in [
        ("  sub_64   r9,r7 ,r8  ", "sub_64 r9, r7, r8"),
        ("sub_64 a2, a0, a1", "sub_64 r9, r7, r8"),
        ("load_imm r7, 0b1_01", "load_imm r7, 5"),
        ("load_imm r7, - 5", "load_imm r7, -5"),
        ("load_imm r7, 0xffff_ffff_ffff_fffb", "load_imm r7, -5"),
        ("load_imm_64 r7, -1", "load_imm_64 r7, 0xffffffffffffffff"),
        ("load_ind_u8 r7, [r8 + 0xffff_fffc]", "load_ind_u8 r7, [r8 - 4]"),
        ("load_ind_u8 r7, [r8 - -4]", "load_ind_u8 r7, [r8 + 4]"),
        ("load_ind_u8 r7, [r8 + 0]", "load_ind_u8 r7, [r8]"),
        ("load_u8 r7, [-4]", "load_u8 r7, [0xfffffffc]"),
    ] {
        assert_eq!(parse(text).to_string(), plain);
    }
}

#[test]
fn errors_say_where_and_what() {
    let number = ParseErrorKind::Number;
    for (text, at, kind) in [
        ("", 0, ParseErrorKind::Mnemonic),
        (" add r1, r2, r3", 1, ParseErrorKind::Mnemonic),
        ("move_reg r1", 11, ParseErrorKind::Punctuation(',')),
        ("move_reg r1, r13", 13, ParseErrorKind::Reg),
        ("move_reg r1, r2, r3", 15, ParseErrorKind::Trailing),
        ("load_u8 r1, 5", 12, ParseErrorKind::Punctuation('[')),
        ("load_u8 r1, []", 13, number),
        ("load_imm r1, 0x", 13, number),
        ("load_imm r1, 12z", 13, number),
        ("load_imm_64 r1, 0x1_0000_0000_0000_0000", 16, number),
        ("jump 5", 5, ParseErrorKind::Punctuation('@')),
        ("jump @\u{e9}", 6, number),
    ] {
        let error = text.parse::<Instruction>().unwrap_err();
        assert_eq!((error.at, error.kind), (at, kind), "{text}");
    }
    let error = "load_imm r1, 0x8000_0000".parse::<Instruction>().unwrap_err();
    assert_eq!(
        error.to_string(),
        "at character 13: 2147483648 does not fit: expected -2147483648 to 2147483647"
    );
}

#[test]
fn registers_have_two_names() {
    for reg in Reg::ALL {
        assert_eq!(reg.name().parse(), Ok(reg));
        assert_eq!(reg.alias().parse(), Ok(reg));
        assert_eq!(Reg::ALL[reg.index()], reg);
    }
}

proptest! {
    #[test]
    fn what_is_printed_parses_to_itself(instruction in instruction()) {
        let text = instruction.to_string();
        prop_assert_eq!(text.parse(), Ok(instruction), "{}", text);
    }

    #[test]
    fn parsing_never_panics(text in "[a-z_0-9 ,@+\\[\\]-]{0,40}|\\PC{0,40}") {
        let _ = text.parse::<Instruction>();
    }
}
