//! Skips, instructions and basic blocks, against the paper's definitions.

use std::collections::BTreeSet;

use jambox_isa::{InstructionSet, Opcode, Revision};
use jambox_program::{JumpTable, ProgramBlob};
use proptest::prelude::*;

use crate::blob::program;

fn set() -> InstructionSet {
    InstructionSet::of(Revision::GrayPaper072)
}

/// `skip`: the bitmask, then ones for ever; the first one after `i`, at most 24 on.
fn skip_by_definition(program: &ProgramBlob, i: u32) -> u8 {
    let k = |n: u32| n >= program.code_len() || program.is_instruction_start(n);
    (0..24).find(|j| k(i + 1 + j)).unwrap_or(24) as u8
}

/// The set of block starts, by the paper's construction.
fn block_starts_by_definition(program: &ProgramBlob) -> BTreeSet<u32> {
    let k = |n: u32| program.is_instruction_start(n);
    let c = |n: u32| program.code().get(n as usize).copied().unwrap_or(0);
    let after_terminators = (0..program.code_len())
        .filter(|n| k(*n) && set().is_terminator(c(*n)))
        .map(|n| n + 1 + u32::from(skip_by_definition(program, n)));
    let candidates: BTreeSet<u32> = [0].into_iter().chain(after_terminators).collect();
    candidates.into_iter().filter(|n| k(*n) && set().opcode(c(*n)).is_some()).collect()
}

fn code(octets: &[u8], opcodes: impl IntoIterator<Item = u32>) -> ProgramBlob {
    ProgramBlob::from_parts(octets, opcodes, JumpTable::default()).unwrap()
}

#[test]
fn skips_are_capped_at_24() {
    let program = code(&[1; 60], [0, 26, 51]);
    assert_eq!(program.skip(0), 24);
    assert_eq!(program.skip(1), 24);
    assert_eq!(program.skip(2), 23);
    assert_eq!(program.skip(25), 0);
    assert_eq!(program.skip(26), 24);
    assert_eq!(program.skip(51), 8);
    assert_eq!(program.skip(59), 0);
    for past in [60, 61, 1 << 20, u32::MAX - 40, u32::MAX - 1, u32::MAX] {
        assert_eq!(program.skip(past), 0);
        assert!(!program.is_instruction_start(past));
        assert!(!program.is_block_start(set(), past));
    }
}

#[test]
fn a_terminator_starts_a_block_as_far_as_it_skips() {
    // 25 octets on is still the next instruction; 26 is out of reach.
    let program = code(&[1; 60], [0, 25, 51]);
    let starts: Vec<u32> = (0..60).filter(|pc| program.is_block_start(set(), *pc)).collect();
    assert_eq!(starts, [0, 25]);
}

#[test]
fn the_first_octet_starts_a_block_only_as_a_valid_opcode() {
    assert!(code(&[51], [0]).is_block_start(set(), 0));
    assert!(!code(&[51], []).is_block_start(set(), 0));
    assert!(!code(&[2], [0]).is_block_start(set(), 0));
    assert!(code(&[2], [0]).is_block_start(InstructionSet::of(Revision::GrayPaper080), 0));
}

#[test]
fn what_is_no_valid_opcode_is_a_trap() {
    let program = code(&[51, 7, 5, 3, 200], [0, 3]);
    let at = |pc| program.instruction(set(), pc).instruction.opcode();
    assert_eq!([at(0), at(1), at(3), at(4), at(5)], {
        let trap = Opcode::Trap;
        [Opcode::LoadImm, trap, trap, trap, trap]
    });
    assert_eq!(program.opcode(set(), 0), Some(Opcode::LoadImm));
    assert_eq!(program.opcode(set(), 3), None);
    assert_eq!(program.instruction(set(), u32::MAX).next_pc(), u32::MAX);
}

#[test]
fn instructions_follow_one_another_by_their_skips() {
    let mut octets = [0; 40];
    octets[0] = 51;
    let program = code(&octets, [0, 30, 31]);
    let places: Vec<u32> = program.instructions(set()).map(|located| located.pc).collect();
    // Octet 25 is no marked opcode: a trap, and the skip from it leads on.
    assert_eq!(places, [0, 25, 30, 31]);
}

proptest! {
    #[test]
    fn skips_and_block_starts_are_as_defined(program in program()) {
        for pc in 0..program.code_len() + 40 {
            prop_assert_eq!(program.skip(pc), skip_by_definition(&program, pc));
        }
        let starts = block_starts_by_definition(&program);
        for pc in 0..program.code_len() + 40 {
            prop_assert_eq!(program.is_block_start(set(), pc), starts.contains(&pc), "{}", pc);
        }
    }

    #[test]
    fn blocks_cover_what_runs_from_their_starts(program in program()) {
        let blocks: Vec<_> = program.basic_blocks(set()).collect();
        let starts: Vec<u32> = block_starts_by_definition(&program).into_iter().collect();
        prop_assert_eq!(blocks.iter().map(|block| block.start).collect::<Vec<_>>(), starts);
        for block in blocks {
            let mut pc = block.start;
            while pc < block.end {
                let located = program.instruction(set(), pc);
                pc = located.next_pc();
                let is_last = pc >= block.end;
                let ends = located.instruction.opcode().is_terminator();
                prop_assert!(is_last == ends || pc == program.code_len());
            }
            prop_assert_eq!(pc, block.end);
        }
    }
}
