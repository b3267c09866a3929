//! Single programs, on every backend.

use jambox_engine::{Backend, Config, Engine};
use jambox_isa::Revision;
use jambox_vectors::{Outcome, pvm};

#[test]
fn every_program_ends_as_the_vectors_say() {
    let Some(vectors) = jambox_vectors::public!() else { return };
    let folder = vectors.join("dev/pvm/w3f_v0.4/programs");
    for backend in Backend::all_here() {
        let engine =
            Engine::new(Config { backend, revision: Revision::GrayPaper072, ..Config::default() })
                .expect("it is supported");
        let report = pvm::run(&folder, &engine).expect("the folder is readable");
        let remarks = report.remarks();
        assert_eq!(report.to_string(), "309 passed, 0 failed, 2 skipped", "{backend:?}\n{remarks}");
        assert_eq!(report.passed_except(), 11, "{backend:?}\n{remarks}");
        let skipped =
            report.cases.iter().filter(|case| matches!(case.outcome, Outcome::Skipped(_)));
        assert!(skipped.map(|case| &case.name).eq(pvm::ERRATA.iter().map(|(name, _)| name)));
    }
}

/// Runs a folder of the vectors of 0.8.0 on every backend.
fn check(folder: &str, expected: &str) {
    let Some(vectors) = jambox_vectors::public!(GRAY_PAPER_080) else { return };
    let folder = vectors.join("dev-0.8.0/pvm").join(folder);
    for backend in Backend::all_here() {
        let engine =
            Engine::new(Config { backend, revision: Revision::GrayPaper072, ..Config::default() })
                .expect("it is supported");
        let report = pvm::run(&folder, &engine).expect("the folder is readable");
        let remarks = report.remarks();
        assert_eq!(report.to_string(), expected, "{backend:?}\n{remarks}");
        assert_eq!(report.passed_except(), 0, "{backend:?}\n{remarks}");
        assert!(report.revisions.iter().eq([&Revision::GrayPaper080]));
    }
}

#[test]
fn every_public_program_of_0_8_0_ends_and_costs_as_the_vectors_say() {
    // The whole folder: its schema is no case.
    check("koute_v0.5", "230 passed, 0 failed, 0 skipped");
}

#[test]
fn every_random_program_of_0_8_0_ends_and_costs_as_two_engines_agree() {
    check("generated", "1339 passed, 0 failed, 0 skipped");
}

#[test]
fn the_blocks_of_large_programs_cost_what_the_vectors_say() {
    check("gas", "2 passed, 0 failed, 0 skipped");
}

#[test]
fn programs_are_valid_as_the_vectors_say() {
    let Some(vectors) = jambox_vectors::public!(GRAY_PAPER_080) else { return };
    let engine = Engine::new(Config { revision: Revision::GrayPaper072, ..Config::default() })
        .expect("it is supported");
    let file = vectors.join("dev-0.8.0/pvm/deblob.json");
    let report = pvm::run(&file, &engine).expect("the file is readable");
    assert_eq!(report.to_string(), "300 passed, 0 failed, 0 skipped", "{}", report.remarks());
}
