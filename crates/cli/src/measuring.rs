//! Options `--profile` and `--coverage`, and the output of the measurements.

use std::collections::{BTreeMap, BTreeSet};
use std::io::{self, Write};
use std::path::{Path, PathBuf};
use std::sync::Arc;

use clap::Args;
use clap::builder::{PossibleValuesParser, TypedValueParser};
use serde::Serialize;

use jambox_inspect::coverage::{Coverage, FileCoverage, Part};
use jambox_inspect::profile::{Profile, ProfileFormat};
use jambox_inspect::{Instruments, count};
use jambox_symbols::Symbols;
use jambox_types::Hash;

use crate::diagnosis::Diagnosis;
use crate::input;
use crate::outcome::Result;
use crate::output::line;
use crate::plain::plain;
use crate::style::HEADING;

/// Measurements of runs.
#[derive(Debug, Args)]
#[command(next_help_heading = "Measuring")]
pub struct Measuring {
    /// Show where the gas goes, by function and host call; with FILE, write it there by call stack:
    /// .txt, .folded, .svg (a flame graph), .json (for the Firefox Profiler), .speedscope.json
    #[arg(long, value_name = "FILE", num_args = 0..=1)]
    profile: Option<Option<PathBuf>>,

    /// The form of the profile [default: by the ending of FILE]
    #[arg(long, value_name = "FORM", requires = "profile", value_parser = formats())]
    profile_format: Option<ProfileFormat>,

    /// Count how often each line and function of the sources runs, and write it to this file in the
    /// form of lcov, which genhtml and editors read
    #[arg(long, value_name = "FILE")]
    coverage: Option<PathBuf>,
}

fn formats() -> impl TypedValueParser<Value = ProfileFormat> {
    PossibleValuesParser::new(ProfileFormat::names()).try_map(|name| name.parse::<ProfileFormat>())
}

impl Measuring {
    /// True if an option asks for a measurement.
    pub const fn is_asked_for(&self) -> bool {
        self.profile.is_some() || self.coverage.is_some()
    }

    /// True if the report shows a profile.
    pub const fn shows_profile(&self) -> bool {
        matches!(self.profile, Some(None))
    }

    /// Refuses options whose output could not be written after the run.
    pub fn check(&self) -> Result<()> {
        self.format().map(drop)
    }

