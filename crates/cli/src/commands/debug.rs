//! `jambox debug`: one invocation, forwards and backwards.

mod dap;
mod gdb;
mod lines;
mod places;
mod ready;
mod screen;
mod show;
mod subject;

use std::io::{self, BufRead, IsTerminal, Write};
use std::path::{Path, PathBuf};

use clap::Args;

use crate::capsule;
use crate::diagnosis::Diagnosis;
use crate::input;
use crate::outcome::{Failure, Result, Verdict};
use crate::output::Output;
use crate::protocol::ProtocolArgs;
use crate::sources::Sources;

use lines::Lines;
use subject::{Choice, Subject};

/// Debug one invocation of a package, a block or a trace, or a program: forwards and backwards
///
/// The invocation is run once and recorded; every point of it can then be gone to. On a terminal it
/// is shown in panes, and `?` lists the keys; from a pipe or a file commands are read, which `help`
/// lists. docs/debugger.md shows how.
#[derive(Debug, Args)]
#[command(after_help = "\
Examples:
  jambox debug package.toml                          refine of the first item, in panes
  jambox debug package.toml --accumulate counter
  jambox debug package.toml --commands session.txt   for scripts and tests
  jambox debug --dap                                 for an editor, on standard input and output
  jambox debug package.toml --gdb 1234               for gdb-multiarch: target remote :1234
  jambox debug program.asm                           a program alone, up to its first host call
  jambox debug run.log --invocation 3                the third execution of a trace
  jambox debug block.bin --state chain.redb --list   the invocations of a block on a chain

Exit status: 0, whatever the guest did; 2 bad input, an unknown command in a file included.")]
pub struct Debug {
    /// The package file, a folder with package.toml, a capsule, a trace, a block or a step of a
    /// trace of blocks, or a program (a blob or .asm)
    #[arg(default_value = "package.toml")]
    subject: PathBuf,

    #[command(flatten)]
    choice: Choice,

    /// List the invocations instead, with their numbers
    #[arg(long, conflicts_with_all = ["dap", "gdb", "commands", "target"])]
    list: bool,

    /// The chain that a block is applied to, which stays as it is; of a package, a chain or a state
    /// file to start from
    #[arg(long, value_name = "FILE")]
    state: Option<PathBuf>,

    /// The folder of the symbol files of a trace's or block's programs [default: the folder symbols
    /// beside it]
    #[arg(long, value_name = "FOLDER")]
    symbols: Option<PathBuf>,

    /// Read commands from this file; one that is not understood ends the session with status 2
    #[arg(long, value_name = "FILE")]
    commands: Option<PathBuf>,

    /// Read commands from a terminal a line each, as from a pipe, instead of showing panes
    #[arg(long)]
    lines: bool,

    /// Serve the Debug Adapter Protocol instead; its `launch` request names the package
    #[arg(long, conflicts_with_all = ["commands", "gdb"])]
    dap: bool,

    /// Serve it on this port of this machine, 0 for a free one [default: standard input and output]
    #[arg(long, value_name = "PORT", requires = "dap")]
    port: Option<u16>,

    /// Serve the remote protocol of GDB on this port of this machine instead, 0 for a free one
    #[arg(long, value_name = "PORT", conflicts_with = "commands")]
    gdb: Option<u16>,

    /// Look for source files in this folder, too (the subject's and its parents are always looked
    /// in)
    #[arg(long, value_name = "FOLDER")]
    source: Vec<PathBuf>,

    /// The gas of a program that is debugged alone
    #[arg(long, default_value = "10_000_000", value_parser = input::parse_amount)]
    gas: u64,

    /// About how many instructions there are between two recorded states: fewer make going back
    /// quicker
    #[arg(long, value_name = "COUNT", default_value = "2_000_000", value_parser = input::parse_amount)]
    spacing: u64,

    /// The most that the recording may take, in MiB
    #[arg(long, value_name = "MIB", default_value = "256", value_parser = input::parse_amount)]
    memory: u64,
}

impl Debug {
    pub fn run(&self, protocol: &ProtocolArgs, output: &Output) -> Result {
        if self.dap {
            return self.serve_editor(protocol, output);
        }
        if output.json {
            let help = "--dap serves the Debug Adapter Protocol, --gdb the protocol of GDB";
            return Err(Diagnosis::new("the debugger has no --json").help(help).into());
        }
        let subject = self.load(protocol)?;
        if self.list {
            return self.print_list(&subject, protocol, output);
        }
        let lines = self.lines(subject, protocol, output)?;
        match self.gdb {
            Some(port) => {
                gdb::serve(port, lines).map_err(unserved)?;
                Ok(Verdict::Done)
            }
            None if self.shows_panes() => {
                screen::run(lines, output.color)?;
                Ok(Verdict::Done)
            }
            None => self.talk(lines, output),
        }
    }

    /// A session on the subject, controlled by lines.
    fn lines(&self, subject: Subject, protocol: &ProtocolArgs, output: &Output) -> Result<Lines> {
        let ready = self.record(subject, protocol, output)?;
        let mut lines = Lines::new(ready.session, self.sources()?, ready.interface);
        lines.note = ready.note;
        Ok(lines)
    }

