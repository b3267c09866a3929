//! Hot code against the exact interpreter, wherever a trace can be left.

use std::path::Path;
use std::thread;

use jambox_asm::{Dialect, assemble};
use jambox_engine::{Access, Backend, Config, Engine, Exit, Instance, Module};
use jambox_isa::{InstructionSet, Revision};
use jambox_program::{ProgramBlob, ProgramKind};
use jambox_recompiler::{NativeCode, Tier};

/// A program whose loops are traces with side exits, and which faults inside one.
fn program(set: InstructionSet) -> ProgramBlob {
    let path = Path::new(env!("CARGO_MANIFEST_DIR")).join("../../testdata/recompiler/traces.asm");
    let text = std::fs::read_to_string(path).expect("a text");
    let assembly = assemble(&text, &Dialect { set, host_calls: &[] }).expect("a program");
    match assembly.container.kind {
        ProgramKind::Bare(code) | ProgramKind::Standard(_, code) => code,
    }
}

fn module(revision: Revision, backend: Backend) -> Module {
    let engine =
        Engine::new(Config { revision, backend, ..Config::default() }).expect("native code");
    Module::new(&engine, program(engine.instruction_set())).expect("a module")
}

/// An instance with octets to read at 0x10f00, every seventh of them large.
fn instance(module: &Module, gas: u64) -> Instance {
    let mut instance = Instance::new(module).expect("an instance");
    let octets: Vec<u8> = (0..256).map(|at| if at % 7 == 3 { 230 } else { at as u8 / 2 }).collect();
    instance.memory_mut().set_access(0x10, 1, Access::ReadWrite);
    instance.memory_mut().write(0x1_0f00, &octets).expect("writable");
    instance.set_gas(gas);
    instance
}

/// All that a guest or a host can see.
type State = (Exit, u64, u64, bool, [u64; 13], Vec<u8>);

fn run(instance: &mut Instance) -> State {
    let exit = instance.run();
    let mut octets = vec![0; 256];
    instance.memory().peek(0x1_0f00, &mut octets);
    let (pc, gas) = (instance.pc(), instance.gas());
    (exit, pc, gas, instance.is_charged(), *instance.regs(), octets)
}

/// Runs to the fault behind the buffer, serving the host call and giving more gas where it lacks:
/// every state on the way.
fn states(instance: &mut Instance, more: u64) -> Vec<State> {
    let mut all = Vec::new();
    loop {
        let state = run(instance);
        let exit = state.0;
        all.push(state);
        match exit {
            Exit::HostCall(_) => instance.skip_host_call(),
            Exit::OutOfGas => instance.set_gas(instance.gas() + more),
            Exit::Halt | Exit::Panic | Exit::PageFault(_) => return all,
        }
    }
}

#[test]
fn the_program_has_traces() {
    for set in Revision::ALL.map(InstructionSet::of) {
        let code = NativeCode::new(program(set), set, Tier::Hot).expect("native code");
        assert!(code.enter(0).is_some());
        assert!(code.usage().copies > 20, "{:?}", code.usage());
    }
}

/// Gas runs out at every value at which it can, twice: at first, and then again a little on.
#[test]
fn gas_runs_out_at_the_same_places() {
    for revision in Revision::ALL {
        let [exact, hot] = [Backend::Stepper, Backend::Traces { threshold: 0 }]
            .map(|backend| module(revision, backend));
        let used = {
            let mut instance = instance(&exact, 1 << 20);
            states(&mut instance, 0);
            (1 << 20) - instance.gas()
        };
        assert!(used > 500, "{used}");
        for gas in (0..300).chain(used - 300..used + 2) {
            let more = 1 + gas % 60;
            let expected = states(&mut instance(&exact, gas), more.max(40));
            let found = states(&mut instance(&hot, gas), more.max(40));
            assert!(found == expected, "{revision}, gas {gas}");
        }
    }
}

/// Code is made anew while a program runs, at every place where that can happen.
#[test]
fn it_becomes_hot_at_any_place() {
    for revision in Revision::ALL {
        let expected = states(&mut instance(&module(revision, Backend::Stepper), 1 << 20), 1);
        for threshold in 0..400 {
            let module = module(revision, Backend::Traces { threshold });
            let found = states(&mut instance(&module, 1 << 20), 1);
            assert!(found == expected, "{revision}, hot after {threshold}");
        }
    }
}

/// A machine that is taken back, stepped or watched goes on in traces as if nothing had been.
#[test]
fn snapshots_and_steps_lead_back_into_traces() {
    for revision in Revision::ALL {
        let [exact, hot] = [Backend::Stepper, Backend::Traces { threshold: 0 }]
            .map(|backend| module(revision, backend));
        for gas in (0..400).step_by(3) {
            let mut ours = instance(&hot, gas);
            let mut theirs = instance(&exact, gas);
            assert!(run(&mut ours) == run(&mut theirs), "{revision}, gas {gas}");
            let snapshot = ours.snapshot(None);
            ours.set_gas(5000);
            let once = states(&mut ours, 100);
            ours.restore(&snapshot);
            ours.set_gas(5000);
            assert!(ours.step(&mut ()).is_none(), "{revision}, gas {gas}");
            assert!(states(&mut ours, 100) == once, "{revision}, gas {gas}: after a step");
            theirs.set_gas(5000);
            assert!(states(&mut theirs, 100) == once, "{revision}, gas {gas}");
        }
    }
}

#[test]
fn threads_become_hot_together() {
    for revision in Revision::ALL {
        let expected = states(&mut instance(&module(revision, Backend::Stepper), 1 << 20), 1);
        for threshold in [100, 1000, 5000] {
            let module = module(revision, Backend::Traces { threshold });
            thread::scope(|scope| {
                for _ in 0..4 {
                    scope.spawn(|| {
                        for _ in 0..8 {
                            assert!(states(&mut instance(&module, 1 << 20), 1) == expected);
                        }
                    });
                }
            });
        }
    }
}
