//! Refinements, on every backend.

use jambox_engine::Backend;
use jambox_invocation::Env;
use jambox_isa::Revision;
use jambox_types::{Parameters, Protocol};
use jambox_vectors::refine;

#[test]
fn every_refinement_ends_as_the_vectors_say() {
    let Some(vectors) = jambox_vectors::public!(GRAY_PAPER_080) else { return };
    let protocol = Protocol::new(Revision::GrayPaper080, Parameters::TINY);
    for backend in Backend::all_here() {
        let env = Env::with_backend(protocol, backend).expect("it is supported");
        let report = refine::run(&vectors.join("dev-0.8.0/refine"), &env);
        let report = report.expect("the folder is readable");
        let remarks = report.remarks();
        assert_eq!(report.to_string(), "160 passed, 0 failed, 0 skipped", "{backend:?}\n{remarks}");
        assert_eq!(report.passed_except(), 0, "{backend:?}\n{remarks}");
        assert!(report.revisions.iter().eq([&Revision::GrayPaper080]));
    }
}
