//! `--shard` and `--results`: a part of many cases, with a line for each in a file.

use std::fs::{self, File, OpenOptions};
use std::io::{self, BufRead, BufReader, Write};
use std::path::{Path, PathBuf};
use std::sync::Once;

use clap::Args;
use serde::{Deserialize, Serialize};

use jambox_vectors::{Campaign, Case, Error, Outcome, Report, Shard};

use crate::diagnosis::Diagnosis;
use crate::input;
use crate::outcome::{Failure, Result};

/// The part of the cases to run, and the file of results.
#[derive(Debug, Args)]
#[command(next_help_heading = "Many machines")]
pub struct Sharing {
    /// Run the cases that fall to this part of all, by their names: 1/4 is the first of four
    /// [default: that of a Kubernetes indexed job or a Slurm array, else all]
    #[arg(long, global = true, value_name = "M/N")]
    shard: Option<Shard>,

    /// Write a JSON line for each case to this file as soon as it is done; a file that is there is
    /// gone on with. `jambox merge` joins such files
    #[arg(long, global = true, value_name = "FILE")]
    results: Option<PathBuf>,
}

/// Environment variables that name a part, and those with the first number of the parts, if not 0.
const VARIABLES: [(&str, &str, Option<&str>); 2] = [
    ("JOB_COMPLETION_INDEX", "JOB_COMPLETIONS", None),
    ("SLURM_ARRAY_TASK_ID", "SLURM_ARRAY_TASK_COUNT", Some("SLURM_ARRAY_TASK_MIN")),
];

/// A line of a file of results.
#[derive(Serialize, Deserialize)]
#[serde(tag = "kind", rename_all = "kebab-case")]
pub enum Line {
    /// The first line: the set of cases, and the part of it.
    Start { format: u32, what: String, shard: String },
    /// A case.
    Case(CaseLine),
    /// The last line: all cases of the part are done.
    End { cases: usize },
}

/// Result of a case, as a line of the file.
#[derive(Clone, PartialEq, Eq, PartialOrd, Ord, Serialize, Deserialize)]
pub struct CaseLine {
    name: String,
    outcome: String,
    remark: Option<String>,
}

/// The version of the lines.
const FORMAT: u32 = 1;

impl From<&Case> for CaseLine {
    fn from(case: &Case) -> Self {
        let (outcome, remark) = match &case.outcome {
            Outcome::Passed => ("passed", None),
            Outcome::PassedExcept(what) => ("passed except", Some(what.clone())),
            Outcome::Failed(what) => ("failed", Some(what.clone())),
            Outcome::Skipped(why) => ("skipped", Some(why.clone())),
        };
        Self { name: case.name.clone(), outcome: outcome.to_owned(), remark }
    }
}

impl CaseLine {
    /// The case; `None` if the line's outcome is none of the known ones.
    pub fn case(self) -> Option<Case> {
        let remark = self.remark.unwrap_or_default();
        let outcome = match self.outcome.as_str() {
            "passed" => Outcome::Passed,
            "passed except" => Outcome::PassedExcept(remark),
            "failed" => Outcome::Failed(remark),
            "skipped" => Outcome::Skipped(remark),
            _ => return None,
        };
        Some(Case { name: self.name, outcome })
    }
}

impl Sharing {
    /// The part that is to be run.
    pub fn shard(&self) -> Result<Shard> {
        match self.shard {
            Some(shard) => Ok(shard),
            None => Ok(from_environment()?.unwrap_or(Shard::WHOLE)),
        }
    }

    /// True if an option names a part, or a file of results.
    pub const fn is_named(&self) -> bool {
        self.shard.is_some() || self.results.is_some()
    }

    /// True if the options ask for a file of results, or for fewer than all cases. Error: the part
    /// is invalid.
    pub fn is_asked_for(&self) -> Result<bool> {
        Ok(self.results.is_some() || self.shard()? != Shard::WHOLE)
    }

