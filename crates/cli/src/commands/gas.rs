//! `jambox gas`: kept figures of gas, and their changes.

use std::collections::BTreeMap;
use std::io::{self, Write};
use std::path::{Path, PathBuf};

use clap::{Args, Subcommand};
use serde::Serialize;

use jambox_inspect::{FigureChange, GasFigures, count, wide};
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
use crate::service_tests::{self, ServiceTests, nothing_measured};
use crate::style::{BAD, FAINT};

/// The most octets of a file of figures.
const LIMIT: u64 = 16 << 20;

/// Keep figures of gas in a file, and find those that have changed
///
/// Figures are of the invocations of packages, and of those that a service's tests make with the
/// compiled service. A file has a line `NAME = GAS` for each, as those that tests keep with
/// `GasSnapshot`: all can share one.
#[derive(Debug, Args)]
#[command(after_help = "\
Examples:
  jambox gas snapshot package.toml                    into gas.txt
  jambox gas snapshot package.toml --tests .          with those of all tests
  jambox gas check package.toml --tests . --tolerance 1
  jambox gas diff before.txt after.txt")]
pub struct Gas {
    #[command(subcommand)]
    action: Action,
}

#[derive(Debug, Subcommand)]
enum Action {
    /// Run packages and tests, and keep the gas of every invocation
    #[command(after_help = "\
Examples:
  jambox gas snapshot package.toml
  jambox gas snapshot first.toml second.toml --file figures.txt
  jambox gas snapshot --tests services/counter --tests services/shop

Other figures of the file stay. Those that tests keep by themselves, with `GasSnapshot`, are written \
by `JAMBOX_BLESS=1 jambox test`.

Exit status: 0 when the figures are in the file; 2 bad input, or a test that fails.")]
    Snapshot(Measured),
    /// Run packages and tests, and compare their gas with the kept figures
    #[command(after_help = "\
Examples:
  jambox gas check package.toml --tolerance 0.5
  jambox gas check --tests .

Exit status: 0 when every figure is as it was, up to the tolerance; 1 when one is not, is new or is \
gone; 2 bad input, or a test that fails.")]
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
struct Measured {
    /// Package files, or folders with package.toml
    #[arg(required_unless_present = "tests")]
    packages: Vec<PathBuf>,

    /// Run the tests of the service in this folder, with Cargo.toml, and measure every invocation
    /// of the compiled service; as often as there are services
    #[arg(long, value_name = "FOLDER")]
    tests: Vec<PathBuf>,

    /// The file of the figures
    #[arg(long, value_name = "FILE", default_value = "gas.txt")]
    file: PathBuf,
}

#[derive(Debug, Args)]
struct Check {
    #[command(flatten)]
    measured: Measured,

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
            Action::Snapshot(what) => {
                let found = what.measure(protocol, output)?;
                let file = what.file.display().to_string();
                let figures = found.figures.0.len();
                what.keep(found)?;
                output.emit(&Kept { file, figures })?;
                Ok(Verdict::Done)
            }
            Action::Check(Check { measured, tolerance }) => {
                let before = read(&measured.file)?;
                let found = measured.measure(protocol, output)?;
                // Other figures are not measured by this command.
                let before = before.0.into_iter().filter(|(name, _)| found.covers(name));
                report(&GasFigures(before.collect()), &found.figures, tolerance, output)
            }
            Action::Diff(Diff { before, after, tolerance }) => {
                report(&read(before)?, &read(after)?, tolerance, output)
            }
        }
    }
}

/// The figures of packages and of tests.
#[derive(Default)]
struct Found {
    /// Names of the packages and of the services under test, with which names of figures begin.
    names: Vec<String>,
    figures: GasFigures,
}

impl Found {
    /// True if a figure is of one of these packages or services.
    fn covers(&self, figure: &str) -> bool {
        let is_of = |name: &String| {
            figure.strip_prefix(name.as_str()).is_some_and(|rest| rest.starts_with(": "))
        };
        self.names.iter().any(is_of)
    }
}

impl Measured {
    fn measure(&self, protocol: &ProtocolArgs, output: &Output) -> Result<Found> {
        let mut found = Found::default();
        for folder in &self.tests {
            test(folder, protocol, &mut found)?;
        }
        let spinner = output.spinner("running");
        for path in &self.packages {
            run(path, protocol, &mut found)?;
        }
        spinner.finish_and_clear();
        Ok(found)
    }

