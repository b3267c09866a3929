//! Gas plans: block gas against a simulator, and the other queries of a plan.

use jambox_isa::{InstructionSet, Opcode, Revision};
use jambox_program::{GasPlan, JumpTable, ProgramBlob};
use proptest::prelude::*;

use crate::simulator;

const NEW: Revision = Revision::GrayPaper080;

fn plan(revision: Revision) -> GasPlan {
    GasPlan::of(InstructionSet::of(revision))
}

/// A program of these encoded instructions.
fn program(instructions: &[&[u8]]) -> ProgramBlob {
    let mut code = Vec::new();
    let mut starts = Vec::new();
    for octets in instructions {
        starts.push(code.len() as u32);
        code.extend_from_slice(octets);
    }
    ProgramBlob::from_parts(&code, starts, JumpTable::default()).expect("short")
}

/// A program of octets in hexadecimal, with a bar between instructions.
fn of_hex(text: &str) -> ProgramBlob {
    let octets = |text: &str| -> Vec<u8> {
        let digits: Vec<u32> = text.chars().map(|digit| digit.to_digit(16).unwrap()).collect();
        digits.chunks(2).map(|pair| (pair[0] << 4 | pair[1]) as u8).collect()
    };
    let instructions: Vec<Vec<u8>> = text.split('|').map(octets).collect();
    program(&instructions.iter().map(Vec::as_slice).collect::<Vec<_>>())
}

#[test]
fn blocks_cost_what_is_published() {
    let moves = "6407|".repeat(9) + "2800";
    let cases = [
        ("6400|00", 0, 2),
        ("c89807|caa70b|00", 0, 4),
        ("ca9807|caba08|00", 0, 6),
        ("8215|c89805|8255|3205", 0, 48),
        ("3305|330601|cc6507|6478|6489|6499|c8960a|00", 0, 62),
        // A conditional move reads its destination too.
        ("caa707|da9807|00", 0, 5),
        // A branch to a block that begins with `unlikely`, and such blocks.
        ("510708|02|330701|00|02|330702|00", 0, 1),
        ("510708|02|330701|00|02|330702|00", 3, 40),
        ("510708|02|330701|00|02|330702|00", 8, 40),
        ("2800", 0, 15),
        ("0a01|01|00", 0, 100),
        ("0a01|0a02|00", 0, 101),
        (moves.as_str(), 0, 17),
    ];
    for (text, start, cost) in cases {
        let program = of_hex(text);
        assert_eq!(plan(NEW).cost_at(&program, start), cost, "{text}");
        let starts: Vec<bool> =
            (0..program.code_len()).map(|pc| program.is_instruction_start(pc)).collect();
        let simulated = simulator::block_cost(program.code(), &starts, start as usize);
        assert_eq!(simulated, u64::from(cost), "{text}, simulated");
    }
}

#[test]
fn the_example_of_the_book_costs_what_it_says() {
    let program = of_hex("cb9807|3a0a000001|0a|28f7");
    assert_eq!(plan(NEW).cost_at(&program, 0), 102);
    let starts: Vec<bool> = (0..11).map(|pc| program.is_instruction_start(pc)).collect();
    assert_eq!(simulator::block_cost(program.code(), &starts, 0), 102);
}

#[test]
fn a_branch_out_of_the_code_is_unlikely() {
    // To 100 beyond the end, and to 50 before the start.
    for target in [100_u8, 0xce] {
        let branch: &[u8] = &[81, 0x10, 5, target];
        assert_eq!(plan(NEW).cost_at(&program(&[branch, &[51, 7, 1], &[0]]), 0), 1);
    }
    let back: &[u8] = &[81, 0x10, 5, 0];
    assert_eq!(plan(NEW).cost_at(&program(&[back, &[51, 7, 1], &[0]]), 0), 20);
}

