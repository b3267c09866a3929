//! Host-call traces, on every backend.

use jambox_engine::{Backend, Config, Engine};
use jambox_isa::Revision;
use jambox_vectors::replay;

#[test]
fn every_execution_replays() {
    let Some(vectors) = jambox_vectors::public!() else { return };
    for backend in Backend::all_here() {
        let report = replay::run(&vectors.join("dev/ecalli"), &engines(backend));
        let report = report.expect("the folder is readable");
        let remarks = report.remarks();
        println!("{remarks}");
        assert_eq!(report.to_string(), "282 passed, 0 failed, 0 skipped", "{backend:?}\n{remarks}");
        assert!(report.revisions.iter().eq([&Revision::GrayPaper072]));
    }
}

#[test]
fn every_execution_of_0_8_0_replays() {
    let Some(vectors) = jambox_vectors::public!(GRAY_PAPER_080) else { return };
    for backend in Backend::all_here() {
        let report = replay::run(&vectors.join("dev-0.8.0/ecalli"), &engines(backend));
        let report = report.expect("the folder is readable");
        let remarks = report.remarks();
        assert_eq!(report.to_string(), "656 passed, 0 failed, 0 skipped", "{backend:?}\n{remarks}");
        assert!(report.revisions.iter().eq([&Revision::GrayPaper080]));
    }
}

/// An engine of each revision.
fn engines(backend: Backend) -> Vec<Engine> {
    let engine = |revision| Engine::new(Config { revision, backend, ..Config::default() });
    Revision::ALL.into_iter().map(engine).collect::<Result<_, _>>().expect("they are supported")
}
