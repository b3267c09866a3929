//! Problems of a package file, with their places.

use std::fmt;
use std::ops::Range;
use std::path::{Path, PathBuf};
use std::sync::Arc;

use jambox_types::Revision;

use crate::load::Package;

/// A range of octets in the package file.
pub type Place = Range<usize>;

/// Largest number of problems kept for a file. More problems have a common cause.
const KEPT: usize = 32;

/// A text with a problem.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct TextFile {
    /// The file.
    pub path: PathBuf,
    /// Its text; empty if it could not be read.
    pub text: Arc<str>,
}

/// One problem of a package file, or of a file that it names.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Problem {
    /// The file; `None` for the package file.
    pub file: Option<Arc<TextFile>>,
    /// Place of the problem; `None` if it is the whole file's.
    pub place: Option<Place>,
    /// Kind of problem.
    pub kind: ProblemKind,
}

/// Kind of problem. `Display` describes the fault.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
#[non_exhaustive]
pub enum ProblemKind {
    /// The text is not TOML.
    #[error("this is not valid TOML: {0}")]
    Syntax(String),
    /// An unknown key in a section.
    #[error("unknown key `{key}` in {section}")]
    UnknownKey {
        /// The key as written.
        key: String,
        /// The section.
        section: String,
        /// The keys the section has.
        known: Vec<&'static str>,
    },
    /// A missing key of a section.
    #[error("{section} has no `{key}`")]
    MissingKey {
        /// The key.
        key: &'static str,
        /// The section.
        section: String,
    },
    /// A missing section of the file.
    #[error("the package file has no section `{heading}`")]
    MissingSection {
        /// The section's heading.
        heading: &'static str,
    },
    /// A value of another type.
    #[error("`{key}` is {found}, expected {expected}")]
    WrongType {
        /// The key.
        key: String,
        /// Expected type, with its article.
        expected: &'static str,
        /// Type of the value, with its article.
        found: &'static str,
    },
    /// A part of a typed payload that is not of its type.
    #[error("`{key}` is {found}, expected {expected}")]
    NotOfType {
        /// The field.
        key: String,
        /// Expected type.
        expected: String,
        /// Type of the value, with its article, or its absence.
        found: &'static str,
    },
    /// A typed payload for a service without a description of its payloads.
    #[error("`{service}` has no description of its payloads")]
    NoDescription {
        /// The service.
        service: String,
    },
    /// A file that is no description of payloads.
    #[error("`{}` is no description of payloads: {reason}", path.display())]
    Description {
        /// The file.
        path: PathBuf,
        /// The fault.
        reason: String,
    },
    /// A number that is too large.
    #[error("`{key}` is {found}, expected a number from 0 to {maximum}")]
    OutOfRange {
        /// The key.
        key: String,
        /// The number as written.
        found: String,
        /// Largest number allowed.
        maximum: u64,
    },
    /// A value without `text:`, `hex:` or `file:`.
    #[error("`{key}` has no `text:`, `hex:` or `file:` in front")]
    NoScheme {
        /// The key.
        key: String,
        /// The value, shortened.
        found: String,
    },
    /// A `file:` value without a path.
    #[error("`{key}` names no file")]
    NoPath {
        /// The key.
        key: String,
    },
    /// Digits that are not hexadecimal, or half an octet.
    #[error("`{key}` is not hexadecimal: {reason}")]
    BadHex {
        /// The key.
        key: String,
        /// Fault of the digits.
        reason: String,
    },
    /// A value of the wrong length.
    #[error("`{key}` has {found} octets, expected {expected}")]
    WrongLength {
        /// The key.
        key: String,
        /// Number of octets expected.
        expected: usize,
        /// Number of octets given.
        found: usize,
    },
    /// A word that is not among the allowed ones.
    #[error("`{found}` is not a known {what}")]
    UnknownWord {
        /// Kind of word expected.
        what: &'static str,
        /// The word as written.
        found: String,
        /// Allowed words.
        known: Vec<String>,
    },
    /// Two values that exclude each other, or that claim one place.
    #[error("{0}")]
    Conflict(String),
    /// The package file cannot be read.
    #[error("cannot read: {0}")]
    Unreadable(String),
    /// A named file cannot be read.
    #[error("cannot read `{}`: {reason}", path.display())]
    File {
        /// Path, as resolved.
        path: PathBuf,
        /// Reason.
        reason: String,
    },
    /// A file that is no program.
    #[error("{what} is not a program in any form")]
    Program {
        /// Description of the file.
        what: String,
        /// Reasons against each form of program.
        reason: String,
    },
    /// An assembly text that does not assemble.
    #[error("{0}")]
    Assembly(String),
    /// A file of parameters under which the protocol cannot run.
    #[error("these are not parameters: {0}")]
    Parameters(String),
    /// A file that is no state file.
    #[error("this is not a state file: {0}")]
    State(String),
    /// A balance below the threshold balance of the service.
    #[error("the balance of `{service}` is {balance}, its state needs {threshold}")]
    Balance {
        /// The service's name.
        service: String,
        /// Balance given.
        balance: u64,
        /// Threshold balance.
        threshold: u64,
    },
    /// A file of another revision than the run's.
    #[error("{what} is of {found}, and this runs under {wanted}")]
    Revision {
        /// Description of the file.
        what: String,
        /// Revision of the file.
        found: Revision,
        /// Revision of the run.
        wanted: Revision,
    },
    /// A key of other revisions only.
    #[error("`{key}` is a key of {known_to}, and this runs under {wanted}")]
    ForeignKey {
        /// The key.
        key: &'static str,
        /// A revision with the key.
        known_to: Revision,
        /// Revision of the run.
        wanted: Revision,
    },
    /// A value given for other revisions only.
    #[error("there is no value for {wanted} here, under which this runs")]
    NotForRevision {
        /// Names of the revisions with a value.
        given: Vec<&'static str>,
        /// Revision of the run.
        wanted: Revision,
    },
    /// A repeated entry of a table.
    #[error("{0}")]
    Twice(String),
    /// A malformed number of a typed value.
    #[error("`{key}` is no number of its type: {reason}")]
    BadNumber {
        /// The key.
        key: String,
        /// The fault.
        reason: String,
    },
    /// A limit of the protocol is exceeded.
    #[error("{what} is {found}, beyond the limit of {limit}")]
    Limit {
        /// Description of the limited quantity.
        what: String,
        /// Quantity given.
        found: u64,
        /// The limit.
        limit: u64,
    },
    /// Number of further problems that are not listed.
    #[error("and {0} more problems")]
    More(usize),
}

