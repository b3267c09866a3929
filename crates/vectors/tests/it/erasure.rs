//! Erasure coding. The archive lacks the public set, which is run if it lies beside the others.

use jambox_types::{Parameters, Protocol};
use jambox_vectors::erasure;

use crate::environment::TINY;

#[test]
fn every_public_case_passes() {
    let Some(vectors) = jambox_vectors::public!() else { return };
    let folder = vectors.join("dev/jam-test-vectors/erasure");
    if !folder.is_dir() {
        eprintln!(
            "skipped: no erasure vectors beside the others (davxy/jam-test-vectors has them)"
        );
        return;
    }
    let full = Protocol { parameters: Parameters::FULL, ..TINY };
    for (name, protocol) in [("tiny", TINY), ("full", full)] {
        let report = erasure::run(&folder.join(name), &protocol).expect("it is readable");
        assert_eq!(report.to_string(), "6 passed, 0 failed, 0 skipped", "{}", report.remarks());
    }
}

#[test]
fn a_case_fails_for_a_wrong_chunk() {
    let folder = tempfile::tempdir().expect("a folder");
    let run = |last: &str| {
        let shards = ["0x615d", "0x1700", "0x48c5", "0x3e98", "0x7378", last];
        let case = serde_json::json!({ "data": "0x615d17", "shards": shards });
        let file = folder.path().join("case.json");
        std::fs::write(file, case.to_string()).expect("the disk takes it");
        erasure::run(folder.path(), &TINY).expect("it is readable")
    };
    assert_eq!(run("0x0525").to_string(), "1 passed, 0 failed, 0 skipped");
    let wrong = run("0x0526");
    assert_eq!(wrong.remarks(), "case: FAILED: chunk 5: 0x0526 expected, 0x0525 found\n");
}
