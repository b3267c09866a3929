//! The tests of services: `cargo test` with a freshly built blob, and the measurements of the runs.

use std::collections::BTreeMap;
use std::io;
use std::path::{Path, PathBuf};
use std::process::{Command, Stdio};

use tempfile::TempDir;

use jambox_build::{BuildError, Messages, Options, Settings};
use jambox_inspect::coverage::{Counts, Coverage};
use jambox_inspect::profile::Profiles;
use jambox_package::{Disk, symbols_in};
use jambox_types::{Hash, Revision};

use crate::commands::build::diagnosis;
use crate::diagnosis::Diagnosis;
use crate::input;
use crate::outcome::Result;

/// Environment variables for jambox-sdk-testing: the blob, the revision, and the folder for
/// measurements.
const BLOB_VARIABLE: &str = "JAMBOX_BLOB";
const REVISION_VARIABLE: &str = "JAMBOX_REVISION";
const FOLDER_VARIABLE: &str = "JAMBOX_MEASURED";

/// The tests of one service.
pub struct ServiceTests<'a> {
    /// The folder with Cargo.toml.
    pub folder: &'a Path,
    /// Further arguments of `cargo test`.
    pub arguments: &'a [String],
    /// Sends the tests' report to standard error.
    pub quiet: bool,
}

/// Result of tests under one revision.
pub struct Tested {
    /// True if all passed.
    pub passed: bool,
    /// The revision under test; `None` if there was no blob and no revision was asked for.
    pub revision: Option<Revision>,
}

impl ServiceTests<'_> {
    /// Builds the blob and runs the tests under one revision, the package's own if `None`. The runs
    /// are measured if there is a folder for it, for which there must be a blob.
    pub fn run(&self, revision: Option<Revision>, measured: Option<&Measured>) -> Result<Tested> {
        let mut cargo = Command::new("cargo");
        cargo.arg("test").args(self.arguments).current_dir(self.folder).stdin(Stdio::null());
        if self.quiet {
            cargo.stdout(io::stderr());
        }
        let revision = match (blob(self.folder, revision), measured) {
            (Ok((blob, revision)), _) => {
                cargo.env(BLOB_VARIABLE, blob);
                Some(revision)
            }
            (Err(error @ BuildError::NoToolchain { .. }), None) => {
                eprintln!("the tests run natively only: {error}\n");
                revision
            }
            (Err(error), _) => return Err(diagnosis(&error).into()),
        };
        if let Some(revision) = revision {
            cargo.env(REVISION_VARIABLE, revision.name());
        }
        if let Some(measured) = measured {
            cargo.env(FOLDER_VARIABLE, measured.0.path());
        }
        let status = cargo.status().map_err(|error| {
            Diagnosis::new(format!("cargo cannot be run: {error}"))
                .help("install Rust from https://rustup.rs")
        })?;
        if status.success() && self.arguments.is_empty() && !self.has_tests() {
            let help = "write one in the folder tests: docs/testing.md shows how";
            let message = "the package has no test";
            let manifest = self.folder.join("Cargo.toml");
            return Err(Diagnosis::new(message).in_file(&manifest).help(help).into());
        }
        Ok(Tested { passed: status.success(), revision })
    }

    /// True if the package has a test, be it one of the documentation. It was built before.
    fn has_tests(&self) -> bool {
        let lists = |tests: &str| {
            let mut cargo = Command::new("cargo");
            cargo.args(["test", "--quiet", tests, "--", "--list"]);
            let output = cargo.current_dir(self.folder).stdin(Stdio::null()).output().ok()?;
            let listed = String::from_utf8_lossy(&output.stdout);
            output.status.success().then(|| listed.lines().any(|line| line.ends_with(": test")))
        };
        // Tests that cannot be listed are not known to be missing; packages without a library have
        // no documentation to test.
        lists("--tests").unwrap_or(true) || lists("--doc").unwrap_or(false)
    }
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

/// A folder in which the processes of tests leave their measurements.
pub struct Measured(TempDir);

impl Measured {
    pub fn new() -> Result<Self> {
        let folder = tempfile::tempdir();
        Ok(Self(folder.map_err(|error| input::unwritable(&std::env::temp_dir(), &error))?))
    }

    /// The sum of the measurements of all threads of all processes.
    pub fn sum(&self) -> Result<Measurements> {
        let folder = self.0.path();
        let mut sum = Measurements::default();
        let files = jambox_files::under(folder, &["counts", "profiles"])
            .map_err(|(path, error)| input::unreadable(&path, &error))?;
        for file in files {
            let text = input::text(&file, &input::read(&file)?, "run the tests again")?;
            let of_another_form = |error: &dyn std::error::Error| {
                let help = "the tests need a jambox-sdk-testing as new as this command";
                Diagnosis::new(error.to_string()).in_file(&file).help(help)
            };
            match file.extension().is_some_and(|ends| ends == "counts") {
                true => {
                    let counts: Counts = text.parse().map_err(|error| of_another_form(&error))?;
                    sum.counts.add(&counts);
                }
                false => {
                    let profiles: Profiles =
                        text.parse().map_err(|error| of_another_form(&error))?;
                    sum.profiles.add_all(&profiles);
                }
            }
        }
        let symbols = |hash: Hash| Some((hash, symbols_in(&Disk, folder, hash)?));
        let symbols: BTreeMap<_, _> = sum.counts.programs().filter_map(symbols).collect();
        sum.coverage = sum.counts.coverage(|hash| symbols.get(&hash));
        Ok(sum)
    }
}

/// Measurements of the tests of one service.
#[derive(Default)]
pub struct Measurements {
    counts: Counts,
    pub coverage: Coverage,
    /// A profile for each invocation in each test.
    pub profiles: Profiles,
}

/// The mistake of measuring tests without a compiled service.
pub fn nothing_measured() -> Diagnosis {
    let help = "make the code with Code::with_built_blob, and run the test by both_ways: \
                docs/testing.md shows how";
    Diagnosis::new("no test ran compiled code, so there is nothing to measure").help(help)
}
