//! Exits, gas and pc, from the paper's text.

use jambox_engine::{
    Access, Backend, Config, Engine, EngineErrorKind, Exit, Inspector, Instance, Module,
    StandardModule,
};
use jambox_isa::{Instruction, InstructionSet, Reg, Revision};
use jambox_program::{JumpTable, ProgramBlob, StandardProgram};

use crate::backends::on_every_backend;

const PAGE: u64 = 4096;
const FIRST: u64 = 16 * PAGE;
const HALT: u64 = 0xffff_0000;

/// The octets of instructions, one a line.
fn assemble(text: &str) -> (Vec<u8>, Vec<u32>) {
    let set = InstructionSet::of(Revision::GrayPaper072);
    let (mut code, mut starts) = (Vec::new(), Vec::new());
    for line in text.lines().map(str::trim).filter(|line| !line.is_empty()) {
        let pc = code.len() as u32;
        let instruction: Instruction = line.parse().expect(line);
        starts.push(pc);
        code.extend_from_slice(&instruction.encode(set, pc).expect(line));
    }
    (code, starts)
}

fn program_with(text: &str, jump_table: &[u64]) -> ProgramBlob {
    let (code, starts) = assemble(text);
    ProgramBlob::from_parts(&code, starts, JumpTable::new(jump_table)).expect("a program")
}

fn engine(backend: Backend) -> Engine {
    Engine::new(Config { backend, revision: Revision::GrayPaper072, ..Config::default() })
        .expect("an engine")
}

fn instance_of(backend: Backend, program: ProgramBlob, gas: u64) -> Instance {
    let module = Module::new(&engine(backend), program).expect("a module");
    let mut instance = Instance::new(&module).expect("an instance");
    instance.set_gas(gas);
    instance
}

/// An instance of a program, with two writable pages, a read-only one, and nothing after it.
fn instance(backend: Backend, text: &str, gas: u64) -> Instance {
    let mut instance = instance_of(backend, program_with(text, &[]), gas);
    instance.memory_mut().set_access(16, 2, Access::ReadWrite);
    instance.memory_mut().set_access(18, 1, Access::ReadOnly);
    instance
}

fn end(instance: &Instance) -> (u64, u64) {
    (instance.pc(), instance.gas())
}

