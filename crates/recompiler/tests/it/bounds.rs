//! Bounds on the amount of code, whatever the program.

use jambox_engine::{Backend, Config, Engine, Exit, Instance, Module};
use jambox_isa::{Fields, Instruction, InstructionSet, Opcode, Reg, Revision};
use jambox_program::{JumpTable, ProgramBlob};
use jambox_recompiler::{MAX_CODE, MAX_INSTRUCTION, NativeCode, Tier, Usage};

use crate::scenario::{self, Source};

fn set() -> InstructionSet {
    InstructionSet::of(Revision::GrayPaper072)
}

/// Makes all the code that can be made.
fn compile_all(program: &ProgramBlob) -> (NativeCode, Usage) {
    compile_all_of(set(), program)
}

fn compile_all_of(set: InstructionSet, program: &ProgramBlob) -> (NativeCode, Usage) {
    compile_all_in(Tier::First, set, program)
}

fn compile_all_in(tier: Tier, set: InstructionSet, program: &ProgramBlob) -> (NativeCode, Usage) {
    let code =
        NativeCode::new(program.clone(), set, tier).expect("a platform that runs native code");
    for located in program.instructions(set) {
        let _ = code.enter(located.pc);
    }
    let usage = code.usage();
    (code, usage)
}

/// `count` times an instruction, each as short as it can be.
fn repeated(opcode: Opcode, fields: Fields, count: u32) -> ProgramBlob {
    repeated_of(set(), opcode, fields, count)
}

fn repeated_of(set: InstructionSet, opcode: Opcode, fields: Fields, count: u32) -> ProgramBlob {
    let (mut octets, mut starts) = (Vec::new(), Vec::new());
    for _ in 0..count {
        let pc = octets.len() as u32;
        // Jumps go to the start of the code.
        let instruction = Instruction::from_fields(opcode, Fields { target: 0, ..fields });
        starts.push(pc);
        octets.extend_from_slice(&instruction.encode(set, pc).expect("of the set"));
    }
    ProgramBlob::from_parts(&octets, starts, JumpTable::new(&[0])).expect("short")
}

#[test]
fn no_instruction_becomes_more_than_its_bound() {
    let of = |a, b, d, x| Fields { a, b, d, x, y: x, wide: u64::MAX, target: 0 };
    let fields = [
        of(Reg::R0, Reg::R0, Reg::R0, 0),
        of(Reg::R9, Reg::R10, Reg::R11, i32::MIN),
        of(Reg::R4, Reg::R6, Reg::R5, 1 << 20),
        of(Reg::R10, Reg::R9, Reg::R9, -1),
    ];
    let sets = Revision::ALL.map(InstructionSet::of);
    for (set, opcode) in sets.into_iter().flat_map(|set| set.iter().map(move |it| (set, it))) {
        for fields in fields {
            let program = repeated_of(set, opcode, fields, 300);
            let (_, usage) = compile_all_of(set, &program);
            let count = usage.instructions;
            // All of them, and perhaps the trap that stands after the end of every program.
            assert!((300..=301).contains(&count), "{opcode:?}: {count} instructions");
            assert!(usage.octets <= count * MAX_INSTRUCTION, "{opcode:?}: {usage:?}");
            let (_, hot) = compile_all_in(Tier::Hot, set, &program);
            assert!(hot.octets <= hot.instructions * MAX_INSTRUCTION, "{opcode:?}: {hot:?}");
        }
    }
}

/// Twice as much code is at most twice the work, whatever the code: units made, instructions
/// compiled, octets written. And no octet of code becomes more than the bound for an instruction.
#[test]
fn work_is_linear_in_the_octets_of_code() {
    let to_the_start = Fields { a: Reg::R7, b: Reg::R8, x: 4, ..Fields::default() };
    let shapes = [
        Opcode::Fallthrough,
        Opcode::Trap,
        Opcode::Ecalli,
        Opcode::Sbrk,
        Opcode::JumpInd,
        Opcode::Jump,
        Opcode::BranchEq,
        Opcode::BranchLtSImm,
        Opcode::LoadImmJump,
        Opcode::LoadImmJumpInd,
        Opcode::StoreImmIndU64,
        Opcode::DivS64,
    ];
    for opcode in shapes {
        let measure = |count| {
            let program = repeated(opcode, to_the_start, count);
            (program.code_len() as usize, compile_all(&program).1)
        };
        let ((octets, once), (_, twice)) = (measure(3000), measure(6000));
        assert!(once.octets <= (octets + 1) * MAX_INSTRUCTION, "{opcode:?}: {once:?}");
        assert!(
            once.instructions <= octets + 1 && once.units <= octets + 1,
            "{opcode:?}: {once:?}"
        );
        let is_at_most_twice = |once: usize, twice: usize| twice <= 2 * once + once / 100 + 1;
        assert!(is_at_most_twice(once.units, twice.units), "{opcode:?}: {once:?}, {twice:?}");
        assert!(is_at_most_twice(once.octets, twice.octets), "{opcode:?}: {once:?}, {twice:?}");
        assert!(is_at_most_twice(once.instructions, twice.instructions), "{opcode:?}");
    }
}

