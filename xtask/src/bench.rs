//! `cargo xtask bench`: what things cost, and the comparisons in `bench/`, a workspace of its own.

use std::path::PathBuf;

use jambox_vectors::archive;

use crate::command::{cache, cargo, root, succeed};

/// What `cargo xtask bench` takes.
#[derive(clap::Subcommand)]
pub enum Bench {
    /// The interpreter against polkavm's: service logs and compute kernels.
    Interpreter {
        /// How often everything is timed.
        #[arg(default_value_t = 20)]
        rounds: u32,
    },
    /// The recompiler against polkavm's and against native code.
    Recompiler {
        /// How often everything is timed.
        #[arg(default_value_t = 20)]
        rounds: u32,
    },
    /// Blocks: those of public traces, and some on a chain of a million entries. Fails when they take
    /// longer, or more memory, than they may.
    Blocks,
}

/// Builds and runs a benchmark.
pub fn run(bench: &Bench) -> Result<(), String> {
    let variable = std::env::var_os(archive::VARIABLE);
    let found = archive::find_at(variable.as_deref(), &root(), &cache());
    let vectors = found.map_err(|error| error.to_string())?;
    match bench {
        Bench::Interpreter { rounds } => comparison("interpreter", vectors, *rounds),
        Bench::Recompiler { rounds } => comparison("recompiler", vectors, *rounds),
        Bench::Blocks => blocks(vectors),
    }
}

fn blocks(vectors: Option<PathBuf>) -> Result<(), String> {
    let mut command = cargo();
    command.args(["run", "--quiet", "--release", "--package", "jambox-vectors"]);
    succeed(command.args(["--example", "bench-blocks", "--"]).args(vectors))
}

fn comparison(name: &str, vectors: Option<PathBuf>, rounds: u32) -> Result<(), String> {
    let mut command = cargo();
    if let Some(vectors) = vectors {
        command.env(archive::VARIABLE, vectors);
    }
    command.args([
        "run",
        "--quiet",
        "--release",
        "--locked",
        "--manifest-path",
        "bench/Cargo.toml",
    ]);
    command.arg("--target-dir").arg(cache().join("bench"));
    succeed(command.args(["--bin", name, "--"]).arg(rounds.to_string()))
}
