//! `deblob`.

use jambox_program::{ErrorKind, JumpTable, Part, ProgramBlob, ProgramError};
use proptest::prelude::*;

fn error(blob: &[u8]) -> ProgramError {
    ProgramBlob::parse(blob).unwrap_err()
}

#[test]
fn a_blob_is_parsed_as_written() {
    // Two entries of two octets, nine octets of code.
    let blob = [2, 2, 9, 0x34, 0x12, 5, 0, 51, 7, 5, 40, 0xfd, 0, 1, 0, 0, 0b1110_1001, 1];
    let program = ProgramBlob::parse(&blob).unwrap();
    assert_eq!(program.code(), [51, 7, 5, 40, 0xfd, 0, 1, 0, 0]);
    assert_eq!(program.code_len(), 9);
    let starts: Vec<u32> = (0..12).filter(|pc| program.is_instruction_start(*pc)).collect();
    assert_eq!(starts, [0, 3, 5, 6, 7, 8]);
    let table = program.jump_table();
    assert_eq!((table.len(), table.entry_size()), (2, 2));
    assert_eq!(
        [0, 1, 2, u64::MAX].map(|index| table.get(index)),
        [Some(0x1234), Some(5), None, None]
    );
    assert_eq!(program.encode(), blob);
}

#[test]
fn the_smallest_blobs() {
    let empty = ProgramBlob::parse(&[0, 0, 0]).unwrap();
    assert_eq!((empty.code_len(), empty.jump_table().len()), (0, 0));
    assert!(!empty.is_instruction_start(0));
    let eight = ProgramBlob::parse(&[0, 0, 8, 0, 0, 0, 0, 0, 0, 0, 0, 0xff]).unwrap();
    assert_eq!(eight.code_len(), 8);
}

#[test]
fn naturals_may_take_more_octets_if_they_need_them() {
    let mut blob = vec![0, 0, 0x80, 0x80];
    blob.extend([0; 128]);
    blob.extend([0xff; 16]);
    let program = ProgramBlob::parse(&blob).unwrap();
    assert_eq!(program.code_len(), 128);
    assert_eq!(program.encode(), blob);
}

#[test]
fn every_fault_is_named_with_its_place() {
    let too_short = |what, expected, found| ErrorKind::TooShort { what, expected, found };
    let cases: [(&[u8], usize, ErrorKind); 12] = [
        (&[], 0, too_short(Part::JumpTableLength, 1, 0)),
        (&[0x80], 1, too_short(Part::JumpTableLength, 1, 0)),
        (&[0], 1, too_short(Part::JumpTableEntrySize, 1, 0)),
        (&[0, 0], 2, too_short(Part::CodeLength, 1, 0)),
        (&[1, 4, 0, 1, 2, 3], 3, too_short(Part::JumpTable, 4, 3)),
        (&[0, 0, 3, 1, 2], 3, too_short(Part::Code, 3, 2)),
        (&[0, 0, 9, 0, 0, 0, 0, 0, 0, 0, 0, 0, 1], 12, too_short(Part::Bitmask, 2, 1)),
        (&[0, 0, 1, 0, 1, 7], 5, ErrorKind::Trailing { found: 1 }),
        (&[0, 0, 1, 0, 3], 4, ErrorKind::Padding { found: 3 }),
        (&[0, 0, 7, 0, 0, 0, 0, 0, 0, 0, 0x80], 10, ErrorKind::Padding { found: 0x80 }),
        (
            &[0, 0, 0x80, 1, 0, 1],
            2,
            ErrorKind::NotCanonical { what: Part::CodeLength, value: 1, expected: 1 },
        ),
        (&[0, 0, 0xf0, 0, 0, 0, 0x80], 2, ErrorKind::CodeTooLong { length: 1 << 31 }),
    ];
    for (blob, offset, kind) in cases {
        assert_eq!(error(blob), ProgramError { offset, kind }, "{blob:?}");
    }
    assert_eq!(
        error(&[0, 0, 3, 1, 2]).to_string(),
        "at octet 3: the code needs 3 octets, only 2 are left"
    );
}

#[test]
fn claims_of_vast_lengths_cost_nothing() {
    let vast = [0xff; 9];
    for blob in [
        [&vast[..], &[8, 0]].concat(),
        [&vast[..], &[255, 0]].concat(),
        [&[0, 0][..], &vast].concat(),
        [&[0, 0][..], &[0xef, 0xff, 0xff, 0xff, 0x7f]].concat(),
    ] {
        assert!(ProgramBlob::parse(&blob).is_err());
    }
}

