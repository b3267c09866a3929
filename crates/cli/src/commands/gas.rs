//! `jambox gas`: kept figures of gas, and their changes.

use std::collections::BTreeMap;
use std::io::{self, Write};
use std::path::{Path, PathBuf};

use clap::{Args, Subcommand};
use serde::Serialize;

use jambox_inspect::{FigureChange, GasFigures, count};
use jambox_invocation::{Finished, Invocation, Observer};
use jambox_package::{Disk, Package, load};
use jambox_types::ServiceId;

use crate::diagnosis::Diagnosis;
use crate::end_to_end;
use crate::input;
use crate::outcome::{Failure, Result, Verdict};
use crate::output::{Output, Report};
use crate::package_file::locate;
use crate::plain::plain;
use crate::protocol::ProtocolArgs;
use crate::style::{BAD, FAINT};

/// The most octets of a file of figures.
const LIMIT: u64 = 16 << 20;

/// Keep figures of gas in a file, and find out what has changed
///
/// A file has a line `NAME = GAS` for each figure, as those that tests keep with `GasSnapshot`:
/// packages and tests can share one.
#[derive(Debug, Args)]
#[command(after_help = "\
Examples:
  jambox gas snapshot package.toml                  into gas.txt
  jambox gas check package.toml --tolerance 1       against gas.txt
  jambox gas diff before.txt after.txt")]
pub struct Gas {
    #[command(subcommand)]
    action: Action,
}

#[derive(Debug, Subcommand)]
enum Action {
    /// Run packages and keep the gas of every invocation
    #[command(after_help = "\
Examples:
  jambox gas snapshot package.toml
  jambox gas snapshot first.toml second.toml --file figures.txt

Other figures of the file stay. Those that tests keep are written by `JAMBOX_BLESS=1 jambox test`.")]
    Snapshot(Packages),
    /// Run packages and compare with what was kept
    #[command(after_help = "\
Examples:
  jambox gas check package.toml --tolerance 0.5

Exit status: 0 when every figure is as it was, up to the tolerance; 1 when one is not, is new or is \
gone; 2 bad input.")]
    Check(Check),
    /// Compare two files of figures
    #[command(after_help = "\
Examples:
  jambox gas diff before.txt after.txt --tolerance 1

Exit status: 0 when every figure is the same, up to the tolerance; 1 when one is not, is new or is \
gone; 2 bad input.")]
    Diff(Diff),
}

#[derive(Debug, Args)]
struct Packages {
    /// Package files, or folders with package.toml
    #[arg(required = true)]
    packages: Vec<PathBuf>,

    /// The file of the figures
    #[arg(long, value_name = "FILE", default_value = "gas.txt")]
    file: PathBuf,
}

#[derive(Debug, Args)]
struct Check {
    #[command(flatten)]
    packages: Packages,

    #[command(flatten)]
    tolerance: Tolerance,
}

#[derive(Debug, Args)]
struct Diff {
    /// The figures before
    before: PathBuf,

    /// The figures after
    after: PathBuf,

    #[command(flatten)]
    tolerance: Tolerance,
}

#[derive(Debug, Args)]
struct Tolerance {
    /// By how much a figure may be another, in percent
    #[arg(long, value_name = "PERCENT", default_value = "0", value_parser = percent)]
    tolerance: f64,
}

fn percent(written: &str) -> std::result::Result<f64, String> {
    let number = written.parse::<f64>().ok().filter(|it| it.is_finite() && *it >= 0.0);
    number.ok_or_else(|| "expected a number of percents from 0 on, such as 0.5".to_owned())
}

impl Gas {
    pub fn run(&self, protocol: &ProtocolArgs, output: &Output) -> Result {
        match &self.action {
            Action::Snapshot(packages) => {
                let measured = packages.measure(protocol, output)?;
                let file = packages.file.display().to_string();
                let figures = measured.figures.0.len();
                packages.keep(measured)?;
                output.emit(&Kept { file, figures })?;
                Ok(Verdict::Done)
            }
            Action::Check(Check { packages, tolerance }) => {
                let before = read(&packages.file)?;
                let measured = packages.measure(protocol, output)?;
                // Figures of tests and of other packages are not measured by this command.
                let is_theirs = |name: &str| measured.is_of_package(name);
                let before: BTreeMap<_, _> =
                    before.0.into_iter().filter(|(name, _)| is_theirs(name)).collect();
                report(&GasFigures(before), &measured.figures, tolerance, output)
            }
            Action::Diff(Diff { before, after, tolerance }) => {
                report(&read(before)?, &read(after)?, tolerance, output)
            }
        }
    }
}

/// The figures of packages.
struct Measured {
    /// Names of the packages.
    names: Vec<String>,
    figures: GasFigures,
}

impl Measured {
    /// True if a figure belongs to one of these packages.
    fn is_of_package(&self, figure: &str) -> bool {
        let is_of = |name: &String| {
            figure.strip_prefix(name.as_str()).is_some_and(|rest| rest.starts_with(": "))
        };
        self.names.iter().any(is_of)
    }
}

