//! Changes of 0.8.0 to exits, gas and pc, from the paper's text (appendices A.1 to A.4).
//!
//! Costs of blocks are published ones: `ecalli; ecalli; trap` costs 101, `ecalli; fallthrough` 100,
//! a `trap` alone 2, a `jump` alone 15, and a load at the start of a block 25.

use jambox_engine::{
    Access, Backend, Config, Engine, EngineError, EngineErrorKind, Exit, Instance, Module,
};
use jambox_isa::{Instruction, InstructionSet, Reg, Revision};
use jambox_program::{JumpTable, ProgramBlob, ValidityRule};

use crate::backends::on_every_backend;

const REVISION: Revision = Revision::GrayPaper080;
const HALT: u64 = 0xffff_0000;

fn program(text: &str) -> ProgramBlob {
    let set = InstructionSet::of(REVISION);
    let (mut code, mut starts) = (Vec::new(), Vec::new());
    for line in text.lines() {
        let pc = code.len() as u32;
        let instruction: Instruction = line.trim().parse().expect(line);
        starts.push(pc);
        code.extend_from_slice(&instruction.encode(set, pc).expect(line));
    }
    ProgramBlob::from_parts(&code, starts, JumpTable::new(&[0])).expect("a program")
}

fn module(backend: Backend, program: ProgramBlob) -> Result<Module, EngineError> {
    let engine = Engine::new(Config { revision: REVISION, backend, ..Config::default() })
        .expect("an engine");
    Module::new(&engine, program)
}

/// An instance of a program with one writable page and a read-only one after it.
fn instance(backend: Backend, text: &str, gas: u64) -> Instance {
    let module = module(backend, program(text)).expect("a valid program");
    let mut instance = Instance::new(&module).expect("an instance");
    instance.memory_mut().set_access(16, 1, Access::ReadWrite);
    instance.memory_mut().set_access(17, 1, Access::ReadOnly);
    instance.set_gas(gas);
    instance
}

fn end(instance: &Instance) -> (u64, u64, bool) {
    (instance.pc(), instance.gas(), instance.is_charged())
}

const CALLS: &str = "ecalli 1\necalli 2\ntrap";