#[test]
fn a_jump_table_of_octetless_entries_is_all_zeros() {
    let blob = [0xff, 255, 255, 255, 255, 255, 255, 255, 255, 0, 1, 0, 1];
    let program = ProgramBlob::parse(&blob).unwrap();
    let table = program.jump_table();
    assert_eq!(table.len(), u64::MAX);
    assert_eq!(
        (table.get(0), table.get(u64::MAX - 1), table.get(u64::MAX)),
        (Some(0), Some(0), None)
    );
    assert_eq!(*table, JumpTable::of_zeros(u64::MAX));
    assert_eq!(program.encode(), blob);
}

#[test]
fn an_entry_wider_than_a_register_must_fit_in_one() {
    let fits = [1, 9, 0, 1, 2, 3, 4, 5, 6, 7, 8, 0];
    let program = ProgramBlob::parse(&fits).unwrap();
    assert_eq!(program.jump_table().get(0), Some(0x0807_0605_0403_0201));
    assert_eq!(program.encode(), fits);
    let too_large = [2, 9, 0, 1, 0, 0, 0, 0, 0, 0, 0, 0, 1, 0, 0, 0, 0, 0, 0, 0, 1];
    let expected = ProgramError { offset: 12, kind: ErrorKind::EntryTooLarge { index: 1 } };
    assert_eq!(error(&too_large), expected);
}

#[test]
fn a_program_may_be_made_of_parts() {
    let table = JumpTable::new(&[0, 300]);
    let program = ProgramBlob::from_parts(&[1, 51, 7, 5, 0], [0, 1, 4, 9], table).unwrap();
    assert_eq!(program.encode(), [2, 2, 5, 0, 0, 44, 1, 1, 51, 7, 5, 0, 0b1_0011]);
    assert_eq!(JumpTable::with_entry_size(&[1, 2], 10).get(1), Some(2));
    assert_eq!(JumpTable::new(&[]), JumpTable::default());
}

proptest! {
    #[test]
    fn what_parses_encodes_to_itself(blob in likely_blob()) {
        if let Ok(program) = ProgramBlob::parse(&blob) {
            prop_assert_eq!(program.encode(), blob);
        }
    }

    #[test]
    fn nothing_shorter_or_longer_parses(
        program in program(),
        cut in any::<prop::sample::Index>(),
        more in prop::collection::vec(any::<u8>(), 1..4),
    ) {
        let blob = program.encode();
        prop_assert_eq!(ProgramBlob::parse(&blob), Ok(program));
        let short = &blob[..cut.index(blob.len())];
        prop_assert!(ProgramBlob::parse(short).is_err());
        prop_assert!(ProgramBlob::parse(&[&blob[..], &more].concat()).is_err());
    }
}

/// Octets that are often a blob, and often nearly one.
fn likely_blob() -> impl Strategy<Value = Vec<u8>> {
    let header = (0..4_u8, 0..10_u8, 0..20_u8).prop_map(|(j, z, c)| vec![j, z, c]);
    (header, prop::collection::vec(any::<u8>(), 0..40)).prop_map(|(mut header, body)| {
        let [j, z, c] = header[..] else { unreachable!() };
        header.extend(body);
        let whole = 3 + usize::from(j * z + c + c.div_ceil(8));
        header.truncate(whole);
        if let Some(last) = header.last_mut() {
            *last &= 0xff_u8.checked_shr((8 - u32::from(c % 8)) % 8).unwrap_or(0xff);
        }
        header
    })
}

/// Any program of modest size.
pub fn program() -> impl Strategy<Value = ProgramBlob> {
    let octet =
        prop_oneof![any::<u8>(), prop::sample::select(&[0_u8, 1, 10, 40, 51, 170, 200][..])];
    let code = prop::collection::vec((octet, prop::bool::weighted(0.3)), 0..80);
    let table = (prop::collection::vec(any::<u16>(), 0..5), 2..12_u8);
    (code, table).prop_map(|(code, (entries, entry_size))| {
        let octets: Vec<u8> = code.iter().map(|(octet, _)| *octet).collect();
        let opcodes = (0_u32..).zip(&code).filter(|(_, (_, marked))| *marked).map(|(pc, _)| pc);
        let entries: Vec<u64> = entries.into_iter().map(u64::from).collect();
        let table = JumpTable::with_entry_size(&entries, entry_size);
        ProgramBlob::from_parts(&octets, opcodes, table).unwrap()
    })
}
