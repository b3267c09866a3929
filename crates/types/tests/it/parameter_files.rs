//! Parameters in files.

use jambox_types::Parameters;

#[test]
fn a_file_names_a_base_and_what_differs() {
    let read = |text: &str| toml::from_str::<Parameters>(text);
    assert_eq!(read("base = \"tiny\""), Ok(Parameters::TINY));
    let four = Parameters { cores: 4, validators: 12, ..Parameters::TINY };
    assert_eq!(read("base = \"tiny\"\ncores = 4\nvalidators = 12"), Ok(four));
}

#[test]
fn a_file_may_hold_everything() {
    let text = toml::to_string(&Parameters::FULL).expect("it is plain");
    assert_eq!(toml::from_str(&text), Ok(Parameters::FULL));
    let json = serde_json::to_string(&Parameters::TINY).expect("it is plain");
    assert_eq!(serde_json::from_str::<Parameters>(&json).expect("it is whole"), Parameters::TINY);
}

#[test]
fn mistakes_are_named() {
    let error = |text: &str| toml::from_str::<Parameters>(text).unwrap_err().to_string();
    assert!(error("cores = 4").contains("`item_deposit` is missing, and no `base`"));
    assert!(error("base = \"small\"").contains("expected `full` or `tiny`"));
    assert!(error("base = \"tiny\"\ncore = 4").contains("unknown field `core`"));
    assert!(error("base = \"tiny\"\ncores = 70000").contains("70000"));
    assert!(error("base = \"tiny\"\nmemo_size = 64").contains("`memo_size` must be 128"));
}
