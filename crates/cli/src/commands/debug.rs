//! `jambox debug`: one invocation, forwards and backwards.

mod dap;
mod gdb;
mod lines;
mod places;
mod screen;
mod show;

use std::io::{self, BufRead, IsTerminal, Write};
use std::path::{Path, PathBuf};

use clap::Args;

use jambox_debug::{Bounds, Recorder, Session, Target};
use jambox_engine::{EngineError, Instance, Module, StandardModule};
use jambox_hostcall::Interface;
use jambox_package::{Capsule, Disk, load};
use jambox_types::{Hash, ServiceId};

use crate::capsule;
use crate::diagnosis::Diagnosis;
use crate::end_to_end;
use crate::engine::engine;
use crate::input;
use crate::outcome::{Failure, Result, Verdict};
use crate::output::Output;
use crate::program::{FormArg, Program};
use crate::protocol::{ProtocolArgs, interface};

use lines::Lines;
use show::Sources;

/// Debug one invocation of a work package, or a program: forwards and backwards
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

Exit status: 0, whatever the guest did; 2 bad input, an unknown command in a file included.")]
pub struct Debug {
    /// The package file, a folder with package.toml, a capsule, or a program (a blob or .asm)
    #[arg(default_value = "package.toml")]
    subject: PathBuf,

    /// Debug the refinement of this item, from 0 on [default: 0]
    #[arg(long, value_name = "ITEM", group = "target")]
    refine: Option<usize>,

    /// Debug the first accumulation of this service, by id or name
    #[arg(long, value_name = "SERVICE", group = "target")]
    accumulate: Option<String>,

    /// Debug the authorizer
    #[arg(long, group = "target")]
    is_authorized: bool,

    /// Read commands from this file; one that is not understood ends the session with status 2
    #[arg(long, value_name = "FILE")]
    commands: Option<PathBuf>,

    /// Read commands from a terminal a line each, as from a pipe, instead of showing panes
    #[arg(long)]
    lines: bool,

