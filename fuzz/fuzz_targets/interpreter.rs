//! The interpreter: whatever a program is, running it does not panic the host, and gives the same
//! as the exact stepper.
#![no_main]

use std::sync::LazyLock;

use jambox_engine::{Access, Backend, Config, Engine, Exit, Instance, Module};
use jambox_isa::Revision;
use jambox_program::ProgramBlob;
use libfuzzer_sys::fuzz_target;

#[path = "../../crates/engine/tests/it/generator.rs"]
mod generator;

use generator::{PAGES, Source, instances, program};

/// The exact engine and the fast one, for each revision.
static ENGINES: LazyLock<[(Revision, [Engine; 2]); 2]> = LazyLock::new(|| {
    Revision::ALL.map(|revision| {
        let engines = [Backend::Stepper, Backend::Interpreter]
            .map(|backend| Engine::new(Config { revision, backend, ..Config::default() }).expect("an engine"));
        (revision, engines)
    })
});

fuzz_target!(|input: &[u8]| {
    let Some((&kind, rest)) = input.split_first() else { return };
    let source = &mut Source::new(rest);
    let (revision, engines) = &ENGINES[usize::from(kind >> 7)];
    // Either a well-formed random program, or a blob of any octets after 64 for the machine.
    let program = if kind % 4 != 0 {
        program(source, *revision)
    } else {
        let Some((machine, blob)) = rest.split_at_checked(64) else { return };
        *source = Source::new(machine);
        let Ok(program) = ProgramBlob::parse(blob) else { return };
        program
    };
    match engines.each_ref().map(|engine| Module::new(engine, program.clone())) {
        [Ok(one), Ok(other)] => compare(instances(source, &[one, other])),
        // A revision does not run every program; that has nothing to do with the backend.
        [one, other] => assert!(one.is_err() && other.is_err()),
    }
});

fn compare(mut pair: [Instance; 2]) {
    for round in 0..8 {
        let [exact, fast] = pair.each_mut().map(Instance::run);
        assert_eq!(exact, fast);
        let [one, other] = pair.each_ref().map(state);
        assert_eq!(one, other);
        for instance in &mut pair {
            match exact {
                Exit::Halt | Exit::Panic => return,
                Exit::OutOfGas => instance.set_gas(37 * (round + 1)),
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

/// The part of a machine's state that a host can see.
fn state(instance: &Instance) -> (u64, (u64, bool), [u64; 13], [Vec<u8>; 5]) {
    let page = |page: u32| {
        let mut octets = vec![0; 4096];
        instance.memory().peek(u64::from(page) * 4096, &mut octets);
        octets
    };
    let paid = (instance.gas(), instance.is_charged());
    (instance.pc(), paid, *instance.regs(), PAGES.map(page))
}