#[test]
fn a_plan_says_who_pays_for_what() {
    let program = program(&[&[51, 7, 1], &[10, 1], &[1], &[51, 8, 1], &[0]]);
    let (old, new) = (plan(Revision::GrayPaper072), plan(NEW));
    for pc in [0, 3, 5, 6, 9] {
        assert_eq!((old.payer(&program, pc), old.cost_at(&program, pc)), (Some(pc), 1));
        assert!(old.is_due(&program, pc));
    }
    let payers = [0, 3, 5, 6, 9].map(|pc| new.payer(&program, pc));
    assert_eq!(payers, [Some(0), Some(0), Some(0), Some(6), Some(6)]);
    // The `ecalli` fills a cycle's decoding, so it comes one cycle after the `load_imm`.
    assert_eq!([0, 3, 5, 6, 9].map(|pc| new.cost_at(&program, pc)), [101, 0, 0, 2, 0]);
    let segment = |plan: GasPlan, pc| {
        let segment = plan.segment(&program, pc);
        (segment.code, segment.cost)
    };
    assert_eq!([segment(old, 0), segment(new, 0)], [(0..6, 3), (0..6, 101)]);
    assert_eq!([segment(old, 6), segment(new, 6)], [(6..10, 2), (6..10, 2)]);
    assert_eq!([segment(old, 3), segment(new, 3)], [(3..6, 2), (3..6, 0)]);
}

/// Octets of any instruction of 0.8.0 that ends no block, or of any that does.
fn octets(is_last: bool) -> impl Strategy<Value = Vec<u8>> {
    let is_wanted = |opcode: &Opcode| opcode.is_terminator() == is_last;
    let opcodes: Vec<Opcode> = InstructionSet::of(NEW).iter().filter(is_wanted).collect();
    // Few registers, so that instructions depend on each other; any number of further octets.
    let registers = prop_oneof![Just(0x11_u8), Just(0x12), Just(0x21), Just(0x31), any::<u8>()];
    let third = prop_oneof![0_u8..4, any::<u8>()];
    let rest = prop::collection::vec(prop_oneof![Just(0_u8), Just(2), any::<u8>()], 0..9);
    (prop::sample::select(opcodes), registers, third, rest).prop_map(
        |(opcode, registers, third, rest)| {
            let mut octets = vec![opcode.octet(NEW).expect("of the set"), registers, third];
            octets.extend(rest);
            octets
        },
    )
}

/// Blocks like compiled code: mostly a few kinds of instruction that keep units busy.
fn block() -> impl Strategy<Value = Vec<Vec<u8>>> {
    let frequent = prop::sample::select(vec![
        vec![130, 0x21, 8],
        vec![123, 0x21, 8],
        vec![100, 0x21],
        vec![100, 0x13],
        vec![200, 0x21, 1],
        vec![203, 0x21, 3],
        vec![202, 0x32, 2],
        vec![10, 1],
        vec![2],
        vec![20, 1, 2, 3, 4, 5, 6, 7, 8, 9],
    ]);
    let plain = prop_oneof![3 => frequent, 2 => octets(false)];
    (prop::collection::vec(plain, 0..90), octets(true)).prop_map(|(mut block, last)| {
        block.push(last);
        block
    })
}

proptest! {
    #![proptest_config(ProptestConfig::with_cases(300))]

    #[test]
    fn blocks_cost_what_the_simulator_finds(blocks in prop::collection::vec(block(), 1..4)) {
        let instructions: Vec<&[u8]> = blocks.iter().flatten().map(Vec::as_slice).collect();
        let program = program(&instructions);
        let set = InstructionSet::of(NEW);
        let starts: Vec<bool> =
            (0..program.code_len()).map(|pc| program.is_instruction_start(pc)).collect();
        for pc in (0..program.code_len()).filter(|pc| program.is_block_start(set, *pc)) {
            let simulated = simulator::block_cost(program.code(), &starts, pc as usize);
            prop_assert_eq!(u64::from(plan(NEW).cost_at(&program, pc)), simulated, "at {}", pc);
        }
    }
}
