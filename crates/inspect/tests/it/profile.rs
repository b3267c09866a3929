//! Profiles against sums done by hand, and the contents of their files.

use jambox_engine::{Exit, Instance, Revision};
use jambox_hostcall::{HostCall, Interface};
use jambox_inspect::profile::{FrameKind, Profile, ProfileFormat, Profiler};
use jambox_invocation::Machine;
use jambox_types::Hash;
use serde_json::Value;

use crate::program::{Program, instance, program};

fn run(
    profiler: &mut Profiler,
    machine: Machine,
    program: Option<Hash>,
    it: &mut Instance,
) -> Exit {
    profiler.enter(machine, program, it);
    let exit = it.run_with(profiler);
    profiler.leave(machine, it);
    exit
}

/// The profile of a guest that makes one host call, in which it runs another machine.
fn profile(revision: Revision, program: &Program) -> Profile {
    let inner = Hash([2; 32]);
    let mut profiler = Profiler::default();
    let mut guest = instance(program, revision);
    assert_eq!(run(&mut profiler, Machine::Outer, None, &mut guest), Exit::HostCall(7));
    let interface = Interface::gray_paper(revision);
    let invoke = interface.forms().find(|form| form.call == HostCall::Invoke);
    profiler.called(Some(guest.pc()), invoke, revision, guest.regs());
    let mut child = instance(program, revision);
    assert_eq!(run(&mut profiler, Machine::Inner(4), Some(inner), &mut child), Exit::HostCall(7));
    // The price of the call, and the gas of the inner machine under a revision that charges it.
    let used = 100_000 - child.gas();
    let prices = invoke.unwrap().price(revision).sum(guest.regs());
    profiler.returned(prices.base + if prices.terms.is_empty() { 0 } else { used });
    guest.skip_host_call();
    assert_eq!(run(&mut profiler, Machine::Outer, None, &mut guest), Exit::Halt);
    profiler.finish("the guest", Some(&program.symbols), &|hash| {
        (hash == inner).then_some(&program.symbols)
    })
}

fn folded(profile: &Profile) -> String {
    let written = ProfileFormat::Folded.write(std::slice::from_ref(profile)).unwrap();
    String::from_utf8(written).unwrap()
}

#[test]
fn stacks_have_calls_inlined_functions_host_calls_and_inner_machines() {
    let revision = Revision::GrayPaper072;
    let profile = profile(revision, &program(revision));
    // Every instruction costs 1: in `main` 2, three calls, three branches of `add` with 3
    // instructions, and 3 at the end; in `double` 2 a call, and 2 of `add` in it.
    assert_eq!(
        folded(&profile),
        "\
the guest;main 8
the guest;main;add 9
the guest;main;double 6
the guest;main;double;add 6
the guest;main;host call invoke 10
the guest: in inner machines, not charged to it;inner machine 4;main 6
the guest: in inner machines, not charged to it;inner machine 4;main;add 9
the guest: in inner machines, not charged to it;inner machine 4;main;double 6
the guest: in inner machines, not charged to it;inner machine 4;main;double;add 6
"
    );
    assert_eq!(profile.gas(), 8 + 9 + 6 + 6 + 10);
    let rows: Vec<_> = profile.spent.iter().map(|row| (row.what.as_str(), row.gas)).collect();
    let expected = [
        ("add (src/lib.rs)", 15),
        ("host call invoke", 10),
        ("main (src/lib.rs)", 8),
        ("double (src/lib.rs)", 6),
    ];
    assert_eq!(rows, expected);
}

#[test]
fn what_an_inner_machine_is_charged_for_lies_below_its_host_call() {
    let revision = Revision::GrayPaper080;
    let profile = profile(revision, &program(revision));
    assert!(profile.uncharged.is_empty());
    let name = |index: &usize| profile.frames[*index].name.clone();
    let inner = profile.stacks.iter().filter(|stack| {
        let names: Vec<_> = stack.frames.iter().map(name).collect();
        names.join(";").contains("host call invoke;inner machine 4")
    });
    let mut alone = instance(&program(revision), revision);
    assert_eq!(alone.run(), Exit::HostCall(7));
    assert_eq!(inner.map(|stack| stack.gas).sum::<u64>(), 100_000 - alone.gas());
    let mut whole = instance(&program(revision), revision);
    assert_eq!(whole.run(), Exit::HostCall(7));
    whole.skip_host_call();
    assert_eq!(whole.run(), Exit::Halt);
    let invoke = 968 + (100_000 - alone.gas());
    assert_eq!(profile.gas(), 100_000 - whole.gas() + invoke);
}

#[test]
fn code_without_symbols_is_named_by_where_its_functions_start() {
    let revision = Revision::GrayPaper072;
    let program = program(revision);
    let mut profiler = Profiler::default();
    let mut guest = instance(&program, revision);
    run(&mut profiler, Machine::Outer, None, &mut guest);
    let profile = profiler.finish("it", None, &|_| None);
    let double = program.symbols.ranges()[4].start;
    let expected =
        format!("it;function at pc 0 15\nit;function at pc 0;function at pc {double} 12\n");
    assert_eq!(folded(&profile), expected);
    assert_eq!(profile.spent[0].what, "code without symbols");
}

