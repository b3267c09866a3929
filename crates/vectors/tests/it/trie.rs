//! The state trie.

use jambox_state::{StateKey, trie};
use jambox_vectors::steps;

use crate::environment::TINY;

#[test]
fn every_root_is_as_the_vectors_say() {
    let Some(vectors) = jambox_vectors::public!() else { return };
    let folder = vectors.join("dev/jam-test-vectors/trie");
    let report = jambox_vectors::trie::run(&folder).expect("the folder is readable");
    assert_eq!(report.failed(), 0, "{}", report.remarks());
    assert!(report.passed() >= 10, "{report}");
}

/// Roots of whole states, computed by another implementation.
#[test]
fn every_root_is_that_of_its_trace() {
    let Some(vectors) = jambox_vectors::public!() else { return };
    let folder = vectors.join("dev/jam-test-vectors/traces");
    let files = steps::files(&folder).expect("the folder is readable");
    for file in files {
        let name = file.display();
        let step = steps::load(&file, &TINY).expect("the file is readable");
        let step = step.unwrap_or_else(|error| panic!("{name}: {error}"));
        for state in [step.pre_state, step.post_state] {
            let leaves = state.leaves.iter().map(|leaf| (StateKey(leaf.key), &leaf.value));
            assert_eq!(trie::root(leaves), state.root, "{name}");
        }
    }
}
