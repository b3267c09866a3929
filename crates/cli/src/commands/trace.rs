//! `jambox trace`: host-call traces in the JIP-7 text form.

mod measured;
mod show;

use std::io::{self, BufReader, Write};
use std::path::{Path, PathBuf};

use clap::{Args, Subcommand};
use serde::Serialize;
use tempfile::TempDir;

use jambox_chain::ServiceCall;
use jambox_inspect::Instruments;
use jambox_inspect::count;
use jambox_package::{Disk, load};
use jambox_trace::{Reader, Recording, write_execution};
use jambox_types::{Protocol, Revision};
use jambox_vectors::replay;

use crate::campaign::Sharing;
use crate::chain::{self, Chain};
use crate::checks::Checks;
use crate::commands::vectors::failure;
use crate::diagnosis::Diagnosis;
use crate::end_to_end;
use crate::engine::engine;
use crate::input;
use crate::logging::Logging;
use crate::measuring::Measuring;
use crate::outcome::{Failure, Result, Verdict};
use crate::output::{Output, Report};
use crate::package_file::locate;
use crate::protocol::ProtocolArgs;

pub use show::context;

/// Record, replay and show host-call traces (JIP-7)
#[derive(Debug, Args)]
#[command(after_help = "\
Examples:
  jambox trace record package.toml -o run.log
  jambox trace replay run.log
  jambox trace show run.log")]
pub struct Trace {
    #[command(subcommand)]
    action: Action,
}

#[derive(Debug, Subcommand)]
enum Action {
    /// Run a work package and record every invocation
    #[command(after_help = "\
Examples:
  jambox trace record package.toml -o run.log
  jambox trace record package.toml -o runs/ --each
  jambox trace record package.toml -o run.log --instructions steps.txt --invocation accumulate
  jambox trace record second.toml --state chain.redb -o run.log

Exit status: as of `jambox run`; the trace is written whether a guest fails or not.")]
    Record(Record),
    /// Replay every execution of a trace on a bare machine and compare
    ///
    /// An execution that does not name its revision is tried under each, unless --revision names
    /// one. Ends with a line `N passed, N failed, N skipped`.
    #[command(after_help = "\
Examples:
  jambox trace replay run.log
  jambox trace replay traces/                     every trace under the folder
  jambox trace replay run.log --profile gas.svg   and where the gas went, as a flame graph

Exit status: 0 when every execution is as in its trace; 1 when one is not; 2 when none can be \
read.")]
    Replay(Replay),
    /// Show the executions of a trace
    Show(show::Show),
}

#[derive(Debug, Args)]
struct Record {
    /// The package file, or a folder with package.toml
    package: PathBuf,

    /// The file to write
    #[arg(short, long, value_name = "FILE")]
    output: PathBuf,

    /// Start from this state file, or from the state of this chain, which stays as it is; wins over
    /// the one that the package file names
    #[arg(long, value_name = "FILE")]
    state: Option<PathBuf>,

    /// Write each execution to a file of its own in the folder that --output names: tools that read
    /// one execution a file take those
    #[arg(long)]
    each: bool,

    #[command(flatten)]
    logging: Logging,
}

#[derive(Debug, Args)]
struct Replay {
    /// A trace, or a folder of traces
    place: PathBuf,

    /// The folder of its programs' symbol files [default: the folder symbols beside the trace]
    #[arg(long, value_name = "FOLDER")]
    symbols: Option<PathBuf>,

    #[command(flatten)]
    measuring: Measuring,

    #[command(flatten)]
    sharing: Sharing,
}

impl Trace {
    pub fn run(&self, protocol: &ProtocolArgs, output: &Output) -> Result {
        match &self.action {
            Action::Record(record) => record.run(protocol, output),
            Action::Replay(replay) => replay.run(protocol, output),
            Action::Show(show) => show.run(protocol, output),
        }
    }
}

