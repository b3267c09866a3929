//! Problems of a package file, with their places.

use std::path::PathBuf;
use std::sync::Arc;

use jambox_types::Revision;

use crate::placed::Place;
use crate::value::{MOST_PREFIXES, ValueError};

/// A text with a problem.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct TextFile {
    /// The file.
    pub path: PathBuf,
    /// Text of the file; empty if it could not be read.
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
    #[error("the file is not valid TOML: {0}")]
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
    #[error("`{}` is not a description of payloads: {reason}", path.display())]
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
    #[error("`{key}` has no path after `file:`")]
    NoPath {
        /// The key.
        key: String,
    },
    /// A value behind too many of `sized:` and `blake2b:`.
    #[error("`{key}` has more than {MOST_PREFIXES} of `sized:` and `blake2b:` in front")]
    TooDeep {
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
    #[error("{what} is not a program of a known form")]
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
    #[error("the file does not hold valid parameters: {0}")]
    Parameters(String),
    /// A file that is no state file.
    #[error("the file is not a state file: {0}")]
    State(String),
    /// A balance below the threshold balance of the service.
    #[error("the balance of `{service}` is {balance}, below its threshold balance of {threshold}")]
    Balance {
        /// The service's name.
        service: String,
        /// Balance given.
        balance: u64,
        /// Threshold balance.
        threshold: u64,
    },
    /// A file of another revision than the run's.
    #[error("{what} is made for {found}, and the run is under {wanted}")]
    Revision {
        /// Description of the file.
        what: String,
        /// Revision of the file.
        found: Revision,
        /// Revision of the run.
        wanted: Revision,
    },
    /// A key of other revisions only.
    #[error("`{key}` is a key of {known_to} only, and the run is under {wanted}")]
    ForeignKey {
        /// The key.
        key: &'static str,
        /// A revision with the key.
        known_to: Revision,
        /// Revision of the run.
        wanted: Revision,
    },
    /// A value given for other revisions only.
    #[error("the table has no value for {wanted}, the revision of the run")]
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
    #[error("`{key}` is not a number of its type: {reason}")]
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
    /// Problem of a string that is no value, under a key.
    pub(crate) fn of_value(key: String, written: &str, error: ValueError) -> Self {
        match error {
            ValueError::NoScheme => {
                Self::NoScheme { key, found: written.chars().take(40).collect() }
            }
            ValueError::NoPath => Self::NoPath { key },
            ValueError::BadNumber(reason) => Self::BadNumber { key, reason },
            ValueError::BadHex(reason) => Self::BadHex { key, reason },
            ValueError::TooDeep => Self::TooDeep { key },
        }
    }

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
            Self::TooDeep { .. } => format!("expected at most {MOST_PREFIXES}"),
            Self::BadHex { .. } => "expected pairs of hexadecimal digits".to_owned(),
            Self::WrongLength { expected, .. } => format!("expected {expected} octets"),
            Self::UnknownWord { what, found, known } => match suggest(found, known) {
                Some(near) => format!("did you mean `{near}`?"),
                None => format!("expected a {what}"),
            },
            Self::Conflict(_) => "this conflicts".to_owned(),
            Self::File { .. } | Self::Unreadable(_) => "expected a readable file".to_owned(),
            Self::Program { .. } => "expected a program".to_owned(),
            Self::Assembly(_) => "here".to_owned(),
            Self::Parameters(_) => "expected parameters".to_owned(),
            Self::State(_) => "expected a state file".to_owned(),
            Self::Balance { threshold, .. } => format!("expected at least {threshold}"),
            Self::Revision { wanted, .. } => format!("expected one of {wanted}"),
            Self::ForeignKey { wanted, .. } => format!("not known to {wanted}"),
            Self::NotForRevision { wanted, .. } => format!("expected `{wanted} = ..`"),
            Self::Twice(_) => "the second one".to_owned(),
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
                "this file defines none".to_owned()
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
            Self::TooDeep { .. } => "write the octets as \"hex:..\" or \"file:..\"".to_owned(),
            Self::Limit { .. } => {
                "make it smaller; the limits are parameters of the protocol (see --params)".to_owned()
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

/// The most similar candidate; `None` if none is similar.
fn suggest<T: AsRef<str>>(word: &str, candidates: &[T]) -> Option<String> {
    jambox_asm::most_like(word, candidates.iter().map(AsRef::as_ref))
}

fn list<T: AsRef<str>>(words: &[T]) -> String {
    words.iter().map(|word| format!("`{}`", word.as_ref())).collect::<Vec<_>>().join(", ")
}
