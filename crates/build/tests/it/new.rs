//! New services.

use std::process::Command;

use jambox_build::{BuildError, Sdk, create};

/// Cargo resolves it with what this very workspace was built with, and asks no network.
#[test]
fn a_new_service_is_whole() {
    let folder = tempfile::tempdir().unwrap();
    let demo = folder.path().canonicalize().unwrap().join("demo");
    create(&demo, &Sdk::Included).unwrap();
    let output = Command::new(env!("CARGO"))
        .args(["tree", "--offline", "--edges", "normal,dev", "--prefix", "none"])
        .current_dir(&demo)
        .output()
        .unwrap();
    let errors = String::from_utf8_lossy(&output.stderr);
    assert!(output.status.success(), "{errors}");
    let tree = String::from_utf8(output.stdout).unwrap();
    for line in tree.lines().filter(|line| line.starts_with("jambox-")) {
        assert!(line.contains(demo.join("sdk/crates").to_str().unwrap()), "{line}");
    }
    assert!(tree.contains("jambox-sdk ") && tree.contains("jambox-invocation "), "{tree}");
}

#[test]
fn an_sdk_that_is_not_there_makes_no_service() {
    let folder = tempfile::tempdir().unwrap();
    let demo = folder.path().join("demo");
    let error = create(&demo, &Sdk::Folder(folder.path().join("nowhere"))).unwrap_err();
    assert!(error.to_string().contains("nowhere"), "{error}");
    assert!(!demo.exists());
}

#[test]
fn new_services_take_free_folders_with_names_for_crates() {
    let folder = tempfile::tempdir().unwrap();
    let made = create(&folder.path().join("my-service"), &Sdk::Included).unwrap();
    assert_eq!(made.len(), 7);
    let again = create(&folder.path().join("my-service"), &Sdk::Included).unwrap_err();
    assert!(matches!(again, BuildError::Exists(_)));
    for name in ["2nd", "my service", "ümlaut", "-"] {
        let error = create(&folder.path().join(name), &Sdk::Included).unwrap_err();
        assert!(matches!(error, BuildError::BadName(_)), "{name}: {error}");
    }
}
