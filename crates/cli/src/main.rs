//! The `jambox` command: run, test and explain JAM services.
//!
//! One file a subcommand, thin over the libraries: a command turns its arguments into a library's
//! input, and the library's result into a report. A report is one model ([`output::Report`]),
//! shown as text or serialised as JSON, so that the two cannot tell different stories.
//!
//! Nothing here decides what a program does; nothing here panics at bad input.
//!
//! Invariants:
//!
//! - standard output carries the report and nothing else; progress and mistakes go to standard
//!   error;
//! - under `--json` standard output is one JSON document, also when the command fails;
//! - the exit code is 0 when all went well, 1 when a guest or a check failed, 2 when the input is
//!   bad; a reader that closes the pipe early does not change it;
//! - a file is written whole or not at all.

mod account;
mod args;
mod assembly;
mod calls;
mod campaign;
mod capsule;
mod chain;
mod checks;
mod commands;
mod diagnosis;
mod end_to_end;
mod engine;
mod explanation;
mod input;
mod invalid;
mod logging;
mod measuring;
mod outcome;
mod output;
mod package_file;
mod plain;
mod program;
mod protocol;
mod remote;
mod service_tests;
mod snippet;
mod sources;
mod style;
mod watch;

use std::io;
use std::process::ExitCode;

use clap::Parser;

use args::{Cli, Command};
use diagnosis::Diagnosis;
use outcome::Failure;
use output::Output;

fn main() -> ExitCode {
    let cli = match Cli::try_parse() {
        Ok(cli) => cli,
        Err(error) => return usage(&error),
    };
    let output = cli.output.output();
    output.color.write_global();
    let result = match &cli.command {
        Command::Run(command) => command.run(&cli.protocol, &output),
        Command::New(command) => command.run(&cli.protocol, &output),
        Command::Init(command) => command.run(&cli.protocol, &output),
        Command::Build(command) => command.run(&cli.protocol, &output),
        Command::Test(command) => command.run(&cli.protocol, &output),
        Command::Exec(command) => command.run(&cli.protocol, &output),
        Command::Asm(command) => command.run(&cli.protocol, &output),
        Command::Disasm(command) => command.run(&cli.protocol, &output),
        Command::Inspect(command) => command.run(&cli.protocol, &output),
        Command::Debug(command) => command.run(&cli.protocol, &output),
        Command::Explain(command) => command.run(&cli.protocol, &output),
        Command::Trace(command) => command.run(&cli.protocol, &output),
        Command::Bisect(command) => command.run(&cli.protocol, &output),
        Command::Gas(command) => command.run(&cli.protocol, &output),
        Command::State(command) => command.run(&cli.protocol, &output),
        Command::Block(command) => command.run(&cli.protocol, &output),
        Command::Node(command) => command.run(&cli.protocol, &output),
        Command::Deploy(command) => command.run(&cli.protocol, &output),
        Command::Submit(command) => command.run(&cli.protocol, &output),
        Command::Call(command) => command.run(&cli.protocol, &output),
        Command::Vectors(command) => command.run(&cli.protocol, &output),
        Command::Merge(command) => command.run(&output),
        Command::Completions(command) => command.run(&output),
        Command::Man(command) => command.run(&output),
    };
    match result {
        Ok(verdict) => verdict.into(),
        // As `Output::emit` has it; here the reader left before the command knew how it ends.
        Err(Failure::Output(error)) if error.kind() == io::ErrorKind::BrokenPipe => {
            ExitCode::SUCCESS
        }
        Err(failure) => {
            output.fail(&failure);
            ExitCode::from(failure.code())
        }
    }
}

/// Answers a command line that does not parse, or that asks for help or the version.
fn usage(error: &clap::Error) -> ExitCode {
    if error.use_stderr() && args::wants_json(std::env::args_os()) {
        let output = Output { json: true, verbosity: 0, color: anstream::ColorChoice::Never };
        let message = error.render().to_string();
        let diagnosis = Diagnosis::new(message.trim_end()).help("see jambox --help");
        output.fail(&diagnosis.into());
    } else if let Err(unwritten) = error.print()
        && unwritten.kind() != io::ErrorKind::BrokenPipe
    {
        let output = Output { json: false, verbosity: 0, color: anstream::ColorChoice::Auto };
        output.fail(&unwritten.into());
        return ExitCode::from(Failure::CODE);
    }
    // clap gives 0 for help and version, and 2 for usage: the numbers that are documented.
    u8::try_from(error.exit_code()).map_or(ExitCode::from(Failure::CODE), ExitCode::from)
}
