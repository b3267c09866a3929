//! The service natively and compiled, with valid, failing and invalid programs.

use jambox_sdk::blake2b_256;
use jambox_sdk::codec::{decode_all, encode};
use jambox_sdk_testing::{
    Chain, Code, GasSnapshot, HostCall, Item, Mode, Revision, Way, both_ways_under, every_way,
    every_way_with,
};
use library::{Answer, Command, LONGEST_OUTPUT, Outcome};

/// A program that gives its arguments back.
const ECHO: &str = "jump_ind ra";

fn chain(way: impl Into<Way>, program: &[u8]) -> Chain {
    let mut chain = Chain::new(way);
    let code = Code::native(library::SERVICE)
        .with_blob(include_bytes!("../library.jam"))
        .with_blob(include_bytes!("../library-0.8.0.jam"));
    chain.service(7, &code).has_preimage(program, 0);
    chain
}

fn call(program: &[u8], gas: u64, packed: bool, arguments: &[u8]) -> Item {
    let program = blake2b_256(program);
    let arguments = arguments.to_vec();
    Item::new(7).payload(encode(&Command::Call { program, gas, packed, arguments }))
}

/// Result of a call in both modes, in which the program must make the same host calls.
fn answer(program: &[u8], gas: u64, packed: bool, arguments: &[u8]) -> Answer {
    let item = call(program, gas, packed, arguments);
    let output = every_way_with(|way| {
        let run = chain(way, program).refine(&item);
        (run.result, (run.exports, run.record))
    });
    match decode_all(&output.unwrap()).unwrap() {
        Outcome::Called { answer, .. } => answer,
        other => panic!("{other:?}"),
    }
}

#[test]
fn a_program_gives_its_output() {
    let output = answer(&child(ECHO), 1000, false, b"hello");
    assert_eq!(output, Answer::Output(b"hello".to_vec()));
    assert_eq!(answer(&child(ECHO), 1000, false, b""), Answer::Output(Vec::new()));
}

#[test]
fn a_program_may_pack_its_output_into_one_register() {
    let packing = "shlo_l_imm_64 a1, a1, 32\nor a0, a0, a1\njump_ind ra";
    let output = answer(&child(packing), 1000, true, b"hello");
    assert_eq!(output, Answer::Output(b"hello".to_vec()));
}

#[test]
fn data_and_stack_are_where_a_program_expects_them() {
    let text = r#"
        .ro
        greeting: .ascii "good "
        .rw
        buffer: .zero 8
        .code
        store_ind_u64 [sp - 8], a1
        load_u64 t0, [greeting]
        store_u64 [buffer], t0
        load_imm a0, buffer
        load_imm a1, 5
        jump_ind ra
    "#;
    assert_eq!(answer(&child(text), 1000, false, b""), Answer::Output(b"good ".to_vec()));
}

#[test]
fn programs_that_misbehave_are_told_apart() {
    let answers = [
        ("trap", Answer::Panicked),
        ("ecalli 0\ntrap", Answer::Panicked),
        ("load_u8 a0, [0x50000]\ntrap", Answer::Faulted(0x50000)),
        ("again: jump again", Answer::OutOfGas),
        ("load_imm a1, 4097\njump_ind ra", Answer::BadOutput),
        ("load_imm a0, 0x50000\nload_imm a1, 1\njump_ind ra", Answer::BadOutput),
        ("load_imm a1, -1\njump_ind ra", Answer::BadOutput),
    ];
    for (text, expected) in answers {
        assert_eq!(answer(&child(text), 1000, false, b""), expected, "{text}");
    }
    assert_eq!(LONGEST_OUTPUT, 4096, "as the program above asks for one more");
}

#[test]
fn blobs_that_lie_are_no_programs() {
    let echo = child(ECHO);
    let mut longer = echo.clone();
    longer.push(0);
    let mut lying = echo.clone();
    lying[0] = 0xff;
    for blob in [&b""[..], b"nonsense", &longer, &lying, &echo[..echo.len() - 1]] {
        if !blob.is_empty() {
            assert_eq!(answer(blob, 1000, false, b""), Answer::BadProgram, "{blob:?}");
        }
    }
    assert_eq!(answer(&[0], 1000, false, b""), Answer::BadProgram);
}

