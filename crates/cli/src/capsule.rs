//! Capsules: a run in one file.

use std::io::{self, Read, Write};
use std::path::{Path, PathBuf};

use serde::Serialize;

use jambox_inspect::count;
use jambox_package::{Capsule, CapsuleError, Disk, Package, Switches};
use jambox_types::{Abi, Revision};

use crate::chain;
use crate::diagnosis::Diagnosis;
use crate::end_to_end;
use crate::input;
use crate::outcome::{Failure, Result};
use crate::output::{Report, line};
use crate::package_file;
use crate::plain::plain;
use crate::sources::Sources;
use crate::style::HEADING;

/// The most octets of a capsule's file.
const LIMIT: u64 = 3 << 30;

/// The package file or capsule that a path names.
pub fn locate(path: &Path) -> Result<PathBuf> {
    if is_capsule(path) { Ok(path.to_owned()) } else { package_file::locate(path) }
}

/// True if a file begins with the mark of a capsule.
fn is_capsule(path: &Path) -> bool {
    let mut beginning = Vec::new();
    let read = jambox_files::open(path).map(|file| file.take(64).read_to_end(&mut beginning));
    matches!(read, Ok(Ok(_))) && Capsule::is_beginning(&beginning)
}

/// The capsule in a file, if it is one.
pub fn read(path: &Path) -> Result<Option<Capsule>> {
    if !is_capsule(path) {
        return Ok(None);
    }
    let capsule = Capsule::parse(&input::read_up_to(path, LIMIT)?);
    capsule.map(Some).map_err(|error| {
        let help = match &error {
            CapsuleError::Version { .. } => "run it with the jambox that made it, or a later one",
            _ => "make it again: `jambox run package.toml --capsule FILE`",
        };
        Diagnosis::new(error.to_string()).in_file(path).help(help).into()
    })
}

/// The package in a capsule.
pub fn load(capsule: &Capsule, switches: &Switches, state: Option<&Path>) -> Result<Package> {
    if let Some(state) = state {
        let help = "leave --state out, or run the package that the capsule was made of";
        let message = "a capsule has the state that it starts from";
        return Err(Diagnosis::new(message).in_file(state).help(help).into());
    }
    let package = capsule.load(switches);
    package.map_err(|invalid| Failure::Input(end_to_end::mistakes(&invalid)))
}

/// Writes the capsule of a package, with the source files that its symbols name if `sources` says
/// where those are.
pub fn write(
    to: &Path,
    path: &Path,
    switches: &Switches,
    state: Option<&Path>,
    sources: Option<&Sources>,
) -> Result<()> {
    if let Some(state) = state.filter(|state| chain::is_store(state)) {
        let help = "`jambox state export` makes a state file of it, which --state takes";
        let message = "a capsule holds a state file, and this is a chain";
        return Err(Diagnosis::new(message).in_file(state).help(help).into());
    }
    let written = match read(path)? {
        // A capsule is written again as it is.
        Some(capsule) => capsule.to_json(),
        None => {
            let state = state.map(input::read).transpose()?;
            let recorded = Capsule::record(&Disk, path, switches, state);
            let (mut capsule, package) =
                recorded.map_err(|invalid| Failure::Input(end_to_end::mistakes(&invalid)))?;
            if let Some(sources) = sources {
                capsule.sources = sources.named_by(package.symbols.values());
            }
            capsule.to_json()
        }
    };
    let written = written.map_err(|error| {
        Diagnosis::new(error.to_string()).in_file(to).help("leave large files out of the package")
    })?;
    input::write(to, written.as_bytes())
}

/// Content of a capsule.
#[derive(Serialize)]
pub struct Content {
    package: String,
    revision: Option<&'static str>,
    abi: Option<&'static str>,
    files: Vec<ContentFile>,
    sources: Vec<ContentFile>,
}

#[derive(Serialize)]
struct ContentFile {
    path: String,
    octets: usize,
}

impl Content {
    /// Content of a capsule, for the report.
    pub fn of(capsule: &Capsule) -> Self {
        let files = capsule.files.iter().map(|(path, octets)| (path, octets.len()));
        let sources = capsule.sources.iter().map(|(path, text)| (path, text.len()));
        let content = |(path, octets): (&String, usize)| ContentFile { path: path.clone(), octets };
        Self {
            package: capsule.package.clone(),
            revision: capsule.switches.revision.map(Revision::name),
            abi: capsule.switches.abi.map(Abi::name),
            files: files.map(content).collect(),
            sources: sources.map(content).collect(),
        }
    }
}

impl Report for Content {
    fn write(&self, out: &mut dyn Write) -> io::Result<()> {
        writeln!(out, "{HEADING}capsule{HEADING:#} of {}", plain(&self.package))?;
        line(out, "revision", self.revision.unwrap_or("not said"))?;
        line(out, "ABI", self.abi.unwrap_or("not said"))?;
        for (label, files) in [("file", &self.files), ("source", &self.sources)] {
            for ContentFile { path, octets } in files {
                let octets = count(*octets as u64, "octet");
                line(out, label, &format!("{}, {octets}", plain(path)))?;
            }
        }
        Ok(())
    }
}
