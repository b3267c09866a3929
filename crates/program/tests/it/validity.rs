//! Validity of whole programs.

use jambox_isa::{InstructionSet, Revision};
use jambox_program::{JumpTable, ProgramBlob, ValidityRule};
use proptest::prelude::*;

const NEW: Revision = Revision::GrayPaper080;

fn program(code: &[u8], starts: &[u32]) -> ProgramBlob {
    ProgramBlob::from_parts(code, starts.iter().copied(), JumpTable::default()).expect("short")
}

/// The broken rule and its place; `None` for a valid program.
fn broken(program: &ProgramBlob) -> Option<(ValidityRule, u64)> {
    let error = program.validate(InstructionSet::of(NEW)).err()?;
    Some((error.rule, error.offset))
}

#[test]
fn each_rule_can_be_broken() {
    let zeros = |length| {
        let table = JumpTable::of_zeros(length);
        ProgramBlob::from_parts(&[0], [0], table).expect("short")
    };
    assert_eq!(broken(&program(&[], &[])), Some((ValidityRule::Start, 0)));
    assert_eq!(broken(&program(&[0, 0], &[1])), Some((ValidityRule::Start, 0)));
    assert_eq!(broken(&program(&[1; 31], &[0])), Some((ValidityRule::Instruction, 25)));
    assert_eq!(broken(&program(&[1; 31], &[0, 25])), None);
    assert_eq!(broken(&program(&[0, 111, 0], &[0, 1, 2])), Some((ValidityRule::Opcode, 1)));
    assert_eq!(broken(&program(&[0, 110, 0, 0], &[0, 1, 3])), None);
    assert_eq!(broken(&program(&[51, 7, 1], &[0])), Some((ValidityRule::Terminator, 0)));
    assert_eq!(broken(&program(&[0, 2], &[0, 1])), Some((ValidityRule::Terminator, 1)));
    assert_eq!(broken(&zeros(1 << 24)), None);
    assert_eq!(broken(&zeros((1 << 24) + 1)), Some((ValidityRule::JumpTableLength, 0)));
    let longest = vec![0; 1 << 25];
    let starts: Vec<u32> = (0..1 << 25).step_by(25).collect();
    assert_eq!(broken(&program(&longest, &starts)), None);
    let too_long = program(&vec![0; (1 << 25) + 1], &[]);
    assert_eq!(broken(&too_long), Some((ValidityRule::CodeLength, 1 << 25)));
}

#[test]
fn what_the_paper_accepts_others_may_refuse() {
    // A program that ends in a branch, one that ends in a `fallthrough`, and a jump table with an
    // entry outside of the code.
    assert_eq!(broken(&program(&[81, 0x10, 5, 0], &[0])), None);
    assert_eq!(broken(&program(&[1], &[0])), None);
    let table = JumpTable::new(&[1 << 40]);
    assert_eq!(broken(&ProgramBlob::from_parts(&[0], [0], table).expect("short")), None);
}

#[test]
fn a_run_begins_at_an_instruction() {
    let program = program(&[51, 7, 1, 0], &[0, 3]);
    let is_entry = |revision, pc| program.validate_entry(InstructionSet::of(revision), pc).is_ok();
    let entries = [0, 1, 2, 3, 4, 1 << 32, (1 << 32) + 3].map(|pc| is_entry(NEW, pc));
    assert_eq!(entries, [true, false, false, true, false, false, false]);
    let error = program.validate_entry(InstructionSet::of(NEW), 1).expect_err("no instruction");
    assert_eq!((error.rule, error.offset, error.rule.number()), (ValidityRule::Entry, 1, 5));
    assert!([1, 4, 1 << 32].into_iter().all(|pc| is_entry(Revision::GrayPaper072, pc)));
}

#[test]
fn revisions_that_find_out_while_running_accept_everything() {
    let program = program(&[255, 0], &[1]);
    assert_eq!(program.validate(InstructionSet::of(Revision::GrayPaper072)), Ok(()));
}

proptest! {
    /// The paper's equivalent definition: every marked octet is an opcode, no instruction is longer
    /// than 25 octets, and the last ends a block.
    #[test]
    fn programs_are_valid_by_definition(
        octets in prop::collection::vec(
            (prop::sample::select(vec![0_u8, 1, 2, 40, 51, 100, 110, 111, 230, 231]), 0_u8..5),
            1..80,
        ),
    ) {
        let code: Vec<u8> = octets.iter().map(|(octet, _)| *octet).collect();
        let starts: Vec<u32> = (0..code.len() as u32)
            .filter(|pc| octets[*pc as usize].1 == 0 || *pc == 0)
            .collect();
        let set = InstructionSet::of(NEW);
        let are_opcodes = starts.iter().all(|pc| set.opcode(code[*pc as usize]).is_some());
        let ends = starts.iter().skip(1).copied().chain([code.len() as u32]);
        let are_short = starts.iter().zip(ends).all(|(start, end)| end - start <= 25);
        let ends_well = starts.last().is_some_and(|pc| set.is_terminator(code[*pc as usize]));
        let is_valid = are_opcodes && are_short && ends_well;
        prop_assert_eq!(broken(&program(&code, &starts)).is_none(), is_valid);
    }
}
