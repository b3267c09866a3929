//! Disassembling and assembling any program gives the same program.

use jambox_asm::{Dialect, assemble, disassemble};
use jambox_isa::{Fields, Instruction, InstructionSet, Opcode, Reg, Revision};
use jambox_program::{Container, CrateInfo, JumpTable, ProgramBlob, ProgramKind, StandardProgram};
use proptest::prelude::*;

use crate::DIALECT;

fn assert_round_trip(container: &Container, dialect: &Dialect<'_>) {
    let octets = container.encode();
    for comments in [false, true] {
        let text = disassemble(container, dialect, comments);
        let again = assemble(&text, dialect).unwrap_or_else(|error| panic!("{error}\nin {text}"));
        assert_eq!(again.container.encode(), octets, "{text}");
    }
}

fn bare(program: ProgramBlob) -> Container {
    Container { metadata: None, kind: ProgramKind::Bare(program) }
}

/// Octets, mostly opcodes of control flow and arguments, and a mark for each.
fn marked_octets() -> impl Strategy<Value = Vec<(u8, bool)>> {
    let octet = prop_oneof![
        any::<u8>(),
        prop::sample::select(
            &[0_u8, 1, 2, 10, 40, 50, 51, 80, 81, 100, 101, 120, 170, 180, 200][..]
        ),
        0..4_u8,
    ];
    prop::collection::vec((octet, prop::bool::weighted(0.4)), 0..120)
}

fn program_of(octets: &[(u8, bool)], table: JumpTable) -> ProgramBlob {
    let code: Vec<u8> = octets.iter().map(|(octet, _)| *octet).collect();
    let marks = (0_u32..).zip(octets).filter(|(_, (_, mark))| *mark).map(|(pc, _)| pc);
    ProgramBlob::from_parts(&code, marks, table).unwrap()
}

fn jump_table() -> impl Strategy<Value = JumpTable> {
    prop_oneof![
        any::<u64>().prop_map(JumpTable::of_zeros),
        (prop::collection::vec(0..150_u64, 0..20), 1..12_u8)
            .prop_map(|(entries, size)| JumpTable::with_entry_size(&entries, size)),
        prop::collection::vec(any::<u64>(), 0..4).prop_map(|entries| JumpTable::new(&entries)),
    ]
}

fn data() -> impl Strategy<Value = Vec<u8>> {
    let runs = prop::collection::vec((any::<u8>(), prop_oneof![Just(1_usize), 1..50_usize]), 0..6);
    let runs = runs.prop_map(|runs| {
        runs.into_iter().flat_map(|(octet, count)| vec![if count > 9 { 0 } else { octet }; count])
    });
    runs.prop_map(Iterator::collect)
}

fn metadata() -> impl Strategy<Value = Option<Vec<u8>>> {
    let revision = prop::option::of(prop::sample::select(&Revision::ALL[..]));
    let info = (".*", "\\PC*", any::<String>(), prop::collection::vec(".*", 0..3), revision);
    let info = info.prop_map(|(name, version, license, authors, revision)| {
        CrateInfo { name, version, license, authors, revision }.encode()
    });
    prop::option::of(prop_oneof![info, prop::collection::vec(any::<u8>(), 0..12)])
}

