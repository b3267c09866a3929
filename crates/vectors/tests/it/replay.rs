//! Host-call traces, on every backend.

use jambox_engine::{Backend, Config, Engine};
use jambox_vectors::replay;

#[test]
fn every_execution_replays() {
    let Some(vectors) = jambox_vectors::public!() else { return };
    for backend in Backend::all_here() {
        let engine = Engine::new(Config { backend, ..Config::default() }).expect("it is supported");
        let report = replay::run(&vectors.join("dev/ecalli"), &engine);
        let report = report.expect("the folder is readable");
        let remarks = report.remarks();
        println!("{remarks}");
        assert_eq!(report.to_string(), "282 passed, 0 failed, 0 skipped", "{backend:?}\n{remarks}");
    }
}
