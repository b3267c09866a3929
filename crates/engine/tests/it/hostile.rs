//! Attempts of guests that want out, on every backend.

use jambox_engine::{Access, Backend, Config, Engine, Exit, Instance, Module, StandardModule};
use jambox_isa::{Instruction, InstructionSet, Revision};
use jambox_program::{JumpTable, ProgramBlob, StandardProgram};

use crate::backends::on_every_backend;

/// The program of instructions, one a line, with a jump table.
fn program(text: &str, table: &[u64]) -> ProgramBlob {
    let set = InstructionSet::of(Revision::GrayPaper072);
    let (mut code, mut starts) = (Vec::new(), Vec::new());
    for line in text.lines() {
        let pc = code.len() as u32;
        let instruction: Instruction = line.trim().parse().expect(line);
        starts.push(pc);
        code.extend_from_slice(&instruction.encode(set, pc).expect(line));
    }
    ProgramBlob::from_parts(&code, starts, JumpTable::new(table)).expect("a program")
}

fn engine(backend: Backend) -> Engine {
    Engine::new(Config { backend, revision: Revision::GrayPaper072, ..Config::default() })
        .expect("an engine")
}

fn module(backend: Backend, text: &str, table: &[u64]) -> Module {
    Module::new(&engine(backend), program(text, table)).expect("a module")
}

/// An instance with one writable page, the first that may be.
fn instance(module: &Module, gas: u64) -> Instance {
    let mut instance = Instance::new(module).expect("an instance");
    instance.memory_mut().set_access(16, 1, Access::ReadWrite);
    instance.set_gas(gas);
    instance
}

/// Registers that make addresses around every edge there is.
const BASES: [u64; 16] = [
    0,
    0x0_ffff,
    0x1_0000,
    0x1_0fff,
    0x1_1000,
    0x7fff_ffff,
    0x8000_0000,
    0xffff_efff,
    0xffff_f000,
    0xffff_ffff,
    0x1_0000_0000,
    0x1_0001_0000,
    0x7fff_ffff_ffff_f000,
    0x8000_0000_0001_0000,
    0xffff_ffff_0001_0000,
    u64::MAX,
];

on_every_backend! {
    fn addresses_lead_to_ones_own_memory_or_nowhere(backend) {
        for displacement in [0, 1, -1, 4096, -4096, i32::MAX, i32::MIN] {
            let text = format!("store_imm_ind_u8 [r7+{displacement}], 9\necalli 0");
            let module = module(backend, &text.replace("+-", "-"), &[]);
            // Neighbours, made before and after.
            let mut before = instance(&module, 10);
            let mut it = instance(&module, 10_000);
            let mut after = instance(&module, 10);
            for memory in [before.memory_mut(), after.memory_mut()] {
                memory.write(0x1_0000, &[1; 4096]).expect("writable");
            }
            for base in BASES {
                it.set_pc(0);
                it.regs_mut()[7] = base;
                let exit = it.run();
                // The paper: the sum, modulo 2^32.
                let address = base.wrapping_add_signed(displacement.into()) as u32;
                let expected = match address {
                    0..0x1_0000 => Exit::Panic,
                    0x1_0000..0x1_1000 => Exit::HostCall(0),
                    _ => Exit::PageFault(address & !0xfff),
                };
                assert_eq!(exit, expected, "{base:#x} and {displacement:#x}");
            }
            for memory in [before.memory(), after.memory()] {
                assert_eq!(memory.read(0x1_0000, 4096).expect("readable"), [1; 4096]);
                assert_eq!(memory.accessible_ranges().count(), 1);
            }
        }
    }

    fn calls_without_end_take_none_of_the_hosts_stack(backend) {
        // Calls itself, directly and through the jump table, for ever.
        for call in ["load_imm_jump r0, 2, @0", "load_imm r0, 2\nload_imm_jump_ind r0, 2, r0+0"] {
            let module = module(backend, call, &[0]);
            let run = move || {
                let mut it = instance(&module, 1_000_000);
                assert_eq!(it.run(), Exit::OutOfGas);
                assert_eq!(it.gas(), 0);
            };
            // Of these 128 KiB each call would have less than an octet.
            let thread = std::thread::Builder::new().stack_size(128 << 10).spawn(run);
            thread.expect("a thread").join().expect("it does not overflow");
        }
    }

    fn faults_without_end_take_none_of_the_hosts_stack(backend) {
        let module = module(backend, "load_u8 r7, [0x20000]", &[]);
        let run = move || {
            let mut it = instance(&module, 10_000);
            for left in (0..10_000).rev() {
                assert_eq!(it.run(), Exit::PageFault(0x2_0000));
                assert_eq!(it.gas(), left);
            }
            assert_eq!(it.run(), Exit::OutOfGas);
        };
        let thread = std::thread::Builder::new().stack_size(128 << 10).spawn(run);
        thread.expect("a thread").join().expect("it does not overflow");
    }

    // An engine gives a guest the address space of another, and of its own program even the
    // read-only pages as they are.
    fn no_guest_finds_anything_of_another(backend) {
        let code = program(
            "store_imm_ind_u8 [r7], 9\nsbrk r4, r5\nstore_imm_ind_u8 [r4], 9\n\
             store_imm_ind_u8 [r1-8], 9\nstore_imm_ind_u8 [r8], 9\necalli 0\ntrap",
            &[],
        );
        let standards = [3_u8, 4].map(|octet| {
            StandardProgram::new([octet; 5000], [octet; 20], 2, 8192, code.encode()).expect("it fits")
        });
        let shared = engine(backend);
        let start = standards[0].layout(0).expect("a layout").read_write.start;
        let read_only = standards[0].layout(0).expect("a layout").read_only.start;
        // Ends in a fault in the middle, by a host call, and for want of gas.
        let ends = [(read_only, 99), (0, 99), (start, 99), (start, 3), (1 << 30, 99)];
        for round in 0..30_usize {
            let standard = &standards[round * 3 / 5 % 2];
            let arguments = vec![round as u8 + 1; [0, 9, 5000, 4096][round % 4]];
            let make = |engine| {
                let module = StandardModule::new(engine, standard.clone()).expect("a module");
                module.instance(&arguments).expect("an instance")
            };
            let mut instance = make(&shared);
            let fresh = make(&engine(backend));
            assert!(instance.snapshot(None).is_same(&fresh.snapshot(None)), "round {round}");
            for inaccessible in [start - 4096, start + 3 * 4096, 0xfeff_2000] {
                let mut octets = [1; 4096];
                instance.memory().peek(inaccessible.into(), &mut octets);
                assert_eq!(octets, [0; 4096], "{inaccessible:#x}, round {round}");
            }
            let (last, gas) = ends[round % ends.len()];
            instance.set_gas(gas);
            let regs = instance.regs_mut();
            (regs[7], regs[5], regs[8]) = (start.into(), 9000, last.into());
            let expected = match (last, gas) {
                (_, 3) => Exit::OutOfGas,
                (0, _) => Exit::Panic,
                (at, _) if at == start => Exit::HostCall(0),
                (at, _) => Exit::PageFault(at),
            };
            assert_eq!(instance.run(), expected, "round {round}");
            assert_eq!(instance.memory().read_array(start.into()), Ok([9]));
        }
    }
}