    /// Instruments for the requested measurements.
    pub fn instruments<'s>(&self, symbols: &'s BTreeMap<Hash, Symbols>) -> Result<Instruments<'s>> {
        if self.coverage.is_some() && symbols.is_empty() {
            let message = "lines cannot be counted without symbols";
            let help = "`jambox build` leaves them in the folder symbols beside the blob; assembly \
                        text needs none";
            return Err(Diagnosis::new(message).help(help).into());
        }
        let instruments = Instruments::new(symbols).with_profiles(self.profile.is_some());
        Ok(instruments.with_coverage(self.coverage.is_some()))
    }

    /// The file and form of the profile, if it is to be written.
    fn format(&self) -> Result<Option<(&Path, ProfileFormat)>> {
        let (path, format) = match (&self.profile, self.profile_format) {
            (Some(Some(path)), format) => (path, format),
            (Some(None), Some(_)) => {
                let message = "--profile-format needs a file to write: --profile FILE";
                return Err(Diagnosis::new(message).help("see jambox run --help").into());
            }
            (Some(None) | None, _) => return Ok(None),
        };
        match format.or_else(|| ProfileFormat::of_file(path)) {
            Some(format) => Ok(Some((path, format))),
            None => {
                let ends: Vec<_> = ProfileFormat::ends().collect();
                let expected = format!("expected a name that ends in one of {}", ends.join(" "));
                let help = "the word after --profile is the file to write: put what is to be run \
                            before it, or name a --profile-format";
                let message = "the name does not tell the form of the profile";
                Err(Diagnosis::new(message).in_file(path).expected(expected).help(help).into())
            }
        }
    }

    /// Writes the requested measurements. Sources are looked for in `folder` and its parents, and
    /// in the working folder.
    pub fn write(&self, measured: &Instruments<'_>, folder: &Path) -> Result<Option<Covered>> {
        self.write_profiles(measured.profiles())?;
        let coverage = measured.coverage().map(|coverage| [(coverage, folder.to_owned())]);
        coverage.map(|coverage| self.write_coverage(&coverage)).transpose()
    }

    /// Writes profiles, if there is a file for them.
    pub fn write_profiles(&self, profiles: &[Profile]) -> Result<()> {
        let Some((path, format)) = self.format()? else { return Ok(()) };
        let written = format.write(profiles).map_err(|error| {
            Diagnosis::new(error.to_string()).in_file(path).help("another form may do")
        })?;
        input::write(path, &written)
    }

    /// True if the coverage is to be written.
    pub const fn covers(&self) -> bool {
        self.coverage.is_some()
    }

    /// Writes the coverage of programs, each with the folder of its sources, and returns the
    /// summary.
    pub fn write_coverage(&self, programs: &[(Coverage, PathBuf)]) -> Result<Covered> {
        let path = self.coverage.as_deref().unwrap_or(Path::new(""));
        let mut found = Coverage::default();
        let mut names = BTreeMap::new();
        let mut left_out = BTreeSet::new();
        for (coverage, folder) in programs {
            for (name, counts) in &coverage.files {
                let Some(file) = find(name, folder) else {
                    left_out.insert(name);
                    continue;
                };
                // Several programs may have sources of one name.
                let shown = match programs.len() {
                    1 => name.to_string(),
                    _ => folder.join(&**name).display().to_string(),
                };
                let file: Arc<str> = file.display().to_string().into();
                found.files.entry(Arc::clone(&file)).or_default().add(counts);
                names.entry(file).or_insert(shown);
            }
        }
        input::write(path, found.to_lcov(&|file| Some(file.to_owned())).as_bytes())?;
        let row = |(file, counts): (&Arc<str>, &FileCoverage)| CoveredFile {
            source: names.get(file).cloned().unwrap_or_default(),
            lines: counts.lines_hit().into(),
            functions: counts.functions_hit().into(),
        };
        let files = found.files.iter().map(row).collect();
        Ok(Covered { file: path.display().to_string(), files, left_out: left_out.len() })
    }
}

/// Path of a source file; `None` if it is not on this machine. Files of the standard library and of
/// packages are named by their paths on the compiler's machine.
fn find(file: &str, folder: &Path) -> Option<PathBuf> {
    let file = Path::new(file);
    let folder = folder.canonicalize().ok();
    let around = folder.iter().flat_map(|folder| folder.ancestors()).map(|base| base.join(file));
    let here = (!file.is_absolute()).then(|| file.to_owned());
    let found = around.chain(here).find(|path| path.is_file())?;
    found.canonicalize().ok()
}

/// Coverage of the sources by a run.
#[derive(Serialize)]
pub struct Covered {
    /// The file with every count.
    pub file: String,
    pub files: Vec<CoveredFile>,
    /// Number of files that are not on this machine, such as those of the standard library.
    pub left_out: usize,
}

#[derive(Serialize)]
pub struct CoveredFile {
    pub source: String,
    pub lines: CoveredPart,
    pub functions: CoveredPart,
}

#[derive(Clone, Copy, Serialize)]
pub struct CoveredPart {
    pub hit: u64,
    pub found: u64,
}

impl From<Part> for CoveredPart {
    fn from(Part { hit, found }: Part) -> Self {
        Self { hit, found }
    }
}

impl std::fmt::Display for CoveredPart {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        let Self { hit, found } = *self;
        let share = hit as f64 * 100.0 / found.max(1) as f64;
        write!(f, "{hit:>5} of {found:<5} {share:>5.1}%")
    }
}

impl Covered {
    /// Writes the summary as a person reads it.
    pub fn write(&self, out: &mut dyn Write) -> io::Result<()> {
        writeln!(out, "\n{HEADING}coverage{HEADING:#} {}", plain(&self.file))?;
        for CoveredFile { source, lines, functions } in &self.files {
            writeln!(out, "  {}", plain(source))?;
            line(out, "  lines", &lines.to_string())?;
            line(out, "  functions", &functions.to_string())?;
        }
        match self.left_out {
            0 => Ok(()),
            files => {
                let files = count(files as u64, "file");
                writeln!(out, "  {files} of libraries, whose sources are not here, left out")
            }
        }
    }
}
