//! Recognition of programs of the other revision.

use jambox_isa::{Opcode, Revision};
use jambox_program::{Container, CrateInfo, OtherRevision, ProgramBlob, ProgramKind, Sign};

const OLD: Revision = Revision::GrayPaper072;
const NEW: Revision = Revision::GrayPaper080;

/// Calls 0 to 26 in one revision, 0 to 27 in the other, and `log` in both.
fn offers(revision: Revision, number: u32) -> bool {
    number == 100 || number <= if revision == OLD { 26 } else { 27 }
}

/// A program of these instructions, of at most eight octets.
fn program(instructions: &[&[u8]]) -> Container {
    let code = instructions.concat();
    let mut bitmask = 0u8;
    let mut pc = 0;
    for octets in instructions {
        bitmask |= 1 << pc;
        pc += octets.len();
    }
    let blob = [&[0, 0, u8::try_from(code.len()).unwrap()], &code[..], &[bitmask]].concat();
    let kind = ProgramKind::Bare(ProgramBlob::parse(&blob).unwrap());
    Container { metadata: None, kind }
}

fn other(container: &Container, taken_for: Revision) -> Option<OtherRevision> {
    container.other_revision(taken_for, offers)
}

#[test]
fn the_builders_word_goes_before_everything() {
    for (made_for, taken_for) in [(OLD, NEW), (NEW, OLD)] {
        let info = CrateInfo { revision: Some(made_for), ..CrateInfo::default() };
        let container = Container { metadata: Some(info.encode().into()), ..program(&[&[111]]) };
        assert_eq!(other(&container, made_for), None);
        let found = OtherRevision { made_for, sign: Sign::Metadata };
        assert_eq!(other(&container, taken_for), Some(found));
        let text = format!("its metadata say that it was built for {made_for}");
        assert_eq!(found.to_string(), text);
    }
}

#[test]
fn opcodes_of_one_revision_show_it() {
    // trap; reverse_bytes r0, r0 (0.7.2)
    let old = program(&[&[0], &[111, 0]]);
    let sign = Sign::Opcode { pc: 1, opcode: Opcode::ReverseBytes };
    assert_eq!(other(&old, NEW), Some(OtherRevision { made_for: OLD, sign }));
    assert_eq!(other(&old, OLD), None);
    // unlikely; trap (0.8.0)
    let new = program(&[&[2], &[0]]);
    let sign = Sign::Opcode { pc: 0, opcode: Opcode::Unlikely };
    assert_eq!(other(&new, OLD), Some(OtherRevision { made_for: NEW, sign }));
    assert_eq!(other(&new, NEW), None);
    // An octet that is no opcode in either revision is no sign.
    assert_eq!(other(&program(&[&[255], &[111, 0]]), NEW), None);
}

#[test]
fn host_calls_of_one_revision_show_it() {
    // ecalli 27; trap
    let new = program(&[&[10, 27], &[0]]);
    let found = other(&new, OLD).unwrap();
    assert_eq!(found.sign, Sign::HostCall { pc: 0, number: 27 });
    assert_eq!(found.to_string(), "host call 27, made at 0, exists in gray-paper-0.8.0 only");
    assert_eq!(other(&new, NEW), None);
    assert_eq!(other(&program(&[&[10, 100], &[10, 26], &[0]]), OLD), None);
}

#[test]
fn what_looks_like_sbrk_makes_it_likely() {
    let either = program(&[&[101, 0], &[0]]);
    let sign = Sign::Likely { pc: 0, opcode: Opcode::Sbrk };
    assert_eq!(other(&either, NEW), Some(OtherRevision { made_for: OLD, sign }));
    assert_eq!(other(&either, OLD), None);
}
