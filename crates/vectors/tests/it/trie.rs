//! The state trie.

#[test]
fn every_root_is_as_the_vectors_say() {
    let Some(vectors) = jambox_vectors::public!() else { return };
    let folder = vectors.join("dev/jam-test-vectors/trie");
    let report = jambox_vectors::trie::run(&folder).expect("the folder is readable");
    assert_eq!(report.failed(), 0, "{}", report.remarks());
    assert!(report.passed() >= 10, "{report}");
}
