//! `jambox test`: a service's tests, natively and compiled.

use std::path::{Path, PathBuf};
use std::process::{Command, Stdio};

use clap::Args;

use jambox_build::{BuildError, Messages, Options, Settings};
use jambox_types::Revision;

use crate::commands::build::diagnosis;
use crate::diagnosis::Diagnosis;
use crate::outcome::{Failure, Result, Verdict};
use crate::output::Output;
use crate::protocol::ProtocolArgs;
use crate::watch::{Watched, watch};

/// Environment variables with the blob and the revision, for jambox-sdk-testing.
const BLOB_VARIABLE: &str = "JAMBOX_BLOB";
const REVISION_VARIABLE: &str = "JAMBOX_REVISION";

/// Run a service's tests: build its blob, then `cargo test` with it at hand
///
/// Without a toolchain that can build services, the tests run natively only, and the command says
/// so.
#[derive(Debug, Args)]
#[command(after_help = "\
Examples:
  jambox test
  jambox test --every-revision
  jambox test --watch                 again whenever a file has changed
  jambox test --folder services/counter refine -- --nocapture

Exit status: 0 when all passed; 1 when one failed; 2 when there is no test.")]
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

    /// Further arguments of `cargo test`
    #[arg(trailing_var_arg = true, allow_hyphen_values = true)]
    arguments: Vec<String>,
}

impl Test {
    pub fn run(&self, protocol: &ProtocolArgs, output: &Output) -> Result {
        if output.json {
            let help = "pass cargo's own: jambox test -- --format json";
            return Err(Diagnosis::new("the tests' report is cargo's, not JSON").help(help).into());
        }
        let revisions: Vec<Option<Revision>> = match self.every_revision {
            true => Revision::ALL.map(Some).into(),
            false => vec![protocol.revision()],
        };
        if !self.watch {
            return self.round(&revisions);
        }
        let mut watched = Watched::default();
        watched.folders.insert(self.folder.clone());
        watch(output, watched, |_| self.round(&revisions))
    }

    /// Tests every service under every revision.
    fn round(&self, revisions: &[Option<Revision>]) -> Result {
        let services = match jambox_build::services(&self.folder) {
            // The message for native tests follows below.
            Err(BuildError::NoToolchain { .. }) => vec![self.folder.clone()],
            services => services.map_err(|error| diagnosis(&error))?,
        };
        let mut failed = false;
        for (revision, service) in
            revisions.iter().flat_map(|revision| services.iter().map(move |it| (*revision, it)))
        {
            if self.every_revision
                && let Some(revision) = revision
            {
                eprintln!("under {revision}:");
            }
            failed |= !self.test(service, revision)?;
        }
        Ok(Verdict::failed_if(failed))
    }

    /// Runs the tests under one revision, the package's own if `None`. True if all passed.
    fn test(
        &self,
        folder: &Path,
        revision: Option<Revision>,
    ) -> std::result::Result<bool, Failure> {
        let mut cargo = Command::new("cargo");
        cargo.arg("test").args(&self.arguments).current_dir(folder).stdin(Stdio::null());
        match blob(folder, revision) {
            Ok((blob, revision)) => {
                cargo.env(BLOB_VARIABLE, blob).env(REVISION_VARIABLE, revision.name());
            }
            Err(error @ BuildError::NoToolchain { .. }) => {
                eprintln!("the tests run natively only: {error}\n");
                if let Some(revision) = revision {
                    cargo.env(REVISION_VARIABLE, revision.name());
                }
            }
            Err(error) => return Err(diagnosis(&error).into()),
        }
        let status = cargo.status().map_err(|error| {
            Diagnosis::new(format!("cargo cannot be run: {error}"))
                .help("install Rust from https://rustup.rs")
        })?;
        if status.success() && self.arguments.is_empty() && !has_tests(folder) {
            let help = "write one in the folder tests: docs/testing.md shows how";
            let message = "there is no test to run";
            let manifest = folder.join("Cargo.toml");
            return Err(Diagnosis::new(message).in_file(&manifest).help(help).into());
        }
        Ok(status.success())
    }
}

/// True if a package has a test, be it one of the documentation. The package was built before.
fn has_tests(folder: &Path) -> bool {
    let lists = |tests: &str| {
        let mut cargo = Command::new("cargo");
        cargo.args(["test", "--quiet", tests, "--", "--list"]);
        let output = cargo.current_dir(folder).stdin(Stdio::null()).output().ok()?;
        let listed = String::from_utf8_lossy(&output.stdout);
        output.status.success().then(|| listed.lines().any(|line| line.ends_with(": test")))
    };
    // Tests that cannot be listed are not known to be missing; packages without a library have no
    // documentation to test.
    lists("--tests").unwrap_or(true) || lists("--doc").unwrap_or(false)
}

/// Builds the blob and gives its path, and the revision that it is for.
fn blob(
    folder: &Path,
    revision: Option<Revision>,
) -> std::result::Result<(PathBuf, Revision), BuildError> {
    let settings = Settings { revision, ..Settings::default() };
    let built = jambox_build::build(folder, &Options { settings, messages: Messages::Show })?;
    let path = built.write(&jambox_build::output_folder(folder))?;
    let path = path.canonicalize().map_err(|source| BuildError::Io { path, source })?;
    Ok((path, built.revision))
}
