//! Every backend does what the stepper does, over random programs.

use jambox_engine::{Access, Backend, Config, Engine, Exit, Instance, Module};
use jambox_isa::Revision;
use jambox_program::ProgramBlob;

use crate::generator::{PAGES, Source, instances, program};

/// The part of a machine's state that a host can see.
fn state(instance: &Instance) -> (u64, (u64, bool), [u64; 13], Vec<Vec<u8>>) {
    let page = |page: u32| {
        let mut octets = vec![0; 4096];
        instance.memory().peek(u64::from(page) * 4096, &mut octets);
        octets
    };
    let paid = (instance.gas(), instance.is_charged());
    (instance.pc(), paid, *instance.regs(), PAGES.map(page).to_vec())
}

/// Runs and resumes both until they end for good, comparing whenever they stop.
fn compare(program: &ProgramBlob, mut one: Instance, mut other: Instance, backend: Backend) {
    for round in 0..8 {
        let (expected, exit) = (one.run(), other.run());
        assert!(
            expected == exit && state(&one) == state(&other),
            "{backend:?} differs in run {round}: {exit:?} for {expected:?}\n{:x?}\n{:x?}\n{:?}",
            &state(&one).2,
            &state(&other).2,
            program.instructions(one.module().engine().instruction_set()).collect::<Vec<_>>(),
        );
        for instance in [&mut one, &mut other] {
            match exit {
                Exit::Halt | Exit::Panic => return,
                Exit::OutOfGas => instance.set_gas(150 * (round + 1)),
                Exit::PageFault(address) => {
                    instance.memory_mut().set_access(address / 4096, 1, Access::ReadWrite);
                }
                Exit::HostCall(number) => {
                    instance.skip_host_call();
                    instance.regs_mut()[7] = number;
                }
            }
        }
    }
}

fn check(octets: &[u8], revision: Revision, backends: &[Backend]) {
    let source = &mut Source::new(octets);
    let program = program(source, revision);
    let rest = source;
    let module = |backend| {
        let engine =
            Engine::new(Config { revision, backend, ..Config::default() }).expect("an engine");
        Module::new(&engine, program.clone()).expect("a module")
    };
    for &backend in backends {
        let modules = [module(Backend::Stepper), module(backend)];
        let [one, other] = instances(&mut rest.clone(), &modules);
        compare(&program, one, other, backend);
    }
}

#[test]
fn random_programs() {
    let backends: Vec<_> =
        Backend::all_here().into_iter().filter(|backend| *backend != Backend::Stepper).collect();
    let mut state = 0x9e37_79b9_7f4a_7c15_u64;
    for round in 0..2000 {
        let octets: Vec<u8> = (0..1200)
            .map(|_| {
                state ^= state << 13;
                state ^= state >> 7;
                state ^= state << 17;
                (state >> 32) as u8
            })
            .collect();
        check(&octets, Revision::ALL[round % 2], &backends);
    }
}