impl Record {
    fn run(&self, protocol: &ProtocolArgs, output: &Output) -> Result {
        let path = locate(&self.package)?;
        let chain = match self.state.as_deref() {
            Some(path) if chain::is_store(path) => Some(Chain::open(path)?),
            _ => None,
        };
        let switches = protocol.switches()?;
        let package = match &chain {
            Some(chain) => chain.load(&Disk, &path, switches)?,
            None => load(&Disk, &path, &switches, self.state.as_deref())
                .map_err(|invalid| Failure::Input(end_to_end::mistakes(&invalid)))?,
        };
        let env = end_to_end::env(&package, protocol.execution())?;
        let unwritable = |error: io::Error| input::unwritable(&self.output, &error);
        let (log, open_log) = self.logging.open(output)?.unzip();
        let whole = self.whole()?;
        let recording = Recording::create(&whole.path).map_err(unwritable)?;
        let instruments = Instruments::new(&package.symbols).with_log(log);
        let mut recording = (instruments, recording);
        let computed = end_to_end::in_core(&env, &package, &mut recording)?;
        let verdict = match computed {
            Ok(computed) => {
                let history = chain.as_ref().map(Chain::history).transpose()?;
                let report = &computed.report;
                let on_chain =
                    end_to_end::on_chain(&env, &package, report, history, &mut recording)?;
                let refused = computed.report.digests.iter().any(|digest| digest.result.0.is_err());
                Verdict::failed_if(refused || on_chain.calls.iter().any(ServiceCall::has_failed))
            }
            Err(_) => Verdict::Failed,
        };
        let (mut instruments, recording) = recording;
        // A recording without executions is no trace, so its file is not finished.
        let executions = match recording.executions() {
            0 => 0,
            _ => recording.finish().map_err(unwritable)?,
        };
        if let (Some(open), Some(log)) = (open_log, instruments.take_log()) {
            open.finish(log)?;
        }
        if self.each && executions > 0 {
            self.split(&whole.path)?;
        }
        output.emit(&Recorded { file: self.output.display().to_string(), executions })?;
        Ok(verdict)
    }
}

/// First file of all executions.
struct Whole {
    path: PathBuf,
    /// Temporary folder, removed when this is dropped.
    _folder: Option<TempDir>,
}

impl Record {
    /// The output file, or a temporary one that is split later.
    fn whole(&self) -> Result<Whole> {
        if !self.each {
            return Ok(Whole { path: self.output.clone(), _folder: None });
        }
        let unwritable = |error: io::Error| input::unwritable(&self.output, &error);
        std::fs::create_dir_all(&self.output).map_err(unwritable)?;
        let folder = tempfile::tempdir_in(&self.output).map_err(unwritable)?;
        Ok(Whole { path: folder.path().join("run.log"), _folder: Some(folder) })
    }

    /// Writes each execution of a trace to a file of its own, named by its number.
    fn split(&self, whole: &Path) -> Result<()> {
        let file = input::open(whole)?;
        for (number, execution) in (1..).zip(Reader::new(BufReader::new(file))) {
            let execution = execution.map_err(|error| Diagnosis::new(error.to_string()))?;
            let path = self.output.join(format!("{number:03}.log"));
            let mut octets = Vec::new();
            write_execution(&mut octets, &execution)
                .map_err(|error| input::unwritable(&path, &error))?;
            input::write(&path, &octets)?;
        }
        Ok(())
    }
}

#[derive(Serialize)]
struct Recorded {
    file: String,
    executions: usize,
}

impl Report for Recorded {
    fn write(&self, out: &mut dyn Write) -> io::Result<()> {
        match self.executions {
            0 => writeln!(out, "no program came to run: {} is not written", self.file),
            executions => writeln!(out, "{}: {}", self.file, count(executions as u64, "execution")),
        }
    }
}

impl Replay {
    fn run(&self, protocol: &ProtocolArgs, output: &Output) -> Result {
        let revisions = match protocol.revision() {
            Some(revision) => vec![revision],
            None => Revision::ALL.to_vec(),
        };
        let default = protocol.protocol()?;
        let engines = revisions
            .into_iter()
            .map(|revision| engine(&Protocol { revision, ..default }, protocol.backend()))
            .collect::<Result<Vec<_>>>()?;
        self.measuring.check()?;
        let spinner = output.spinner("replaying");
        let checked = self.sharing.run("trace replay", |campaign| {
            let replayed = replay::run_part(&self.place, &engines, campaign);
            replayed.map_err(|error| failure(&self.place, &error))
        });
        spinner.finish_and_clear();
        let checked = checked?;
        let checks = Checks::new(checked, output.verbosity > 0);
        let measured = measured::write(self, &engines)?;
        output.emit(&measured::Replayed { checks: &checks, measured })?;
        Ok(Verdict::failed_if(checks.failed()))
    }
}
