//! `jambox test`: a service's tests, natively and compiled.

use std::path::{Path, PathBuf};
use std::process::{Command, Stdio};

use clap::Args;

use jambox_build::{BuildError, Messages, Options};

use crate::commands::build::diagnosis;
use crate::diagnosis::Diagnosis;
use crate::outcome::{Result, Verdict};
use crate::output::Output;

/// Names the blob to the tests; jambox-sdk-testing reads it.
const BLOB_VARIABLE: &str = "JAMBOX_BLOB";

/// Run a service's tests: build its blob, then `cargo test` with it at hand
///
/// Where no toolchain can build services, the tests run natively only, and the command says so.
#[derive(Debug, Args)]
#[command(after_help = "\
Examples:
  jambox test
  jambox test --folder services/counter -- refine --nocapture

Exit status: 0 when all passed; 1 when one failed; 2 when there is nothing to test.")]
pub struct Test {
    /// The folder with Cargo.toml
    #[arg(long, value_name = "FOLDER", default_value = ".")]
    folder: PathBuf,

    /// What else to pass to `cargo test`
    #[arg(trailing_var_arg = true, allow_hyphen_values = true)]
    arguments: Vec<String>,
}

impl Test {
    pub fn run(&self, output: &Output) -> Result {
        if output.json {
            let help = "pass cargo's own: jambox test -- --format json";
            return Err(Diagnosis::new("the tests' report is cargo's, not JSON").help(help).into());
        }
        let mut cargo = Command::new("cargo");
        cargo.arg("test").args(&self.arguments).current_dir(&self.folder).stdin(Stdio::null());
        match blob(&self.folder) {
            Ok(blob) => drop(cargo.env(BLOB_VARIABLE, blob)),
            Err(error @ BuildError::NoToolchain { .. }) => {
                eprintln!("the tests run natively only: {error}\n");
            }
            Err(error) => return Err(diagnosis(&error).into()),
        }
        let status = cargo.status().map_err(|error| {
            Diagnosis::new(format!("cargo cannot be run: {error}"))
                .help("install Rust from https://rustup.rs")
        })?;
        Ok(Verdict::failed_if(!status.success()))
    }
}

/// Builds the blob and gives its path.
fn blob(folder: &Path) -> std::result::Result<PathBuf, BuildError> {
    let options = Options { panics: None, messages: Messages::Show };
    let built = jambox_build::build(folder, &options)?;
    let path = built.write(&jambox_build::output_folder(folder)?)?;
    path.canonicalize().map_err(|source| BuildError::Io { path, source })
}
