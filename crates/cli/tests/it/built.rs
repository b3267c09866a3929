//! Services in Rust that tests build. They ask no network.

use std::fs;
use std::path::{Path, PathBuf};
use std::process::{Command, Output};

use tempfile::TempDir;

use crate::jambox::{binary, root};

/// The part of a package file that names the service, and an authorizer that says yes. `GUESTS`
/// stands for the folder of the examples.
const PACKAGE: &str = "
[services.deep]
id = 7
code = \"file:deep.jam\"
balance = 1_000_000

[authorizer]
host = \"deep\"
code = \"file:GUESTS/asm/authorizer/authorizer.asm\"
configuration = \"text:open sesame\"
token = \"text:open sesame\"
";

/// A service called `deep`, with its lock file, and a package file, of which `package` is the part
/// with the items. `None`, with a message, without a toolchain for guests.
pub fn service(source: &str, package: &str) -> Option<TempDir> {
    if let Err(error) = jambox_build::Toolchain::find() {
        eprintln!("skipped, for it takes a guest toolchain: {error}");
        return None;
    }
    let folder = tempfile::tempdir().unwrap();
    let sdk = root().join("crates/sdk").display().to_string();
    let manifest = format!(
        "[package]\nname = \"deep\"\nversion = \"0.1.0\"\nedition = \"2024\"\n\
         [dependencies]\njambox-sdk = {{ path = {sdk:?} }}\n[workspace]\n"
    );
    let guests = root().join("guests").display().to_string();
    let package = format!("{PACKAGE}{package}").replace("GUESTS", &guests);
    fs::create_dir(folder.path().join("src")).unwrap();
    for (file, text) in
        [("Cargo.toml", &*manifest), ("src/lib.rs", source), ("package.toml", &package)]
    {
        fs::write(folder.path().join(file), text).unwrap();
    }
    fs::copy(root().join("guests/Cargo.lock"), folder.path().join("Cargo.lock")).unwrap();
    Some(folder)
}

/// Runs the command in the folder of a service. The compiled standard library is kept for the next
/// run.
pub fn run(folder: &Path, revision: &str, words: &[&str]) -> Output {
    let kept = PathBuf::from(std::env::var("CARGO_TARGET_DIR").unwrap_or("target".into()));
    let kept = root().join(kept).join("services-of-tests");
    let mut command = Command::new(binary());
    command.args(words).args(["--revision", revision]).current_dir(folder);
    command.env("CARGO_TARGET_DIR", kept).output().unwrap()
}

/// Runs the command, which must succeed, and gives its output.
#[track_caller]
pub fn succeed(folder: &Path, revision: &str, words: &[&str]) -> String {
    let output = run(folder, revision, words);
    let said = String::from_utf8_lossy(&output.stderr);
    assert!(output.status.success(), "{words:?}: {said}");
    String::from_utf8(output.stdout).unwrap()
}