on_every_backend! {
    fn a_block_is_paid_when_it_is_entered_and_only_then(backend) {
        let mut it = instance(backend, CALLS, 150);
        assert_eq!(it.run(), Exit::HostCall(1));
        assert_eq!(end(&it), (0, 49, true));
        it.skip_host_call();
        assert_eq!(it.run(), Exit::HostCall(2));
        assert_eq!(end(&it), (2, 49, true));
        assert_eq!(it.run(), Exit::HostCall(2), "without skipping it is made again");
        it.skip_host_call();
        // The host may take what is left: the rest of the block is paid.
        it.set_gas(0);
        assert_eq!(it.run(), Exit::Panic);
        assert_eq!(end(&it), (4, 0, true));
    }

    fn running_out_of_gas_takes_nothing(backend) {
        let mut it = instance(backend, CALLS, 100);
        assert_eq!(it.run(), Exit::OutOfGas);
        assert_eq!(end(&it), (0, 100, false));
        assert_eq!(it.run(), Exit::OutOfGas);
        it.set_gas(101);
        assert_eq!(it.run(), Exit::HostCall(1));
        assert_eq!(end(&it), (0, 0, true));
    }

    fn the_block_after_a_terminator_is_paid_anew(backend) {
        let mut it = instance(backend, "ecalli 1\nfallthrough\ntrap", 101);
        assert_eq!(it.run(), Exit::HostCall(1));
        it.skip_host_call();
        assert_eq!(it.run(), Exit::OutOfGas);
        assert_eq!(end(&it), (3, 1, false));
        it.set_gas(2);
        assert_eq!(it.run(), Exit::Panic);
        assert_eq!(end(&it), (3, 0, true));
    }

    fn a_block_that_jumps_to_itself_pays_each_time(backend) {
        let mut it = instance(backend, "jump @0", 100);
        assert_eq!(it.run(), Exit::OutOfGas);
        assert_eq!(end(&it), (0, 100 - 6 * 15, false));
    }

    fn beginning_in_the_middle_pays_the_whole_block(backend) {
        let mut it = instance(backend, CALLS, 150);
        it.set_pc(2);
        assert_eq!(it.run(), Exit::HostCall(2));
        assert_eq!(end(&it), (2, 49, true));
        let mut it = instance(backend, CALLS, 100);
        it.set_pc(4);
        assert_eq!(it.run(), Exit::OutOfGas);
        assert_eq!(end(&it), (4, 100, false));
    }

    fn what_is_paid_is_not_paid_again(backend) {
        for pc in [0, 2] {
            let mut it = instance(backend, CALLS, 5);
            it.set_pc(pc);
            it.set_charged(true);
            assert_eq!(it.run(), Exit::HostCall(pc / 2 + 1));
            assert_eq!(end(&it), (pc, 5, true));
        }
        let mut it = instance(backend, "jump @0", 40);
        it.set_charged(true);
        assert_eq!(it.run(), Exit::OutOfGas, "one round is free");
        assert_eq!(end(&it), (0, 10, false));
    }

    fn a_fault_stays_paid(backend) {
        // At the start of a block, and in the middle of one.
        for text in ["load_u8 r7, [0x14000]\ntrap", "load_u8 r8, [0x10000]\nload_u8 r7, [0x14000]\ntrap"] {
            let mut it = instance(backend, text, 1000);
            assert_eq!(it.run(), Exit::PageFault(0x14000));
            let (pc, gas, is_charged) = end(&it);
            assert!(is_charged && gas < 1000);
            it.memory_mut().set_access(20, 1, Access::ReadOnly);
            it.memory_mut().poke_raw(0x14000, &[9]);
            assert_eq!(it.run(), Exit::Panic);
            assert_eq!((it.gas(), it.reg(Reg::R7), it.pc()), (gas, 9, pc + 5), "{text}");
        }
        let mut it = instance(backend, "load_u8 r7, [0x14000]\ntrap", 25);
        assert_eq!(it.run(), Exit::PageFault(0x14000));
        assert_eq!(it.gas(), 0);
        let mut it = instance(backend, "load_u8 r7, [0x14000]\ntrap", 24);
        assert_eq!(it.run(), Exit::OutOfGas, "that comes before the fault");
    }

    fn the_flag_stays_set_after_a_halt_and_a_panic(backend) {
        // The paper goes on at 0 then, with a block that counts as paid (see docs/readings.md).
        let mut it = instance(backend, "jump_ind r0", 22);
        it.set_reg(Reg::R0, HALT);
        assert_eq!(it.run(), Exit::Halt);
        assert_eq!(end(&it), (0, 0, true));
        it.set_pc(0);
        assert_eq!(it.run(), Exit::Halt);
        assert_eq!(end(&it), (0, 0, true));
    }

    fn both_ways_of_a_branch_have_to_be_blocks(backend) {
        // Not taken, and its target is in the middle of a block.
        let mut it = instance(backend, "branch_eq_imm r7, 1, @7\nload_imm r8, 2\ntrap", 1000);
        assert_eq!(it.run(), Exit::Panic);
        assert_eq!((it.pc(), it.reg(Reg::R8), it.is_charged()), (0, 0, true));
        assert!(it.gas() < 1000);
        // Taken, to where a block starts; but it is the last instruction.
        let mut it = instance(backend, "ecalli 0\nfallthrough\nbranch_eq_imm r7, 0, @0", 1000);
        it.set_pc(3);
        assert_eq!(it.run(), Exit::Panic);
        assert_eq!(it.pc(), 3);
    }

    fn a_last_fallthrough_panics_where_it_is(backend) {
        let mut it = instance(backend, "ecalli 1\nfallthrough", 100);
        assert_eq!(it.run(), Exit::HostCall(1));
        it.skip_host_call();
        assert_eq!(it.run(), Exit::Panic);
        assert_eq!(end(&it), (2, 0, true));
    }

    fn jumps_that_panic_have_loaded(backend) {
        let mut it = instance(backend, "load_imm_jump r7, 5, @99", 1000);
        assert_eq!(it.run(), Exit::Panic);
        assert_eq!((it.pc(), it.reg(Reg::R7)), (0, 5));
        for address in [0, 3, 4, 1 << 20] {
            let mut it = instance(backend, "load_imm_jump_ind r7, 5, r8+0", 1000);
            it.set_reg(Reg::R8, address);
            assert_eq!(it.run(), Exit::Panic);
            assert_eq!((it.pc(), it.reg(Reg::R7)), (0, 5), "to {address}");
        }
    }

    fn positions_without_an_instruction_panic_for_nothing(backend) {
        for pc in [1, 5, 6, 1 << 31, u64::from(u32::MAX), 1 << 32, u64::MAX] {
            for is_charged in [false, true] {
                let mut it = instance(backend, CALLS, 1000);
                it.set_pc(pc);
                it.set_charged(is_charged);
                assert_eq!(it.run(), Exit::Panic, "at {pc}");
                assert_eq!(end(&it), (pc, 1000, is_charged), "at {pc}");
            }
        }
    }

    fn a_write_that_begins_in_a_read_only_page_faults_there(backend) {
        let mut it = instance(backend, "store_u64 [0x11ffc], r7\ntrap", 1000);
        assert_eq!(it.run(), Exit::PageFault(0x11000));
    }

    fn the_top_of_the_address_space_is_memory(backend) {
        let mut it = instance(backend, "store_u64 [-8], r7\nload_u64 r8, [-65536]\ntrap", 1000);
        it.memory_mut().set_access(0xf_fff0, 16, Access::ReadWrite);
        it.memory_mut().poke_raw(0xffff_0000, &[7]);
        assert_eq!(it.run(), Exit::Panic);
        assert_eq!((it.pc(), it.reg(Reg::R8)), (8, 7));
    }

    fn gas_may_be_any_number(backend) {
        let mut it = instance(backend, CALLS, u64::MAX);
        assert_eq!(it.run(), Exit::HostCall(1));
        assert_eq!(it.gas(), u64::MAX - 101);
        let mut it = instance(backend, "jump @0", 15 * 1000 + 3);
        assert_eq!(it.run(), Exit::OutOfGas);
        assert_eq!(it.gas(), 3);
    }

    fn a_long_block_is_paid_once(backend) {
        // Longer than any backend takes at a time. Each depends on the one before.
        let text = "mul_64 r7, r7, r8\n".repeat(3000) + "ecalli 3\ntrap";
        let mut it = instance(backend, &text, 1 << 20);
        it.set_reg(Reg::R7, 1);
        it.set_reg(Reg::R8, 3);
        assert_eq!(it.run(), Exit::HostCall(3));
        let cost = (1 << 20) - it.gas();
        assert!((9000..9200).contains(&cost), "three cycles each and a bit: {cost}");
        assert_eq!(it.reg(Reg::R7), 3_u64.wrapping_pow(3000));
        it.skip_host_call();
        it.set_gas(0);
        assert_eq!(it.run(), Exit::Panic);
        let mut it = instance(backend, &text, cost - 1);
        it.set_pc(3 * 1500);
        assert_eq!(it.run(), Exit::OutOfGas);
        assert_eq!(end(&it), (3 * 1500, cost - 1, false));
    }

    fn programs_that_are_not_valid_are_refused(backend) {
        let of = |code: &[u8], starts: &[u32]| {
            let starts = starts.iter().copied();
            ProgramBlob::from_parts(code, starts, JumpTable::default()).expect("short")
        };
        let cases = [
            (of(&[], &[]), ValidityRule::Start, 0),
            (of(&[0, 0], &[1]), ValidityRule::Start, 0),
            (of(&[1; 31], &[0]), ValidityRule::Instruction, 25),
            (of(&[0, 111, 0], &[0, 1, 2]), ValidityRule::Opcode, 1),
            (of(&[51, 7, 1], &[0]), ValidityRule::Terminator, 0),
            (of(&[0, 10], &[0, 1]), ValidityRule::Terminator, 1),
            (of(&vec![1; (1 << 25) + 1], &[]), ValidityRule::CodeLength, 1 << 25),
        ];
        for (program, rule, offset) in cases {
            match module(backend, program).map(|_| ()).map_err(EngineError::into_kind) {
                Err(EngineErrorKind::InvalidProgram { revision, reason }) => {
                    assert_eq!((revision, reason.rule, reason.offset), (REVISION, rule, offset));
                }
                other => panic!("{rule:?}: {other:?}"),
            }
        }
    }
}
