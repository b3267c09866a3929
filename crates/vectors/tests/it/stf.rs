//! State transitions.

use jambox_types::Parameters;
use jambox_vectors::stf::{Loaded, accumulate, preimages};

#[test]
fn every_case_means_what_its_json_says() {
    let Some(vectors) = jambox_vectors::public!() else { return };
    let folder = vectors.join("dev/jam-test-vectors/stf");
    let cases = accumulate::load(&folder.join("accumulate/tiny"), &Parameters::TINY);
    check(cases.expect("the folder is readable"), 30);
    let cases = preimages::load(&folder.join("preimages/tiny"), &Parameters::TINY);
    check(cases.expect("the folder is readable"), 8);
}

fn check<T>(cases: Vec<Loaded<T>>, count: usize) {
    assert_eq!(cases.len(), count);
    for Loaded { name, case } in cases {
        if let Err(difference) = case {
            panic!("{name}: {difference}");
        }
    }
}
