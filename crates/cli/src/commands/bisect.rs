//! `jambox bisect`: the first difference of two runs.

mod folders;
mod report;
mod sides;
mod steps;

use std::path::{Path, PathBuf};

use clap::Args;

use jambox_engine::Backend;
use jambox_inspect::difference::{Rules, first_difference};
use jambox_package::Switches;
use jambox_types::Revision;
use jambox_vectors::Campaign;

use crate::campaign::Sharing;
use crate::checks::Checks;
use crate::diagnosis::Diagnosis;
use crate::outcome::{Result, Verdict};
use crate::output::Output;
use crate::protocol::ProtocolArgs;

use report::Found;
use sides::Side;

/// Find the first difference between two runs: the invocation, the host call, the instruction
///
/// Two traces, two packages (such as the same one with another blob), or one package under two
/// revisions or on two backends. Packages are run, and traces replayed, as often as it takes. A
/// step of a block trace is applied here and compared with its state after: the values that
/// differ, the host calls that wrote them, and their lines. Folders of traces and of steps are
/// compared file by file.
#[derive(Debug, Args)]
#[command(after_help = "\
Examples:
  jambox bisect run.log other.log
  jambox bisect first.toml second.toml
  jambox bisect package.toml --backends interpreter,recompiler
  jambox bisect package.toml --revisions gray-paper-0.7.2,gray-paper-0.8.0
  jambox bisect traces/fuzzy/00000012.bin                  our run against the state after
  jambox bisect traces traces --shard 1/4                  folders of traces, a part of them

Exit status: 0 when the runs are the same; 1 when they differ; 2 when one cannot be made.")]
pub struct Bisect {
    /// A package file, a folder with package.toml, a trace, a step of a block trace, or a folder of
    /// either
    first: PathBuf,

    /// Another of the same kind
    second: Option<PathBuf>,

    /// Run the package on these two backends
    #[arg(long, value_name = "A,B", value_delimiter = ',', conflicts_with = "second")]
    backends: Vec<Backend>,

    /// Run the package under these two revisions; gas is not compared then
    #[arg(long, value_name = "A,B", value_delimiter = ',')]
    #[arg(conflicts_with_all = ["second", "backends"])]
    revisions: Vec<Revision>,

    #[command(flatten)]
    sharing: Sharing,
}

impl Bisect {
    pub fn run(&self, protocol: &ProtocolArgs, output: &Output) -> Result {
        let first = self.first.as_path();
        match &self.second {
            None if steps::are_steps(first) => {
                self.each(output, |campaign| steps::compare(first, protocol, campaign))
            }
            Some(second) if folders::are_traces(first, second) => {
                self.each(output, |campaign| folders::compare([first, second], protocol, campaign))
            }
            _ => self.two(protocol, output),
        }
    }

    /// Compares many traces or steps, each as a case.
    fn each(
        &self,
        output: &Output,
        compare: impl FnOnce(&mut Campaign<'_>) -> Result<()>,
    ) -> Result {
        let spinner = output.spinner("comparing");
        let checked = self.sharing.run("bisect", compare);
        spinner.finish_and_clear();
        let checks = Checks::new(checked?, output.verbosity > 0);
        output.emit(&checks)?;
        Ok(Verdict::failed_if(checks.failed()))
    }

    fn two(&self, protocol: &ProtocolArgs, output: &Output) -> Result {
        if self.sharing.is_named() {
            let message = "a comparison of two runs has no parts to share out";
            let help = "leave --shard and --results out; they are for folders and for steps of block traces";
            return Err(Diagnosis::new(message).in_file(&self.first).help(help).into());
        }
        let spinner = output.spinner("comparing");
        let [mut one, mut other] = self.sides(protocol)?;
        let gas = self.revisions.is_empty() && one.has_revision_of(&other);
        let rules = Rules { gas, code: !sides::is_package(&self.first) };
        let found = first_difference(&mut one, &mut other, rules);
        spinner.finish_and_clear();
        let found = found?.map(|difference| Found::new(difference, [&one, &other]));
        let (first, second) = (one.label(), other.label());
        output.emit(&report::Bisected { first, second, found: &found })?;
        Ok(Verdict::failed_if(found.is_some()))
    }

    fn sides(&self, protocol: &ProtocolArgs) -> Result<[Side; 2]> {
        let switches = protocol.switches()?;
        let first = self.first.as_path();
        match (&self.second, self.backends.as_slice(), self.revisions.as_slice()) {
            (Some(second), ..) => {
                let [is_package, other] = [first, second].map(sides::is_package);
                if is_package != other {
                    let message =
                        "one of the two is a package, the other a trace: expected two of a kind";
                    let help = "`jambox trace record` makes a trace of a package";
                    return Err(Diagnosis::new(message).in_file(second).help(help).into());
                }
                let side = |path: &Path| {
                    let label = path.display().to_string();
                    match is_package {
                        true => Side::package(label, path, switches, protocol.execution()),
                        false => Side::trace(label, path, protocol),
                    }
                };
                Ok([side(first)?, side(second)?])
            }
            (None, [one, other], _) => {
                let side = |backend: Backend| {
                    let execution = crate::engine::Execution { backend, ..protocol.execution() };
                    Side::package(backend.to_string(), first, switches, execution)
                };
                Ok([side(*one)?, side(*other)?])
            }
            (None, _, [one, other]) => {
                let side = |revision: Revision| {
                    let switches = Switches { revision: Some(revision), ..switches };
                    Side::package(revision.to_string(), first, switches, protocol.execution())
                };
                Ok([side(*one)?, side(*other)?])
            }
            _ => {
                let message = "only one run is named: expected two to compare";
                let help = "name a second run, --backends A,B or --revisions A,B";
                Err(Diagnosis::new(message).in_file(first).help(help).into())
            }
        }
    }
}