impl Packages {
    fn measure(&self, protocol: &ProtocolArgs, output: &Output) -> Result<Measured> {
        let spinner = output.spinner("running");
        let mut measured = Measured { names: Vec::new(), figures: GasFigures::default() };
        for path in &self.packages {
            let path = locate(path)?;
            let package = load(&Disk, &path, &protocol.switches()?, None)
                .map_err(|invalid| Failure::Input(end_to_end::mistakes(&invalid)))?;
            let env = end_to_end::env(&package, protocol.execution())?;
            let name = format!("{} {}", name_of(&path), package.protocol.revision);
            let mut observer = Figures { name: &name, package: &package, seen: BTreeMap::new() };
            if let Ok(computed) = end_to_end::in_core(&env, &package, &mut observer)? {
                end_to_end::on_chain(&env, &package, &computed.report, None, &mut observer)?;
            }
            measured.figures.0.extend(observer.seen);
            measured.names.push(name);
        }
        spinner.finish_and_clear();
        Ok(measured)
    }

    /// Writes the figures of these packages in place of their old ones.
    fn keep(&self, measured: Measured) -> Result<()> {
        let written = jambox_files::update(&self.file, LIMIT, |before| {
            let text = String::from_utf8(before).map_err(io::Error::other)?;
            let mut figures: GasFigures = text.parse().map_err(io::Error::other)?;
            figures.0.retain(|name, _| !measured.is_of_package(name));
            figures.0.extend(measured.figures.0);
            Ok(figures.to_string().into_bytes())
        });
        written.map_err(|error| input::unwritable(&self.file, &error).into())
    }
}

/// Name of a package: its folder, and its file unless that has the usual name.
fn name_of(path: &Path) -> String {
    let folder =
        path.parent().and_then(|folder| folder.canonicalize().ok().or(Some(folder.into())));
    let folder = folder.as_deref().and_then(Path::file_name).unwrap_or_default();
    let stem = path.file_stem().unwrap_or_default();
    match stem == "package" {
        true => folder.display().to_string(),
        false => format!("{}/{}", folder.display(), stem.display()),
    }
}

/// Writes down the gas of every invocation.
struct Figures<'a> {
    name: &'a str,
    package: &'a Package,
    seen: BTreeMap<String, u64>,
}

impl Observer for Figures<'_> {
    fn invocation_ended(&mut self, finished: &Finished<'_>) {
        let service = |id: ServiceId| match self.package.names.get(&id) {
            Some(name) => name.clone(),
            None => format!("service {id}"),
        };
        let what = match finished.invocation {
            Invocation::IsAuthorized { .. } => "is-authorized".to_owned(),
            Invocation::Refine { item, service: id, .. } => {
                format!("refine item {item} of {}", service(id))
            }
            Invocation::Accumulate { service: id, .. } => format!("accumulate of {}", service(id)),
        };
        let what = format!("{}: {what}", self.name);
        // A service may accumulate more than once.
        let again = (2..).map(|nth| format!("{what} ({nth})"));
        let name = std::iter::once(what.clone()).chain(again);
        let name = { name }.find(|name| !self.seen.contains_key(name)).unwrap_or(what.clone());
        self.seen.insert(name, finished.gas_used);
    }
}

fn read(path: &Path) -> Result<GasFigures> {
    let text = input::text(path, &input::read(path)?, "`jambox gas snapshot` writes one")?;
    text.parse::<GasFigures>().map_err(|error| {
        let help = "`jambox gas snapshot` writes such files, and so do tests with GasSnapshot";
        Diagnosis::new(error.to_string()).in_file(path).help(help).into()
    })
}

fn report(
    before: &GasFigures,
    after: &GasFigures,
    Tolerance { tolerance }: &Tolerance,
    output: &Output,
) -> Result {
    let changes = before.changes(after);
    let (within, beyond): (Vec<_>, Vec<_>) =
        changes.into_iter().partition(|(_, change)| change.is_within(*tolerance));
    let row = |(name, change): (String, FigureChange)| Row { name, change: change.to_string() };
    let compared = Compared {
        figures: after.0.len(),
        tolerance: tolerance.to_string(),
        beyond: beyond.into_iter().map(row).collect(),
        within: within.into_iter().map(row).collect(),
    };
    output.emit(&compared)?;
    Ok(Verdict::failed_if(!compared.beyond.is_empty()))
}

#[derive(Serialize)]
struct Kept {
    file: String,
    figures: usize,
}

impl Report for Kept {
    fn write(&self, out: &mut dyn Write) -> io::Result<()> {
        writeln!(out, "{}: {}", plain(&self.file), count(self.figures as u64, "figure"))
    }
}

/// Comparison of figures with kept ones.
#[derive(Serialize)]
struct Compared {
    figures: usize,
    /// In percent.
    tolerance: String,
    beyond: Vec<Row>,
    within: Vec<Row>,
}

#[derive(Serialize)]
struct Row {
    name: String,
    change: String,
}

impl Report for Compared {
    fn write(&self, out: &mut dyn Write) -> io::Result<()> {
        for Row { name, change } in &self.within {
            writeln!(out, "{FAINT}within{FAINT:#} {}: {change}", plain(name))?;
        }
        for Row { name, change } in &self.beyond {
            writeln!(out, "{BAD}beyond{BAD:#} {}: {change}", plain(name))?;
        }
        let Self { figures, beyond, tolerance, .. } = self;
        let (figures, beyond) = (count(*figures as u64, "figure"), beyond.len());
        writeln!(out, "{figures}, {beyond} beyond a tolerance of {tolerance}%")
    }
}
