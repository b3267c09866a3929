//! State transitions.

use jambox_types::{Parameters, Protocol};
use jambox_vectors::stf::{self, Loaded, accumulate, preimages};

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

#[test]
fn every_transition_gives_the_state_and_output_expected() {
    let Some(vectors) = jambox_vectors::public!() else { return };
    let folder = vectors.join("dev/jam-test-vectors/stf");
    let protocol = Protocol { parameters: Parameters::TINY, ..Protocol::default() };
    for (name, count) in [("accumulate", 30), ("preimages", 8)] {
        let report = stf::run(&folder.join(name), protocol).expect("the folder is readable");
        assert_eq!(report.failed(), 0, "{}", report.remarks());
        assert_eq!(report.passed(), count, "{report}");
    }
}
