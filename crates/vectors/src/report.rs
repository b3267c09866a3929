//! Outcomes of running vectors.

use std::collections::BTreeSet;
use std::fmt;

use jambox_isa::Revision;

/// Outcome of a case.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Outcome {
    /// All agrees with the vector.
    Passed,
    /// All agrees with the vector except for the named part, which is known to be wrong in the
    /// vector or missing from it.
    PassedExcept(String),
    /// Something differs; the text describes the first difference.
    Failed(String),
    /// Not run, for the reason in the text.
    Skipped(String),
}

/// One case with its outcome.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Case {
    /// Name of the file without extension, and of the case in the file if there are several.
    pub name: String,
    /// The outcome.
    pub outcome: Outcome,
}

/// Outcomes of a set of cases, in the order of their names.
///
/// Displays as the line `N passed, N failed, N skipped`.
#[derive(Debug, Clone, PartialEq, Eq, Default)]
pub struct Report {
    /// The cases.
    pub cases: Vec<Case>,
    /// Revisions of the cases, if the vectors themselves determine them.
    pub revisions: BTreeSet<Revision>,
}

impl Report {
    /// Adds a case.
    pub fn add(&mut self, name: impl Into<String>, outcome: Outcome) {
        self.cases.push(Case { name: name.into(), outcome });
    }

    /// Number of cases that passed, exceptions included.
    #[must_use]
    pub fn passed(&self) -> usize {
        self.count(|outcome| matches!(outcome, Outcome::Passed | Outcome::PassedExcept(_)))
    }

    /// Number of cases that passed with an exception.
    #[must_use]
    pub fn passed_except(&self) -> usize {
        self.count(|outcome| matches!(outcome, Outcome::PassedExcept(_)))
    }

    /// Number of cases that failed.
    #[must_use]
    pub fn failed(&self) -> usize {
        self.count(|outcome| matches!(outcome, Outcome::Failed(_)))
    }

    /// Number of cases that were not run.
    #[must_use]
    pub fn skipped(&self) -> usize {
        self.count(|outcome| matches!(outcome, Outcome::Skipped(_)))
    }

    /// Every case except those that simply passed, one a line, for people to read.
    #[must_use]
    pub fn remarks(&self) -> String {
        let remark = |case: &Case| {
            let name = &case.name;
            match &case.outcome {
                Outcome::Passed => None,
                Outcome::PassedExcept(what) => Some(format!("{name}: passed except for {what}\n")),
                Outcome::Failed(what) => Some(format!("{name}: FAILED: {what}\n")),
                Outcome::Skipped(why) => Some(format!("{name}: skipped: {why}\n")),
            }
        };
        self.cases.iter().filter_map(remark).collect()
    }

    fn count(&self, is_counted: impl Fn(&Outcome) -> bool) -> usize {
        self.cases.iter().filter(|case| is_counted(&case.outcome)).count()
    }
}

impl fmt::Display for Report {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let (passed, failed, skipped) = (self.passed(), self.failed(), self.skipped());
        write!(f, "{passed} passed, {failed} failed, {skipped} skipped")
    }
}