impl ProblemKind {
    /// The expected value, in a few words for a label under the place.
    #[must_use]
    pub fn expected(&self) -> String {
        match self {
            Self::Syntax(_) => "here".to_owned(),
            Self::UnknownKey { key, known, .. } => match suggest(key, known) {
                Some(near) => format!("did you mean `{near}`?"),
                None => "expected one of the keys below".to_owned(),
            },
            Self::MissingKey { key, .. } => format!("expected `{key} = ...` in this section"),
            Self::WrongType { expected, .. } => format!("expected {expected}"),
            Self::NotOfType { expected, .. } => format!("expected {expected}"),
            Self::NoDescription { .. } => "expected octets".to_owned(),
            Self::Description { .. } => "expected a description of payloads".to_owned(),
            Self::MissingSection { heading } => format!("expected a section {heading}"),
            Self::OutOfRange { maximum, .. } => format!("expected 0 to {maximum}"),
            Self::NoPath { .. } => "expected a path after file:".to_owned(),
            Self::NoScheme { .. } => "expected text:, hex: or file: in front".to_owned(),
            Self::BadHex { .. } => "expected pairs of hexadecimal digits".to_owned(),
            Self::WrongLength { expected, .. } => format!("expected {expected} octets"),
            Self::UnknownWord { what, found, known } => match suggest(found, known) {
                Some(near) => format!("did you mean `{near}`?"),
                None => format!("expected a {what}"),
            },
            Self::Conflict(_) => "this one".to_owned(),
            Self::File { .. } | Self::Unreadable(_) => "expected a readable file".to_owned(),
            Self::Program { .. } => "expected a program".to_owned(),
            Self::Assembly(_) | Self::Parameters(_) | Self::State(_) => "here".to_owned(),
            Self::Balance { threshold, .. } => format!("expected at least {threshold}"),
            Self::Revision { wanted, .. } => format!("expected one of {wanted}"),
            Self::ForeignKey { wanted, .. } => format!("not known to {wanted}"),
            Self::NotForRevision { wanted, .. } => format!("expected `{wanted} = ..`"),
            Self::Twice(_) => "once more".to_owned(),
            Self::BadNumber { .. } => "expected a number that fits".to_owned(),
            Self::Limit { limit, .. } => format!("expected at most {limit}"),
            Self::More(_) => String::new(),
        }
    }

