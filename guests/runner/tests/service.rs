//! The runner natively and compiled, under every revision, on valid and invalid programs.

use jambox_asm::{Dialect, assemble};
use jambox_isa::InstructionSet;
use jambox_sdk::codec::{decode_all, encode};
use jambox_sdk::types::Hash;
use jambox_sdk_testing::{Chain, Code, Item, Revision, Way, every_way};
use runner::{End, LONGEST, NOTE, REPORTS, RUNS, Report, Run};

fn chain(way: impl Into<Way>) -> Chain {
    let mut chain = Chain::new(way);
    let code = Code::native(runner::SERVICE)
        .with_blob(include_bytes!("../runner.jam"))
        .with_blob(include_bytes!("../runner-0.8.0.jam"));
    chain.service(7, &code);
    chain
}

/// A standard program of these instructions, which are the same in every revision.
fn program(instructions: &str, revision: Revision) -> Vec<u8> {
    let text = format!(".program standard\n.stack_size 4096\n.code\n{instructions}\n");
    let dialect = Dialect { set: InstructionSet::of(revision), host_calls: &[] };
    assemble(&text, &dialect).unwrap().container.encode()
}

fn item(program: &[u8], input: &[u8]) -> Item {
    Item::new(7).payload(encode(&Run { gas: 100_000, input: input.to_vec() })).extrinsic(program)
}

/// The program's end and notes; they are the same natively, compiled, and under every revision.
fn run(instructions: &str, input: &[u8]) -> (End, Vec<Vec<u8>>) {
    every_way(|way: Way| {
        let revision = way.revision;
        let refined = chain(way).refine(&item(&program(instructions, revision), input));
        let report: Report = decode_all(&refined.result.unwrap()).unwrap();
        (report.end, report.notes)
    })
}

#[test]
fn a_program_takes_its_input_and_gives_its_output() {
    assert_eq!(run("jump_ind ra", b"echo").0, End::Output(b"echo".to_vec()));
}

#[test]
fn a_program_notes_what_fits() {
    let twice = format!("ecalli {NOTE}\nload_imm_64 r7, 0xfeff0000\necalli {NOTE}\njump_ind ra");
    let (_, notes) = run(&twice, &[b'x'; 600]);
    assert_eq!(notes, [vec![b'x'; 600]], "two of them are more than {LONGEST} octets");
    let elsewhere = format!("load_imm r7, 0x30000\necalli {NOTE}\nload_imm r8, 0\njump_ind ra");
    assert_eq!(run(&elsewhere, b"x"), (End::Output(vec![]), vec![]));
}

#[test]
fn programs_that_misbehave_hurt_nobody() {
    assert_eq!(run("trap", b"").0, End::Panicked);
    assert_eq!(run("load_imm r8, 2000\njump_ind ra", b"").0, End::BadOutput);
    assert_eq!(run("load_imm r7, 0x30000\nload_imm r8, 9\njump_ind ra", b"").0, End::BadOutput);
    assert_eq!(run("load_u8 r7, [0x30000]\ntrap", b"").0, End::Faulted(0x30000));
    assert_eq!(run("ecalli 5\ntrap", b"").0, End::UnknownCall(5));
    assert_eq!(run("again:\njump again", b"").0, End::OutOfGas);
    let nonsense = every_way(|way| {
        let refined = chain(way).refine(&item(b"nonsense", b""));
        decode_all::<Report>(&refined.result.unwrap()).unwrap().end
    });
    assert_eq!(nonsense, End::NoProgram);
}

#[test]
fn reports_are_kept_by_program() {
    let kept = every_way(|way: Way| {
        let mut chain = chain(way);
        let echo = program("jump_ind ra", way.revision);
        for input in [b"one".as_slice(), b"two"] {
            chain.process(&item(&echo, input).into()).unwrap();
        }
        let octets = chain.storage(7, REPORTS.key(&Hash::blake2b(&echo))).unwrap();
        // The stored value begins with the entry's index.
        let report: Report = decode_all(&octets[1..]).unwrap();
        (report.end, chain.stored::<u64>(7, RUNS.key()))
    });
    assert_eq!(kept, (End::Output(b"two".to_vec()), Some(2)));
}

#[test]
fn the_description_is_up_to_date() {
    assert_eq!(runner::PAYLOAD, include_str!("../runner-0.8.0.payload").trim_end());
}
