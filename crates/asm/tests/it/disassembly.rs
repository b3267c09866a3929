//! Disassembled texts.

use jambox_asm::{Dialect, assemble, disassemble, disassemble_with_notes};
use jambox_isa::{InstructionSet, Revision};
use jambox_program::{Container, ProgramKind};

use crate::{DIALECT, assembled};

/// A text in the form of a disassembly.
const PLAIN: &str = "\
.program standard
.name \"a \\\"name\\\"\\n\"
.version \"1\"
.license \"\"
.author \"B\"
.heap_pages 2
.stack_size 4096

.ro
    .hex 68 69 00 01 00 00 00 00 00 00 00 00 00 00 00 00
    .zero 16
    .hex 00 01

.rw
    .zero 3

.jump_table block_0, @1

.code
block_0:
    jump block_2
block_2:
    .raw 33 07 05 00
    ecalli write
    ecalli 99
    load_ind_u8 r7, [r8 + 4]
    branch_lt_s_imm r7, -1, block_2
block_17:
    jump_ind r0
block_19:
    trap
";

#[test]
fn a_plain_text_is_its_own_disassembly() {
    assert_eq!(disassemble(&assembled(PLAIN).container, &DIALECT, false), PLAIN);
}

#[test]
fn comments_tell_positions_and_meanings() {
    let text = ".ro\n.ascii \"hi\\n\"\n.code\nfallthrough\n.raw 33 07 05 00\n.raw 28 00";
    let text = disassemble(&assembled(text).container, &DIALECT, true);
    let expected = "\
.program standard
.heap_pages 0
.stack_size 0

.ro
    .hex 68 69 0a                                        ; hi.

.code
block_0:
    fallthrough                                  ; 0
block_1:
    .raw 33 07 05 00                             ; 1: load_imm r7, 5
    .raw 28 00                                   ; 5: jump block_5
";
    assert_eq!(text, expected);
}

#[test]
fn notes_stand_above_the_first_instruction_that_they_are_for() {
    let container = assembled("nop: fallthrough\nfallthrough\nfallthrough\ntrap").container;
    let notes = |pc| match pc {
        0 | 1 => vec!["f (a.c:1)".to_owned(), "g (a.c:2)\n".to_owned()],
        2 => Vec::new(),
        _ => vec!["h".to_owned()],
    };
    let text = disassemble_with_notes(&container, &DIALECT, &notes);
    let (_, code) = text.split_once(".code\n").unwrap();
    let lines: Vec<_> =
        code.lines().map(|line| line.trim().split("  ; ").next().unwrap().trim()).collect();
    let expected = [
        "block_0:",
        "; f (a.c:1)",
        "; g (a.c:2)",
        "fallthrough",
        "block_1:",
        "fallthrough",
        "block_2:",
        "fallthrough",
        "block_3:",
        "; h",
        "trap",
    ];
    assert_eq!(lines, expected, "{text}");
    assert_eq!(assembled(&text).container, container);
}

#[test]
fn octets_before_the_first_mark_are_kept() {
    let text = ".unmarked 01 02\ntrap";
    let container = assembled(text).container;
    let again = disassemble(&container, &DIALECT, false);
    assert_eq!(again, ".program bare\n\n.code\n    .unmarked 01 02\n    trap\n");
}

#[test]
fn jumps_that_could_be_shorter_are_written_out() {
    // Over 127 octets: the offset is 128 if it takes two octets, and 127 if it takes one.
    let mut text = "target: .raw 28 80 00\n".to_owned();
    text.push_str(&"trap\n".repeat(125));
    text.push_str("there: trap\n");
    let container = assembled(&text).container;
    let program = container.program();
    assert!(program.is_block_start(DIALECT.set, 128));
    let disassembly = disassemble(&container, &DIALECT, false);
    assert!(disassembly.contains(".raw 28 80 00\n"));
    assert_eq!(assembled(&disassembly).container, container);
    let ProgramKind::Bare(_) = &container.kind else { panic!() };
}

#[test]
fn forms_without_data_say_their_kind() {
    for (text, expected) in [
        ("", ".program bare\n\n.code\n"),
        (".program standard", ".program standard\n.heap_pages 0\n.stack_size 0\n\n.code\n"),
        (".metadata 05 06", ".program bare\n.metadata 05 06\n\n.code\n"),
        (".zero_entries 5", ".program bare\n\n.zero_entries 5\n\n.code\n"),
        (".entry_size 2", ".program bare\n\n.entry_size 2\n\n.code\n"),
    ] {
        let container: Container = assembled(text).container;
        assert_eq!(disassemble(&container, &DIALECT, true), expected);
    }
}

#[test]
fn blocks_that_are_paid_as_a_whole_say_what_they_cost() {
    let dialect = Dialect { set: InstructionSet::of(Revision::GrayPaper080), ..DIALECT };
    let text = "ecalli 1\nfallthrough\njump @0\n";
    let container = assemble(text, &dialect).expect("a program").container;
    let again = disassemble(&container, &dialect, false);
    let expected = "block_0: ; 100 gas\n    ecalli fetch\n    fallthrough\n\
        block_3: ; 15 gas\n    jump block_0\n";
    let (_, code) = again.split_once(".code\n").expect("code");
    assert_eq!(code, expected);
    assert_eq!(assemble(&again, &dialect).expect("a program").container, container);
}
