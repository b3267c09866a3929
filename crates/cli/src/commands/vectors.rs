//! `jambox vectors`: public test vectors.

mod at_fault;

use std::path::{Path, PathBuf};

use clap::{Args, Subcommand};
use indicatif::ProgressBar;

use jambox_invocation::Env;
use jambox_types::{Parameters, Protocol, Revision};
use jambox_vectors::steps::Step;
use jambox_vectors::{
    Campaign, Error, Report as Checked, codec, erasure, pvm, refine, stf, traces, trie,
};

use crate::campaign::{Sharing, failed};
use crate::checks::Checks;
use crate::diagnosis::Diagnosis;
use crate::engine::{Execution, engine, environment};
use crate::input;
use crate::outcome::{Failure, Result, Verdict};
use crate::output::Output;
use crate::plain::plain;
use crate::protocol::ProtocolArgs;

/// Run public test vectors
///
/// Ends with a line `N passed, N failed, N skipped`. The parameters are tiny, as in the public
/// vectors, unless --params says otherwise.
#[derive(Debug, Args)]
#[command(after_help = "\
Examples, with V a folder of unpacked vectors:
  jambox vectors pvm V/pvm/w3f_v0.4/programs
  jambox vectors stf V/jam-test-vectors/stf
  jambox vectors codec V/jam-test-vectors/codec/tiny -v     lists what passed, too
  jambox vectors stf V/jam-test-vectors/stf --shard 1/4 --results 1.jsonl

Exit status: 0 when none failed; 1 when one did; 2 when the folder holds no vectors.")]
pub struct Vectors {
    #[command(subcommand)]
    family: Family,

    #[command(flatten)]
    sharing: Sharing,
}

#[derive(Debug, Subcommand)]
enum Family {
    /// Single programs: exit, pc, registers, gas, memory, costs of blocks, validity (*.json)
    #[command(after_help = "\
Examples:
  jambox vectors pvm V/pvm/w3f_v0.4/programs
  jambox vectors pvm V/pvm/koute_v0.5/programs
  jambox vectors pvm V/pvm/deblob.json

A program runs under the revision that its file's format is of.")]
    Pvm(Folder),
    /// State transitions: accumulate, preimages (*.bin with *.json)
    #[command(after_help = "Examples:\n  jambox vectors stf V/jam-test-vectors/stf")]
    Stf(Folder),
    /// Encodings of the protocol's types (*.bin with *.json)
    #[command(after_help = "Examples:\n  jambox vectors codec V/jam-test-vectors/codec/tiny")]
    Codec(Folder),
    /// Refinements with inner machines: end, gas, output, exports (*.json)
    #[command(after_help = "Examples:\n  jambox vectors refine V/refine")]
    Refine(Folder),
    /// Roots of state tries (*.json)
    #[command(after_help = "Examples:\n  jambox vectors trie V/jam-test-vectors/trie")]
    Trie(Folder),
    /// Erasure codes (*.json)
    #[command(after_help = "Examples:\n  jambox vectors erasure V/jam-test-vectors/erasure")]
    Erasure(Folder),
    /// Blocks with the whole state before and after (NNNNNNNN.bin)
    Traces(Traces),
}

#[derive(Debug, Args)]
struct Folder {
    /// The folder of the vectors
    folder: PathBuf,
}

#[derive(Debug, Args)]
#[command(after_help = "\
Examples:
  jambox vectors traces V/jam-test-vectors/traces/storage --from 7

On a difference it says which block, component, service and key, what was expected and what came out, \
and shows the host calls of the service at fault.")]
struct Traces {
    /// The folder of the vectors
    folder: PathBuf,

    /// Begin with this step: its number, for every trace, or trace/number
    #[arg(long, value_name = "STEP")]
    from: Option<String>,
}

impl Vectors {
    pub fn run(&self, protocol: &ProtocolArgs, output: &Output) -> Result {
        let tiny = Protocol { parameters: Parameters::TINY, ..Protocol::default() };
        let execution = protocol.execution();
        let switches = protocol.switches()?;
        let protocol = switches.over(tiny);
        // Traces have a bar of their own.
        let spinner = match &self.family {
            Family::Traces(_) => ProgressBar::hidden(),
            _ => output.spinner("running vectors"),
        };
        let checked = self.check(&protocol, switches.revision, execution, output);
        spinner.finish_and_clear();
        let checked = checked?;
        if checked.cases.is_empty() && !self.sharing.is_asked_for()? {
            let diagnosis = Diagnosis::new("nothing was checked: no vector was chosen");
            return Err(diagnosis.help("does what --from names exist?").into());
        }
        let checks = Checks::new(checked, output.verbosity > 0);
        output.emit(&checks)?;
        Ok(Verdict::failed_if(checks.failed()))
    }
}

