//! `cargo xtask bench`: the comparisons in `bench/`, a workspace of its own.

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
}

/// Builds and runs a comparison.
pub fn run(bench: &Bench) -> Result<(), String> {
    let Bench::Interpreter { rounds } = bench;
    let variable = std::env::var_os(archive::VARIABLE);
    let found = archive::find_at(variable.as_deref(), &root(), &cache());
    let mut command = cargo();
    if let Some(vectors) = found.map_err(|error| error.to_string())? {
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
    succeed(command.args(["--bin", "interpreter", "--"]).arg(rounds.to_string()))
}
