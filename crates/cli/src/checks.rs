//! Report of a set of checks: the remarkable cases, then one line with the counts.

use std::io::{self, Write};

use serde::Serialize;

use jambox_vectors::{Outcome, Report as Checked};

use crate::output::Report;
use crate::plain::{plain, plain_lines};
use crate::style::{BAD, FAINT};

/// A set of checks, with the cases that did not simply pass.
#[derive(Serialize)]
pub struct Checks {
    passed: usize,
    failed: usize,
    skipped: usize,
    /// Revisions of the cases, as far as the vectors name them.
    #[serde(skip_serializing_if = "Vec::is_empty")]
    revisions: Vec<&'static str>,
    cases: Vec<Case>,
    #[serde(skip)]
    all: bool,
}

#[derive(Serialize)]
struct Case {
    name: String,
    outcome: &'static str,
    /// The exception, the difference or the reason; `None` if there is nothing to remark.
    remark: Option<String>,
}

impl Case {
    /// True if one line serves both neighbours: the same remark. A failure has its own line.
    fn is_told_with(&self, next: &Self) -> bool {
        let is_remark = self.remark.is_some() && self.outcome != "failed";
        is_remark && self.outcome == next.outcome && self.remark == next.remark
    }
}

impl Checks {
    /// Report of a set of checks; `all` lists the cases that passed, too.
    pub fn new(checked: Checked, all: bool) -> Self {
        let (passed, failed, skipped) = (checked.passed(), checked.failed(), checked.skipped());
        let cases = checked.cases.into_iter().map(|case| {
            let (outcome, remark) = match case.outcome {
                Outcome::Passed => ("passed", None),
                Outcome::PassedExcept(what) => ("passed except", Some(what)),
                Outcome::Failed(what) => ("failed", Some(what)),
                Outcome::Skipped(why) => ("skipped", Some(why)),
            };
            Case { name: case.name, outcome, remark }
        });
        let revisions = checked.revisions.iter().map(|revision| revision.name()).collect();
        Self { passed, failed, skipped, revisions, cases: cases.collect(), all }
    }

    /// True if a case failed.
    pub fn failed(&self) -> bool {
        self.failed > 0
    }
}

impl Report for Checks {
    fn write(&self, out: &mut dyn Write) -> io::Result<()> {
        for cases in self.cases.chunk_by(Case::is_told_with) {
            let [Case { name, outcome, remark }, others @ ..] = cases else { continue };
            let name = match others.last() {
                None => name.clone(),
                Some(last) => format!("{name} to {} ({} cases)", last.name, cases.len()),
            };
            let name = plain(&name);
            match remark.as_deref().map(plain_lines) {
                None if self.all => writeln!(out, "{FAINT}{outcome}{FAINT:#} {name}")?,
                None => {}
                Some(what) if *outcome == "failed" => {
                    writeln!(out, "{BAD}{outcome}{BAD:#} {name}: {what}")?;
                }
                Some(what) => writeln!(out, "{FAINT}{outcome}{FAINT:#} {name}: {what}")?,
            }
        }
        if !self.revisions.is_empty() {
            writeln!(out, "{FAINT}{}, as the vectors say{FAINT:#}", self.revisions.join(", "))?;
        }
        // Scripts read this line: it stands alone and last, and is never coloured.
        writeln!(out, "{} passed, {} failed, {} skipped", self.passed, self.failed, self.skipped)
    }
}
