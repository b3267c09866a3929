//! `jambox test`: a service's tests, natively and compiled.

mod replay;

use std::io::{self, Write};
use std::path::PathBuf;

use clap::Args;
use serde::Serialize;

use jambox_build::BuildError;
use jambox_inspect::profile::{ProfileFormat, Profiles};
use jambox_types::Revision;

use crate::commands::build::diagnosis;
use crate::diagnosis::Diagnosis;
use crate::measuring::{Covered, Measuring};
use crate::outcome::{Result, Verdict};
use crate::output::{Output, Report};
use crate::plain::plain;
use crate::protocol::ProtocolArgs;
use crate::service_tests::{Measured, ServiceTests, nothing_measured};
use crate::watch::{Watched, watch};

use replay::NativeReplay;

/// Build a service's blob, then run its tests with `cargo test`, natively and with the blob
///
/// Without a toolchain that can build services, the tests run natively only, and the command says
/// so.
#[derive(Debug, Args)]
#[command(after_help = "\
Examples:
  jambox test
  jambox test --every-revision
  jambox test --coverage tests.info   how often each line ran, compiled, in all tests
  jambox test --profile gas.svg       where the gas of each test went
  jambox test --watch                 again whenever a file has changed
  jambox test --folder services/counter refine -- --nocapture
  jambox test --native-replay run.log --invocation 2 --debugger rust-gdb

Exit status: 0 when all passed; 1 when one failed; 2 when there is no test, or nothing to measure.")]
pub struct Test {
    /// The folder with Cargo.toml; of a workspace all services are tested
    #[arg(long, value_name = "FOLDER", default_value = ".")]
    folder: PathBuf,

    /// Run the tests under each revision of the Gray Paper in turn, and under all also if some fail
    #[arg(long, conflicts_with = "revision")]
    every_revision: bool,

    /// Test again whenever a file in the folder has changed
    #[arg(long)]
    watch: bool,

    #[command(flatten)]
    measuring: Measuring,

    #[command(flatten)]
    replay: NativeReplay,

    /// Further arguments of `cargo test`, or of the debugger
    #[arg(trailing_var_arg = true, allow_hyphen_values = true)]
    arguments: Vec<String>,
}

impl Test {
    pub fn run(&self, protocol: &ProtocolArgs, output: &Output) -> Result {
        if output.json {
            let help = "pass cargo's own: jambox test -- --format json";
            return Err(Diagnosis::new("the tests' report is cargo's, not JSON").help(help).into());
        }
        if let Some(replayed) = self.replay.run(&self.folder, &self.arguments) {
            return replayed;
        }
        self.measuring.check()?;
        let revisions: Vec<Option<Revision>> = match self.every_revision {
            true => Revision::ALL.map(Some).into(),
            false => vec![protocol.revision()],
        };
        if !self.watch {
            return self.round(&revisions, output);
        }
        let mut watched = Watched::default();
        watched.folders.insert(self.folder.clone());
        watch(output, watched, |_| self.round(&revisions, output))
    }

    /// Tests every service under every revision.
    fn round(&self, revisions: &[Option<Revision>], output: &Output) -> Result {
        let services = match jambox_build::services(&self.folder) {
            // The message for native tests follows below.
            Err(BuildError::NoToolchain { .. }) => vec![self.folder.clone()],
            services => services.map_err(|error| diagnosis(&error))?,
        };
        let measures = self.measuring.is_asked_for();
        let measured = || measures.then(Measured::new).transpose();
        let measured = services.iter().map(|_| measured()).collect::<Result<Vec<_>>>()?;
        let mut failed = false;
        for revision in revisions {
            for (folder, measured) in services.iter().zip(&measured) {
                if self.every_revision
                    && let Some(revision) = revision
                {
                    eprintln!("under {revision}:");
                }
                let tests = ServiceTests { folder, arguments: &self.arguments, quiet: false };
                failed |= !tests.run(*revision, measured.as_ref())?.passed;
            }
        }
        if measures {
            let measured = measured.into_iter().flatten();
            self.report(services.into_iter().zip(measured), failed, output)?;
        }
        Ok(Verdict::failed_if(failed))
    }

    /// Writes the measurements of services. Tests that failed may not even have been compiled.
    fn report(
        &self,
        services: impl Iterator<Item = (PathBuf, Measured)>,
        failed: bool,
        output: &Output,
    ) -> Result<()> {
        let mut profiles = Profiles::default();
        let mut coverage = Vec::new();
        for (folder, measured) in services {
            let sum = measured.sum()?;
            profiles.add_all(&sum.profiles);
            coverage.push((sum.coverage, folder));
        }
        let profiles = profiles.into_vec();
        if profiles.is_empty() {
            if failed {
                return Ok(());
            }
            return Err(nothing_measured().into());
        }
        self.measuring.write_profiles(&profiles)?;
        let shown = if self.measuring.shows_profile() { &profiles[..] } else { &[] };
        let profile = ProfileFormat::Text.write(shown);
        let profile = profile.map_err(|error| Diagnosis::new(error.to_string()))?;
        let covers = self.measuring.covers();
        let coverage = covers.then(|| self.measuring.write_coverage(&coverage)).transpose()?;
        let profile = String::from_utf8_lossy(&profile).into_owned();
        output.emit(&Shown { profile, coverage })?;
        Ok(())
    }
}

/// Measurements, as far as they are shown.
#[derive(Serialize)]
struct Shown {
    profile: String,
    coverage: Option<Covered>,
}

impl Report for Shown {
    fn write(&self, out: &mut dyn Write) -> io::Result<()> {
        for line in self.profile.lines() {
            writeln!(out, "{}", plain(line))?;
        }
        self.coverage.iter().try_for_each(|coverage| coverage.write(out))
    }
}
