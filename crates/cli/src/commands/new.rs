//! `jambox new`: a service to start from.

use std::io::{self, Write};
use std::path::PathBuf;

use clap::Args;
use jambox_build::Sdk;
use serde::Serialize;

use crate::diagnosis::Diagnosis;
use crate::outcome::{Result, Verdict};
use crate::output::{Output, Report};
use crate::protocol::ProtocolArgs;

/// Make a folder with a new service: a crate, its tests and a package to run
#[derive(Debug, Args)]
#[command(after_help = "\
Examples:
  jambox new demo && cd demo && jambox test && jambox build && jambox run
  jambox new demo --sdk ../jambox                 with the SDK of a checkout
  jambox new demo --revision gray-paper-0.7.2     for that revision of the Gray Paper")]
pub struct New {
    /// The folder; its name is the service's
    folder: PathBuf,

    /// Take the SDK from a checkout of its repository, or from a Git URL [default: a copy of the
    /// sources that this program was built with, in the folder sdk]
    #[arg(long, value_name = "FOLDER|URL", value_parser = parse_sdk)]
    sdk: Option<Sdk>,
}

fn parse_sdk(written: &str) -> std::result::Result<Sdk, String> {
    let is_url = written.contains("://") || written.ends_with(".git");
    Ok(if is_url { Sdk::Git(written.to_owned()) } else { Sdk::Folder(written.into()) })
}

impl New {
    pub fn run(&self, protocol: &ProtocolArgs, output: &Output) -> Result {
        let sdk = self.sdk.clone().unwrap_or_default();
        let revision = protocol.revision().unwrap_or_default();
        let files = jambox_build::create(&self.folder, &sdk, revision)
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
