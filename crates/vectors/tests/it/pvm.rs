//! Single programs, on every backend.

use jambox_engine::{Backend, Config, Engine};
use jambox_vectors::{Outcome, pvm};

#[test]
fn every_program_ends_as_the_vectors_say() {
    let Some(vectors) = jambox_vectors::public!() else { return };
    let folder = vectors.join("dev/pvm/w3f_v0.4/programs");
    for backend in Backend::all_here() {
        let engine = Engine::new(Config { backend, ..Config::default() }).expect("it is supported");
        let report = pvm::run(&folder, &engine).expect("the folder is readable");
        let remarks = report.remarks();
        assert_eq!(report.to_string(), "309 passed, 0 failed, 2 skipped", "{backend:?}\n{remarks}");
        assert_eq!(report.passed_except(), 11, "{backend:?}\n{remarks}");
        let skipped =
            report.cases.iter().filter(|case| matches!(case.outcome, Outcome::Skipped(_)));
        assert!(skipped.map(|case| &case.name).eq(pvm::ERRATA.iter().map(|(name, _)| name)));
    }
}
