//! What came of running vectors.

use std::collections::BTreeSet;
use std::fmt;

use jambox_isa::Revision;

/// What came of one case.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Outcome {
    /// Everything is as the vector says.
    Passed,
    /// Everything is as the vector says except for what is named, which is known to be wrong in
    /// the vector or not to be in it.
    PassedExcept(String),
    /// Something is not; the text names the first difference.
    Failed(String),
    /// Not run; the text says why.
    Skipped(String),
}

/// One case and what came of it.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Case {
    /// The file's name without extension, and the part of the file if it has several.
    pub name: String,
    /// What came of it.
    pub outcome: Outcome,
}

/// What came of a set of cases, in the order of their names.
///
/// Displays as the line `N passed, N failed, N skipped`.
#[derive(Debug, Clone, PartialEq, Eq, Default)]
pub struct Report {
    /// The cases.
    pub cases: Vec<Case>,
    /// The revisions whose cases these are, where the vectors themselves say so.
    pub revisions: BTreeSet<Revision>,
}

impl Report {
    /// Adds a case.
    pub fn add(&mut self, name: impl Into<String>, outcome: Outcome) {
        self.cases.push(Case { name: name.into(), outcome });
    }

    /// Cases that passed, exceptions included.
    #[must_use]
    pub fn passed(&self) -> usize {
        self.count(|outcome| matches!(outcome, Outcome::Passed | Outcome::PassedExcept(_)))
    }

    /// Cases that passed with an exception.
    #[must_use]
    pub fn passed_except(&self) -> usize {
        self.count(|outcome| matches!(outcome, Outcome::PassedExcept(_)))
    }

    /// Cases that failed.
    #[must_use]
    pub fn failed(&self) -> usize {
        self.count(|outcome| matches!(outcome, Outcome::Failed(_)))
    }

    /// Cases that were not run.
    #[must_use]
    pub fn skipped(&self) -> usize {
        self.count(|outcome| matches!(outcome, Outcome::Skipped(_)))
    }

    /// Every case that is not simply passed, one a line, for people to read.
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