proptest! {
    #![proptest_config(ProptestConfig { cases: 300, ..ProptestConfig::default() })]

    #[test]
    fn of_any_octets(
        octets in marked_octets(),
        table in jump_table(),
        revision in prop::sample::select(&Revision::ALL[..]),
    ) {
        let dialect = Dialect { set: InstructionSet::of(revision), ..DIALECT };
        assert_round_trip(&bare(program_of(&octets, table)), &dialect);
    }

    #[test]
    fn of_any_container(
        octets in marked_octets(),
        read_only in data(),
        read_write in data(),
        (heap_pages, stack_size) in (any::<u16>(), 0..1_u32 << 24),
        metadata in metadata(),
    ) {
        let program = program_of(&octets, JumpTable::default());
        let code = program.encode();
        let standard =
            StandardProgram::new(read_only, read_write, heap_pages, stack_size, code).unwrap();
        let metadata = metadata.map(Into::into);
        let kind = ProgramKind::Standard(standard, program);
        assert_round_trip(&Container { metadata, kind }, &DIALECT);
    }

    #[test]
    fn of_code_full_of_jumps(pieces in prop::collection::vec((0..3_u8, 0..300_u32), 1..200)) {
        // Jumps and branches among traps. Many targets are at the edge of a length, and some
        // offsets are longer than necessary.
        let set = DIALECT.set;
        let (mut code, mut marks) = (Vec::new(), Vec::new());
        for (kind, distance) in pieces {
            let pc = code.len() as u32;
            marks.push(pc);
            let target = pc.wrapping_add(distance).wrapping_sub(130);
            let fields = Fields { target, a: Reg::R1, ..Fields::default() };
            match kind {
                0 => code.push(0),
                1 => code.extend_from_slice(
                    &Instruction::from_fields(Opcode::Jump, fields).encode(set, pc).unwrap(),
                ),
                _ => {
                    code.push(40);
                    let offset = target.wrapping_sub(pc) as i32;
                    code.extend(offset.to_le_bytes().into_iter().take(2));
                }
            }
        }
        let program = ProgramBlob::from_parts(&code, marks, JumpTable::default()).unwrap();
        assert_round_trip(&bare(program), &DIALECT);
    }

    #[test]
    fn assembling_never_panics(text in text()) {
        let _ = assemble(&text, &DIALECT);
    }

    #[test]
    fn what_assembles_is_a_program(text in text()) {
        if let Ok(assembly) = assemble(&text, &DIALECT) {
            let octets = assembly.container.encode();
            let form = assembly.container.form();
            prop_assert_eq!(Container::parse_as(form, &octets), Ok(assembly.container.clone()));
            assert_round_trip(&assembly.container, &DIALECT);
        }
    }
}

/// Texts of words of the language, some of them well formed.
fn text() -> impl Strategy<Value = String> {
    let words = [
        "a:",
        "b:",
        "a",
        "b",
        "jump",
        "trap",
        "load_imm",
        "load_imm_64",
        "branch_eq",
        "ecalli",
        "store_ind_u8",
        "jump_ind",
        "r1",
        "r2",
        "sp",
        ",",
        "[",
        "]",
        "+",
        "-",
        "@",
        "5",
        "0xff",
        "-1",
        "table(",
        ")",
        "'a'",
        "\"text\"",
        ".ro",
        ".rw",
        ".code",
        ".u8",
        ".u64",
        ".ascii",
        ".hex",
        "00ff",
        ".zero",
        ".align",
        ".nested",
        ".end",
        ".const",
        ".at",
        ".raw",
        ".unmarked",
        ".jump_table",
        ".entry_size",
        ".zero_entries",
        ".program",
        "bare",
        "standard",
        ".name",
        ".metadata",
        ".heap_pages",
        ".stack_size",
        "write",
        ";",
        "\u{e9}",
        "\n",
        "\n",
        "\n",
    ];
    let word = prop::sample::select(words.map(str::to_owned).to_vec());
    let line = prop::sample::select(
        [
            "jump a",
            "jump b",
            "a: trap",
            "b: fallthrough",
            ".ro\na: .u8 1",
            ".const c, 5",
            "load_imm r1, c + 2",
            "branch_ne r1, r2, a",
            ".jump_table a, b",
            ".at 20",
            ".nested\ntrap\n.end",
            "load_ind_u32 r7, [r8 + 4]",
            "load_imm r1, table(b)",
        ]
        .map(str::to_owned)
        .to_vec(),
    );
    let words = prop::collection::vec(word, 0..40).prop_map(|words| words.join(" "));
    let lines = prop::collection::vec(line, 0..12).prop_map(|lines| lines.join("\n"));
    prop_oneof![words, lines, any::<String>()]
}