#[test]
fn a_program_that_is_not_there_is_said_to_be_missing() {
    let item = call(b"another", 1000, false, b"");
    let output = every_way(|way| chain(way, b"a program").refine(&item).result).unwrap();
    let program = blake2b_256(b"another");
    assert_eq!(decode_all(&output), Ok(Outcome::Called { program, answer: Answer::NoProgram }));
}

#[test]
fn machines_do_not_outlive_their_calls() {
    let program = child("trap");
    let run = chain(Mode::Compiled, &program).refine(&call(&program, 1000, false, b""));
    assert_eq!(run.record.count(HostCall::Machine), 1);
    assert_eq!(run.record.count(HostCall::Expunge), 1);
}

#[test]
fn adding_and_calling_go_all_the_way() {
    let program = child(ECHO);
    let name = b"echo".to_vec();
    let length = program.len() as u32;
    let hash = blake2b_256(&program);
    let add = Item::new(7).payload(encode(&Command::Add { name, program: hash, length }));
    let (stored, last) = every_way_with(|way| {
        let mut chain = chain(way, &program);
        let added = chain.process(&add.clone().into()).unwrap();
        let called = chain.process(&call(&program, 1000, false, b"hi").into()).unwrap();
        let effects = format!("{:?}\n{:?}", added.effects(), called.effects());
        let key = [&[b'r', 32][..], &hash.0].concat();
        ((chain.storage(7, b"p\x04echo"), chain.stored::<Answer>(7, key)), effects)
    });
    assert_eq!(stored.unwrap(), encode(&(hash, length)));
    assert_eq!(last, Some(Answer::Output(b"hi".to_vec())));
}

/// A program of the other examples, in Rust or in C.
fn written(name: &str, revision: Revision) -> &'static [u8] {
    match (name, revision) {
        ("sorted", Revision::GrayPaper072) => include_bytes!("../../sorted/sorted.jam"),
        ("sorted", Revision::GrayPaper080) => include_bytes!("../../sorted/sorted-0.8.0.jam"),
        ("reversed", Revision::GrayPaper072) => include_bytes!("../../reversed/reversed.jam"),
        ("reversed", Revision::GrayPaper080) => {
            include_bytes!("../../reversed/reversed-0.8.0.jam")
        }
        _ => panic!("there is no {name}"),
    }
}

#[test]
fn programs_in_rust_and_in_c_give_their_output() {
    for revision in Revision::ALL {
        for (name, input, expected) in [
            ("sorted", &b"jambox"[..], &b"abjmox"[..]),
            ("sorted", b"", b""),
            ("reversed", b"jambox", b"xobmaj"),
            ("reversed", b"", b""),
            ("reversed", &[7; 5000], &[7; 4096]),
        ] {
            let program = written(name, revision);
            let item = call(program, 1_000_000, false, input);
            let result = both_ways_under(revision, |way| chain(way, program).refine(&item).result);
            let program = blake2b_256(program);
            let answer = Answer::Output(expected.to_vec());
            let expected = Outcome::Called { program, answer };
            assert_eq!(decode_all(&result.unwrap()), Ok(expected), "{name} under {revision}");
        }
    }
}

#[test]
fn gas_stays_what_it_was() {
    let mut snapshot = GasSnapshot::open(concat!(env!("CARGO_MANIFEST_DIR"), "/gas.txt"));
    let program = child(ECHO);
    for revision in Revision::ALL {
        let chain = chain(Mode::Compiled.under(revision), &program);
        let run = chain.refine(&call(&program, 1000, false, b"hello"));
        snapshot.check(&format!("{revision}: refine: call echo"), run.gas_used, 2.0);
        // One that is written with the SDK, and one in C.
        for (name, output) in [("sorted", b"ehllo"), ("reversed", b"olleh")] {
            let program = written(name, revision);
            let chain = self::chain(Mode::Compiled.under(revision), program);
            let run = chain.refine(&call(program, 100_000, false, b"hello"));
            assert!(run.result.unwrap().ends_with(output));
            snapshot.check(&format!("{revision}: refine: call {name}"), run.gas_used, 2.0);
        }
    }
}

/// Assembles a child, as a standard program.
fn child(text: &str) -> Vec<u8> {
    let dialect = jambox_asm::Dialect {
        set: jambox_isa::InstructionSet::of(jambox_isa::Revision::GrayPaper072),
        host_calls: &[],
    };
    let text = format!(".program standard\n.stack_size 4096\n{text}");
    jambox_asm::assemble(&text, &dialect).unwrap().container.encode()
}
