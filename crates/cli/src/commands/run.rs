//! `jambox run`: a work package from end to end.

mod log;
mod model;
mod profile;
mod recorder;
mod summary;
mod text;

use std::path::PathBuf;

use clap::Args;

use jambox_chain::{Alone, Computed};
use jambox_codec::encode_with;
use jambox_package::{Disk, Package, Snapshot, load};

use crate::chain::{self, Chain};
use crate::diagnosis::Diagnosis;
use crate::end_to_end;
use crate::input;
use crate::outcome::{Failure, Result, Verdict};
use crate::output::Output;
use crate::package_file::locate;
use crate::protocol::ProtocolArgs;

use recorder::Recorder;

/// Run a work package from end to end: is-authorized, refine, work report, accumulate, state
///
/// The package file names the services, their code and state, the authorizer and the work items;
/// its format is described in docs/package-file.md.
#[derive(Debug, Args)]
#[command(after_help = "\
Examples:
  jambox run guests/asm/counter/package.toml
  jambox run package.toml -v                      with every host call (-vv: and memory)
  jambox run package.toml --profile               with what took the gas
  jambox run package.toml --json | jq .state
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
    /// which keeps the state after the run; wins over what the package file names
    #[arg(long, value_name = "FILE")]
    state: Option<PathBuf>,

    /// Write the state after the run to this file
    #[arg(long, value_name = "FILE")]
    save_state: Option<PathBuf>,

    /// Write the exported segments to this file, one after the other
    #[arg(long, value_name = "FILE")]
    save_exports: Option<PathBuf>,

    /// Show where the gas goes: by function where symbols or the source are at hand, and by host
    /// call
    #[arg(long)]
    profile: bool,

    /// Write the encoded work report to this file
    #[arg(long, value_name = "FILE")]
    save_report: Option<PathBuf>,
}

impl Run {
    pub fn run(&self, protocol: &ProtocolArgs, output: &Output) -> Result {
        let chain = match self.state.as_deref() {
            Some(path) if chain::is_store(path) => Some(Chain::open(path)?),
            _ => None,
        };
        if let (Some(_), Some(path)) = (&chain, &self.save_state) {
            let message = "a chain keeps its own state";
            let help = "leave --save-state out, or export with `jambox state export`";
            return Err(Diagnosis::new(message).in_file(path).help(help).into());
        }
        let switches = protocol.switches()?;
        let path = locate(&self.package)?;
        let package = match &chain {
            Some(chain) => chain.load(&path, switches)?,
            None => load(&Disk, &path, &switches, self.state.as_deref())
                .map_err(|invalid| Failure::Input(Diagnosis::of_package(&invalid)))?,
        };
        let env = end_to_end::env(&package, protocol.execution())?;
        let mut recorder = Recorder::new(output.verbosity > 0, self.profile, &package);

        let spinner = output.spinner("running");
        let computed = end_to_end::in_core(&env, &package, &mut recorder)?;
        let on_chain = match &computed {
            Ok(computed) => {
                let report = &computed.report;
                let history = chain.as_ref().map(Chain::history).transpose()?;
                Some(end_to_end::on_chain(&env, &package, report, history, &mut recorder)?)
            }
            Err(_) => None,
        };
        spinner.finish_and_clear();

        self.save(&package, computed.as_ref().ok(), on_chain.as_ref())?;
        let recorded = recorder.finish();
        let mut report = summary::summarize(&package, recorded, &computed, on_chain.as_ref())?;
        if let (Some(chain), Ok(computed), Some(on_chain)) = (&chain, &computed, &on_chain) {
            report.chain = Some(chain.commit(&package, computed, on_chain)?);
        }
        output.emit(&text::Shown { report: &report, verbosity: output.verbosity })?;
        Ok(Verdict::failed_if(!report.failures.is_empty()))
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
        let Some(computed) = computed else { return Ok(()) };
        if let Some(path) = &self.save_exports {
            input::write(path, &computed.exports.concat())?;
        }
        if let Some(path) = &self.save_report {
            input::write(path, &encode_with(&computed.report, &package.protocol))?;
        }
        Ok(())
    }
}