#[test]
fn a_guest_that_never_returns_makes_no_endless_tree() {
    let text = ".program bare\n.jump_table next\n.code\nagain:\nload_imm_jump ra, table(next), next\n\
                next:\nadd_imm_64 s0, s0, 1\njump again\n";
    let revision = Revision::GrayPaper072;
    let set = jambox_isa::InstructionSet::of(revision);
    let assembly = jambox_asm::assemble(text, &jambox_asm::Dialect { set, host_calls: &[] });
    let blob = assembly.unwrap().container.program().clone();
    let endless = Program { blob, ..program(revision) };
    let mut profiler = Profiler::default();
    let mut guest = instance(&endless, revision);
    assert_eq!(run(&mut profiler, Machine::Outer, None, &mut guest), Exit::OutOfGas);
    let profile = profiler.finish("endless", None, &|_| None);
    assert_eq!(profile.gas(), 100_000);
    assert!(profile.stacks.iter().all(|stack| stack.frames.len() < 200));
}

fn json(format: ProfileFormat, profile: &Profile) -> Value {
    serde_json::from_slice(&format.write(std::slice::from_ref(profile)).unwrap()).unwrap()
}

#[test]
fn speedscope_files_have_every_stack() {
    let revision = Revision::GrayPaper072;
    let profile = profile(revision, &program(revision));
    let file = json(ProfileFormat::Speedscope, &profile);
    let [charged, uncharged] = file["profiles"].as_array().unwrap().as_slice() else { panic!() };
    assert_eq!(uncharged["endValue"], 27);
    let weights = charged["weights"].as_array().unwrap();
    let gas: u64 = weights.iter().map(|weight| weight.as_u64().unwrap()).sum();
    assert_eq!((gas, charged["endValue"].as_u64()), (profile.gas(), Some(gas)));
    let frames = file["shared"]["frames"].as_array().unwrap();
    let samples = charged["samples"].as_array().unwrap();
    assert_eq!(samples.len(), weights.len());
    let name = |index: &Value| frames[index.as_u64().unwrap() as usize]["name"].as_str().unwrap();
    let names = |sample: &Value| sample.as_array().unwrap().iter().map(name).collect::<Vec<_>>();
    let stacks: Vec<_> = samples.iter().map(names).collect();
    assert!(stacks.contains(&vec!["main", "double", "add"]), "{stacks:?}");
}

#[test]
fn firefox_profiles_have_every_stack() {
    let revision = Revision::GrayPaper072;
    let profile = profile(revision, &program(revision));
    let file = json(ProfileFormat::Firefox, &profile);
    let threads = file["threads"].as_array().unwrap();
    assert_eq!(threads.len(), 2);
    let gas = |thread: &Value| -> u64 {
        let weights = thread["samples"]["weight"].as_array().unwrap();
        weights.iter().map(|weight| weight.as_u64().unwrap()).sum()
    };
    assert_eq!((gas(&threads[0]), gas(&threads[1])), (profile.gas(), 27));
    assert_eq!(threads[0]["name"], profile.title.as_str());
    assert!(threads[1]["name"].as_str().unwrap().contains("not charged to it"));
    // The tracks are never idle: microseconds at work between samples are those that went by.
    let column = |name: &str, factor: f64| -> Vec<u64> {
        let numbers = threads[0]["samples"][name].as_array().unwrap().iter();
        numbers.map(|number| (number.as_f64().unwrap() * factor).round() as u64).collect()
    };
    let at_work = column("threadCPUDelta", 1.0);
    assert_eq!(at_work, column("timeDeltas", 1000.0));
    assert!(at_work.iter().sum::<u64>() > 0);
    let calls = profile.frames.iter().filter(|frame| frame.kind == FrameKind::HostCall);
    assert!(calls.map(|frame| frame.name.as_str()).eq(["host call invoke"]));
}

#[test]
fn flame_graphs_show_the_functions_and_the_gas() {
    let revision = Revision::GrayPaper072;
    let profile = profile(revision, &program(revision));
    let picture = ProfileFormat::FlameGraph.write(std::slice::from_ref(&profile)).unwrap();
    let picture = String::from_utf8(picture).unwrap();
    assert!(picture.contains("<title>double (12 gas, "), "{picture}");
    assert!(picture.contains("<title>host call invoke (10 gas, "));
    let again = ProfileFormat::FlameGraph.write(&[profile]).unwrap();
    assert_eq!(again, picture.as_bytes(), "the same profile gives the same picture");
    let nothing = ProfileFormat::FlameGraph.write(&[]).unwrap_err();
    assert_eq!(nothing.to_string(), "nothing used gas, so there is nothing to draw");
}