    /// Serve the Debug Adapter Protocol instead; what is debugged comes with its `launch` request
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
            return Err(Diagnosis::new("the debugger speaks in lines, not JSON").help(help).into());
        }
        let (session, interface) = self.session(protocol, output)?;
        let lines = Lines::new(session, self.sources(), interface);
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

    /// True if the panes are to be shown: a capable terminal, and no option for lines.
    fn shows_panes(&self) -> bool {
        let is_dumb = std::env::var_os("TERM").is_none_or(|terminal| terminal == "dumb");
        let is_asked_by_lines = self.lines || self.commands.is_some() || is_dumb;
        !is_asked_by_lines && io::stdin().is_terminal() && io::stdout().is_terminal()
    }

    fn sources(&self) -> Sources {
        let folder = match self.subject.is_dir() {
            true => self.subject.as_path(),
            false => self.subject.parent().unwrap_or(Path::new("")),
        };
        Sources::new(folder, &self.source)
    }

    fn serve_editor(&self, protocol: &ProtocolArgs, output: &Output) -> Result {
        let launch = |arguments: &serde_json::Value| {
            let debug = self.launched(arguments)?;
            let (session, interface) = debug.session(protocol, output).map_err(in_words)?;
            Ok(dap::Launched { session, sources: debug.sources(), interface })
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
        let refine = number("refine").map(|item| usize::try_from(item).unwrap_or(usize::MAX));
        let accumulate =
            text("accumulate").or_else(|| number("accumulate").map(|service| service.to_string()));
        let sources = arguments["sources"].as_array().cloned().unwrap_or_default();
        let sources = sources.iter().filter_map(|folder| folder.as_str().map(PathBuf::from));
        Ok(Self {
            subject: text("program")
                .ok_or("`launch` needs `program`: a package or a program")?
                .into(),
            is_authorized: arguments["isAuthorized"].as_bool().unwrap_or(false),
            refine,
            accumulate,
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

    fn bounds(&self) -> Bounds {
        let octets = usize::try_from(self.memory.saturating_mul(1 << 20)).unwrap_or(usize::MAX);
        Bounds { octets, spacing: self.spacing }
    }

    fn session(&self, protocol: &ProtocolArgs, output: &Output) -> Result<(Session, Interface)> {
        let capsule = capsule::read(&self.subject)?;
        let is_program = capsule.is_none()
            && self.subject.is_file()
            && self.subject.extension().is_none_or(|extension| extension != "toml");
        let spinner = output.spinner("recording");
        let recording = if is_program {
            self.record_program(protocol)?
        } else {
            self.record_package(protocol, capsule.as_ref())?
        };
        spinner.finish_and_clear();
        Ok(recording)
    }

    fn record_program(&self, args: &ProtocolArgs) -> Result<(Session, Interface)> {
        let program = Program::load(&self.subject, FormArg::Auto, args)?;
        let protocol = program.protocol;
        let failed = |error: EngineError| Diagnosis::new(error.to_string());
        let engine = engine(&protocol, args.backend())?;
        let mut instance = match program.standard() {
            Some(standard) => {
                StandardModule::new(&engine, standard.clone()).and_then(|ready| ready.instance(&[]))
            }
            None => Module::new(&engine, program.blob().clone())
                .and_then(|module| Instance::new(&module)),
        }
        .map_err(failed)?;
        instance.set_gas(self.gas);
        let hash = Hash::blake2b(&program.octets);
        let symbols = program.symbols.into_iter().map(|symbols| (hash, symbols)).collect();
        // The first code to run is the whole program, so the recording is never empty.
        let recorder = Recorder::new(Target::Refine(0), self.bounds(), &symbols);
        let recording = recorder.record_program(&mut instance, hash);
        let session = recording.and_then(Session::new);
        let session = session.ok_or_else(|| Diagnosis::new("nothing ran"))?;
        Ok((session, interface(&protocol)?))
    }

    fn record_package(
        &self,
        protocol: &ProtocolArgs,
        capsule: Option<&Capsule>,
    ) -> Result<(Session, Interface)> {
        let path = capsule::locate(&self.subject)?;
        let switches = protocol.switches()?;
        let package = match capsule {
            Some(capsule) => capsule::load(capsule, &switches, None)?,
            None => load(&Disk, &path, &switches, None)
                .map_err(|invalid| Failure::Input(Diagnosis::of_package(&invalid)))?,
        };
        let mut execution = protocol.execution();
        // A limit of time would cut the recorded runs short.
        execution.limits.time = None;
        let env = end_to_end::env(&package, execution)?;
        let target = self.target(&package)?;
        let mut recorder = Recorder::new(target, self.bounds(), &package.symbols);
        let computed = end_to_end::in_core(&env, &package, &mut recorder)?;
        let why_not = match &computed {
            Ok(computed) if matches!(target, Target::Accumulate(_)) => {
                end_to_end::on_chain(&env, &package, &computed.report, None, &mut recorder)?;
                None
            }
            Ok(_) => None,
            Err(end_to_end::NotAuthorized(reason)) => Some(reason.clone()),
        };
        let session = recorder.finish().and_then(Session::new);
        let session = session.ok_or_else(|| {
            let why = why_not.unwrap_or_else(|| "it has no code, or no such item".to_owned());
            Diagnosis::new(format!("that invocation did not run: {why}"))
                .in_file(&path)
                .help("--refine ITEM, --accumulate SERVICE and --is-authorized choose another")
        })?;
        Ok((session, interface(&package.protocol)?))
    }

    fn target(&self, package: &jambox_package::Package) -> Result<Target> {
        if self.is_authorized {
            return Ok(Target::IsAuthorized);
        }
        let Some(service) = &self.accumulate else {
            return Ok(Target::Refine(self.refine.unwrap_or(0)));
        };
        let named = package.names.iter().find(|(_, name)| *name == service).map(|(id, _)| *id);
        let id = named.or_else(|| service.parse().ok().map(ServiceId));
        let known: Vec<_> = package.names.values().map(String::as_str).collect();
        Ok(Target::Accumulate(id.ok_or_else(|| {
            Diagnosis::new(format!("no service `{service}`"))
                .expected(format!("expected an id, or one of: {}", known.join(", ")))
        })?))
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
