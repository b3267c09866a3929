//! `jambox run`: a work package from end to end.

mod compare;
mod model;
mod summary;
mod text;

use std::cell::RefCell;
use std::collections::BTreeSet;
use std::path::{Path, PathBuf};

use clap::Args;

use jambox_chain::{Alone, Computed};
use jambox_codec::encode_with;
use jambox_inspect::account::{Detail, Recorder, Setting};
use jambox_package::{Disk, Files, Package, Snapshot, Switches, load};
use jambox_types::Revision;

use crate::capsule;
use crate::chain::{self, Chain};
use crate::diagnosis::Diagnosis;
use crate::end_to_end;
use crate::input;
use crate::logging::Logging;
use crate::measuring::Measuring;
use crate::outcome::{Failure, Result, Verdict};
use crate::output::Output;
use crate::package_file;
use crate::protocol::ProtocolArgs;
use crate::sources::Sources;
use crate::watch::{Watched, watch};

use compare::{Comparison, Side};

/// Run a work package from end to end: is-authorized, refine, work report, accumulate, state
///
/// The package file names the services, their code and state, the authorizer and the work items;
/// its format is described in docs/package-file.md.
#[derive(Debug, Args)]
#[command(after_help = "\
Examples:
  jambox run guests/asm/counter/package.toml
  jambox run package.toml -v                      with every host call (-vv: and memory)
  jambox run package.toml -vvv                    and every instruction of an invocation
  jambox run package.toml --profile               with what took the gas
  jambox run package.toml --profile gas.svg       and as a flame graph, by call stack
  jambox run package.toml --coverage run.info     with how often each line ran, for genhtml
  jambox run package.toml --json | jq .state
  jambox run package.toml --watch                 again whenever a file of it has changed
  jambox run package.toml --compare-revisions     under 0.7.2 and 0.8.0, and what differs
  jambox run package.toml --capsule run.capsule   and all that it takes in one file, to
  jambox run run.capsule                          run it elsewhere
  jambox run first.toml --save-state after.json   and then
  jambox run second.toml --state after.json
  jambox state init chain.redb                    and then, as often as you like,
  jambox run package.toml --state chain.redb

Exit status: 0 when every guest halted and every result was accepted; 1 when the package was not \
authorized, or a guest panicked, ran out of gas, had no code, or had its result refused; 2 bad \
input.")]
pub struct Run {
    /// The package file, or a folder with package.toml
    #[arg(default_value = "package.toml")]
    package: PathBuf,

    /// Start from this state file, or go on with this chain (a .redb made by `jambox state init`),
    /// which keeps the state after the run; wins over the package file
    #[arg(long, value_name = "FILE")]
    state: Option<PathBuf>,

    /// Write the state after the run to this file
    #[arg(long, value_name = "FILE")]
    save_state: Option<PathBuf>,

    /// Write the exported segments to this file, one after the other
    #[arg(long, value_name = "FILE")]
    save_exports: Option<PathBuf>,

    /// Write everything that this run needs to this file: the package, every file read for it,
    /// symbols, state, revision and parameters. `jambox run` takes such a file as a package
    #[arg(long, value_name = "FILE")]
    capsule: Option<PathBuf>,

    /// Put into that file the source files, too, that the symbols name and that are found in the
    /// package's folder or around it, so that the debugger shows them elsewhere
    #[arg(long, requires = "capsule")]
    capsule_sources: bool,

    /// Write the encoded work report to this file
    #[arg(long, value_name = "FILE")]
    save_report: Option<PathBuf>,

    /// Write the encoded work package to this file
    #[arg(long, value_name = "FILE")]
    save_package: Option<PathBuf>,

    /// Write the bundle to this file: package, extrinsics, imported segments and their proofs
    #[arg(long, value_name = "FILE")]
    save_bundle: Option<PathBuf>,

    /// Run the package under the newest revision and the one before it, and show what differs:
    /// outcomes, gas, host calls in their order, what is changed in the state
    ///
    /// A blob is of one revision. The package file names one for each:
    /// code = { "gray-paper-0.7.2" = "file:a.jam", "gray-paper-0.8.0" = "file:b.jam" }.
    #[arg(long, conflicts_with_all = ["save_state", "save_exports", "save_report", "profile"])]
    #[arg(conflicts_with_all = ["save_package", "save_bundle", "coverage", "instructions"])]
    #[arg(conflicts_with = "capsule")]
    compare_revisions: bool,

