//! `jambox completions`: what a shell needs to complete the command.

use std::io::{self, Write};

use clap::{Args, CommandFactory};
use clap_complete::Shell;

use crate::args::Cli;
use crate::outcome::{Result, Verdict};

/// Print shell completions
#[derive(Debug, Args)]
#[command(after_help = "\
Examples:
  jambox completions bash > ~/.local/share/bash-completion/completions/jambox
  jambox completions zsh > ~/.zfunc/_jambox
  jambox completions fish > ~/.config/fish/completions/jambox.fish")]
pub struct Completions {
    /// The shell
    shell: Shell,
}

impl Completions {
    pub fn run(&self) -> Result {
        let mut script = Vec::new();
        clap_complete::generate(self.shell, &mut Cli::command(), "jambox", &mut script);
        io::stdout().lock().write_all(&script)?;
        Ok(Verdict::Done)
    }
}
