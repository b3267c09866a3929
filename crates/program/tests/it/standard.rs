//! Standard programs: the format, and the memory layout.

use jambox_program::{ErrorKind, Layout, Part, ProgramError, StandardProgram};
use proptest::prelude::*;

/// Lengths 2, 3, one heap page, stack of 5 octets, and a program blob of one `trap`.
const SMALL: [u8; 25] =
    [2, 0, 0, 3, 0, 0, 1, 0, 5, 0, 0, 10, 11, 20, 21, 22, 5, 0, 0, 0, 0, 0, 1, 0, 1];

#[test]
fn a_standard_program_is_parsed_as_written() {
    let program = StandardProgram::parse(&SMALL).unwrap();
    assert_eq!(program.read_only(), [10, 11]);
    assert_eq!(program.read_write(), [20, 21, 22]);
    assert_eq!(program.heap_pages(), 1);
    assert_eq!(program.stack_size(), 5);
    assert_eq!(program.code(), [0, 0, 1, 0, 1]);
    assert_eq!(program.program().unwrap().code(), [0]);
    assert_eq!(program.encode(), SMALL);
}

#[test]
fn every_length_of_a_standard_program_but_its_own_is_wrong() {
    for length in 0..SMALL.len() {
        let error = StandardProgram::parse(&SMALL[..length]).unwrap_err();
        assert!(matches!(error.kind, ErrorKind::TooShort { .. }), "{error}");
        assert!(error.offset <= length);
    }
    let error = StandardProgram::parse(&[&SMALL[..], &[0]].concat()).unwrap_err();
    assert_eq!(error, ProgramError { offset: 25, kind: ErrorKind::Trailing { found: 1 } });
}

#[test]
fn faults_in_the_code_are_placed_in_the_whole() {
    let mut octets = SMALL;
    octets[24] = 3;
    let error = StandardProgram::parse(&octets).unwrap().program().unwrap_err();
    assert_eq!(error, ProgramError { offset: 24, kind: ErrorKind::Padding { found: 3 } });
}

#[test]
fn sections_too_long_for_their_length_fields_are_refused() {
    let most = vec![0; (1 << 24) - 1];
    let too_long = vec![0; 1 << 24];
    let new = |read_only: &[u8], read_write: &[u8], stack_size| {
        StandardProgram::new(read_only, read_write, u16::MAX, stack_size, [])
    };
    let largest = new(&most, &most, (1 << 24) - 1).unwrap();
    let layout = largest.layout(1 << 24).unwrap();
    assert!(layout.read_write.end < layout.stack.start);
    assert_eq!(StandardProgram::parse(&largest.encode()), Ok(largest));
    for (result, part) in [
        (new(&too_long, &[], 0), Part::ReadOnly),
        (new(&[], &too_long, 0), Part::ReadWrite),
        (new(&[], &[], 1 << 24), Part::StackSize),
    ] {
        let ErrorKind::SectionTooLong { what, length, limit } = result.unwrap_err().kind else {
            panic!("expected a section that is too long")
        };
        assert_eq!((what, length, limit), (part, 1 << 24, 1 << 24));
    }
}

#[test]
fn sections_are_where_the_paper_puts_them() {
    // By eq:memlayout with zones of 2^16, pages of 2^12 and 2^24 octets for the arguments.
    let layout = StandardProgram::parse(&SMALL).unwrap().layout(4097).unwrap();
    assert_eq!(
        layout,
        Layout {
            read_only: 0x1_0000..0x1_1000,
            read_write: 0x3_0000..0x3_2000,
            stack: 0xfefd_f000..0xfefe_0000,
            arguments: 0xfeff_0000..0xfeff_2000,
        }
    );
}

#[test]
fn empty_sections_take_no_page() {
    let empty = StandardProgram::new([], [], 0, 0, []).unwrap();
    let layout = empty.layout(0).unwrap();
    assert_eq!(
        layout,
        Layout {
            read_only: 0x1_0000..0x1_0000,
            read_write: 0x2_0000..0x2_0000,
            stack: 0xfefe_0000..0xfefe_0000,
            arguments: 0xfeff_0000..0xfeff_0000,
        }
    );
    let full = StandardProgram::new([0; 0x1_0000], [0; 0x1000], 2, 0x1001, []).unwrap();
    let layout = full.layout(1 << 24).unwrap();
    assert_eq!(
        layout,
        Layout {
            read_only: 0x1_0000..0x2_0000,
            read_write: 0x3_0000..0x3_3000,
            stack: 0xfefd_e000..0xfefe_0000,
            arguments: 0xfeff_0000..0xffff_0000,
        }
    );
    assert_eq!(full.layout((1 << 24) + 1), None);
}

#[test]
fn registers_start_as_the_paper_says() {
    let mut expected = [0; 13];
    expected[0] = 0xffff_0000;
    expected[1] = 0xfefe_0000;
    expected[7] = 0xfeff_0000;
    expected[8] = 12;
    assert_eq!(StandardProgram::registers(12), expected);
}

proptest! {
    #[test]
    fn what_parses_encodes_to_itself(
        header in (0..4_u8, 0..4_u8, any::<(u8, u8, u8)>()),
        body in prop::collection::vec(any::<u8>(), 0..12),
        code in prop::collection::vec(any::<u8>(), 0..4),
    ) {
        let (read_only, read_write, (heap, stack, stack_high)) = header;
        let mut octets = vec![read_only, 0, 0, read_write, 0, 0, heap, 0, stack, 0, stack_high];
        octets.extend(&body);
        octets.extend([code.len() as u8, 0, 0, 0]);
        octets.extend(&code);
        if let Ok(program) = StandardProgram::parse(&octets) {
            prop_assert_eq!(program.encode(), octets);
        }
    }
}
