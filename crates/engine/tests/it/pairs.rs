//! Two instructions after each other, as interpreters execute them together: every backend does
//! what the stepper does, whatever registers repeat, entered at the first or the second, paid for
//! none, one or both, with faults in either.

use jambox_engine::{Access, Backend, Config, Engine, Exit, Instance, Module};
use jambox_isa::{Fields, Format, Instruction, InstructionSet, Opcode, Reg, Revision};
use jambox_program::{JumpTable, ProgramBlob};

use crate::backends::on_every_backend;

const FIRST: [Opcode; 12] = [
    Opcode::LoadIndU64,
    Opcode::LoadIndU8,
    Opcode::StoreIndU64,
    Opcode::StoreIndU8,
    Opcode::AddImm64,
    Opcode::Add64,
    Opcode::Mul64,
    Opcode::ShloLImm64,
    Opcode::MoveReg,
    Opcode::LoadImm,
    Opcode::RemU64,
    Opcode::RotR64Imm,
];

const SECOND: [Opcode; 16] = [
    Opcode::LoadIndU64,
    Opcode::LoadIndI32,
    Opcode::StoreIndU64,
    Opcode::StoreIndU8,
    Opcode::AddImm64,
    Opcode::Add64,
    Opcode::MoveReg,
    Opcode::Sbrk,
    Opcode::JumpInd,
    Opcode::BranchNe,
    Opcode::BranchNeImm,
    Opcode::BranchLtU,
    Opcode::Jump,
    Opcode::Ecalli,
    Opcode::Fallthrough,
    Opcode::Trap,
];

/// Registers in the first places of both instructions. The third has always the same one.
const REGS: [[usize; 4]; 12] = [
    [1, 1, 1, 1],
    [7, 1, 8, 1],
    [7, 1, 1, 1],
    [1, 1, 7, 1],
    [1, 1, 0, 7],
    [7, 7, 8, 8],
    [7, 7, 8, 9],
    [7, 8, 9, 9],
    [7, 8, 7, 7],
    [7, 8, 9, 7],
    [7, 1, 9, 10],
    [7, 8, 9, 1],
];

const PAGE: u64 = 4096;

/// Two instructions in the code.
struct Place {
    first: u64,
    second: u64,
    name: String,
}

fn instruction(opcode: Opcode, [zero, one]: [usize; 2], target: u32) -> Instruction {
    let [zero, one, two] = [zero, one, 10].map(|reg| Reg::ALL[reg]);
    let (a, b, d) = match opcode.format() {
        Format::RegReg | Format::RegRegReg => (one, two, zero),
        _ => (zero, one, two),
    };
    Instruction::from_fields(opcode, Fields { a, b, d, x: 8, y: 0, wide: 0, target })
}

/// A program of two instructions at a time, each two with a `trap` after them, and a `trap` in
/// front to jump to.
fn program(revision: Revision) -> (ProgramBlob, Vec<Place>) {
    let set = InstructionSet::of(revision);
    let (mut code, mut starts, mut places) = (Vec::new(), Vec::new(), Vec::new());
    let mut put = |instruction: Instruction| {
        let pc = code.len() as u32;
        starts.push(pc);
        code.extend_from_slice(&instruction.encode(set, pc).expect("of the set"));
        u64::from(pc)
    };
    put(instruction(Opcode::Trap, [0, 0], 0));
    for first in FIRST {
        for second in SECOND.into_iter().filter(|opcode| opcode.octet(revision).is_some()) {
            for [a, b, c, d] in REGS {
                let name = format!("{first:?} r{a}, r{b}; {second:?} r{c}, r{d}");
                let first = put(instruction(first, [a, b], 0));
                let second = put(instruction(second, [c, d], 0));
                put(instruction(Opcode::Trap, [0, 0], 0));
                places.push(Place { first, second, name });
            }
        }
    }
    let table = JumpTable::new(&[0, 0, 0, 0]);
    (ProgramBlob::from_parts(&code, starts, table).expect("a program"), places)
}

fn module(revision: Revision, backend: Backend, program: &ProgramBlob) -> Module {
    let engine = Engine::new(Config { revision, backend, ..Config::default() }).expect("an engine");
    Module::new(&engine, program.clone()).expect("a module")
}

