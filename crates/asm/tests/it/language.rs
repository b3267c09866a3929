//! Encodings of each construct. The octets are worked out from the paper's formats.

use jambox_asm::{Dialect, Place, assemble};
use jambox_isa::{InstructionSet, Revision};
use jambox_program::{Form, JumpTable};

use crate::{DIALECT, assembled, code};

#[test]
fn an_empty_text_is_an_empty_bare_program() {
    for text in ["", "\n\n", "; nothing", "  ; nothing\n\t\n", "\r\n"] {
        assert_eq!(assembled(text).container.encode(), [0, 0, 0]);
    }
}

#[test]
fn instructions_of_every_format() {
    for (text, octets) in [
        ("trap", &[0][..]),
        ("ecalli 5", &[10, 5]),
        ("ecalli write", &[10, 4]),
        ("ecalli gas", &[10]),
        ("load_imm_64 r7, 0x0807060504030201", &[20, 7, 1, 2, 3, 4, 5, 6, 7, 8]),
        ("store_imm_u8 [0x20000], 255", &[30, 3, 0, 0, 2, 0xff, 0]),
        ("jump @0", &[40]),
        ("jump_ind ra", &[50, 0]),
        ("load_imm a0, -1", &[51, 7, 0xff]),
        ("store_imm_ind_u16 [sp + 8], 300", &[71, 0x11, 8, 0x2c, 1]),
        ("branch_eq_imm r2, 0, @5", &[81, 2, 5]),
        ("move_reg r1, r2", &[100, 0x21]),
        ("store_ind_u64 [r1 - 8], r0", &[123, 0x10, 0xf8]),
        ("load_ind_u64 r0, [r1]", &[130, 0x10]),
        ("branch_ne r3, r4, @1", &[171, 0x43, 1]),
        ("load_imm_jump_ind r1, 2, r3 + 4", &[180, 0x31, 1, 2, 4]),
        ("sub_64 r9, r7, r8", &[201, 0x87, 9]),
    ] {
        assert_eq!(code(text), octets, "{text}");
    }
}

#[test]
fn only_the_first_octet_of_an_instruction_is_marked() {
    let text = "load_imm a0, 5\ntrap\n  .raw 33 07\n .unmarked 00 00\ntrap";
    let assembly = assembled(text);
    let program = assembly.container.program();
    assert_eq!(program.code(), [51, 7, 5, 0, 0x33, 7, 0, 0, 0]);
    let marks: Vec<u32> = (0..9).filter(|pc| program.is_instruction_start(*pc)).collect();
    assert_eq!(marks, [0, 3, 4, 8]);
    assert_eq!(assembly.lines, [(0, 1), (3, 2), (4, 3), (8, 5)]);
}

#[test]
fn labels_lead_forwards_and_backwards() {
    let text = "start: jump end\n middle: trap\n end: branch_eq r1, r2, start";
    let assembly = assembled(text);
    assert_eq!(assembly.container.program().code(), [40, 3, 0, 170, 0x21, 0xfd]);
    let places = ["start", "middle", "end"].map(|label| assembly.labels[label]);
    assert_eq!(places, [Place::Code(0), Place::Code(2), Place::Code(3)]);
}

#[test]
fn several_labels_may_stand_in_a_line_and_the_last_after_everything() {
    let assembly = assembled("a: b: jump c\nc:");
    assert_eq!(assembly.container.program().code(), [40, 2]);
    assert_eq!(assembly.labels["b"], Place::Code(0));
    assert_eq!(assembly.labels["c"], Place::Code(2));
}

#[test]
fn far_jumps_take_more_octets() {
    let traps = "trap\n".repeat(200);
    let octets = code(&format!("jump end\n{traps}end:"));
    assert_eq!((&octets[..3], octets.len()), (&[40, 203, 0][..], 203));
}

#[test]
fn entry_points_are_padded_to() {
    let octets = code("jump a\n.at 5\njump b\na: trap\nb: trap");
    assert_eq!(octets, [40, 7, 0, 0, 0, 40, 3, 0, 0]);
    let program = assembled("jump @0\n.at 5\njump @0");
    let set = DIALECT.set;
    assert!(program.container.program().is_block_start(set, 5));
    assert_eq!(code(".at 0"), []);
}

#[test]
fn data_of_every_kind() {
    let text = r#"
        .ro
        .u8 1, -1, 255, 'a'
        .u16 0x1234
        .align 4
        .u32 -2
        .u64 0x8000000000000000, -1
        .ascii "h\x41\n\"\\;é"     ; not the end
        .hex 00ff 10
        .zero 2
    "#;
    let mut expected = vec![1, 255, 255, b'a', 0x34, 0x12, 0, 0, 0xfe, 0xff, 0xff, 0xff];
    expected.extend([0, 0, 0, 0, 0, 0, 0, 0x80]);
    expected.extend([0xff; 8]);
    expected.extend(b"hA\n\"\\;\xc3\xa9");
    expected.extend([0x00, 0xff, 0x10, 0, 0]);
    let assembly = assembled(text);
    let standard = assembly.container.standard().unwrap();
    assert_eq!(standard.read_only(), expected);
    assert_eq!(standard.read_write(), []);
}

