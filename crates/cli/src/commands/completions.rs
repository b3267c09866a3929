//! `jambox completions`: scripts by which shells complete the command.

use std::io::{self, Write};

use clap::{Args, CommandFactory};
use clap_complete::Shell;
use serde::Serialize;

use crate::args::Cli;
use crate::outcome::{Result, Verdict};
use crate::output::{Output, Report};

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
    pub fn run(&self, output: &Output) -> Result {
        let mut script = Vec::new();
        clap_complete::generate(self.shell, &mut Cli::command(), "jambox", &mut script);
        let script = String::from_utf8_lossy(&script).into_owned();
        output.emit(&Script { shell: self.shell.to_string(), script })?;
        Ok(Verdict::Done)
    }
}

#[derive(Serialize)]
struct Script {
    shell: String,
    script: String,
}

impl Report for Script {
    fn write(&self, out: &mut dyn Write) -> io::Result<()> {
        out.write_all(self.script.as_bytes())
    }
}
