//! Each mistake has its message.

use std::fs;
use std::path::Path;

use jambox_build::toolchain::Lack;
use jambox_build::{BuildError, Messages, Options, Settings, Toolchain, build};
use tempfile::TempDir;

use crate::links::toolchain;

/// Builds as the package says.
const KEEP: Options = Options {
    settings: Settings { revision: None, panics: None, stack: None, heap: None },
    messages: Messages::Keep,
};

/// A crate with this code and these lines at the end of its manifest.
fn package(code: &str, manifest: &str) -> TempDir {
    let folder = tempfile::tempdir().unwrap();
    let text = "[package]\nname = \"p\"\nversion = \"0.1.0\"\nedition = \"2024\"\n".to_owned();
    fs::write(folder.path().join("Cargo.toml"), text + manifest + "\n[workspace]\n").unwrap();
    fs::create_dir(folder.path().join("src")).unwrap();
    fs::write(folder.path().join("src/lib.rs"), code).unwrap();
    folder
}

fn error(folder: &Path) -> BuildError {
    build(folder, &KEEP).unwrap_err()
}

#[test]
fn a_folder_with_nothing_to_build() {
    let folder = tempfile::tempdir().unwrap();
    let error = error(folder.path());
    assert!(matches!(error, BuildError::NothingToBuild { .. }), "{error}");
}

#[test]
fn compilers_that_will_not_do_are_told_apart() {
    let folder = tempfile::tempdir().unwrap();
    let script = |name: &str, text: &str| {
        let path = folder.path().join(name);
        fs::write(&path, format!("#!/bin/sh\n{text}\n")).unwrap();
        let mut permissions = fs::metadata(&path).unwrap().permissions();
        std::os::unix::fs::PermissionsExt::set_mode(&mut permissions, 0o755);
        fs::set_permissions(&path, permissions).unwrap();
        path
    };
    let probe = |path: &Path| Toolchain::probe("test", path).unwrap_err();
    assert_eq!(probe(&folder.path().join("nowhere")), Lack::Absent);
    assert_eq!(probe(&script("failing", "exit 1")), Lack::Absent);
    assert_eq!(probe(&script("babbling", "echo hello")), Lack::Unintelligible);
    let old = script("old", "printf 'rustc 1.70.0\\nhost: x\\nrelease: 1.70.0\\n'");
    assert_eq!(probe(&old), Lack::TooOld { release: "1.70.0".to_owned() });
    let answer =
        "if [ \"$1\" = -vV ]; then printf 'host: x\\nrelease: 1.96.0\\n'; else echo /x; fi";
    let bare = probe(&script("bare", answer));
    assert_eq!(bare, Lack::NoSources { sysroot: "/x".into() });
    assert!(bare.to_string().contains("rust-src"));
}

#[test]
fn code_that_does_not_compile() {
    if toolchain().is_none() {
        return;
    }
    let folder = package("#![no_std]\nfn broken( {}", "");
    let BuildError::DoesNotCompile { messages } = error(folder.path()) else { panic!() };
    assert!(messages.contains("src/lib.rs:2"), "{messages}");
}

#[test]
fn a_manifest_that_cannot_be_read_and_settings_that_mean_nothing() {
    if toolchain().is_none() {
        return;
    }
    let folder = package("", "nonsense = [");
    assert!(matches!(error(folder.path()), BuildError::BadManifest { .. }));
    let settings = [
        ("panics = \"quietly\"", "\"log\" or \"trap\""),
        ("revision = \"0.9.0\"", "revision must be one of \"0.7.2\", \"0.8.0\""),
        ("stack = \"much\"", "stack must be like \"64 KiB\""),
        ("heap = \"1 TiB\"", "heap must be like"),
        ("x = 1", "`x`"),
    ];
    for (setting, expected) in settings {
        let folder = package("", &format!("[package.metadata.jambox]\n{setting}"));
        let message = error(folder.path()).to_string();
        assert!(message.contains(expected), "{message}");
    }
}

#[test]
fn a_package_without_a_library() {
    if toolchain().is_none() {
        return;
    }
    let folder = package("", "");
    fs::rename(folder.path().join("src/lib.rs"), folder.path().join("src/main.rs")).unwrap();
    let error = error(folder.path());
    assert!(matches!(error, BuildError::NoLibrary { .. }), "{error}");
}