    /// The next step for the user.
    #[must_use]
    pub fn help(&self) -> Option<String> {
        Some(match self {
            Self::Syntax(_) | Self::Conflict(_) | Self::More(_) => return None,
            Self::UnknownKey { section, known, .. } => {
                format!("{section} has these keys: {}", list(known))
            }
            Self::MissingKey { key, section } => format!("add a line `{key} = ...` to {section}"),
            Self::WrongType { expected, .. } => format!("write {expected}"),
            Self::NotOfType { expected, .. } => format!("write {expected}"),
            Self::NoDescription { service } => how_to_describe(service),
            Self::Description { .. } => {
                "build the service again: `jambox build` writes the file".to_owned()
            }
            Self::OutOfRange { .. } => {
                "write a number in that range, or leave the key out to have its default".to_owned()
            }
            Self::NoScheme { found, .. } => format!(
                "write \"text:{found}\" for text, \"hex:...\" for octets in hexadecimal, or \
                 \"file:...\" for a file's content"
            ),
            Self::MissingSection { heading } => {
                format!("add a section {heading}; docs/package-file.md shows a whole package file")
            }
            Self::NoPath { .. } => {
                "write \"file:\" and a path relative to the folder of this file".to_owned()
            }
            Self::BadHex { .. } => "write \"hex:0123ff\", two digits an octet".to_owned(),
            Self::WrongLength { expected, .. } => {
                format!("a hash is written \"hex:\" and {} digits", expected.saturating_mul(2))
            }
            Self::UnknownWord { known, .. } if known.is_empty() => {
                "none is defined in this file".to_owned()
            }
            Self::UnknownWord { known, .. } => format!("known here: {}", list(known)),
            Self::Unreadable(_) => "check the path".to_owned(),
            Self::File { .. } => {
                "paths are relative to the folder of the package file; check the spelling"
                    .to_owned()
            }
            Self::Program { reason, .. } => reason.clone(),
            Self::Assembly(_) => return None,
            Self::Parameters(_) => {
                "write names of parameters with numbers, and `base = \"full\"` or \"tiny\" for the \
                 others; `jambox explain <name>` tells what each means"
                    .to_owned()
            }
            Self::State(_) => {
                "give a file that `jambox run --save-state` has written, all of it".to_owned()
            }
            Self::Balance { .. } => {
                "raise `balance`: the threshold is the base deposit, and a deposit for each item \
                 and octet of storage and requests"
                    .to_owned()
            }
            Self::Revision { .. } | Self::ForeignKey { .. } | Self::NotForRevision { .. } => {
                return self.help_with_revisions();
            }
            Self::Twice(_) => "leave one of them out".to_owned(),
            Self::BadNumber { .. } => {
                "write \"u8:\", \"u16:\", \"u32:\", \"u64:\" or \"natural:\" and a number such as 12 or \
                 0x0c"
                    .to_owned()
            }
            Self::Limit { .. } => {
                "make it smaller; the limits are the protocol's (see --params)".to_owned()
            }
        })
    }

    /// Next step for problems between revisions.
    fn help_with_revisions(&self) -> Option<String> {
        Some(match self {
            Self::Revision { found, wanted, .. } => format!(
                "say --revision {found}, or `revision = \"{found}\"` in [protocol]; or give one for \
                 each revision: {{ \"{found}\" = .., \"{wanted}\" = .. }}"
            ),
            Self::ForeignKey { known_to, .. } => format!(
                "leave it out, or say --revision {known_to} or `revision = \"{known_to}\"` in \
                 [protocol]"
            ),
            Self::NotForRevision { given, .. } if given.is_empty() => {
                format!(
                    "keys of such a table are revisions: {}",
                    list(&Revision::ALL.map(Revision::name))
                )
            }
            Self::NotForRevision { given, .. } => {
                format!(
                    "add one; or run under another revision, for which there is one: {}",
                    list(given)
                )
            }
            _ => return None,
        })
    }
}

/// Instructions for writing a service's payloads by field.
fn how_to_describe(service: &str) -> String {
    format!(
        "`jambox build` writes it beside the blob when the service says `payload = TYPE` in \
         `entry_points!`; name the file by `payload = \"file:NAME.payload\"` in \
         [services.{service}], or write the payload as octets"
    )
}

/// Error: a package file with problems, and its text to point into.
#[derive(Clone, Debug)]
pub struct Invalid {
    /// The file.
    pub path: PathBuf,
    /// Its text; empty if it could not be read.
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

/// The most similar candidate; `None` if none is similar.
fn suggest<T: AsRef<str>>(word: &str, candidates: &[T]) -> Option<String> {
    jambox_asm::most_like(word, candidates.iter().map(AsRef::as_ref))
}

fn list<T: AsRef<str>>(words: &[T]) -> String {
    words.iter().map(|word| format!("`{}`", word.as_ref())).collect::<Vec<_>>().join(", ")
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
