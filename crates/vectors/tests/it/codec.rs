//! Encodings.

use jambox_types::Revision;
use jambox_vectors::codec;

use crate::environment::TINY;

#[test]
fn every_public_encoding_passes() {
    let Some(vectors) = jambox_vectors::public!() else { return };
    let folder = vectors.join("dev/jam-test-vectors/codec/tiny");
    let report = codec::run(&folder, None, &TINY.parameters).expect("the folder is readable");
    assert_eq!(report.revisions, [Revision::GrayPaper072].into());
    assert_eq!(report.to_string(), "15 passed, 0 failed, 0 skipped", "{}", report.remarks());
}

/// The content of each folder shows that it is of 0.8.0.
#[test]
fn every_encoding_of_0_8_0_passes() {
    let Some(vectors) = jambox_vectors::public!(GRAY_PAPER_080) else { return };
    let folder = vectors.join("dev-0.8.0/codec");
    for (name, count) in [("tiny", 15), ("generated", 48)] {
        let report = codec::run(&folder.join(name), None, &TINY.parameters);
        let report = report.expect("the folder is readable");
        let expected = format!("{count} passed, 0 failed, 0 skipped");
        assert_eq!(report.to_string(), expected, "{}", report.remarks());
        assert_eq!(report.revisions, [Revision::GrayPaper080].into());
    }
}

#[test]
fn every_case_of_our_own_passes() {
    let folder = concat!(env!("CARGO_MANIFEST_DIR"), "/../../testdata/codec/types");
    let report =
        codec::run(folder.as_ref(), None, &TINY.parameters).expect("the folder is readable");
    assert_eq!(report.to_string(), "4 passed, 0 failed, 0 skipped", "{}", report.remarks());
}
