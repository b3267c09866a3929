//! Going back, and stopping.

use jambox_engine::{Access, Backend, Config, Engine, Exit, Inspector, Instance, Module};
use jambox_isa::{Instruction, InstructionSet, Revision};
use jambox_program::{JumpTable, ProgramBlob};

use crate::backends::on_every_backend;
use crate::generator::{Source, instances, program};

const PAGE: u64 = 4096;
const FIRST: u64 = 16 * PAGE;

/// Counts down from r7, writing each number to memory; then a host call.
const COUNTDOWN: [&str; 5] = [
    "store_ind_u64 [r8], r7",
    "add_imm_64 r7, r7, -1",
    "add_imm_64 r8, r8, 64",
    "branch_ne_imm r7, 0, @0",
    "ecalli 3",
];

/// A countdown from 200, over four pages.
fn countdown(backend: Backend, revision: Revision) -> Instance {
    let set = InstructionSet::of(revision);
    let (mut code, mut starts) = (Vec::new(), Vec::new());
    for line in COUNTDOWN.into_iter().chain(["trap"]) {
        let pc = code.len() as u32;
        let instruction: Instruction = line.parse().expect(line);
        starts.push(pc);
        code.extend_from_slice(&instruction.encode(set, pc).expect(line));
    }
    let blob = ProgramBlob::from_parts(&code, starts, JumpTable::new(&[])).expect("a program");
    let engine = Engine::new(Config { revision, backend, ..Config::default() }).expect("an engine");
    let mut it = Instance::new(&Module::new(&engine, blob).expect("a module")).expect("one");
    it.memory_mut().set_access(16, 4, Access::ReadWrite);
    it.memory_mut().set_access(20, 1, Access::ReadOnly);
    it.memory_mut().set_heap(FIRST + 4 * PAGE, FIRST + 64 * PAGE);
    it.set_gas(100_000);
    it.regs_mut()[7] = 200;
    it.regs_mut()[8] = FIRST;
    it
}

on_every_backend! {
    fn what_is_restored_runs_as_it_ran(backend) {
        for revision in Revision::ALL {
            let mut it = countdown(backend, revision);
            let start = it.snapshot(None);
            // In the middle of the loop, as a host that gives gas by slices stops.
            it.set_gas(300);
            assert_eq!(it.run(), Exit::OutOfGas);
            it.set_gas(50_000);
            let middle = it.snapshot(Some(&start));
            assert_eq!(it.run(), Exit::HostCall(3));
            let end = it.snapshot(Some(&middle));
            // Changes that a host makes to a machine are undone as well.
            it.memory_mut().grow_heap(3 * PAGE).expect("there is room");
            it.memory_mut().write(FIRST + 5 * PAGE, b"more").expect("it is writable");
            it.memory_mut().set_access(16, 1, Access::ReadOnly);
            it.memory_mut().zero(17, 1);

            it.restore(&middle);
            assert!(it.snapshot(None).is_same(&middle));
            assert_eq!(it.memory().access(16), Access::ReadWrite);
            assert_eq!(it.memory().access(21), Access::Inaccessible);
            assert_eq!(it.run(), Exit::HostCall(3));
            assert!(it.snapshot(None).is_same(&end), "{revision}");
            it.restore(&start);
            assert_eq!(it.memory().read(FIRST, 8), Ok(vec![0; 8]));
            assert_eq!(it.run(), Exit::HostCall(3));
            assert_eq!(it.regs(), end.regs());
        }
    }

    fn pages_that_did_not_change_are_shared(backend) {
        let mut it = countdown(backend, Revision::GrayPaper080);
        it.memory_mut().write(FIRST + 3 * PAGE + 4000, b"last page").expect("it is writable");
        let start = it.snapshot(None);
        assert_eq!(start.own_octets(), 4096, "the other pages are zeros");
        it.set_gas(300);
        assert_eq!(it.run(), Exit::OutOfGas);
        let middle = it.snapshot(Some(&start));
        assert_eq!(middle.own_octets(), 4096);
        assert_eq!(middle.changed_pages(&start).collect::<Vec<_>>(), [16]);
        assert_eq!(start.changed_pages(&middle).collect::<Vec<_>>(), [16]);
        assert_eq!(it.snapshot(Some(&middle)).own_octets(), 0);
        assert!(middle.is_same(&middle.clone()) && !middle.is_same(&start));
    }
}

/// Every state of a random program is reached again from a state before it.
#[test]
fn random_programs_run_again_as_they_ran() {
    let mut octets = [0; 4096];
    let mut state = 0x9e37_79b9_u32;
    for round in 0..60 {
        for octet in &mut octets {
            state = state.wrapping_mul(1_664_525).wrapping_add(1_013_904_223);
            *octet = (state >> 24) as u8;
        }
        for revision in Revision::ALL {
            let source = &mut Source::new(&octets);
            let engine =
                Engine::new(Config { revision, backend: Backend::Stepper, ..Config::default() })
                    .expect("one");
            let module = Module::new(&engine, program(source, revision)).expect("a module");
            let [mut it] = instances(source, &[module]);
            let mut states = vec![it.snapshot(None)];
            while states.len() < 40 && it.step(&mut ()).is_none() {
                states.push(it.snapshot(states.last()));
            }
            for from in (0..states.len()).step_by(7).rev() {
                it.restore(&states[from]);
                for state in &states[from + 1..] {
                    assert_eq!(it.step(&mut ()), None);
                    assert!(it.snapshot(None).is_same(state), "round {round}");
                }
            }
        }
    }
}

/// Stops at a pc, and counts the calls to the inspector.
struct StopAt {
    pc: u64,
    instructions: usize,
}

impl Inspector for StopAt {
    fn stops(&mut self, instance: &Instance) -> bool {
        instance.pc() == self.pc && self.instructions > 0
    }

    fn before_instruction(&mut self, _: &Instance, _: &Instruction) {
        self.instructions += 1;
    }
}

#[test]
fn inspectors_stop_runs() {
    for revision in Revision::ALL {
        let mut it = countdown(Backend::default(), revision);
        for round in 1..=3u64 {
            let mut stop = StopAt { pc: 0, instructions: 0 };
            assert_eq!(it.run_until(&mut stop), None);
            assert_eq!((it.pc(), it.regs()[7], stop.instructions), (0, 200 - round, 4));
        }
        let mut nowhere = StopAt { pc: 1, instructions: 0 };
        assert_eq!(it.run_until(&mut nowhere), Some(Exit::HostCall(3)));
    }
}

#[test]
fn a_pair_of_inspectors_is_one() {
    let mut it = countdown(Backend::default(), Revision::GrayPaper080);
    let (mut a, mut b) = (StopAt { pc: 1, instructions: 0 }, StopAt { pc: 0, instructions: 0 });
    assert_eq!(it.run_until(&mut (&mut a, &mut b)), None, "the second stops");
    assert_eq!(it.run_until(&mut (&mut b, &mut a)), None, "at once: the first stops");
    assert_eq!((a.instructions, b.instructions), (4, 4));
    assert_eq!(it.run_with(&mut (&mut a, &mut b)), Exit::HostCall(3), "none is asked to stop it");
    assert_eq!(a.instructions, b.instructions);
}
