//! Services in a workspace, with cargo's output elsewhere, and errors in their types.

use std::fs;
use std::path::{Path, PathBuf};
use std::process::{Command, Output};

use crate::jambox::{binary, root};

/// A service whose refine gives a text.
const SERVICE: &str = "#![no_std]
use jambox_sdk::prelude::*;
fn refine(_: &RefineContext, _: RefineArguments) -> &'static [u8] {
    b\"TEXT\"
}
entry_points! { refine = refine }
";

/// Types whose derives fail, each with the line of the field at fault, after the service.
const WRONG: &str = "
struct Opaque;
#[derive(Encode)]
pub struct Unencoded {
    pub known: u8,
    pub opaque: Opaque, // one
}
#[derive(Encode, Decode)]
pub struct Unnatural {
    #[codec(natural)]
    pub text: String, // two
}
#[derive(Decode)]
pub enum Undecoded {
    Known(u8),
    Opaque { inner: Opaque }, // three
}
#[derive(Encode, Describe)]
pub struct Misspelt {
    #[codec(naturall)] // four
    pub count: u64,
}
";

/// A workspace of two services, which share the SDK and a library, and of a package that is none.
/// It has the same place in each run, so that cargo need not compile the SDK again.
struct Workspace(PathBuf);

impl Workspace {
    fn new() -> Self {
        let target = std::env::var("CARGO_TARGET_DIR").unwrap_or("target".into());
        let folder = root().join(target).join("services-of-tests/workspace");
        let workspace = Self(folder);
        let members = "[workspace]\nresolver = \"3\"\nmembers = [\"one\", \"two\", \"texts\"]\n";
        workspace.write("Cargo.toml", members);
        let sdk = root().join("crates/sdk");
        let on_sdk = format!(
            "[dependencies]\njambox-sdk = {{ path = {sdk:?} }}\ntexts = {{ path = \"../texts\" }}\n"
        );
        for (name, dependencies) in [("one", &*on_sdk), ("two", &on_sdk), ("texts", "")] {
            let package = "version = \"0.1.0\"\nedition = \"2024\"\n";
            let text = format!("[package]\nname = \"{name}\"\n{package}{dependencies}");
            workspace.write(&format!("{name}/Cargo.toml"), &text);
            workspace.write(&format!("{name}/src/lib.rs"), &SERVICE.replace("TEXT", name));
        }
        workspace.write("texts/src/lib.rs", "#![no_std]\n");
        fs::copy(root().join("guests/Cargo.lock"), workspace.0.join("Cargo.lock")).unwrap();
        workspace
    }

    fn write(&self, path: &str, text: &str) {
        let path = self.0.join(path);
        fs::create_dir_all(path.parent().unwrap()).unwrap();
        fs::write(path, text).unwrap();
    }

    fn build(&self, folder: &Path) -> Output {
        self.run("build", folder)
    }

    fn run(&self, subcommand: &str, folder: &Path) -> Output {
        let mut command = Command::new(binary());
        command.args([subcommand, "--revision", "gray-paper-0.8.0"]).current_dir(folder);
        command.env("CARGO_TARGET_DIR", self.0.join("elsewhere")).output().unwrap()
    }
}

/// True, with a message, where no service can be compiled.
fn is_skipped() -> bool {
    let found = jambox_build::Toolchain::find();
    if let Err(error) = &found {
        eprintln!("skipped, for it takes a guest toolchain: {error}");
    }
    found.is_err()
}

#[test]
fn all_services_of_a_workspace_are_built_and_share_the_sdk() {
    if is_skipped() {
        return;
    }
    let workspace = Workspace::new();
    let at = |path: &str| workspace.0.join(path);
    for name in ["one", "two"] {
        let _ = fs::remove_dir_all(at(name).join("target"));
    }
    let built = workspace.build(&workspace.0);
    let told = String::from_utf8(built.stdout).unwrap();
    assert!(built.status.success(), "{}", String::from_utf8_lossy(&built.stderr));
    for blob in ["one/target/jambox/one.jam", "two/target/jambox/two.jam"] {
        assert!(told.contains(&format!("{blob}: service for gray-paper-0.8.0")), "{told}");
        assert!(at(blob).is_file(), "{blob}: a package file finds it there");
    }
    assert!(!at("texts/target").exists() && !at("target").exists(), "no output elsewhere");
    // A member alone, in its own folder: the same octets.
    let whole = fs::read(at("two/target/jambox/two.jam")).unwrap();
    fs::remove_file(at("two/target/jambox/two.jam")).unwrap();
    let alone = workspace.build(&at("two"));
    assert!(alone.status.success(), "{}", String::from_utf8_lossy(&alone.stderr));
    assert!(!String::from_utf8_lossy(&alone.stderr).contains("Compiling jambox-sdk"));
    let told = String::from_utf8(alone.stdout).unwrap();
    assert!(told.starts_with("target/jambox/two.jam: service for gray-paper-0.8.0"), "{told}");
    assert_eq!(fs::read(at("two/target/jambox/two.jam")).unwrap(), whole);

    // A service without a test passes none.
    let untested = workspace.run("test", &at("two"));
    let told = String::from_utf8(untested.stderr).unwrap();
    assert_eq!(untested.status.code(), Some(2), "{told}");
    assert!(told.contains("the package has no test"), "{told}");

    // In the same place, for the SDK is compiled there.
    workspace.write("one/src/lib.rs", &format!("{}{WRONG}", SERVICE.replace("TEXT", "one")));
    let wrong = workspace.build(&at("one"));
    assert!(!wrong.status.success());
    let told = String::from_utf8(wrong.stderr).unwrap();
    let source = fs::read_to_string(at("one/src/lib.rs")).unwrap();
    for mark in ["// one", "// two", "// three", "// four"] {
        let line = source.lines().position(|line| line.ends_with(mark)).unwrap() + 1;
        assert!(told.contains(&format!("src/lib.rs:{line}:")), "{mark}: {told}");
    }
}
