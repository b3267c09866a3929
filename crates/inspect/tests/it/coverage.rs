//! Coverage against an independent trace of every instruction.

use std::collections::BTreeMap;

use jambox_engine::{Exit, Inspector, Instance, Revision};
use jambox_inspect::coverage::{Counter, Coverage, LcovError};
use jambox_invocation::Machine;
use jambox_isa::Instruction;
use jambox_symbols::Symbols;
use jambox_types::Hash;

use crate::program::{instance, program};

/// The pc of every instruction that ran.
#[derive(Default)]
struct Trace(Vec<u64>);

impl Inspector for Trace {
    fn before_instruction(&mut self, instance: &Instance, _: &Instruction) {
        self.0.push(instance.pc());
    }
}

fn run(inspector: &mut impl Inspector, it: &mut Instance) {
    assert_eq!(it.run_with(inspector), Exit::HostCall(7));
    it.skip_host_call();
    assert_eq!(it.run_with(inspector), Exit::Halt);
}

/// Counts of lines by their definition: for each place of a line, the count of its most frequent
/// instruction; the sum over places.
fn lines(trace: &[u64], symbols: &Symbols) -> BTreeMap<u32, u64> {
    let mut places: BTreeMap<String, (u32, BTreeMap<u64, u64>)> = BTreeMap::new();
    for pc in trace {
        let frames = symbols.frames_at(*pc);
        for index in 0..frames.len() {
            let place = format!("{:?}", &frames[index..]);
            let (_, pcs) = places.entry(place).or_insert((frames[index].line, BTreeMap::new()));
            *pcs.entry(*pc).or_default() += 1;
        }
    }
    let mut lines = BTreeMap::new();
    for (line, pcs) in places.into_values() {
        *lines.entry(line).or_default() += pcs.into_values().max().unwrap();
    }
    lines
}

fn functions(coverage: &Coverage) -> Vec<(&str, u32, u64)> {
    let file = &coverage.files["src/lib.rs"];
    file.functions.iter().map(|(name, it)| (&**name, it.line, it.count)).collect()
}

#[test]
fn counts_are_those_of_the_instructions_that_ran() {
    for revision in Revision::ALL {
        let program = program(revision);
        let mut trace = Trace::default();
        run(&mut trace, &mut instance(&program, revision));

        let mut counter = Counter::default();
        counter.invocation_started();
        counter.enter(Machine::Outer, Hash([1; 32]), Some(&program.symbols));
        run(&mut counter, &mut instance(&program, revision));
        counter.leave();
        let coverage = counter.finish();
        let counted = &coverage.files["src/lib.rs"].lines;
        assert_eq!(*counted, lines(&trace.0, &program.symbols));
        // By hand: a loop of three with a call, and `add` inlined in both functions.
        let expected = [(1, 1), (2, 3), (3, 3), (4, 1), (10, 3), (11, 3), (12, 3), (20, 6)];
        assert_eq!(*counted, BTreeMap::from(expected));
        assert_eq!(functions(&coverage), [("add", 20, 6), ("double", 10, 3), ("main", 1, 1)]);
    }
}

#[test]
fn an_inner_machine_counts_for_its_own_sources_only() {
    let revision = Revision::GrayPaper080;
    let program = program(revision);
    let mut counter = Counter::default();
    counter.invocation_started();
    let (mut outer, mut inner) = (instance(&program, revision), instance(&program, revision));
    // The outer one has no symbols, the inner one runs between its host call and its end.
    counter.enter(Machine::Outer, Hash([1; 32]), None);
    assert_eq!(outer.run_with(&mut counter), Exit::HostCall(7));
    counter.leave();
    assert!(counter.finish().files.is_empty());
    counter.enter(Machine::Inner(0), Hash([2; 32]), Some(&program.symbols));
    run(&mut counter, &mut inner);
    counter.leave();
    let counted = counter.finish();
    assert_eq!(functions(&counted), [("add", 20, 6), ("double", 10, 3), ("main", 1, 1)]);
    counter.enter(Machine::Outer, Hash([1; 32]), None);
    outer.skip_host_call();
    assert_eq!(outer.run_with(&mut counter), Exit::Halt);
    counter.leave();
    assert_eq!(counter.finish(), counted);
    // Another invocation adds to it.
    counter.invocation_started();
    counter.enter(Machine::Inner(0), Hash([2; 32]), Some(&program.symbols));
    run(&mut counter, &mut instance(&program, revision));
    counter.leave();
    assert_eq!(functions(&counter.finish()), [("add", 20, 12), ("double", 10, 6), ("main", 1, 2)]);
}

#[test]
fn a_machine_that_ran_out_of_gas_goes_on_within_its_call() {
    let revision = Revision::GrayPaper072;
    let program = program(revision);
    let whole = {
        let mut counter = Counter::default();
        counter.enter(Machine::Inner(0), Hash([2; 32]), Some(&program.symbols));
        run(&mut counter, &mut instance(&program, revision));
        counter.leave();
        counter.finish()
    };
    // One gas at a time: the same in as many runs as instructions.
    let mut counter = Counter::default();
    let mut it = instance(&program, revision);
    let mut exit = Exit::OutOfGas;
    while exit != Exit::Halt {
        it.set_gas(1);
        counter.enter(Machine::Inner(0), Hash([2; 32]), Some(&program.symbols));
        exit = it.run_with(&mut counter);
        counter.leave();
        if exit == Exit::HostCall(7) {
            it.skip_host_call();
        }
    }
    assert_eq!(counter.finish(), whole);
}

#[test]
fn what_never_ran_has_lines_with_a_count_of_zero() {
    let revision = Revision::GrayPaper080;
    let program = program(revision);
    let mut counter = Counter::default();
    counter.enter(Machine::Outer, Hash([1; 32]), Some(&program.symbols));
    let mut it = instance(&program, revision);
    it.set_gas(0);
    assert_eq!(it.run_with(&mut counter), Exit::OutOfGas);
    counter.leave();
    let coverage = counter.finish();
    let file = &coverage.files["src/lib.rs"];
    assert_eq!((file.lines_hit().hit, file.lines_hit().found), (0, 8));
    assert_eq!((file.functions_hit().hit, file.functions_hit().found), (0, 3));
    assert_eq!(
        coverage.to_lcov(&|file| Some(format!("/project/{file}"))),
        "\
TN:
SF:/project/src/lib.rs
FN:20,add
FN:10,double
FN:1,main
FNDA:0,add
FNDA:0,double
FNDA:0,main
FNF:3
FNH:0
DA:1,0
DA:2,0
DA:3,0
DA:4,0
DA:10,0
DA:11,0
DA:12,0
DA:20,0
LF:8
LH:0
end_of_record
"
    );
    assert_eq!(coverage.to_lcov(&|_| None), "");
    let written = coverage.to_lcov(&|file| Some(file.to_owned()));
    assert_eq!(written.parse(), Ok(coverage));
    let refused = "SF:a\nDA:x,1\n".parse::<Coverage>();
    assert_eq!(refused, Err(LcovError { line: 2 }));
}