#[test]
fn data_labels_are_addresses() {
    let text = "
        .ro
        first: .zero 0x10000
        second: .u8 1
        .rw
        third: .u32 second, fourth
        fourth: .zero 4
        .code
        load_imm r7, first
        load_imm r8, second + 2
        load_u32 r9, [fourth]
        load_ind_u8 r9, [r8 + fourth - third]
        store_u8 [third - 1], r9
        load_imm r7, fourth - third
    ";
    // Read-only data at 0x10000, one zone and one octet long; read-write data two zones after it.
    let assembly = assembled(text);
    assert_eq!(assembly.labels["first"], Place::Data(0x1_0000));
    assert_eq!(assembly.labels["second"], Place::Data(0x2_0000));
    assert_eq!(assembly.labels["third"], Place::Data(0x4_0000));
    assert_eq!(assembly.labels["fourth"], Place::Data(0x4_0008));
    let standard = assembly.container.standard().unwrap();
    assert_eq!(standard.read_write(), [0, 0, 2, 0, 8, 0, 4, 0, 0, 0, 0, 0]);
    let mut expected = vec![51, 7, 0, 0, 1, 51, 8, 2, 0, 2, 56, 9, 8, 0, 4];
    expected.extend([124, 0x89, 8, 59, 9, 0xff, 0xff, 3, 51, 7, 8]);
    assert_eq!(assembly.container.program().code(), expected);
    assert_eq!(standard.layout(0).unwrap().read_write.start, 0x4_0000);
}

#[test]
fn constants_name_values() {
    let text = "
        .const size, 3 + 1 - -2
        .const length, end - start
        .const twice, length + length
        .rw
        start: .zero size
        end: .u8 twice, size
    ";
    let assembly = assembled(text);
    assert_eq!(assembly.container.standard().unwrap().read_write(), [0, 0, 0, 0, 0, 0, 12, 6]);
}

#[test]
fn the_jump_table_serves_dynamic_jumps() {
    let text = "
        .jump_table a, @7
        load_imm r0, table(b)
        load_imm r1, table(a)
        load_imm r1, table(b)
        jump_ind r0
        a: trap
        b: trap
    ";
    let assembly = assembled(text);
    let program = assembly.container.program();
    let table = program.jump_table();
    assert_eq!(*table, JumpTable::new(&[11, 7, 12]));
    assert_eq!(program.code()[..9], [51, 0, 6, 51, 1, 2, 51, 1, 6]);
}

#[test]
fn jump_table_entries_may_be_wider_or_take_nothing() {
    let table = |text| assembled(text).container.program().jump_table().clone();
    assert_eq!(table(".entry_size 4\n.jump_table @1"), JumpTable::with_entry_size(&[1], 4));
    assert_eq!(table(".entry_size 200\n.jump_table @1"), JumpTable::with_entry_size(&[1], 200));
    assert_eq!(table(".zero_entries 3"), JumpTable::of_zeros(3));
    assert_eq!(table(".jump_table @300"), JumpTable::with_entry_size(&[300], 2));
    assert_eq!(table(".entry_size 3"), JumpTable::with_entry_size(&[], 3));
}

#[test]
fn the_kind_of_program_follows_from_what_it_has() {
    for (text, form) in [
        ("trap", Form::Bare),
        (".program bare", Form::Bare),
        (".program standard", Form::Standard),
        (".stack_size 0", Form::Standard),
        (".heap_pages 1", Form::Standard),
        (".rw\n.u8 0", Form::Standard),
        (".rw\n.ro\n.code\ntrap", Form::Bare),
        (".metadata", Form::BareWithMetadata),
        (".name \"a\"\n.program standard", Form::Service),
    ] {
        assert_eq!(assembled(text).container.form(), form, "{text}");
    }
    let assembly = assembled(".heap_pages 65535\n.stack_size 0xffffff");
    let standard = assembly.container.standard().unwrap();
    assert_eq!((standard.heap_pages(), standard.stack_size()), (65535, 0xff_ffff));
}

#[test]
fn metadata_are_given_by_parts_or_octets() {
    let metadata = |text: &str| assembled(text).container.metadata.unwrap();
    let text = ".name \"n\"\n.version \"1\"\n.license \"MIT\"\n.author \"A\"\n.author \"B\"";
    assert_eq!(*metadata(text), *b"\0\x01n\x011\x03MIT\x02\x01A\x01B");
    assert_eq!(*metadata(".metadata 00 ff"), [0, 0xff]);
    assert_eq!(*metadata(".metadata"), []);
}

#[test]
fn nested_programs_are_data() {
    let text = "
        .ro
        before: .u8 9
        inner: .nested      ; with names of its own
            inner: load_imm r7, 5
            .ro             ; of the inner program
            x: .nested
                trap
            .end
            .code
            jump inner
        .end
        after: .u8 8
        .code
        trap
    ";
    let assembly = assembled(text);
    let inner = assembled(".ro\n.hex 00 00 01 00 01\n.code\ninner: load_imm r7, 5\njump inner");
    let inner = inner.container.encode();
    let data = assembly.container.standard().unwrap().read_only().to_vec();
    assert_eq!(data, [&[9][..], &inner, &[8]].concat());
    assert_eq!(assembly.labels["after"], Place::Data(0x1_0001 + inner.len() as u32));
    assert_eq!(assembly.lines, [(0, 15)]);
}

#[test]
fn revisions_have_their_own_octets() {
    let new = Dialect { set: InstructionSet::of(Revision::GrayPaper080), ..DIALECT };
    let program = assemble("unlikely\nreverse_bytes r1, r2", &new).unwrap();
    assert_eq!(program.container.program().code(), [2, 110, 0x21]);
    assert_eq!(code("reverse_bytes r1, r2"), [111, 0x21]);
}

#[test]
fn the_examples_of_the_manual_assemble() {
    let manual = include_str!("../../../../docs/assembly.md");
    let blocks = manual.split("```").skip(1).step_by(2);
    let examples: Vec<&str> = blocks.filter_map(|block| block.strip_prefix("asm\n")).collect();
    assert_eq!(examples.len(), 2);
    let service = assembled(examples[0]).container;
    assert_eq!(service.form(), Form::Service);
    assert!(service.program().is_block_start(DIALECT.set, 5));
    assembled(examples[1]);
}
