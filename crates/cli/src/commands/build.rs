//! `jambox build`: from a Rust or C crate to a blob.

use std::io::{self, Write};
use std::path::{Path, PathBuf};

use clap::{Args, ValueEnum};
use serde::Serialize;

use jambox_build::{BuildError, Built, Messages, Options, Panics, Settings};

use crate::diagnosis::Diagnosis;
use crate::outcome::{Result, Verdict};
use crate::output::{Output, Report};
use crate::protocol::ProtocolArgs;
use crate::style::FAINT;

/// Build a service or authorizer, in Rust or C, into a .jam blob
///
/// Finds a toolchain ($JAMBOX_TOOLCHAIN, PATH, rustup, /usr/bin) or names the command that installs
/// one. Writes the blob, and beside it a symbol file that lets failures name function and line. The
/// first build compiles core and alloc into ~/.cache/jambox ($XDG_CACHE_HOME, $JAMBOX_CACHE), for
/// all services; the folder may be deleted at any time.
#[derive(Debug, Args)]
#[command(after_help = "\
Examples:
  jambox build                        writes target/jambox/NAME.jam
  jambox build services/counter -o blobs --panics trap
  jambox build --revision gray-paper-0.7.2

A crate says how it is built in its Cargo.toml, and the options here go before that:
  [package.metadata.jambox]
  revision = \"0.8.0\"   # of the Gray Paper
  panics = \"log\"
  stack = \"64 KiB\"
  heap = \"64 KiB\"     # what can be allocated without asking the host")]
pub struct Build {
    /// The folder with Cargo.toml, or with .c files; of a workspace all services are built
    #[arg(default_value = ".")]
    folder: PathBuf,

    /// The folder for the blob and its files [default: target/jambox in the service's folder]
    #[arg(short, long, value_name = "FOLDER")]
    output: Option<PathBuf>,

    /// The effect of a panic [default: as the package says, else log]
    #[arg(long, value_name = "HOW")]
    panics: Option<PanicsArgument>,

    /// The least that the stack takes, for example "64 KiB" [default: as the package says, else
    /// 64 KiB]
    #[arg(long, value_name = "SIZE", value_parser = jambox_build::parse_stack)]
    stack: Option<u32>,

    /// The memory that a service in Rust can allocate before it asks the host for more [default: as
    /// the package says, else 64 KiB]
    #[arg(long, value_name = "SIZE", value_parser = jambox_build::parse_heap)]
    heap: Option<u32>,
}

#[derive(Debug, Clone, Copy, ValueEnum)]
enum PanicsArgument {
    /// Log the message with file and line, then trap
    Log,
    /// Trap at once; the blob is smaller
    Trap,
}

impl Build {
    pub fn run(&self, protocol: &ProtocolArgs, output: &Output) -> Result {
        let panics = self.panics.map(|panics| match panics {
            PanicsArgument::Log => Panics::Log,
            PanicsArgument::Trap => Panics::Trap,
        });
        let messages = if output.json { Messages::Keep } else { Messages::Show };
        let (revision, stack, heap) = (protocol.revision(), self.stack, self.heap);
        let options = Options { settings: Settings { revision, panics, stack, heap }, messages };
        let services = jambox_build::services(&self.folder).map_err(|error| diagnosis(&error))?;
        let mut reports = Vec::new();
        for service in services {
            let built =
                jambox_build::build(&service, &options).map_err(|error| diagnosis(&error))?;
            let folder =
                self.output.clone().unwrap_or_else(|| jambox_build::output_folder(&service));
            let path = built.write(&folder).map_err(|error| diagnosis(&error))?;
            reports.push(BuildReport::of(&built, &path));
        }
        match <[BuildReport; 1]>::try_from(reports) {
            Ok([report]) => output.emit(&report)?,
            Err(services) => output.emit(&BuildReports { services })?,
        }
        Ok(Verdict::Done)
    }
}

/// Diagnosis of a build without a blob.
pub fn diagnosis(error: &BuildError) -> Diagnosis {
    Diagnosis::new(error.to_string())
}

/// Reports on the services of a workspace.
#[derive(Serialize)]
struct BuildReports {
    services: Vec<BuildReport>,
}

impl Report for BuildReports {
    fn write(&self, out: &mut dyn Write) -> io::Result<()> {
        self.services.iter().try_for_each(|service| service.write(out))
    }
}

#[derive(Serialize)]
struct BuildReport {
    file: String,
    kind: &'static str,
    revision: &'static str,
    code_hash: String,
    octets: usize,
    instructions: usize,
    bitmask: usize,
    jump_table: usize,
    read_only_data: usize,
    read_write_data: usize,
    metadata: usize,
}

impl BuildReport {
    fn of(built: &Built, path: &Path) -> Self {
        let sizes = built.sizes;
        // Cargo's target folder is absolute; a path relative to the working folder is shorter.
        let here = std::env::current_dir().unwrap_or_default();
        let path = path.strip_prefix(here).or_else(|_| path.strip_prefix(".")).unwrap_or(path);
        Self {
            file: path.display().to_string(),
            kind: built.kind.name(),
            revision: built.revision.name(),
            code_hash: built.code_hash.to_string(),
            octets: sizes.blob,
            instructions: sizes.code,
            bitmask: sizes.bitmask,
            jump_table: sizes.jump_table,
            read_only_data: sizes.read_only,
            read_write_data: sizes.read_write,
            metadata: sizes.metadata,
        }
    }
}

impl Report for BuildReport {
    fn write(&self, out: &mut dyn Write) -> io::Result<()> {
        let Self { file, kind, revision, octets, .. } = self;
        writeln!(out, "{file}: {kind} for {revision}, {octets} octets")?;
        writeln!(out, "{FAINT}code hash{FAINT:#} {}", self.code_hash)?;
        let rows = [
            ("instructions", self.instructions),
            ("bitmask", self.bitmask),
            ("jump table", self.jump_table),
            ("read-only data", self.read_only_data),
            ("read-write data", self.read_write_data),
            ("metadata", self.metadata),
        ];
        for (name, size) in rows {
            writeln!(out, "{size:>9} {FAINT}{name}{FAINT:#}")?;
        }
        Ok(())
    }
}