impl Vectors {
    fn check(
        &self,
        protocol: &Protocol,
        revision: Option<Revision>,
        execution: Execution,
        output: &Output,
    ) -> Result<Checked> {
        let env = || environment(*protocol, execution);
        let failed = failed(self.family.folder());
        let what = format!("vectors {}", self.family.name());
        if let (Family::Codec(Folder { folder }), None) = (&self.family, revision) {
            // The best fitting revision shows only in all cases together.
            if self.sharing.is_asked_for()? {
                let message = "a part of the codec vectors does not tell their revision";
                let help = "name it: --revision gray-paper-0.8.0";
                return Err(Diagnosis::new(message).in_file(folder).help(help).into());
            }
            return codec::run(folder, None, &protocol.parameters).map_err(failed);
        }
        self.sharing.run(&what, |campaign| match &self.family {
            Family::Pvm(Folder { folder }) => {
                let engine = engine(protocol, execution.backend)?;
                pvm::run_part(folder, &engine, campaign).map_err(&failed)
            }
            Family::Stf(Folder { folder }) => {
                stf::run_part(folder, &env()?, campaign).map_err(&failed)
            }
            Family::Codec(Folder { folder }) => {
                campaign.report.revisions.insert(protocol.revision);
                codec::run_part(folder, protocol, campaign).map_err(&failed)
            }
            Family::Refine(Folder { folder }) => {
                refine::run_part(folder, &env()?, campaign).map_err(&failed)
            }
            Family::Trie(Folder { folder }) => trie::run_part(folder, campaign).map_err(&failed),
            Family::Erasure(Folder { folder }) => {
                erasure::run_part(folder, protocol, campaign).map_err(&failed)
            }
            Family::Traces(traces) => traces.run(&env()?, output, campaign),
        })
    }
}

impl Family {
    const fn name(&self) -> &'static str {
        match self {
            Self::Pvm(_) => "pvm",
            Self::Stf(_) => "stf",
            Self::Codec(_) => "codec",
            Self::Refine(_) => "refine",
            Self::Trie(_) => "trie",
            Self::Erasure(_) => "erasure",
            Self::Traces(_) => "traces",
        }
    }

    fn folder(&self) -> &Path {
        match self {
            Self::Pvm(Folder { folder })
            | Self::Stf(Folder { folder })
            | Self::Codec(Folder { folder })
            | Self::Refine(Folder { folder })
            | Self::Trie(Folder { folder })
            | Self::Erasure(Folder { folder })
            | Self::Traces(Traces { folder, .. }) => folder,
        }
    }
}

impl Traces {
    fn run(&self, env: &Env, output: &Output, campaign: &mut Campaign<'_>) -> Result<()> {
        let bar = output.progress(0);
        let progress = &mut |done: usize, all: usize, name: &str| {
            bar.set_length(all as u64);
            bar.set_position(done as u64);
            bar.set_message(plain(name).into_owned());
        };
        let explain = &mut |env: &Env, step: &Step, difference: &traces::Difference| {
            Some(at_fault::host_calls(step, env, difference.service?))
        };
        let run = traces::Run { from: self.from.clone(), progress, explain };
        let checked = traces::run_with(&self.folder, env, run, campaign);
        bar.finish_and_clear();
        checked.map_err(|error| failure(&self.folder, &error))
    }
}

/// Failure for vectors that cannot be run at all.
pub fn failure(place: &Path, error: &Error) -> Failure {
    let diagnosis = match error {
        Error::Io { path, error } => input::unreadable(path, error),
        Error::Nothing { path, expected } => Diagnosis::new(format!("no {expected} here"))
            .in_file(path)
            .help("name the folder that holds them, or one above it"),
        other => Diagnosis::new(other.to_string()).in_file(place),
    };
    diagnosis.into()
}
