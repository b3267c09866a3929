//! `jambox new`: a service to start from.

use std::io::{self, Write};
use std::path::PathBuf;

use clap::Args;
use serde::Serialize;

use crate::diagnosis::Diagnosis;
use crate::outcome::{Result, Verdict};
use crate::output::{Output, Report};

/// Make a folder with a new service: a crate, its tests and a package to run
#[derive(Debug, Args)]
#[command(after_help = "\
Example:
  jambox new demo && cd demo && jambox test && jambox build && jambox run")]
pub struct New {
    /// The folder; its name is the service's
    folder: PathBuf,
}

impl New {
    pub fn run(&self, output: &Output) -> Result {
        let files = jambox_build::create(&self.folder)
            .map_err(|error| Diagnosis::new(error.to_string()))?;
        output.emit(&NewReport {
            folder: self.folder.display().to_string(),
            files: files.iter().map(|file| file.display().to_string()).collect(),
        })?;
        Ok(Verdict::Done)
    }
}

#[derive(Serialize)]
struct NewReport {
    folder: String,
    files: Vec<String>,
}

impl Report for NewReport {
    fn write(&self, out: &mut dyn Write) -> io::Result<()> {
        for file in &self.files {
            writeln!(out, "{file}")?;
        }
        writeln!(out, "\nnext: cd {} && jambox test && jambox build && jambox run", self.folder)
    }
}