    /// Run again whenever a file that the package is made of has changed
    #[arg(long)]
    watch: bool,

    #[command(flatten)]
    measuring: Measuring,

    #[command(flatten)]
    logging: Logging,
}

impl Run {
    pub fn run(&self, protocol: &ProtocolArgs, output: &Output) -> Result {
        self.measuring.check()?;
        if !self.watch {
            return self.once(protocol, output, &Disk);
        }
        let mut watched = Watched::default();
        watched.files.insert(package_file::in_folder(&self.package));
        watch(output, watched, |watched| {
            let noted = Noted::default();
            let ended = self.once(protocol, output, &noted);
            watched.files.extend(noted.0.into_inner());
            // A file that the run writes would start the run again, for ever.
            watched.files.retain(|file| Some(file) != self.save_state.as_ref());
            ended
        })
    }

    fn once(&self, protocol: &ProtocolArgs, output: &Output, files: &dyn Files) -> Result {
        if self.compare_revisions {
            return self.compare(protocol, output, files);
        }
        let chain = self.open_chain()?;
        let switches = protocol.switches()?;
        let path = capsule::locate(&self.package)?;
        let package = match &chain {
            Some(chain) => chain.load(files, &path, switches)?,
            None => self.load(files, &path, &switches)?,
        };
        self.keep(&path, &switches)?;
        let env = end_to_end::env(&package, protocol.execution())?;
        let (log, open_log) = self.logging.open(output)?.unzip();
        let instruments = self.measuring.instruments(&package.symbols)?.with_log(log);
        let detail = Detail { calls: output.verbosity > 0, ..Detail::WHOLE };
        let mut watch = (instruments, Recorder::new(setting(&package), detail));

        let spinner = output.spinner("running");
        let computed = end_to_end::in_core(&env, &package, &mut watch)?;
        let on_chain = match &computed {
            Ok(computed) => {
                let report = &computed.report;
                let history = chain.as_ref().map(Chain::history).transpose()?;
                Some(end_to_end::on_chain(&env, &package, report, history, &mut watch)?)
            }
            Err(_) => None,
        };
        spinner.finish_and_clear();

        self.save(&package, computed.as_ref().ok(), on_chain.as_ref())?;
        let (mut measured, recorder) = watch;
        let mut recorded = recorder.finish();
        if let (Some(open), Some(log)) = (open_log, measured.take_log()) {
            open.finish(log)?;
        }
        let profiles = measured.profiles().iter().filter(|_| self.measuring.shows_profile());
        for ((_, invocation), profile) in recorded.iter_mut().zip(profiles) {
            invocation.profile = profile.spent.clone();
        }
        let mut report = summary::summarize(&package, recorded, &computed, on_chain.as_ref())?;
        if let (Some(chain), Ok(computed), Some(on_chain)) = (&chain, &computed, &on_chain) {
            report.chain = Some(chain.commit(&package, computed, on_chain)?);
        }
        let folder = path.parent().unwrap_or(Path::new(""));
        report.coverage = self.measuring.write(&measured, folder)?;
        let shown = text::Shown { report: &report, verbosity: output.verbosity };
        match (output.emit(&shown), &report.chain) {
            (Err(error), Some(kept)) => return Err(kept.but_untold(&error)),
            (emitted, _) => emitted?,
        }
        Ok(Verdict::failed_if(!report.failures.is_empty()))
    }

    /// The chain to start from; `None` without one, or with a state file.
    fn open_chain(&self) -> Result<Option<Chain>> {
        let Some(path) = self.state.as_deref().filter(|path| chain::is_store(path)) else {
            return Ok(None);
        };
        let chain = Chain::open(path)?;
        if let Some(path) = &self.save_state {
            let message = "--save-state and a chain exclude each other: the chain keeps its state";
            let help = "leave --save-state out, or export with `jambox state export`";
            return Err(Diagnosis::new(message).in_file(path).help(help).into());
        }
        Ok(Some(chain))
    }

    fn load(&self, files: &dyn Files, path: &Path, switches: &Switches) -> Result<Package> {
        if let Some(capsule) = capsule::read(path)? {
            return capsule::load(&capsule, switches, self.state.as_deref());
        }
        load(files, path, switches, self.state.as_deref())
            .map_err(|invalid| Failure::Input(end_to_end::mistakes(&invalid)))
    }

