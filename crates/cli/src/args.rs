//! The command line.

use std::ffi::OsString;

use anstream::ColorChoice;
use clap::{Args, Parser, Subcommand, ValueEnum};

use crate::commands;
use crate::output::Output;
use crate::protocol::ProtocolArgs;

const EXIT_STATUS: &str = "\
Exit status:
  0  done
  1  a guest failed, or a check did; the report says which and why
  2  bad input or usage; the message says where and what was expected

Examples:
  jambox new demo                 a service to start from
  jambox run package.toml         a work package, end to end
  jambox explain write            what a host call does
  jambox COMMAND --help           examples of every command";

/// Run, test and explain JAM services.
#[derive(Debug, Parser)]
#[command(name = "jambox", version, after_help = EXIT_STATUS)]
#[command(subcommand_required = true, arg_required_else_help = true)]
#[command(infer_subcommands = true, max_term_width = 100)]
pub struct Cli {
    #[command(flatten)]
    pub protocol: ProtocolArgs,

    #[command(flatten)]
    pub output: OutputArgs,

    #[command(subcommand)]
    pub command: Command,
}

/// Options of the output.
#[derive(Debug, Args)]
#[command(next_help_heading = "Output")]
pub struct OutputArgs {
    /// Print one JSON document instead of text
    #[arg(long, global = true)]
    json: bool,

    /// Show more: host calls (-v), memory reads and writes (-vv), instructions (-vvv)
    #[arg(short, long, global = true, action = clap::ArgAction::Count)]
    verbose: u8,

    /// Use of colour
    #[arg(long, global = true, value_name = "WHEN", default_value = "auto")]
    color: Color,
}

#[derive(Debug, Clone, Copy, ValueEnum)]
enum Color {
    /// On a terminal, unless NO_COLOR is set
    Auto,
    /// Always
    Always,
    /// Never
    Never,
}

impl OutputArgs {
    pub fn output(&self) -> Output {
        let color = match self.color {
            Color::Auto => ColorChoice::Auto,
            Color::Always => ColorChoice::Always,
            Color::Never => ColorChoice::Never,
        };
        Output { json: self.json, verbosity: self.verbose, color }
    }
}

#[derive(Debug, Subcommand)]
pub enum Command {
    Run(commands::run::Run),
    New(commands::new::New),
    Init(commands::new::Init),
    Build(commands::build::Build),
    Test(commands::test::Test),
    Exec(commands::exec::Exec),
    Asm(commands::asm::Asm),
    Disasm(commands::disasm::Disasm),
    Inspect(commands::inspect::Inspect),
    Debug(commands::debug::Debug),
    Explain(commands::explain::Explain),
    Trace(commands::trace::Trace),
    Bisect(commands::bisect::Bisect),
    Gas(commands::gas::Gas),
    State(commands::state::State),
    Block(commands::block::Block),
    Node(commands::node::Node),
    Deploy(commands::deploy::Deploy),
    Submit(commands::submit::Submit),
    Call(commands::call::Call),
    Vectors(commands::vectors::Vectors),
    Merge(commands::merge::Merge),
    Completions(commands::completions::Completions),
    Man(commands::man::Manual),
}

/// True if the arguments ask for JSON; for a command line that could not be parsed.
pub fn wants_json(mut arguments: impl Iterator<Item = OsString>) -> bool {
    arguments.any(|argument| argument == "--json")
}
