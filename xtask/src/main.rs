//! Project chores that are longer than one cargo command: `cargo xtask help`.

use std::process::ExitCode;

use clap::{Parser, Subcommand};

mod command;
mod conformance;

/// Chores of the Jambox project.
#[derive(Parser)]
#[command(name = "cargo xtask", disable_help_subcommand = false)]
struct Arguments {
    #[command(subcommand)]
    chore: Chore,
}

#[derive(Subcommand)]
enum Chore {
    /// Run the jambox command over every public vector that this project claims to pass.
    Conformance(conformance::Options),
}

fn main() -> ExitCode {
    let done = match Arguments::parse().chore {
        Chore::Conformance(options) => conformance::run(&options),
    };
    match done {
        Ok(()) => ExitCode::SUCCESS,
        Err(problem) => {
            eprintln!("error: {problem}");
            ExitCode::FAILURE
        }
    }
}
