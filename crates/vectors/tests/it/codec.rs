//! Encodings.

use jambox_vectors::codec;

use crate::environment::TINY;

#[test]
fn every_public_encoding_passes() {
    let Some(vectors) = jambox_vectors::public!() else { return };
    let folder = vectors.join("dev/jam-test-vectors/codec/tiny");
    let report = codec::run(&folder, &TINY).expect("the folder is readable");
    assert_eq!(report.to_string(), "15 passed, 0 failed, 0 skipped", "{}", report.remarks());
}

#[test]
fn every_case_of_our_own_passes() {
    let folder = concat!(env!("CARGO_MANIFEST_DIR"), "/../../testdata/codec/types");
    let report = codec::run(folder.as_ref(), &TINY).expect("the folder is readable");
    assert_eq!(report.to_string(), "4 passed, 0 failed, 0 skipped", "{}", report.remarks());
}