    /// Runs the cases of the part that the file of results does not have yet. The report covers the
    /// whole part.
    pub fn run(
        &self,
        what: &str,
        run: impl FnOnce(&mut Campaign<'_>) -> Result<()>,
    ) -> Result<Report> {
        let shard = self.shard()?;
        let mut results = match &self.results {
            Some(path) => Some(Results::open(path, what, shard)?),
            None => None,
        };
        let before = results.as_mut().map(|results| std::mem::take(&mut results.before));
        let before = before.unwrap_or_default();
        let names: Vec<_> = before.iter().map(|case| case.name.clone()).collect();
        let mut failure = None;
        let mut told = |case: &Case| {
            if let Some(results) = &mut results {
                failure = failure.take().or(results.write(&Line::Case(case.into())).err());
            }
        };
        let mut campaign = Campaign::new(shard, names, &mut told);
        run(&mut campaign)?;
        let mut report = campaign.report;
        report.cases.splice(0..0, before);
        let end = match (failure, &mut results) {
            (Some(error), _) => Err(error),
            (None, Some(results)) => results.write(&Line::End { cases: report.cases.len() }),
            (None, None) => Ok(()),
        };
        end.map_err(|error| {
            input::unwritable(self.results.as_deref().unwrap_or(Path::new("")), &error)
        })?;
        Ok(report)
    }
}

/// The part that environment variables name; `None` if they name none.
fn from_environment() -> Result<Option<Shard>> {
    for (index, count, least) in VARIABLES {
        let [Ok(index_text), Ok(count_text)] = [index, count].map(std::env::var) else { continue };
        let least = least.and_then(|least| std::env::var(least).ok()).unwrap_or("0".to_owned());
        let [index_number, count_number, least] =
            [&index_text, &count_text, &least].map(|text| text.parse::<u64>().ok());
        let index_number = index_number.zip(least).and_then(|(it, least)| it.checked_sub(least));
        let shard = index_number.zip(count_number).map(|(index, count)| Shard::new(index, count));
        return match shard {
            Some(Ok(shard)) => {
                static SAID: Once = Once::new();
                SAID.call_once(|| eprintln!("note: shard {shard}, by {index} and {count}"));
                Ok(Some(shard))
            }
            _ => {
                let message = format!("{index}={index_text} and {count}={count_text} name no part");
                let help = "set them as an indexed job does, unset them, or give --shard M/N";
                Err(Diagnosis::new(message).help(help).into())
            }
        };
    }
    Ok(None)
}

/// A file of results that is being written.
struct Results {
    file: File,
    /// Cases that the file held when it was opened.
    before: Vec<Case>,
}

impl Results {
    /// Opens a new file, or continues an existing one. Error: it holds results of another set or
    /// part.
    fn open(path: &Path, what: &str, shard: Shard) -> Result<Self> {
        let unwritable = |error: io::Error| input::unwritable(path, &error);
        let start = Line::Start { format: FORMAT, what: what.to_owned(), shard: shard.to_string() };
        if !path.exists() {
            let file = File::create(path).map_err(unwritable)?;
            let mut results = Self { file, before: Vec::new() };
            results.write(&start).map_err(unwritable)?;
            return Ok(results);
        }
        let found = Part::read(path)?;
        if found.what != what || found.shard != shard {
            let message = format!("the file has results of {}, shard {}", found.what, found.shard);
            let expected = format!("expected those of {what}, shard {shard}");
            let help = "name another file, or remove this one";
            let diagnosis = Diagnosis::new(message).in_file(path).expected(expected).help(help);
            return Err(diagnosis.into());
        }
        // The last line may be cut short, and the line of the end is written anew.
        fs::write(path, &found.kept).map_err(unwritable)?;
        let file = OpenOptions::new().append(true).open(path).map_err(unwritable)?;
        Ok(Self { file, before: found.cases })
    }

    fn write(&mut self, line: &Line) -> io::Result<()> {
        let mut text = serde_json::to_string(line)?;
        text.push('\n');
        self.file.write_all(text.as_bytes())
    }
}

/// The results of a part.
pub struct Part {
    /// Name of the set of cases, as the start of the file has it.
    pub what: String,
    /// The part of all cases.
    pub shard: Shard,
    /// The finished cases of the part.
    pub cases: Vec<Case>,
    /// True if all cases of the part are finished.
    pub is_complete: bool,
    /// Text of the file without the line of the end, and without a line that is cut short.
    kept: String,
}

impl Part {
    /// Reads a file of results.
    pub fn read(path: &Path) -> Result<Self> {
        let bad = |line: usize, what: &str| -> Failure {
            let message = format!("line {line}: {what}");
            let help =
                "`--results FILE` of `jambox vectors` and `jambox trace replay` writes such files";
            Diagnosis::new(message).in_file(path).help(help).into()
        };
        let mut lines = (1..).zip(BufReader::new(input::open(path)?).lines());
        let mut next = || -> Result<Option<(usize, String)>> {
            let Some((number, line)) = lines.next() else { return Ok(None) };
            Ok(Some((number, line.map_err(|error| input::unreadable(path, &error))?)))
        };
        let first = next()?.and_then(|(_, text)| Some((serde_json::from_str(&text).ok()?, text)));
        let Some((Line::Start { format, what, shard }, text)) = first else {
            return Err(bad(1, "expected the start of results"));
        };
        if format > FORMAT {
            return Err(bad(
                1,
                &format!("results of form {format}, and this jambox reads {FORMAT}"),
            ));
        }
        let shard = shard.parse::<Shard>().map_err(|error| bad(1, &error.to_string()))?;
        let mut part =
            Self { what, shard, cases: Vec::new(), is_complete: false, kept: text + "\n" };
        while let Some((number, text)) = next()? {
            match serde_json::from_str(&text) {
                Ok(Line::Case(case)) => {
                    let case = case.case().ok_or_else(|| bad(number, "no outcome"))?;
                    part.cases.push(case);
                    part.kept.push_str(&text);
                    part.kept.push('\n');
                }
                Ok(Line::End { cases }) => part.is_complete = cases == part.cases.len(),
                Ok(Line::Start { .. }) => return Err(bad(number, "a second start")),
                // A run that was stopped leaves its last line cut short.
                Err(_) if next()?.is_none() => break,
                Err(_) => return Err(bad(number, "expected a case")),
            }
        }
        Ok(part)
    }
}

/// Turns an error of vectors into one of the command.
pub fn failed(place: &Path) -> impl Fn(Error) -> Failure + '_ {
    move |error| crate::commands::vectors::failure(place, &error)
}
