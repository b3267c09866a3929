//! `cargo xtask miri` and `cargo xtask sanitize`: tests of the unsafe code, observed while it runs.
//!
//! Both need nightly Rust. Miri runs the code that needs no native code: it checks every rule of
//! unsafe code, but supports neither system calls nor machine code. The sanitizers run the rest,
//! and detect less. The thread sanitizer also needs the sources of the standard library, to observe
//! it, too.

use std::process::Command;

use clap::ValueEnum;

use crate::command::{cache, root, succeed};

/// Tests for Miri: package, further arguments, and test names. As many as it can run in minutes.
const INTERPRETED: &[(&str, &[&str], &[&str])] = &[
    (
        "jambox-sandbox",
        &["--package", "jambox-engine", "--features", "portable-memory"],
        &["slots::"],
    ),
    (
        "jambox-engine",
        &["--features", "portable-memory"],
        &[
            "accesses_across_pages",
            "accesses_wrap_around",
            "any_position_may_be_run",
            "dynamic_jumps",
            "gas_runs_out_in_the_middle_of_a_block",
            "host_calls_resume_after_themselves",
            "instances_share_a_module_across_threads",
            "jumps_only_to_blocks",
            "threads_read_the_memory_of_one_instance",
        ],
    ),
];

/// Tests for the sanitizers: package, and test names (all if there are none).
const SANITIZED: &[(&str, &[&str])] = &[
    ("jambox-sandbox", &["arguments", "heap", "memory", "native", "slots"]),
    ("jambox-engine", &["behaviour", "hostile", "memory"]),
    ("jambox-recompiler", &["differential", "structured"]),
];

#[derive(clap::Args)]
pub struct Options {
    /// The sanitizer to run; both if none is named.
    sanitizer: Option<Sanitizer>,
}

#[derive(Clone, Copy, PartialEq, Eq, ValueEnum)]
enum Sanitizer {
    /// Accesses to memory that is not allocated, or no longer.
    Address,
    /// Unordered accesses of several threads to the same memory.
    Thread,
}

impl Sanitizer {
    const fn name(self) -> &'static str {
        match self {
            Self::Address => "address",
            Self::Thread => "thread",
        }
    }
}

/// Runs tests under Miri.
pub fn miri() -> Result<(), String> {
    need_component("miri")?;
    for (package, features, tests) in INTERPRETED {
        let mut command = nightly();
        command.args(["miri", "test", "--package", package]).args(*features);
        command.args(["--test", "it", "--"]).args(*tests);
        command.env("MIRIFLAGS", "-Zmiri-strict-provenance -Zmiri-disable-isolation");
        command.env("CARGO_TARGET_DIR", cache().join("miri"));
        succeed(&mut command)?;
    }
    println!("miri: nothing found");
    Ok(())
}

/// Runs tests under the sanitizers.
pub fn sanitize(options: &Options) -> Result<(), String> {
    let target = host()?;
    for sanitizer in [Sanitizer::Address, Sanitizer::Thread] {
        if options.sanitizer.is_some_and(|wanted| wanted != sanitizer) {
            continue;
        }
        for (package, tests) in SANITIZED {
            let mut command = nightly();
            command.args(["test", "--target", &target, "--package", package, "--test", "it"]);
            if sanitizer == Sanitizer::Thread {
                need_component("rust-src")?;
                command.arg("-Zbuild-std");
            }
            // The thread sanitizer uses most of the address space.
            command.arg("--").args(*tests).args(["--skip", "memories_together"]);
            command.env("RUSTFLAGS", format!("-Zsanitizer={}", sanitizer.name()));
            command.env("CARGO_TARGET_DIR", cache().join(sanitizer.name()));
            succeed(&mut command)?;
        }
        println!("sanitize: nothing found by the {} sanitizer", sanitizer.name());
    }
    Ok(())
}

/// Nightly cargo, in the project's root, without the environment variables with which the cargo
/// that runs this chore would select its own toolchain.
fn nightly() -> Command {
    let mut command = Command::new("cargo");
    command.arg("+nightly").current_dir(root());
    for name in ["CARGO", "RUSTC", "RUSTUP_TOOLCHAIN", "RUSTFLAGS"] {
        command.env_remove(name);
    }
    command
}

fn need_component(name: &str) -> Result<(), String> {
    let how = format!("It comes with: rustup component add {name} --toolchain nightly");
    let mut rustup = Command::new("rustup");
    rustup.args(["component", "list", "--toolchain", "nightly", "--installed"]);
    let output = rustup.output().map_err(|error| format!("rustup: {error}. {how}"))?;
    let installed = String::from_utf8_lossy(&output.stdout);
    if output.status.success() && installed.lines().any(|line| line.starts_with(name)) {
        return Ok(());
    }
    Err(format!("nightly Rust with {name} is missing. {how}"))
}

/// The target of nightly Rust on this machine, which sanitizers need by name.
fn host() -> Result<String, String> {
    let mut rustc = Command::new("rustc");
    rustc.args(["+nightly", "--version", "--verbose"]);
    let missing = "nightly Rust is missing. It comes with: rustup toolchain install nightly";
    let output = rustc.output().map_err(|error| format!("rustc: {error}. {missing}"))?;
    let text = String::from_utf8_lossy(&output.stdout);
    let host = text.lines().find_map(|line| line.strip_prefix("host: "));
    host.filter(|_| output.status.success()).map(str::to_owned).ok_or_else(|| missing.to_owned())
}