/// Hot code may have each instruction four times, and a thousand besides, however many blocks lead
/// to the same one and however short loops are.
#[test]
fn copies_in_hot_code_are_linear_in_what_is_reached() {
    let to_the_start = Fields { a: Reg::R7, b: Reg::R8, x: 4, ..Fields::default() };
    for opcode in [Opcode::Fallthrough, Opcode::Jump, Opcode::BranchEq, Opcode::LoadImmJump] {
        let program = repeated(opcode, to_the_start, 3000);
        let (_, usage) = compile_all_in(Tier::Hot, set(), &program);
        let originals = usage.instructions - usage.copies;
        assert!(originals <= 3001 && usage.copies <= 3 * originals + 1024, "{opcode:?}: {usage:?}");
    }
    // A thousand loops of one instruction, and a thousand jumps to one block of 40.
    let (mut octets, mut starts) = (Vec::new(), Vec::new());
    let mut push = |opcode, fields: Fields, to: Option<u32>| {
        let pc = octets.len() as u32;
        let fields = Fields { target: to.unwrap_or(pc), ..fields };
        starts.push(pc);
        let instruction = Instruction::from_fields(opcode, fields);
        octets.extend_from_slice(&instruction.encode(set(), pc).expect("of the set"));
    };
    for _ in 0..40 {
        push(Opcode::Add64, Fields::default(), None);
    }
    push(Opcode::Trap, Fields::default(), None);
    for _ in 0..1000 {
        push(Opcode::BranchEq, to_the_start, None);
        push(Opcode::Jump, Fields::default(), Some(0));
    }
    let program = ProgramBlob::from_parts(&octets, starts, JumpTable::new(&[0])).expect("short");
    let (_, usage) = compile_all_in(Tier::Hot, set(), &program);
    let originals = usage.instructions - usage.copies;
    assert!(usage.copies > 1024, "the test has something to bound: {usage:?}");
    assert!(originals <= 2042 && usage.copies <= 3 * originals + 1024, "{usage:?}");
}

#[test]
fn no_instruction_is_compiled_twice() {
    for seed in 0..300 {
        let program = scenario::program(&mut Source::new(&[], seed), Revision::GrayPaper072).blob;
        let (code, usage) = compile_all(&program);
        let count = program.instructions(set()).count() + 25;
        assert!(usage.instructions <= count, "seed {seed}: {usage:?}, {count} instructions");
        for pc in 0..program.code_len() + 30 {
            let _ = code.enter(pc);
        }
        assert!(code.usage().instructions <= count, "seed {seed}");
    }
}

#[test]
fn the_middle_of_a_block_is_not_compiled_on_request() {
    let program = repeated(Opcode::Add64, Fields::default(), 5000);
    let code = NativeCode::new(program.clone(), set(), Tier::First)
        .expect("a platform that runs native code");
    for located in program.instructions(set()).skip(1) {
        assert_eq!(code.enter(located.pc), None);
    }
    assert_eq!(code.usage(), Usage::default());
    assert!(code.enter(0).is_some());
    // A segment at a time, however long the block: the rest is compiled when it is reached.
    assert!(code.usage().instructions < 300, "{:?}", code.usage());
}

#[test]
fn a_program_has_no_more_code_than_the_maximum_and_runs_on() {
    // Every octet is an instruction and a block of its own.
    let count = 2_500_000;
    let program = repeated(Opcode::Fallthrough, Fields::default(), count);
    let (_, usage) = compile_all(&program);
    assert!(usage.octets <= MAX_CODE, "{usage:?}");
    assert!(usage.instructions < count as usize, "{usage:?}");

    let config = Config {
        backend: Backend::Recompiler,
        revision: Revision::GrayPaper072,
        ..Config::default()
    };
    let engine = Engine::new(config).expect("a platform that runs native code");
    let module = Module::new(&engine, program).expect("a module");
    let mut instance = Instance::new(&module).expect("an instance");
    instance.set_gas(1 << 40);
    assert_eq!(instance.run(), Exit::Panic);
    assert_eq!(instance.pc(), count.into());
    assert_eq!(instance.gas(), (1 << 40) - u64::from(count) - 1);
    assert!(module.native_octets() <= MAX_CODE);
}

#[test]
fn gas_beyond_63_bits_is_gas() {
    // Counts r7 up to r8, then traps: three instructions a round, from block 0.
    let source = "add_imm_64 r7, r7, 1";
    let add: Instruction = source.parse().expect("an instruction");
    let mut octets = add.encode(set(), 0).expect("of the set").to_vec();
    let branch = octets.len() as u32;
    let fields = Fields { a: Reg::R7, b: Reg::R8, target: 0, ..Fields::default() };
    let branch_octets = Instruction::from_fields(Opcode::BranchLtU, fields);
    octets.extend_from_slice(&branch_octets.encode(set(), branch).expect("of the set"));
    let program = ProgramBlob::from_parts(&octets, [0, branch], JumpTable::default());
    for backend in [Backend::Recompiler, Backend::Auto { threshold: 5 }] {
        let engine =
            Engine::new(Config { backend, revision: Revision::GrayPaper072, ..Config::default() })
                .expect("native code");
        let module = Module::new(&engine, program.clone().expect("short")).expect("a module");
        let mut instance = Instance::new(&module).expect("an instance");
        instance.set_gas(u64::MAX);
        instance.regs_mut()[8] = 1000;
        assert_eq!(instance.run(), Exit::Panic);
        assert_eq!(instance.gas(), u64::MAX - 2001);
        assert_eq!(instance.regs()[7], 1000);
    }
}
