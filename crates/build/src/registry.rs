//! The SDK in cargo's registry.

use std::fs;
use std::path::Path;
use std::process::{Command, Stdio};

/// The SDK's version: that of all crates of the project.
pub(crate) const VERSION: &str = env!("CARGO_PKG_VERSION");

/// Seconds that a registry has for an answer.
const PATIENCE: &str = "10";

/// Tests whether cargo, as it is set up for a folder that need not exist yet, finds the SDK of this
/// version and everything that it depends on.
///
/// A released version has exactly the sources that a program of that version was built with: the
/// sources of a checkout have a version of their own.
pub(crate) fn has_sdk(folder: &Path) -> bool {
    resolves(folder).unwrap_or(false)
}

/// Resolves a crate that has the dependencies of a service. `None`: that cannot be tried.
fn resolves(folder: &Path) -> Option<bool> {
    let probe = tempfile::tempdir().ok()?;
    let manifest = probe.path().join("Cargo.toml");
    let text = format!(
        "[package]\nname = \"probe\"\nedition = \"2024\"\n[workspace]\n[dependencies]\n\
         jambox-sdk = {VERSION:?}\njambox-sdk-testing = {VERSION:?}\n"
    );
    fs::write(&manifest, text).ok()?;
    fs::create_dir(probe.path().join("src")).ok()?;
    fs::write(probe.path().join("src/lib.rs"), "").ok()?;
    // Cargo looks for its settings in the working folder and above.
    let whole = std::path::absolute(folder).ok()?;
    let there = whole.ancestors().find(|folder| folder.is_dir())?;
    let mut cargo = Command::new("cargo");
    cargo.args(["generate-lockfile", "--quiet", "--manifest-path"]).arg(&manifest);
    cargo.current_dir(there).env("CARGO_NET_RETRY", "0").env("CARGO_HTTP_TIMEOUT", PATIENCE);
    cargo.stdin(Stdio::null()).stdout(Stdio::null()).stderr(Stdio::null());
    Some(cargo.status().ok()?.success())
}
