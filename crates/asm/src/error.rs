//! Errors in an assembly text.

use std::fmt;
use std::ops::Range;

use jambox_isa::{OutOfRange, Revision};

/// One error in a text, with its place.
#[derive(Clone, PartialEq, Eq, Debug, thiserror::Error)]
#[error("{line}:{column}: {kind}")]
pub struct AsmError {
    /// Number of the line, from 1.
    pub line: usize,
    /// Number of the column, in characters, from 1.
    pub column: usize,
    /// Octets of the text that the error is about.
    pub span: Range<usize>,
    /// Kind of error.
    pub kind: ErrorKind,
}

/// All errors found in a text, in their order; at least one.
#[derive(Clone, PartialEq, Eq, Debug)]
pub struct AsmErrors(pub Vec<AsmError>);

impl fmt::Display for AsmErrors {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        for (index, error) in self.0.iter().enumerate() {
            let separator = if index == 0 { "" } else { "\n" };
            write!(f, "{separator}{error}")?;
        }
        Ok(())
    }
}

impl std::error::Error for AsmErrors {}

/// Kind of error.
#[derive(Clone, PartialEq, Eq, Debug, thiserror::Error)]
#[non_exhaustive]
pub enum ErrorKind {
    /// The grammar expects another word here.
    #[error("expected {expected}, found {found}")]
    Expected {
        /// Description of the expected word.
        expected: String,
        /// The word in the text.
        found: String,
    },
    /// An unknown name.
    #[error("unknown {what} `{name}`{}", Suggestion(.suggestion.as_deref()))]
    Unknown {
        /// Kind of name expected.
        what: What,
        /// The name.
        name: String,
        /// The most similar known name.
        suggestion: Option<String>,
    },
    /// A name that is defined twice.
    #[error("`{name}` is already defined in line {line}")]
    Defined {
        /// The name.
        name: String,
        /// Line of the other definition.
        line: usize,
    },
    /// A name that is reserved.
    #[error("`{name}` is the name of a register")]
    Reserved {
        /// The name.
        name: String,
    },
    /// A name of the wrong kind.
    #[error("`{name}` is a {found}: expected a {expected}")]
    WrongKind {
        /// The name.
        name: String,
        /// Kind of the name.
        found: What,
        /// Kind of name expected.
        expected: What,
    },
    /// A value that is needed to settle positions but depends on them.
    #[error("`{name}` is not known yet: expected numbers and constants defined above")]
    NotYetKnown {
        /// The name.
        name: String,
    },
    /// A value too small or too large.
    #[error(transparent)]
    OutOfRange(#[from] OutOfRange),
    /// An instruction that the revision lacks.
    #[error("{revision} has no `{mnemonic}`")]
    NotInRevision {
        /// The instruction.
        mnemonic: &'static str,
        /// The revision.
        revision: Revision,
    },
    /// A statement that is not allowed in its section.
    #[error("{found} in {section}: expected it in {expected}")]
    WrongSection {
        /// The statement.
        found: String,
        /// The section.
        section: &'static str,
        /// Sections that allow the statement.
        expected: &'static str,
    },
    /// A setting made twice.
    #[error("`{directive}` is given twice")]
    Twice {
        /// The directive.
        directive: &'static str,
    },
    /// A position before the present end of the code.
    #[error("the code is already at position {position}: expected at most {wanted}")]
    Passed {
        /// End of the code.
        position: u32,
        /// The requested position.
        wanted: u32,
    },
    /// Text or octets with a fault in their form.
    #[error("{0}")]
    Malformed(&'static str),
    /// A section of data that is too long.
    #[error("{section} has {length} octets: expected fewer than 2^24")]
    SectionTooLong {
        /// The section.
        section: &'static str,
        /// Length of the section, in octets, including the addition.
        length: usize,
    },
    /// Code that is too long.
    #[error("the code has {length} octets: expected fewer than 2^31")]
    CodeTooLong {
        /// Length of the code, in octets.
        length: u64,
    },
}

/// A kind of name.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub enum What {
    /// The mnemonic of an instruction.
    Instruction,
    /// A word that starts with a dot.
    Directive,
    /// The name of a host call.
    HostCall,
    /// Any name that the text defines.
    Name,
    /// A position in the code.
    CodeLabel,
    /// A position in the data.
    DataLabel,
    /// A named number.
    Constant,
    /// A constant or a data label.
    Value,
    /// A kind of program.
    ProgramKind,
}

impl fmt::Display for What {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(match self {
            Self::Instruction => "instruction",
            Self::Directive => "directive",
            Self::HostCall => "host call",
            Self::Name => "name",
            Self::CodeLabel => "code label",
            Self::DataLabel => "data label",
            Self::Constant => "constant",
            Self::Value => "constant or data label (or table(..) for a code label)",
            Self::ProgramKind => "kind of program",
        })
    }
}

/// An error at octets of a text, without line and column.
#[derive(Debug)]
pub(crate) struct Fault {
    pub(crate) span: Range<usize>,
    pub(crate) kind: ErrorKind,
}

impl Fault {
    pub(crate) fn new(span: Range<usize>, kind: impl Into<ErrorKind>) -> Self {
        Self { span, kind: kind.into() }
    }

    /// The error with its line and column in `text`.
    pub(crate) fn locate(self, text: &str) -> AsmError {
        let before = text.get(..self.span.start).unwrap_or(text);
        let line_start = before.rfind('\n').map_or(0, |end| end.saturating_add(1));
        let line = before.matches('\n').count().saturating_add(1);
        let column = before.get(line_start..).unwrap_or_default().chars().count().saturating_add(1);
        AsmError { line, column, span: self.span, kind: self.kind }
    }
}

/// A suggestion of another name, as the end of a sentence.
struct Suggestion<'a>(Option<&'a str>);

impl fmt::Display for Suggestion<'_> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self.0 {
            Some(name) => write!(f, ": did you mean `{name}`?"),
            None => Ok(()),
        }
    }
}