    /// Writes the figures in place of the old ones of the same packages and services.
    fn keep(&self, found: Found) -> Result<()> {
        let written = jambox_files::update(&self.file, LIMIT, |before| {
            let text = String::from_utf8(before).map_err(io::Error::other)?;
            let mut figures: GasFigures = text.parse().map_err(io::Error::other)?;
            figures.0.retain(|name, _| !found.covers(name));
            figures.0.extend(found.figures.0);
            Ok(figures.to_string().into_bytes())
        });
        written.map_err(|error| input::unwritable(&self.file, &error).into())
    }
}

/// Runs a package.
fn run(path: &Path, protocol: &ProtocolArgs, found: &mut Found) -> Result<()> {
    let path = locate(path)?;
    let package = load(&Disk, &path, &protocol.switches()?, None)
        .map_err(|invalid| Failure::Input(end_to_end::mistakes(&invalid)))?;
    let env = end_to_end::env(&package, protocol.execution())?;
    let name = format!("{} {}", name_of(&path), package.protocol.revision);
    let mut observer = Figures { name: &name, package: &package, seen: BTreeMap::new() };
    if let Ok(computed) = end_to_end::in_core(&env, &package, &mut observer)? {
        end_to_end::on_chain(&env, &package, &computed.report, None, &mut observer)?;
    }
    found.figures.0.extend(observer.seen);
    found.names.push(name);
    Ok(())
}

/// Runs the tests of a service. Invocations of one title in one test, as a sweep makes them, are
/// one figure together.
fn test(folder: &Path, protocol: &ProtocolArgs, found: &mut Found) -> Result<()> {
    let measured = service_tests::Measured::new()?;
    let tests = ServiceTests { folder, arguments: &[], quiet: true };
    let tested = tests.run(protocol.revision(), Some(&measured))?;
    if !tested.passed {
        let help = "`jambox test` shows which and why";
        let message = "tests of this service fail, so what they use says nothing";
        return Err(Diagnosis::new(message).in_file(folder).help(help).into());
    }
    let revision = tested.revision.map_or_else(String::new, |it| format!(" {it}"));
    let name = format!("tests of {}{revision}", folder_name(folder));
    let profiles = measured.sum()?.profiles.into_vec();
    if profiles.is_empty() {
        return Err(nothing_measured().in_file(folder).into());
    }
    for profile in profiles {
        found.figures.0.insert(format!("{name}: {}", profile.title), profile.gas());
    }
    found.names.push(name);
    Ok(())
}

/// Name of a folder, also of one such as `.`.
fn folder_name(folder: &Path) -> String {
    let real = folder.canonicalize().unwrap_or_else(|_| folder.to_owned());
    real.file_name().unwrap_or_default().display().to_string()
}

/// Name of a package: its folder, and its file unless that has the usual name.
fn name_of(path: &Path) -> String {
    let folder = path.parent().filter(|folder| !folder.as_os_str().is_empty());
    let folder = folder_name(folder.unwrap_or(Path::new(".")));
    let stem = path.file_stem().unwrap_or_default();
    match stem == "package" {
        true => folder,
        false => format!("{folder}/{}", stem.display()),
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
    let row = |(name, change): (String, FigureChange)| Row {
        before: before.0.get(&name).copied(),
        after: after.0.get(&name).copied(),
        change: change.to_string(),
        short: match change {
            FigureChange::New { .. } => "new".to_owned(),
            FigureChange::Gone { .. } => "gone".to_owned(),
            FigureChange::Other { percent, .. } => format!("{percent:+.1}%"),
        },
        name,
    };
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
    #[serde(serialize_with = "wide::option")]
    before: Option<u64>,
    #[serde(serialize_with = "wide::option")]
    after: Option<u64>,
    change: String,
    /// The change as the table has it.
    #[serde(skip)]
    short: String,
}

impl Report for Compared {
    fn write(&self, out: &mut dyn Write) -> io::Result<()> {
        if !self.within.is_empty() || !self.beyond.is_empty() {
            writeln!(out, "{FAINT}{:>14} {:>14} {:>9}{FAINT:#}", "before", "now", "change")?;
        }
        let gas = |gas: Option<u64>| gas.map_or_else(|| "-".to_owned(), |gas| gas.to_string());
        let mut table = |rows: &[Row], style, word| {
            rows.iter().try_for_each(|Row { name, before, after, short, .. }| {
                let (before, after, name) = (gas(*before), gas(*after), plain(name));
                writeln!(out, "{before:>14} {after:>14} {short:>9}  {style}{word}{style:#}  {name}")
            })
        };
        table(&self.within, FAINT, "within")?;
        table(&self.beyond, BAD, "beyond")?;
        let Self { figures, beyond, tolerance, .. } = self;
        let (figures, beyond) = (count(*figures as u64, "figure"), beyond.len());
        writeln!(out, "{figures}, {beyond} beyond a tolerance of {tolerance}%")
    }
}
