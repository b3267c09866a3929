//! `cargo xtask soak`: killing the process in the middle of commits, hundreds of times, and failing
//! the disk at every operation of one.

use crate::command::{cargo, succeed};

/// What `cargo xtask soak` takes.
#[derive(clap::Args)]
pub struct Options {
    /// How often the process is killed.
    #[arg(default_value_t = 500)]
    crashes: u32,
}

/// Runs the crash test of the store for longer than tests may take.
pub fn run(options: &Options) -> Result<(), String> {
    let mut command = cargo();
    command.env("JAMBOX_CRASHES", options.crashes.to_string());
    command.args(["test", "--release", "--package", "jambox-store", "--test", "it", "--"]);
    succeed(command.args(["--nocapture", "crash::", "faults::"]))
}