on_every_backend! {
    fn code_ends_in_a_trap(backend) {
        let mut it = instance(backend, "load_imm r7, 1", 10);
        assert_eq!(it.run(), Exit::Panic);
        assert_eq!((end(&it), it.reg(Reg::R7)), ((3, 8), 1));
    }

    fn running_without_gas_changes_nothing(backend) {
        let mut it = instance(backend, "load_imm r7, 1", 0);
        assert_eq!(it.run(), Exit::OutOfGas);
        assert_eq!((end(&it), it.reg(Reg::R7)), ((0, 0), 0));
    }

    fn gas_runs_out_in_the_middle_of_a_block(backend) {
        let text = "load_imm r7, 1\nload_imm r8, 2\nload_imm r9, 3\ntrap";
        let mut it = instance(backend, text, 2);
        assert_eq!(it.run(), Exit::OutOfGas);
        assert_eq!((end(&it), it.reg(Reg::R8), it.reg(Reg::R9)), ((6, 0), 2, 0));
        it.set_gas(2);
        assert_eq!(it.run(), Exit::Panic);
        assert_eq!((end(&it), it.reg(Reg::R9)), ((9, 0), 3));
    }

    fn gas_may_be_any_number(backend) {
        let mut it = instance(backend, "ecalli 1", u64::MAX);
        assert_eq!(it.run(), Exit::HostCall(1));
        assert_eq!(it.gas(), u64::MAX - 1);
    }

    fn host_calls_resume_after_themselves(backend) {
        let mut it = instance(backend, "ecalli -1\nload_imm r7, 5\necalli 2", 10);
        assert_eq!(it.run(), Exit::HostCall(u64::MAX));
        assert_eq!(end(&it), (0, 9));
        it.skip_host_call();
        assert_eq!(it.run(), Exit::HostCall(2));
        assert_eq!((end(&it), it.reg(Reg::R7)), ((5, 7), 5));
        assert_eq!(it.run(), Exit::HostCall(2), "without skipping it is made again");
        assert_eq!(it.gas(), 6);
    }

    fn a_fault_is_charged_and_resumes_when_repaired(backend) {
        let text = "load_imm r7, 7\nstore_u64 [0x14000], r7\nload_imm r8, 8\ntrap";
        let mut it = instance(backend, text, 10);
        assert_eq!(it.run(), Exit::PageFault(0x14000));
        assert_eq!((end(&it), it.reg(Reg::R8)), ((3, 8), 0));
        it.memory_mut().set_access(20, 1, Access::ReadWrite);
        assert_eq!(it.run(), Exit::Panic);
        assert_eq!((it.gas(), it.reg(Reg::R8)), (5, 8));
        assert_eq!(it.memory().read_array(0x14000), Ok(7u64.to_le_bytes()));
    }

    fn read_only_pages_can_be_read_only(backend) {
        let mut it = instance(backend, "load_u8 r7, [0x12000]\nstore_u8 [0x12000], r7", 10);
        assert_eq!(it.run(), Exit::PageFault(0x12000));
        assert_eq!(it.gas(), 8);
    }

    fn accesses_across_pages(backend) {
        let text = "store_u64 [0x10ffc], r7\nload_u64 r8, [0x10ffc]\nload_u64 r9, [0x11ffd]";
        let mut it = instance(backend, text, 10);
        it.set_reg(Reg::R7, 0x0102_0304_0506_0708);
        assert_eq!(it.run(), Exit::Panic, "the code's end");
        assert_eq!(it.reg(Reg::R8), 0x0102_0304_0506_0708);
        let mut it = instance(backend, "store_u32 [0x11ffd], r7", 10);
        assert_eq!(it.run(), Exit::PageFault(0x12000), "the second page is read-only");
        let mut it = instance(backend, "load_u32 r7, [0x12ffd]", 10);
        assert_eq!(it.run(), Exit::PageFault(0x13000), "the second page is inaccessible");
        let mut it = instance(backend, "load_u32 r7, [0xffff]", 10);
        assert_eq!(it.run(), Exit::Panic, "the first octet is below 2^16");
    }

    fn accesses_wrap_around(backend) {
        let mut it = instance(backend, "load_ind_u8 r7, [r8 + 16]", 10);
        it.set_reg(Reg::R8, 0xffff_0001_0000_0000 | (FIRST - 16));
        assert_eq!(it.run(), Exit::Panic, "read; then the code's end");
        assert_eq!(it.gas(), 8);
        let mut it = instance(backend, "load_u64 r7, [-4]", 10);
        assert_eq!(it.run(), Exit::PageFault(0xffff_f000), "the first inaccessible octet decides");
        it.memory_mut().set_access(0xf_ffff, 1, Access::ReadWrite);
        assert_eq!(it.run(), Exit::Panic, "the next is octet 0");
        assert_eq!((it.gas(), it.pc()), (8, 0));
    }

    fn low_memory_panics(backend) {
        for text in ["load_u8 r7, [0]", "store_u8 [0xffff], r7", "store_imm_u64 [0x100], 1"] {
            let mut it = instance(backend, text, 10);
            it.memory_mut().set_access(0, 16, Access::ReadWrite);
            assert_eq!(it.run(), Exit::Panic);
            assert_eq!(end(&it), (0, 9), "{text}");
        }
    }

    fn jumps_only_to_blocks(backend) {
        let mut it = instance(backend, "jump @3\nload_imm r7, 1\nload_imm r8, 2", 10);
        assert_eq!(it.run(), Exit::Panic, "into the middle of an instruction");
        assert_eq!(end(&it), (0, 9));
        let mut it = instance(backend, "jump @5\nload_imm r7, 1\nload_imm r8, 2", 10);
        assert_eq!(it.run(), Exit::Panic, "into the middle of a block");
        assert_eq!(end(&it), (0, 9));
        let text = "branch_eq_imm r7, 1, @99\nload_imm r8, 2";
        let mut it = instance(backend, text, 10);
        assert_eq!(it.run(), Exit::Panic, "not taken: the code's end");
        assert_eq!((it.gas(), it.reg(Reg::R8)), (7, 2));
        let mut it = instance(backend, text, 10);
        it.set_reg(Reg::R7, 1);
        assert_eq!(it.run(), Exit::Panic, "taken, nowhere");
        assert_eq!((end(&it), it.reg(Reg::R8)), ((0, 9), 0));
    }

    fn a_failed_load_imm_jump_has_loaded(backend) {
        let mut it = instance(backend, "load_imm_jump r7, 5, @99", 10);
        assert_eq!(it.run(), Exit::Panic);
        assert_eq!((end(&it), it.reg(Reg::R7)), ((0, 9), 5));
    }

    fn loops_are_charged_by_the_instruction(backend) {
        let text = "fallthrough\nadd_imm_64 r7, r7, 1\nbranch_ne_imm r7, 100, @1\necalli 0";
        let mut it = instance(backend, text, 1000);
        assert_eq!(it.run(), Exit::HostCall(0));
        assert_eq!((it.gas(), it.reg(Reg::R7)), (1000 - 1 - 200 - 1, 100));
        let mut it = instance(backend, text, 100);
        assert_eq!(it.run(), Exit::OutOfGas);
        assert_eq!((it.gas(), it.reg(Reg::R7), it.pc()), (0, 50, 4), "99 after the first");
    }

    fn dynamic_jumps(backend) {
        // The table leads to the second instruction, into the middle of the third, and to 0.
        let text = "jump_ind r7\nload_imm r8, 1\njump_ind r9";
        let program = || program_with(text, &[2, 4, 0]);
        let cases = [
            (HALT, Exit::Halt, 0, 9),
            (HALT | 1 << 40, Exit::Halt, 0, 9),
            (2, Exit::Halt, 5, 7),
            (4, Exit::Panic, 0, 9),
            (6, Exit::OutOfGas, 0, 0),
            (0, Exit::Panic, 0, 9),
            (3, Exit::Panic, 0, 9),
            (8, Exit::Panic, 0, 9),
            (u64::from(u32::MAX), Exit::Panic, 0, 9),
        ];
        for (address, exit, pc, gas) in cases {
            let mut it = instance_of(backend, program(), 10);
            it.set_reg(Reg::R7, address);
            it.set_reg(Reg::R9, HALT);
            assert_eq!(it.run(), exit, "to {address:#x}");
            assert_eq!(end(&it), (pc, gas), "to {address:#x}");
        }
    }

    fn a_jump_table_of_no_octets_leads_to_0(backend) {
        let (code, starts) = assemble("ecalli 4\njump_ind r7");
        let table = JumpTable::of_zeros(u64::MAX);
        let program = ProgramBlob::from_parts(&code, starts, table).expect("a program");
        let mut it = instance_of(backend, program, 10);
        it.set_reg(Reg::R7, 0x4000_0000);
        it.set_pc(2);
        assert_eq!(it.run(), Exit::HostCall(4));
        assert_eq!(end(&it), (0, 8));
    }

    fn any_position_may_be_run(backend) {
        for pc in [1, 3, 6, 7, 1 << 31, u64::from(u32::MAX), 1 << 32, u64::MAX] {
            let mut it = instance(backend, "load_imm r7, 1\nload_imm r8, 2", 10);
            it.set_pc(pc);
            assert_eq!(it.run(), Exit::Panic, "at {pc}");
            let expected = if pc == 3 { (6, 8) } else { (pc, 9) };
            assert_eq!(end(&it), expected, "at {pc}");
            assert_eq!(it.reg(Reg::R7), 0);
        }
    }

    fn skipping_stops_at_24(backend) {
        // One opcode and 30 octets without a bit: the next instruction is at 25, where none starts.
        let code = [1; 31];
        let program = ProgramBlob::from_parts(&code, [0], JumpTable::default()).expect("a program");
        let mut it = instance_of(backend, program, 10);
        assert_eq!(it.run(), Exit::Panic);
        assert_eq!(end(&it), (25, 8));
    }

    fn an_empty_program_traps(backend) {
        let program = ProgramBlob::from_parts(&[], [], JumpTable::default()).expect("a program");
        let mut it = instance_of(backend, program, 10);
        assert_eq!(it.run(), Exit::Panic);
        assert_eq!(end(&it), (0, 9));
    }

    fn long_blocks(backend) {
        let text = "add_imm_64 r7, r7, 1\n".repeat(5000) + "ecalli 3";
        let mut it = instance(backend, &text, 10_000);
        assert_eq!(it.run(), Exit::HostCall(3));
        assert_eq!((it.gas(), it.reg(Reg::R7)), (10_000 - 5001, 5000));
        let mut it = instance(backend, &text, 4000);
        it.set_pc(3 * 7);
        assert_eq!(it.run(), Exit::OutOfGas);
        assert_eq!((it.gas(), it.reg(Reg::R7), it.pc()), (0, 4000, 3 * 4007));
    }

    fn sbrk_moves_the_end_of_the_heap(backend) {
        let text = "sbrk r7, r2\nsbrk r8, r3\nstore_ind_u8 [r8 + 99], r8\nsbrk r9, r4\necalli 0";
        let (code, starts) = assemble(text);
        let blob = ProgramBlob::from_parts(&code, starts, JumpTable::default()).expect("a program");
        let standard = StandardProgram::new([], [1, 2, 3], 1, 4096, blob.encode()).expect("fits");
        let ready = StandardModule::new(&engine(backend), standard).expect("a module");
        let mut it = ready.instance(&[]).expect("an instance");
        it.set_gas(10);
        it.set_reg(Reg::R3, 100);
        it.set_reg(Reg::R4, 1 << 40);
        let end = 2 * 65536 + 2 * PAGE;
        assert_eq!(it.memory().heap_end(), end);
        assert_eq!(it.run(), Exit::HostCall(0));
        assert_eq!([it.reg(Reg::R7), it.reg(Reg::R8), it.reg(Reg::R9)], [end, end, 0]);
        assert_eq!((it.gas(), it.memory().heap_end()), (5, end + 100));
        assert!(it.memory().is_writable(end, PAGE) && !it.memory().is_readable(end + PAGE, 1));
    }

    fn standard_programs_begin_as_the_paper_says(backend) {
        let blob = program_with("trap", &[]);
        let standard = StandardProgram::new([5; 5000], [6], 3, 5000, blob.encode()).expect("fits");
        let ready = StandardModule::new(&engine(backend), standard).expect("a module");
        let it = ready.instance(b"abc").expect("an instance");
        let ranges: Vec<_> = it.memory().accessible_ranges().collect();
        let expected = [
            (0x10000..0x12000, Access::ReadOnly),
            (0x30000..0x34000, Access::ReadWrite),
            (0xfefd_e000..0xfefe_0000, Access::ReadWrite),
            (0xfeff_0000..0xfeff_1000, Access::ReadOnly),
        ];
        assert_eq!(ranges, expected);
        let regs = [0xffff_0000, 0xfefe_0000, 0, 0, 0, 0, 0, 0xfeff_0000, 3, 0, 0, 0, 0];
        assert_eq!(*it.regs(), regs);
        assert_eq!(it.memory().read(0xfeff_0000, 4), Ok(b"abc\0".to_vec()));
        assert_eq!(it.memory().read_array(0x10000 + 4999), Ok([5, 0]));
        let too_long = vec![0; (1 << 24) + 1];
        let refused = ready.instance(&too_long).err();
        let error = EngineErrorKind::ArgumentsTooLong { length: (1 << 24) + 1, limit: 1 << 24 };
        assert_eq!(refused, Some(error.into()));
    }

    fn a_host_goes_on_from_where_it_likes_after_a_host_call(backend) {
        // ecalli 1 is at 3, ecalli 2 at 8, the trap at 10.
        let text = "add_imm_64 r7, r7, 1\necalli 1\nadd_imm_64 r7, r7, 1\necalli 2\ntrap";
        let mut it = instance(backend, text, 20);
        assert_eq!((it.run(), end(&it)), (Exit::HostCall(1), (3, 18)));
        assert_eq!((it.run(), end(&it)), (Exit::HostCall(1), (3, 17)), "the call again");
        it.skip_host_call();
        it.set_pc(3);
        it.skip_host_call();
        assert_eq!(it.pc(), 5);
        assert_eq!((it.run(), end(&it)), (Exit::HostCall(2), (8, 15)));
        it.set_pc(3);
        it.skip_host_call();
        assert_eq!((it.run(), end(&it)), (Exit::HostCall(2), (8, 13)), "an earlier one skipped");
        it.set_pc(10);
        it.skip_host_call();
        assert_eq!(it.pc(), 11);
        it.set_pc(8);
        it.skip_host_call();
        assert_eq!((it.run(), end(&it)), (Exit::Panic, (10, 12)));
        assert_eq!(it.reg(Reg::R7), 3);
    }

    fn instances_share_a_module_across_threads(backend) {
        // Miri takes its time.
        let rounds = if cfg!(miri) { 30 } else { 1000 };
        let text = format!(
            "fallthrough\nadd_imm_64 r7, r7, 1\nbranch_lt_u_imm r7, {rounds}, @1\necalli 0"
        );
        let module = Module::new(&engine(backend), program_with(&text, &[])).expect("a module");
        std::thread::scope(|scope| {
            for _ in 0..4 {
                scope.spawn(|| {
                    let mut it = Instance::new(&module).expect("an instance");
                    it.set_gas(5000);
                    assert_eq!(it.run(), Exit::HostCall(0));
                    assert_eq!((it.gas(), it.reg(Reg::R7)), (5000 - 2 * rounds - 2, rounds));
                });
            }
        });
    }

    fn threads_read_the_memory_of_one_instance(backend) {
        const ROUNDS: usize = if cfg!(miri) { 3 } else { 500 };
        let mut it = instance(backend, "store_u8 [0x10000], r7\necalli 0", 9);
        it.set_reg(Reg::R7, 77);
        assert_eq!(it.run(), Exit::HostCall(0));
        let memory = it.memory();
        std::thread::scope(|scope| {
            scope.spawn(|| {
                for _ in 0..ROUNDS {
                    // From the last accessible page on, and from the first, over what is not.
                    for start in [FIRST + 2 * PAGE, FIRST - PAGE] {
                        let mut octets = vec![1; 3 * PAGE as usize];
                        memory.peek(start, &mut octets);
                        let sum: u32 = octets.iter().map(|&octet| u32::from(octet)).sum();
                        assert_eq!(sum, if start < FIRST { 77 } else { 0 });
                    }
                }
            });
            scope.spawn(|| {
                for _ in 0..10 * ROUNDS {
                    assert_eq!(memory.read_array(FIRST), Ok([77, 0]));
                    assert_eq!(memory.read_array(FIRST + 2 * PAGE), Ok([0; 8]));
                }
            });
        });
    }
}