    /// Writes the capsule that was asked for.
    fn keep(&self, path: &Path, switches: &Switches) -> Result<()> {
        match &self.capsule {
            Some(to) => {
                let folder = path.parent().unwrap_or(Path::new(""));
                let sources = self.capsule_sources.then(|| Sources::new(folder, &[]));
                capsule::write(to, path, switches, self.state.as_deref(), sources.as_ref())
            }
            None => Ok(()),
        }
    }

    /// Runs the package under two revisions and shows what differs.
    fn compare(&self, protocol: &ProtocolArgs, output: &Output, files: &dyn Files) -> Result {
        if let Some(path) = self.state.as_deref().filter(|path| chain::is_store(path)) {
            let help = "leave --compare-revisions out, or run the package without the chain";
            let diagnosis = Diagnosis::new("a chain is of one revision").in_file(path).help(help);
            return Err(diagnosis.into());
        }
        if protocol.revision().is_some() {
            let message = "--compare-revisions and --revision exclude each other";
            return Err(Diagnosis::new(message).help("leave one of them out").into());
        }
        let [.., older, newer] = Revision::ALL;
        let path = capsule::locate(&self.package)?;
        let switches = protocol.switches()?;
        let loaded =
            |revision| self.load(files, &path, &Switches { revision: Some(revision), ..switches });
        // Mistakes of the file are reported before anything runs.
        let packages = [loaded(older)?, loaded(newer)?];
        let spinner = output.spinner("running");
        let side = |package: &Package| {
            let env = end_to_end::env(package, protocol.execution())?;
            let mut recorder = Recorder::new(setting(package), Detail::WHOLE);
            let computed = end_to_end::in_core(&env, package, &mut recorder)?;
            let report = computed.as_ref().ok().map(|computed| &computed.report);
            let on_chain = report
                .map(|report| end_to_end::on_chain(&env, package, report, None, &mut recorder))
                .transpose()?;
            let recorded = recorder.finish();
            let report = summary::summarize(package, recorded, &computed, on_chain.as_ref())?;
            Side::new(package, report, &computed, on_chain.as_ref())
        };
        let [older, newer] = &packages;
        let sides = [side(older)?, side(newer)?];
        spinner.finish_and_clear();
        let comparison = Comparison::of(sides);
        let failed = comparison.failures.iter().any(|failures| !failures.is_empty());
        output.emit(&comparison.shown(output.verbosity))?;
        Ok(Verdict::failed_if(failed))
    }

    fn save(
        &self,
        package: &Package,
        computed: Option<&Computed>,
        on_chain: Option<&Alone>,
    ) -> Result<()> {
        if let Some(path) = &self.save_state {
            let snapshot = Snapshot {
                revision: package.protocol.revision,
                slot: package.slot,
                entropy: package.entropy,
                state: on_chain
                    .map_or(&package.state, |on_chain| &on_chain.after.state.state)
                    .clone(),
                names: package.names.clone(),
            };
            input::write(path, snapshot.to_json().as_bytes())?;
        }
        if let Some(path) = &self.save_package {
            input::write(path, &encode_with(&package.work_package, &package.protocol))?;
        }
        let Some(computed) = computed else { return Ok(()) };
        if let Some(path) = &self.save_bundle {
            input::write(path, &computed.bundle)?;
        }
        if let Some(path) = &self.save_exports {
            input::write(path, &computed.exports.concat())?;
        }
        if let Some(path) = &self.save_report {
            input::write(path, &encode_with(&computed.report, &package.protocol))?;
        }
        Ok(())
    }
}

/// Files of this machine, with a record of the files that were read.
#[derive(Debug, Default)]
struct Noted(RefCell<BTreeSet<PathBuf>>);

impl Files for Noted {
    fn read(&self, path: &Path, limit: u64) -> std::result::Result<Vec<u8>, String> {
        self.0.borrow_mut().insert(path.to_owned());
        Disk.read(path, limit)
    }
}

fn setting(package: &Package) -> Setting<'_> {
    Setting {
        protocol: &package.protocol,
        slot: package.slot,
        names: &package.names,
        symbols: &package.symbols,
    }
}