    /// True if the panes are to be shown: a capable terminal, and no option for lines.
    fn shows_panes(&self) -> bool {
        let is_dumb = std::env::var_os("TERM").is_none_or(|terminal| terminal == "dumb");
        let is_asked_by_lines = self.lines || self.commands.is_some() || is_dumb;
        !is_asked_by_lines && io::stdin().is_terminal() && io::stdout().is_terminal()
    }

    fn sources(&self) -> Result<Sources> {
        let folder = match self.subject.is_dir() {
            true => self.subject.as_path(),
            false => self.subject.parent().unwrap_or(Path::new("")),
        };
        let kept = capsule::read(&self.subject)?.map(|it| it.sources).unwrap_or_default();
        Ok(Sources::new(folder, &self.source).with_kept(kept))
    }

    fn serve_editor(&self, protocol: &ProtocolArgs, output: &Output) -> Result {
        let launch = |arguments: &serde_json::Value| {
            let debug = self.launched(arguments)?;
            let ready =
                debug.load(protocol).and_then(|subject| debug.record(subject, protocol, output));
            let sources = debug.sources().map_err(in_words)?;
            Ok(dap::Launched::new(ready.map_err(in_words)?, sources))
        };
        let served = match self.port {
            Some(port) => dap::serve_port(port, &launch),
            None => dap::serve_stdio(&launch),
        };
        served.map_err(unserved)?;
        Ok(Verdict::Done)
    }

    /// Options of a `launch` request, over those of the command line.
    fn launched(&self, arguments: &serde_json::Value) -> std::result::Result<Self, String> {
        let text = |name: &str| arguments[name].as_str().map(str::to_owned);
        let number = |name: &str| arguments[name].as_u64();
        let index = |name: &str| number(name).map(|it| usize::try_from(it).unwrap_or(usize::MAX));
        let accumulate =
            text("accumulate").or_else(|| number("accumulate").map(|service| service.to_string()));
        let sources = arguments["sources"].as_array().cloned().unwrap_or_default();
        let sources = sources.iter().filter_map(|folder| folder.as_str().map(PathBuf::from));
        Ok(Self {
            subject: text("program")
                .ok_or("`launch` needs `program`: a package or a program")?
                .into(),
            choice: Choice {
                is_authorized: arguments["isAuthorized"].as_bool().unwrap_or(false),
                refine: index("refine"),
                accumulate,
                invocation: index("invocation"),
            },
            list: false,
            state: text("state").map(PathBuf::from).or_else(|| self.state.clone()),
            symbols: text("symbols").map(PathBuf::from).or_else(|| self.symbols.clone()),
            commands: None,
            lines: false,
            dap: false,
            port: None,
            gdb: None,
            source: self.source.iter().cloned().chain(sources).collect(),
            gas: number("gas").unwrap_or(self.gas),
            spacing: number("spacing").unwrap_or(self.spacing),
            memory: number("memory").unwrap_or(self.memory),
        })
    }

    /// Reads commands and prints their results.
    fn talk(&self, mut lines: Lines, output: &Output) -> Result {
        let stdout = anstream::AutoStream::new(io::stdout().lock(), output.color);
        let mut out = crate::plain::Plain::new(stdout, crate::plain::Escape::Text);
        let echoes = self.commands.is_some();
        lines.welcome(&mut out)?;
        let text = match &self.commands {
            Some(path) => Some(input::text(path, &input::read(path)?, "write commands as text")?),
            None => None,
        };
        let prompts = text.is_none() && io::stdin().is_terminal();
        let given = text.as_deref().map(str::lines);
        let mut given: Box<dyn Iterator<Item = io::Result<String>>> = match given {
            Some(lines) => Box::new(lines.map(|line| Ok(line.to_owned()))),
            None => Box::new(io::stdin().lock().lines()),
        };
        let mut number = 0;
        loop {
            if prompts {
                write!(out, "(jambox) ")?;
                out.flush()?;
            }
            let Some(line) = given.next().transpose()? else { break };
            number += 1;
            if echoes && !line.trim().is_empty() {
                writeln!(out, "(jambox) {line}")?;
            }
            match lines.command(&line, &mut out)? {
                lines::Answer::Done => {}
                lines::Answer::Quit => break,
                lines::Answer::Refused(problem) => {
                    if let Some(path) = &self.commands {
                        out.flush()?;
                        return Err(Diagnosis::new(format!("line {number}: {problem}"))
                            .in_file(path)
                            .help("`help` in a session lists the commands")
                            .into());
                    }
                    writeln!(out, "{problem}")?;
                }
            }
        }
        out.flush()?;
        Ok(Verdict::Done)
    }
}

/// Failure of a connection: it could not be opened, or was closed.
fn unserved(error: io::Error) -> Failure {
    Diagnosis::new(format!("the session ended: {error}"))
        .help("--port 0 and --gdb 0 take a port that is free")
        .into()
}

/// Reason for the lack of a session, for a client that shows one line.
fn in_words(failure: Failure) -> String {
    match failure {
        Failure::Input(all) | Failure::Limit(all) => {
            all.iter().map(Diagnosis::message).collect::<Vec<_>>().join("; ")
        }
        Failure::Output(error) => error.to_string(),
        Failure::Untold(reason) => reason,
    }
}
