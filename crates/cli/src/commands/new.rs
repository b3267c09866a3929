//! `jambox new` and `jambox init`: a service to start from.

use std::io::{self, Write};
use std::path::{Path, PathBuf};

use clap::Args;
use jambox_build::{BuildError, Made, Sdk};
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
  jambox new tally --sdk registry                 with the published SDK of this version
  jambox new demo --sdk ../jambox                 with the SDK of a checkout
  jambox new demo --revision gray-paper-0.7.2     for that revision of the Gray Paper")]
pub struct New {
    /// The folder; its name is the service's
    folder: PathBuf,

    /// Take the SDK from cargo's registry, as a copy in the folder sdk of the sources that this
    /// program was built with, as `found` the one if cargo finds this version there and else the
    /// other, from a checkout of its repository, or from a Git URL [default: found if this program
    /// is from the registry itself, else copy]
    #[arg(long, value_name = "registry|copy|found|FOLDER|URL", value_parser = parse_sdk)]
    sdk: Option<Sdk>,
}

/// Make a service of a folder that is there: its name is the service's
///
/// No file is overwritten.
#[derive(Debug, Args)]
#[command(after_help = "\
Examples:
  jambox init services/demo
  jambox init services/counter --name tally")]
pub struct Init {
    /// The folder
    #[arg(default_value = ".")]
    folder: PathBuf,

    /// The name of the service [default: that of the folder]
    #[arg(long)]
    name: Option<String>,

    /// Take the SDK from cargo's registry, as a copy in the folder sdk of the sources that this
    /// program was built with, as `found` the one if cargo finds this version there and else the
    /// other, from a checkout of its repository, or from a Git URL [default: found if this program
    /// is from the registry itself, else copy]
    #[arg(long, value_name = "registry|copy|found|FOLDER|URL", value_parser = parse_sdk)]
    sdk: Option<Sdk>,
}

impl Init {
    pub fn run(&self, protocol: &ProtocolArgs, output: &Output) -> Result {
        let (folder, name) = (&self.folder, self.name.as_deref());
        let sdk = self.sdk.clone().unwrap_or_default();
        let revision = protocol.revision().unwrap_or_default();
        let made = jambox_build::init(folder, name, &sdk, revision);
        report(folder, made, output)
    }
}

fn parse_sdk(written: &str) -> std::result::Result<Sdk, String> {
    let is_url = written.contains("://") || written.ends_with(".git");
    Ok(match written {
        "registry" => Sdk::Registry,
        "copy" => Sdk::Included,
        "found" => Sdk::Found,
        url if is_url => Sdk::Git(url.to_owned()),
        folder => Sdk::Folder(folder.into()),
    })
}

impl New {
    pub fn run(&self, protocol: &ProtocolArgs, output: &Output) -> Result {
        let sdk = self.sdk.clone().unwrap_or_default();
        let revision = protocol.revision().unwrap_or_default();
        report(&self.folder, jambox_build::create(&self.folder, &sdk, revision), output)
    }
}

fn report(folder: &Path, made: std::result::Result<Made, BuildError>, output: &Output) -> Result {
    let made = made.map_err(|error| Diagnosis::new(error.to_string()))?;
    output.emit(&NewReport {
        folder: folder.display().to_string(),
        sdk: match made.sdk {
            Sdk::Registry | Sdk::Found => "registry",
            Sdk::Included => "copy",
            Sdk::Folder(_) => "folder",
            Sdk::Git(_) => "git",
        },
        files: made.files.iter().map(|file| file.display().to_string()).collect(),
    })?;
    Ok(Verdict::Done)
}

#[derive(Serialize)]
struct NewReport {
    folder: String,
    sdk: &'static str,
    files: Vec<String>,
}

impl Report for NewReport {
    fn write(&self, out: &mut dyn Write) -> io::Result<()> {
        for file in &self.files {
            writeln!(out, "{file}")?;
        }
        let go_there = match self.folder.as_str() {
            "." => String::new(),
            folder => format!("cd {folder} && "),
        };
        writeln!(out, "\nnext: {go_there}jambox test && jambox build && jambox run")
    }
}
