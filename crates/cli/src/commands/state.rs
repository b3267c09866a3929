//! `jambox state`: chains in files, and states to look into and to compare.

mod any;
mod compare;
mod key;
mod show;
mod transfer;
mod verify;

use std::path::PathBuf;

use clap::{Args, Subcommand};

use crate::outcome::{Result, Verdict};
use crate::output::Output;
use crate::protocol::ProtocolArgs;

/// Make chains, look into their state, compare states, check them
///
/// A chain is a file that keeps a state from run to run: `jambox run --state` and `jambox block
/// apply` go on with it. `show`, `get`, `diff`, `root` and `import` also take JIP-4 chain
/// specifications, state files of `jambox run --save-state`, and steps of public traces (the state
/// after; add `:before` for that before).
#[derive(Debug, Args)]
#[command(after_help = "\
Examples:
  jambox state init chain.redb
  jambox run package.toml --state chain.redb
  jambox state show chain.redb
  jambox state show chain.redb counter                    one service, entry by entry
  jambox state get chain.redb counter storage count
  jambox state diff before.json chain.redb
  jambox state export chain.redb -o chain-spec.json       JIP-4

Exit status: 0 when done; 1 when `diff` finds a difference or `get` finds nothing; 2 bad input.")]
pub struct State {
    #[command(subcommand)]
    action: Action,
}

#[derive(Debug, Subcommand)]
enum Action {
    /// Make a new chain, without services or with those of a development chain
    #[command(after_help = "\
Examples:
  jambox state init chain.redb
  jambox state init chain.redb --params tiny
  jambox state init chain.redb --dev --params tiny        what `jambox node` begins with")]
    Init(transfer::Init),
    /// Make a new chain from a state
    #[command(after_help = "\
Examples:
  jambox state import chain.redb after.json")]
    Import(transfer::Import),
    /// Write a state as a JIP-4 chain specification
    #[command(after_help = "\
Examples:
  jambox state export chain.redb -o spec.json
  jambox state export chain.redb --id mine
  jambox state export --salvage chain.redb -o rest.json   what can be read of a damaged chain

Exit status: 0 when done; 1 when --salvage lost something; 2 bad input.")]
    Export(transfer::Export),
    /// Show a state's services, or one service entry by entry
    #[command(after_help = "\
Examples:
  jambox state show chain.redb
  jambox state show chain.redb counter")]
    Show(show::Show),
    /// Show one value
    Get(key::Get),
    /// Show where two states differ
    #[command(after_help = "\
Examples:
  jambox state diff before.json chain.redb")]
    Diff(compare::Diff),
    /// Read all of a chain and compare it with its hashes
    ///
    /// Every command checks what it reads; this one reads everything.
    #[command(after_help = "\
Examples:
  jambox state verify chain.redb

Exit status: 0 when all is as it was written; 2 when something is damaged, with the keys.")]
    Verify(verify::Verify),
    /// Show a state's root
    #[command(after_help = "\
Examples:
  jambox state root chain.redb")]
    Root(Root),
}

#[derive(Debug, Args)]
struct Root {
    /// The state
    state: PathBuf,
}

impl State {
    pub fn run(&self, protocol: &ProtocolArgs, output: &Output) -> Result {
        match &self.action {
            Action::Init(command) => command.run(protocol, output),
            Action::Import(command) => command.run(protocol, output),
            Action::Export(command) => command.run(protocol, output),
            Action::Show(command) => command.run(protocol, output),
            Action::Get(command) => command.run(protocol, output),
            Action::Diff(command) => command.run(protocol, output),
            Action::Verify(command) => command.run(protocol, output),
            Action::Root(Root { state }) => {
                let state = any::AnyState::open(state, protocol, output)?;
                output.emit(&show::Root { root: state.root(output)?.to_string() })?;
                Ok(Verdict::Done)
            }
        }
    }
}
