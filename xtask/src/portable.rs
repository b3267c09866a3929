//! `cargo xtask portable`: the targets that have no native code.
//!
//! Engine, host and chain are checked for a browser and for another processor, and the engine's own
//! tests run in WebAssembly under node. For a missing standard library of a target, or a missing
//! node, the command that installs it is printed; neither is a failure.

use std::process::Command;

use crate::command::{cache, cargo, root, succeed};

/// Targets for which the libraries must compile.
const CHECKED: &[&str] = &["wasm32-unknown-unknown", "aarch64-unknown-linux-gnu"];

/// The libraries.
const LIBRARIES: &[&str] = &["jambox-engine", "jambox-invocation", "jambox-chain"];

/// The target of the engine's tests: WebAssembly with files and clocks.
const TESTED: &str = "wasm32-wasip1";

/// Parts of the names of tests that start threads, which the target does not have.
const LEFT_OUT: &[&str] = &["threads", "without_end"];

pub fn run() -> Result<(), String> {
    for target in CHECKED {
        if is_here(target)? {
            let mut command = cargo();
            command.args(["check", "--quiet", "--target", target, "--locked"]);
            command.args(LIBRARIES.iter().flat_map(|name| ["--package", name]));
            succeed(&mut command)?;
            println!("{target}: {} compile", LIBRARIES.join(", "));
        }
    }
    if !is_here(TESTED)? {
        return Ok(());
    }
    if Command::new("node").arg("--version").output().is_err() {
        println!("{TESTED}: no node, so no tests ran. Install it from https://nodejs.org");
        return Ok(());
    }
    let runner = root().join("xtask/src/portable/wasi.mjs");
    let mut command = cargo();
    command.args(["test", "--quiet", "--target", TESTED, "--package", "jambox-engine", "--locked"]);
    command.args(["--test", "it", "--", "--test-threads=1"]);
    command.args(LEFT_OUT.iter().flat_map(|name| ["--skip", name]));
    command.env("CARGO_TARGET_WASM32_WASIP1_RUNNER", format!("node {}", runner.display()));
    command.env("CARGO_TARGET_DIR", cache().join("portable"));
    succeed(&mut command)?;
    println!("{TESTED}: the engine's tests passed under node");
    Ok(())
}

/// Tests for the target's standard library; prints how to install a missing one.
fn is_here(target: &str) -> Result<bool, String> {
    let mut rustc = Command::new("rustc");
    let output = rustc.args(["--print", "target-libdir", "--target", target]).output();
    let output = output.map_err(|error| format!("{rustc:?}: {error}"))?;
    let folder = String::from_utf8_lossy(&output.stdout);
    let is_here = output.status.success() && std::path::Path::new(folder.trim()).is_dir();
    if !is_here {
        println!("{target}: not installed, so nothing ran. Run: rustup target add {target}");
    }
    Ok(is_here)
}
