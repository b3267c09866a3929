//! Errors of texts that do not assemble.

use jambox_asm::{AsmError, assemble};
use jambox_isa::{InstructionSet, Revision};

use crate::DIALECT;

fn errors(text: &str) -> Vec<AsmError> {
    match assemble(text, &DIALECT) {
        Ok(assembly) => panic!("{text} assembles to {assembly:?}"),
        Err(errors) => errors.0,
    }
}

#[track_caller]
fn says(text: &str, expected: &str) {
    let errors = errors(text);
    let lines: Vec<String> = errors.iter().map(ToString::to_string).collect();
    assert_eq!(lines.join("\n"), expected, "{text}");
    for error in errors {
        assert!(text.get(error.span).is_some());
    }
}

#[test]
fn words_that_mean_nothing() {
    says("jmp @0", "1:1: unknown instruction `jmp`: did you mean `jump`?");
    says("\n  add64 r1, r2, r3", "2:3: unknown instruction `add64`: did you mean `add_64`?");
    says("frobnicate", "1:1: unknown instruction `frobnicate`");
    says(".asci \"x\"", "1:1: unknown directive `.asci`: did you mean `.ascii`?");
    says("ecalli writ", "1:8: unknown host call `writ`: did you mean `write`?");
    says("jump lop\nloop: trap", "1:6: unknown name `lop`: did you mean `loop`?");
    says("load_imm r7, x", "1:14: unknown name `x`");
    says(".program bear", "1:10: unknown kind of program `bear`: did you mean `bare`?");
}

#[test]
fn something_else_than_expected() {
    says("move_reg r1", "1:12: expected `,`, found the end of the line");
    says("move_reg r1, 5", "1:14: expected a register, found `5`");
    says("move_reg r1, r13", "1:14: expected a register, found `r13`");
    says("move_reg r1, r2 r3", "1:17: expected the end of the line, found `r3`");
    says("load_imm r1, r2", "1:14: expected a value, not a register, found `r2`");
    says("load_imm r1, ; five", "1:14: expected a value, found the end of the line");
    says("load_u8 r1, 5", "1:13: expected `[`, found `5`");
    says("load_u8 r1, [5", "1:15: expected `]`, found the end of the line");
    says("jump 5", "1:6: expected a code label, or @ and a position, found `5`");
    says("jump @x", "1:7: expected a position in the code, found `x`");
    says("trap!", "1:5: expected the end of the line, found `!`");
    says("\u{e9}", "1:1: expected a label, an instruction or a directive, found `\u{e9}`");
    says("5", "1:1: expected a label, an instruction or a directive, found `5`");
    says(".const 5", "1:8: expected a name, found `5`");
    says(".const a 5", "1:10: expected `,`, found `5`");
    says(".ro\n.ascii text", "2:8: expected a text in quotes, found `text`");
    says(".raw", "1:5: expected hexadecimal digits, found the end of the line");
    says("load_imm r1, table(a", "1:21: expected `)`, found the end of the line");
    says(".zero_entries many", "1:15: expected a number, found `many`");
}

#[test]
fn values_that_do_not_fit() {
    says(
        "load_imm r1, 0x80000000",
        "1:14: 2147483648 does not fit: expected -2147483648 to 2147483647",
    );
    says(".ro\n.u8 1, 256", "2:8: 256 does not fit: expected -128 to 255");
    says(".ro\n.u16 -32769", "2:6: -32769 does not fit: expected -32768 to 65535");
    says(
        ".ro\n.u64 0xffffffffffffffff + 1",
        "2:6: 18446744073709551616 does not fit: expected -9223372036854775808 to \
         18446744073709551615",
    );
    says(".heap_pages 65536", "1:13: 65536 does not fit: expected 0 to 65535");
    says(".stack_size -1", "1:13: -1 does not fit: expected 0 to 16777215");
    says("jump @0x100000000", "1:6: 4294967296 does not fit: expected 0 to 4294967295");
    says(".ro\n.zero 16777216", "2:7: 16777216 does not fit: expected 0 to 16777215");
    says(".at 65537", "1:5: 65537 does not fit: expected 0 to 65536");
    says(".entry_size 1\n.jump_table @256", "1:1: 256 does not fit: expected 0 to 255");
    says(
        ".rw\n.zero 16777215\n.u8 1",
        "3:5: the read-write data has 16777216 octets: expected fewer than 2^24",
    );
}

