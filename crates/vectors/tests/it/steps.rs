//! Trace steps: blocks made by another implementation. The hashes in their headers are an
//! independent check of the encodings of their parts.

use std::fs;

use jambox_codec::encode_with;
use jambox_vectors::steps;

use crate::environment::TINY;

#[test]
fn headers_commit_to_our_encodings() {
    let Some(vectors) = jambox_vectors::public!() else { return };
    let folder = vectors.join("dev/jam-test-vectors/traces");
    let files = steps::files(&folder).expect("the folder is readable");
    assert!(files.len() > 300, "{} steps", files.len());
    let mut with_reports = 0;
    for file in files {
        let name = file.display();
        let step = steps::load(&file, &TINY).expect("the file is readable");
        let step = step.unwrap_or_else(|error| panic!("{name}: {error}"));
        assert_eq!(
            encode_with(&step, &TINY),
            fs::read(&file).expect("it was read before"),
            "{name}"
        );
        assert_eq!(step.block.header.extrinsic_hash, step.block.extrinsic.hash(&TINY), "{name}");
        with_reports += usize::from(!step.block.extrinsic.guarantees.is_empty());
    }
    assert!(with_reports > 50, "{with_reports} blocks with reports");
}
