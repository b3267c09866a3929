//! Block costs of 0.8.0: equal, for any code, to the ones of a simulator that is written from the
//! paper alone.
#![no_main]

use jambox_isa::{InstructionSet, Revision};
use jambox_program::{GasPlan, JumpTable, ProgramBlob};
use libfuzzer_sys::fuzz_target;

#[path = "../../crates/program/tests/it/simulator.rs"]
mod simulator;

fuzz_target!(|input: &[u8]| {
    let set = InstructionSet::of(Revision::GrayPaper080);
    // Instructions of up to 16 octets: a length, an octet that picks the opcode, then anything.
    let opcodes: Vec<u8> = set.iter().filter_map(|opcode| opcode.octet(set.revision())).collect();
    let (mut code, mut starts, mut rest) = (Vec::new(), Vec::new(), input);
    while let [length, opcode, others @ ..] = rest {
        let length = usize::from(length % 16).min(others.len());
        let (operands, after) = others.split_at(length);
        starts.push(code.len() as u32);
        code.push(opcodes[usize::from(*opcode) % opcodes.len()]);
        code.extend_from_slice(operands);
        rest = after;
    }
    // Every block has to end.
    starts.push(code.len() as u32);
    code.push(0);
    let is_start: Vec<bool> = (0..code.len() as u32).map(|pc| starts.contains(&pc)).collect();
    let program = ProgramBlob::from_parts(&code, starts, JumpTable::default()).expect("short");
    program.validate(set).expect("valid");
    let plan = GasPlan::of(set);
    for block in program.basic_blocks(set) {
        let expected = simulator::block_cost(&code, &is_start, block.start as usize);
        assert_eq!(u64::from(plan.cost_at(&program, block.start)), expected, "at {}", block.start);
    }
});