#[test]
fn words_that_are_written_wrongly() {
    says(
        "load_imm r1, 0x",
        "1:14: not a number of at most 64 bits: expected decimal digits, 0x and hexadecimal \
         digits, or 0b and binary digits",
    );
    says(".name \"a", "1:7: the closing quote is missing");
    says(
        ".name \"a\\q\"",
        "1:9: expected one of \\n \\t \\r \\0 \\\\ \\\" \\' or \\x and two hexadecimal digits",
    );
    says(".name \"\\xff\"", "1:7: not UTF-8");
    says(".ro\n.u8 'ab'", "2:5: expected one ASCII character between the quotes");
    says(".raw 0", "1:6: expected octets of two hexadecimal digits each");
    says(".raw 0g", "1:6: expected octets of two hexadecimal digits each");
}

#[test]
fn names_that_are_used_wrongly() {
    says("a: trap\na: trap", "2:1: `a` is already defined in line 1");
    says("r7: trap", "1:1: `r7` is the name of a register");
    says(".const a, 5\njump a", "2:6: `a` is a constant: expected a code label");
    says(
        "a: load_imm r7, a",
        "1:17: `a` is a code label: expected a constant or data label (or table(..) for a code label)",
    );
    says(".ro\na: .u8 table(a)", "2:8: `a` is a data label: expected a code label");
    says(
        ".rw\na: .zero b\n.const b, 1",
        "2:10: `b` is not known yet: expected numbers and constants defined above",
    );
    says(
        ".const a, b\n.const b, a",
        "1:11: `b` is not known yet: expected numbers and constants defined above",
    );
}

#[test]
fn statements_out_of_place() {
    says(".ro\ntrap", "2:1: instruction `trap` in the read-only data: expected it in `.code`");
    says(".u8 1", "1:1: `.u8` in the code: expected it in `.ro` or `.rw`");
    says(".rw\n.raw 00", "2:1: `.raw` in the read-write data: expected it in `.code`");
    says(".end", "1:1: nothing is nested here that `.end` could end");
    says(".ro\n.nested\ntrap", "2:1: the `.end` of this is missing");
    says("trap\ntrap\n.at 1", "3:1: the code is already at position 2: expected at most 1");
    says(".stack_size 1\n.stack_size 1", "2:1: `.stack_size` is given twice");
    says(
        ".program bare\n.heap_pages 0",
        "1:1: a bare program has no data, heap or stack: expected `.program standard`",
    );
    says(
        ".name \"a\"\n.metadata",
        "1:1: a program has one metadata: expected `.metadata`, or `.name`, `.version`, \
         `.license`, `.author` and `.revision`",
    );
    says(
        ".zero_entries 1\n.jump_table @0",
        "1:1: a jump table has entries, or zero entries that take no octets: expected one of \
         `.zero_entries` and `.jump_table`, `table(..)` or `.entry_size`",
    );
}

#[test]
fn everything_wrong_is_said_at_once() {
    says(
        "jmp @0\n\ttrap 5\njump nowhere\nload_imm r1, 0x80000000",
        "1:1: unknown instruction `jmp`: did you mean `jump`?\n\
         2:7: expected the end of the line, found `5`\n\
         3:6: unknown name `nowhere`\n\
         4:14: 2147483648 does not fit: expected -2147483648 to 2147483647",
    );
    assert_eq!(errors(&"x\n".repeat(1000)).len(), 100);
    assert_eq!(errors(&"jump x\n".repeat(1000)).len(), 100);
}

#[test]
fn places_are_counted_in_characters_and_in_nested_programs_from_the_whole() {
    says(".name \"\u{e9}\u{e9}\" x", "1:12: expected the end of the line, found `x`");
    says(
        "a: trap\n.ro\n.nested\n a: trap\n a: jmp @0\n.end",
        "5:2: `a` is already defined in line 4",
    );
    says(
        ".ro\n.nested\n.nested\n.end\n.end",
        "3:1: `.nested` in the code: expected it in `.ro` or `.rw`\n\
         4:1: nothing is nested here that `.end` could end",
    );
}

#[test]
fn programs_may_be_nested_only_so_deep() {
    let text = ".ro\n.nested\n".repeat(9) + &".end\n".repeat(9);
    says(&text, "18:1: programs are nested too deeply: expected at most 8 levels");
}

#[test]
fn instructions_of_the_other_revision() {
    says("unlikely", "1:1: gray-paper-0.7.2 has no `unlikely`");
    let new = jambox_asm::Dialect { set: InstructionSet::of(Revision::GrayPaper080), ..DIALECT };
    let errors = assemble("sbrk r1, r2", &new).unwrap_err();
    assert_eq!(errors.to_string(), "1:1: gray-paper-0.8.0 has no `sbrk`");
}