#[test]
fn inspectors_see_everything() {
    #[derive(Default)]
    struct Seen(Vec<String>);

    impl Inspector for Seen {
        fn before_instruction(&mut self, instance: &Instance, instruction: &Instruction) {
            self.0.push(format!("{}: {instruction}", instance.pc()));
        }

        fn memory_read(&mut self, _: &Instance, address: u32, octets: &[u8]) {
            self.0.push(format!("read {octets:?} at {address:#x}"));
        }

        fn memory_written(&mut self, _: &Instance, address: u32, octets: &[u8]) {
            self.0.push(format!("wrote {octets:?} at {address:#x}"));
        }

        fn after_instruction(&mut self, instance: &Instance, exit: Option<Exit>) {
            self.0.push(format!("{} left, {exit:?}", instance.gas()));
        }
    }

    let text = "store_imm_u16 [0x10000], 258\nload_u8 r7, [0x10001]\necalli 9";
    let mut it = instance(Backend::Interpreter, text, 3);
    let mut seen = Seen::default();
    assert_eq!(it.run_with(&mut seen), Exit::HostCall(9));
    assert_eq!(it.run_with(&mut seen), Exit::OutOfGas);
    let expected = [
        "0: store_imm_u16 [0x10000], 258",
        "wrote [2, 1] at 0x10000",
        "2 left, None",
        "7: load_u8 r7, [0x10001]",
        "read [1] at 0x10001",
        "1 left, None",
        "12: ecalli 9",
        "0 left, Some(HostCall(9))",
        "0 left, Some(OutOfGas)",
    ];
    assert_eq!(seen.0, expected);
}
