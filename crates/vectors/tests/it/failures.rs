//! Detection of faults: a vector with one change fails, and the report describes the change.

use std::fs;
use std::path::Path;

use jambox_engine::{Config, Engine};
use jambox_isa::Revision;
use jambox_vectors::{Error, Outcome, Report, codec, erasure, pvm, replay, trie};
use serde_json::{Value, json};

use crate::environment::TINY;

fn engine() -> Engine {
    Engine::new(Config { revision: Revision::GrayPaper072, ..Config::default() })
        .expect("it is supported")
}

/// Outcome of the only case.
fn only(report: &Report) -> String {
    match report.cases.as_slice() {
        [case] => match &case.outcome {
            Outcome::Passed => "passed".to_owned(),
            Outcome::PassedExcept(what) => format!("except {what}"),
            Outcome::Failed(what) => what.clone(),
            Outcome::Skipped(why) => format!("skipped {why}"),
        },
        cases => panic!("{cases:?}"),
    }
}

fn write(folder: &Path, name: &str, content: impl AsRef<[u8]>) {
    fs::write(folder.join(name), content).expect("the disk takes it");
}

#[test]
fn an_encoding_fails_for_its_octets_or_its_meaning() {
    let folder = tempfile::tempdir().expect("a folder");
    let run = |octets: &str, entry: u8| {
        let id = "11".repeat(32);
        write(folder.path(), "header.json", "{}");
        let ticket = json!([{ "attempt": entry, "signature": format!("0x{}", "22".repeat(784)) }]);
        write(
            folder.path(),
            "tickets_extrinsic.hex",
            octets.replace("SIGNATURE", &"22".repeat(784)),
        );
        write(folder.path(), "tickets_extrinsic.json", ticket.to_string().replace("ID", &id));
        only(&codec::run(folder.path(), None, &TINY.parameters).expect("the folder is readable"))
    };
    assert_eq!(run("01 # a ticket\n 02 SIGNATURE", 2), "passed");
    assert_eq!(
        run("01 02 SIGNATURE", 3),
        "decoded, it differs from the JSON file: [0].attempt: 3 expected, 2 found"
    );
    assert_eq!(run("01 02 SIGNATURE 00", 2), "at octet 786: 1 octets follow the value");
    assert_eq!(
        run("02 02 SIGNATURE", 2),
        "at octet 786: the input ends early: 1 octets expected, 0 left"
    );
    assert_eq!(
        run("8001 02 SIGNATURE", 2),
        "at octet 0: a natural is encoded in more octets than it needs"
    );
}

#[test]
fn an_unknown_encoding_is_skipped_and_an_empty_folder_is_an_error() {
    let folder = tempfile::tempdir().expect("a folder");
    let run = || codec::run(folder.path(), None, &TINY.parameters);
    assert!(matches!(run(), Err(Error::Nothing { .. })));
    write(folder.path(), "weather_report_1.bin", "sunny");
    write(folder.path(), "weather_report_1.json", "{}");
    assert_eq!(only(&run().expect("it is readable")), "skipped no type is known by this name");
    assert!(codec::run(&folder.path().join("no"), None, &TINY.parameters).is_err());
}

/// `add_imm_64 r7 = r7 + 5`, then the end of the code.
fn program() -> Value {
    json!({
        "name": "mine",
        "initial-regs": [0, 0, 0, 0, 0, 0, 0, 1, 0, 0, 0, 0, 0],
        "initial-pc": 0,
        "initial-page-map": [{ "address": 65536, "length": 4096, "is-writable": false }],
        "initial-memory": [{ "address": 65540, "contents": [1, 2] }],
        "initial-gas": 10,
        "program": [0, 0, 3, 0x95, 0x77, 5, 1],
        "expected-status": "panic",
        "expected-regs": [0, 0, 0, 0, 0, 0, 0, 6, 0, 0, 0, 0, 0],
        "expected-pc": 3,
        "expected-memory": [{ "address": 65540, "contents": [1, 2] }],
        "expected-gas": 8,
    })
}

#[test]
fn a_program_fails_for_whatever_differs() {
    let folder = tempfile::tempdir().expect("a folder");
    let run = |key: &str, value: Value| {
        let mut case = program();
        case[key] = value;
        write(folder.path(), "mine.json", case.to_string());
        match pvm::run(folder.path(), &engine()) {
            Ok(report) => only(&report),
            Err(error) => error.to_string(),
        }
    };
    assert_eq!(run("name", json!("mine")), "passed");
    assert_eq!(run("expected-status", json!("halt")), "halt expected, panic found");
    assert_eq!(run("expected-pc", json!(0)), "pc 0 expected, 3 found");
    assert_eq!(run("expected-gas", json!(7)), "gas 7 expected, 8 found");
    assert_eq!(run("initial-gas", json!(1)), "panic expected, out of gas found");
    assert_eq!(
        run("expected-regs", json!([0, 0, 0, 0, 0, 0, 0, 7, 0, 0, 0, 0, 0])),
        "r7 0x7 expected, 0x6 found"
    );
    assert_eq!(run("expected-memory", json!([])), "memory at 0x10004: 0x00 expected, 0x01 found");
    assert_eq!(
        run("expected-memory", json!([{ "address": 65540, "contents": [1, 3] }])),
        "memory at 0x10005: 0x03 expected, 0x02 found"
    );
    assert!(run("program", json!([9])).starts_with("at octet"));
    assert!(run("initial-regs", json!([0])).contains("is not one: invalid length 1"));
    assert!(run("surprise", json!(0)).contains("is not one: unknown field `surprise`"));
    write(folder.path(), "other.json", program().to_string());
    let report = pvm::run(folder.path(), &engine()).expect("one of them is a case");
    assert_eq!(report.to_string(), "1 passed, 1 failed, 0 skipped", "{}", report.remarks());
    assert!(report.remarks().contains("mine: FAILED: not a case: unknown field `surprise`"));
}