/// An instance with two pages of memory, the second for reading.
fn instance(module: &Module) -> Instance {
    let mut instance = Instance::new(module).expect("an instance");
    instance.memory_mut().set_access(16, 2, Access::ReadWrite);
    for address in (0..2 * PAGE).step_by(8) {
        let octets = (0x1_0000 + address % PAGE).to_le_bytes();
        instance.memory_mut().write(16 * PAGE + address, &octets).expect("writable");
    }
    instance.memory_mut().set_access(17, 1, Access::ReadOnly);
    instance
}

type State = (Exit, u64, u64, bool, [u64; 13], [Option<u64>; 2]);

/// Runs from a place with registers and gas, and puts the two words in memory back that
/// instructions reach.
fn run(instance: &mut Instance, pc: u64, value: u64, gas: u64) -> State {
    *instance.regs_mut() = core::array::from_fn(|reg| if reg == 0 { 2 } else { value });
    instance.set_pc(pc);
    instance.set_charged(false);
    instance.set_gas(gas);
    let exit = instance.run();
    let words = [value, value.wrapping_add(8)].map(|address| {
        let word = instance.memory().read_array(address).ok().map(u64::from_le_bytes);
        let _ = instance.memory_mut().write(address, &0x1_0010_u64.to_le_bytes());
        word
    });
    let (pc, gas) = (instance.pc(), instance.gas());
    (exit, pc, gas, instance.is_charged(), *instance.regs(), words)
}

on_every_backend! {
    fn two_instructions_do_what_each_does(backend) {
        for revision in Revision::ALL {
            let (program, places) = program(revision);
            let [mut one, mut other] = [Backend::Stepper, backend]
                .map(|backend| instance(&module(revision, backend, &program)));
            for Place { first, second, name } in &places {
                let mut compare = |pc: u64, value: u64, gas: u64| {
                    let expected = run(&mut one, pc, value, gas);
                    let state = run(&mut other, pc, value, gas);
                    assert_eq!(state, expected, "{revision:?}: {name}, {value:#x}, gas {gas}");
                };
                // Memory that may be written; written once, then only read; read; neither.
                for value in [0x1_0100, 0x1_0ff8, 0x1_1100, 0x2_0000] {
                    compare(*first, value, 1000);
                }
                compare(*second, 0x1_0100, 1000);
                // Gas for nothing, for one and for two; a block costs up to some 60.
                for gas in [0, 1, 2, 30] {
                    compare(*first, 0x1_0ff8, gas);
                }
            }
        }
    }

    fn a_long_run_of_instructions_is_one(backend) {
        // Longer than an interpreter decodes at once, entered at several places.
        const LENGTH: u64 = 2500;
        let set = InstructionSet::of(Revision::GrayPaper072);
        let [add, trap] = [Opcode::AddImm64, Opcode::Trap].map(|opcode| {
            instruction(opcode, [7, 7], 0).encode(set, 0).expect("of the set")
        });
        let code = [add.repeat(LENGTH as usize), trap.to_vec()].concat();
        let starts = (0..=LENGTH as u32).map(|index| index * add.len() as u32);
        let program = ProgramBlob::from_parts(&code, starts, JumpTable::default()).expect("short");
        let module = module(Revision::GrayPaper072, backend, &program);
        for start in [0, 1, 1023, 1024, 1500, 0] {
            for gas in [LENGTH + 1, 1025, 1024, 1023, 1] {
                let mut it = Instance::new(&module).expect("an instance");
                it.set_pc(start * add.len() as u64);
                it.set_gas(gas);
                let exit = it.run();
                let done = (LENGTH - start).min(gas);
                let is_paid = gas > LENGTH - start;
                assert_eq!(exit, if is_paid { Exit::Panic } else { Exit::OutOfGas });
                assert_eq!(it.reg(Reg::R7), 8 * done, "from {start} with gas {gas}");
                assert_eq!(it.pc(), (start + done) * add.len() as u64);
                assert_eq!(it.gas(), if is_paid { gas - done - 1 } else { 0 });
            }
        }
    }
}
