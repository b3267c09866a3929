//! All problems of a package file together.

use std::fmt;
use std::path::{Path, PathBuf};
use std::sync::Arc;

use crate::package::Package;
use crate::placed::Place;
use crate::problem::{Problem, ProblemKind, TextFile};

/// Largest number of problems kept for a file. More problems have a common cause.
const KEPT: usize = 32;

/// Error: a package file with problems, and its text to point into.
#[derive(Clone, Debug)]
pub struct Invalid {
    /// The file.
    pub path: PathBuf,
    /// Text of the package file; empty if it could not be read.
    pub text: Arc<str>,
    /// At least one problem, in the order of their places.
    pub problems: Vec<Problem>,
    /// The package as far as it can be read, for further checks that are to be reported at once.
    /// Values with a problem are omitted or zero; an import of segments with a problem names some
    /// that there are not. `None` if the file or its protocol cannot be read.
    pub partial: Option<Box<Package>>,
}

impl Invalid {
    /// Builds the error from collected problems.
    #[must_use]
    pub fn new(path: &Path, text: &str, problems: Vec<Problem>) -> Self {
        Self { path: path.to_owned(), text: text.into(), problems, partial: None }
    }

    /// File of a problem, with its text.
    #[must_use]
    pub fn file<'a>(&'a self, problem: &'a Problem) -> (&'a Path, &'a Arc<str>) {
        match &problem.file {
            Some(file) => (&file.path, &file.text),
            None => (&self.path, &self.text),
        }
    }
}

impl fmt::Display for Invalid {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        for (index, problem) in self.problems.iter().enumerate() {
            if index > 0 {
                writeln!(f)?;
            }
            let (path, text) = self.file(problem);
            write!(f, "{}", path.display())?;
            if let Some(place) = &problem.place {
                let (line, column) = line_and_column(text, place.start);
                write!(f, ":{line}:{column}")?;
            }
            write!(f, ": {}", problem.kind)?;
        }
        Ok(())
    }
}

impl std::error::Error for Invalid {}

/// Line and column of an octet of a text, both counted from one, columns in characters.
#[must_use]
pub fn line_and_column(text: &str, offset: usize) -> (usize, usize) {
    let before = text.get(..offset).unwrap_or(text);
    let line = before.matches('\n').count().saturating_add(1);
    let start = before.rfind('\n').map_or(0, |newline| newline.saturating_add(1));
    let column = before.get(start..).unwrap_or_default().chars().count().saturating_add(1);
    (line, column)
}

/// Collector of problems, so that one reading reports all of them.
#[derive(Debug, Default)]
pub(crate) struct Problems {
    found: std::cell::RefCell<Vec<Problem>>,
    dropped: std::cell::Cell<usize>,
}

impl Problems {
    pub(crate) fn add(&self, place: impl Into<Option<Place>>, kind: ProblemKind) {
        self.push(Problem { file: None, place: place.into(), kind });
    }

    /// Adds a problem in a text other than the package file.
    fn add_in(&self, file: &Arc<TextFile>, place: Option<Place>, kind: ProblemKind) {
        self.push(Problem { file: Some(Arc::clone(file)), place, kind });
    }

    /// Adds the problems of a file named at a place of the package file.
    pub(crate) fn add_all(&self, invalid: Invalid, named_at: &Place) {
        let file = Arc::new(TextFile { path: invalid.path, text: invalid.text });
        for Problem { place, kind, .. } in invalid.problems {
            match (place, kind) {
                (Some(place), kind) => self.add_in(&file, Some(place), kind),
                (None, ProblemKind::Unreadable(reason)) => {
                    let kind = ProblemKind::File { path: file.path.clone(), reason };
                    self.add(named_at.clone(), kind);
                }
                (None, kind) => self.add(named_at.clone(), kind),
            }
        }
    }

    /// Adds the problems of a file that the package file does not name.
    pub(crate) fn add_apart(&self, invalid: Invalid) {
        let file = Arc::new(TextFile { path: invalid.path, text: invalid.text });
        for Problem { place, kind, .. } in invalid.problems {
            self.add_in(&file, place, kind);
        }
    }

    fn push(&self, problem: Problem) {
        let mut found = self.found.borrow_mut();
        // A file that is named twice has its mistakes once.
        let path = |problem: &Problem| problem.file.as_ref().map(|file| file.path.clone());
        let is_same = |it: &Problem| {
            it.place == problem.place && it.kind == problem.kind && path(it) == path(&problem)
        };
        if problem.file.is_some() && found.iter().any(is_same) {
            return;
        }
        if found.len() < KEPT {
            found.push(problem);
        } else {
            self.dropped.set(self.dropped.get().saturating_add(1));
        }
    }

    /// Runs a part of the reading; tells whether that adds a problem.
    pub(crate) fn watch<T>(&self, read: impl FnOnce() -> T) -> (T, bool) {
        let count = || self.found.borrow().len().saturating_add(self.dropped.get());
        let before = count();
        let value = read();
        (value, count() > before)
    }

    pub(crate) fn is_empty(&self) -> bool {
        self.found.borrow().is_empty()
    }

    pub(crate) fn into_vec(self) -> Vec<Problem> {
        let mut found = self.found.into_inner();
        found.sort_by_key(|problem| {
            // Problems of other files come after those of the package file.
            (problem.file.is_some(), problem.place.as_ref().map(|place| place.start))
        });
        if self.dropped.get() > 0 {
            let kind = ProblemKind::More(self.dropped.get());
            found.push(Problem { file: None, place: None, kind });
        }
        found
    }
}