#[test]
fn memory_outside_the_pages_cannot_be_expected() {
    let folder = tempfile::tempdir().expect("a folder");
    let mut case = program();
    let chunks = case["expected-memory"].as_array_mut().expect("it is one");
    chunks.push(json!({ "address": 131_072, "contents": [0] }));
    write(folder.path(), "mine.json", case.to_string());
    let report = pvm::run(folder.path(), &engine()).expect("the folder is readable");
    assert_eq!(only(&report), "memory at 0x20000 expected, inaccessible");
}

#[test]
fn traces_that_are_wrong_fail_one_by_one() {
    let folder = tempfile::tempdir().expect("a folder");
    let right = include_str!("../../../../testdata/trace/endings.log");
    let wrong = right.replace("PANIC=0 pc=5 gas=4", "PANIC=0 pc=5 gas=3");
    write(folder.path(), "a.log", right);
    write(folder.path(), "b.log", wrong);
    write(folder.path(), "c.log", "nothing to see");
    write(folder.path(), "d.log", "start pc=0 gas=0");
    write(folder.path(), "e.log", "program 0xff\nstart pc=0 gas=0\nHALT pc=0 gas=0");
    write(folder.path(), "f.log", "program 0x0000059577050a0309\nstart pc=0 gas=6");
    let report = replay::run(folder.path(), &[engine()]).expect("the folder is readable");
    assert_eq!(report.to_string(), "7 passed, 5 failed, 0 skipped", "{}", report.remarks());
    let remarks = report.remarks();
    let lines: Vec<_> = remarks.lines().filter(|line| line.contains("FAILED")).collect();
    assert_eq!(lines[0], "b #1: FAILED: line 10, end: gas 3 expected, 4 found");
    assert_eq!(lines[1], "c: FAILED: the file holds no execution");
    assert!(lines[2].starts_with("d #1: FAILED: line 1, column 1: unexpected `start`"));
    assert!(lines[3].starts_with("e #1: FAILED: line 1: not a program in any form"));
    assert_eq!(lines[4], "f #1: FAILED: the trace is cut off before the end");
    let one = replay::run(&folder.path().join("a.log"), &[engine()]).expect("it is readable");
    assert_eq!(one.to_string(), "4 passed, 0 failed, 0 skipped");
}

#[test]
fn an_execution_is_of_the_revision_that_it_names_or_fits() {
    let engines = Revision::ALL.map(|revision| {
        Engine::new(Config { revision, ..Config::default() }).expect("it is supported")
    });
    let folder = tempfile::tempdir().expect("a folder");
    let file = folder.path().join("a.log");
    let text = "program 0x0000059577050a0309\nstart pc=0 gas=60\nOOG pc=0 gas=60\n";
    let run = |text: &str, engines: &[Engine]| {
        write(folder.path(), "a.log", text);
        replay::run(&file, engines).expect("it is readable")
    };
    // No valid program under 0.8.0, and no out of gas under 0.7.2.
    let report = run(text, &engines);
    assert_eq!((report.failed(), report.revisions.len()), (1, 0));
    let remarks = report.remarks();
    assert!(remarks.contains("(under gray-paper-0.7.2)"), "{remarks}");
    // `ecalli 3` and `trap`: 100 gas in 0.8.0, 1 and 1 in 0.7.2.
    let of_072 = "program 0x0000030a030005\nstart pc=0 gas=150\necalli=3 pc=0 gas=149\n\
                  PANIC=0 pc=2 gas=148\n";
    let of_080 = "program 0x0000030a030005\nstart pc=0 gas=150\necalli=3 pc=0 gas=50\n\
                  PANIC=0 pc=2 gas=50\n";
    for (text, revision) in [of_072, of_080].into_iter().zip(Revision::ALL) {
        let report = run(text, &engines);
        assert_eq!(report.to_string(), "1 passed, 0 failed, 0 skipped", "{}", report.remarks());
        assert!(report.revisions.iter().eq([&revision]));
        let named = format!("comment refine of service 1 ({revision})\n{text}");
        assert_eq!(run(&named, &engines).failed(), 0);
        for other in &engines {
            let report = run(&named, std::slice::from_ref(other));
            let is_other = other.config().revision != revision;
            assert_eq!(report.failed(), usize::from(is_other));
            if is_other {
                let remarks = report.remarks();
                let names = [revision, other.config().revision].map(Revision::name);
                assert!(names.iter().all(|name| remarks.contains(name)), "{remarks}");
            }
        }
    }
}

#[test]
fn a_folder_with_other_json_files_is_told_from_one_with_cases_that_fail() {
    let folder = tempfile::tempdir().expect("a folder");
    write(folder.path(), "schema.json", json!({ "title": "not a case" }).to_string());
    write(folder.path(), "cut.json", "{ \"name\": ");
    let path = folder.path();
    let runs = [
        (pvm::run(path, &engine()), "PVM vectors (`*.json`)"),
        (trie::run(path), "trie vectors (`*.json`)"),
        (erasure::run(path, &TINY), "erasure vectors (`*.json`)"),
    ];
    for (run, looked_for) in runs {
        match run {
            Err(Error::Others { expected, reason, .. }) => {
                assert_eq!(expected, looked_for);
                assert!(reason.starts_with("cut.json is not one: "), "{reason}");
            }
            other => panic!("{looked_for}: {other:?}"),
        }
    }
}
