//! Blocks.

use jambox_types::{Parameters, Protocol};
use jambox_vectors::traces;

#[test]
fn every_block_changes_services_as_expected() {
    let Some(vectors) = jambox_vectors::public!() else { return };
    let protocol = Protocol { parameters: Parameters::TINY, ..Protocol::default() };
    let folder = vectors.join("dev/jam-test-vectors/traces");
    let report = traces::run(&folder, protocol).expect("the folder is readable");
    assert_eq!(report.failed(), 0, "{}", report.remarks());
    assert!(report.passed() > 300, "{report}");
}
