//! What can be wrong with an assembly text.

use std::fmt;
use std::ops::Range;

use jambox_isa::{OutOfRange, Revision};

/// One thing that is wrong with a text, and where.
#[derive(Clone, PartialEq, Eq, Debug, thiserror::Error)]
#[error("{line}:{column}: {kind}")]
pub struct AsmError {
    /// The line, from 1.
    pub line: usize,
    /// The column in characters, from 1.
    pub column: usize,
    /// The octets of the text that it is about.
    pub span: Range<usize>,
    /// What is wrong.
    pub kind: ErrorKind,
}

/// Everything that was found wrong with a text, in order; at least one thing.
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

/// What is wrong.
#[derive(Clone, PartialEq, Eq, Debug, thiserror::Error)]
#[non_exhaustive]
pub enum ErrorKind {
    /// Something else stands where the grammar has one thing.
    #[error("expected {expected}, found {found}")]
    Expected {
        /// What the grammar has there.
        expected: String,
        /// What stands there.
        found: String,
    },
    /// A name that means nothing.
    #[error("unknown {what} `{name}`{}", Suggestion(.suggestion.as_deref()))]
    Unknown {
        /// What kind of name it would be.
        what: What,
        /// The name.
        name: String,
        /// The known name that is most like it.
        suggestion: Option<String>,
    },
    /// A name that is defined twice.
    #[error("`{name}` is already defined in line {line}")]
    Defined {
        /// The name.
        name: String,
        /// The line of the other definition.
        line: usize,
    },
    /// A name that cannot be given to anything.
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
        /// What it is.
        found: What,
        /// What it should be.
        expected: What,
    },
    /// A value whose size decides where other things are, and that is not known before them.
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
    /// A statement in a section where it means nothing.
    #[error("{found} in {section}: expected it in {expected}")]
    WrongSection {
        /// The statement.
        found: String,
        /// The section it is in.
        section: &'static str,
        /// The sections where it belongs.
        expected: &'static str,
    },
    /// A setting made twice.
    #[error("`{directive}` is given twice")]
    Twice {
        /// The directive.
        directive: &'static str,
    },
    /// A position that the code has passed.
    #[error("the code is already at position {position}: expected at most {wanted}")]
    Passed {
        /// Where the code is.
        position: u32,
        /// Where it should be.
        wanted: u32,
    },
    /// Text or octets that are written wrongly.
    #[error("{0}")]
    Malformed(&'static str),
    /// A section of data that is too long.
    #[error("{section} has {length} octets: expected fewer than 2^24")]
    SectionTooLong {
        /// The section.
        section: &'static str,
        /// Its length, with what would be added.
        length: usize,
    },
    /// Code that is too long.
    #[error("the code has {length} octets: expected fewer than 2^31")]
    CodeTooLong {
        /// Its length.
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

/// Something wrong at a place in a text, before the place is made a line and a column.
#[derive(Debug)]
pub(crate) struct Fault {
    pub(crate) span: Range<usize>,
    pub(crate) kind: ErrorKind,
}

impl Fault {
    pub(crate) fn new(span: Range<usize>, kind: impl Into<ErrorKind>) -> Self {
        Self { span, kind: kind.into() }
    }

    /// The error that this is in a text.
    pub(crate) fn locate(self, text: &str) -> AsmError {
        let before = text.get(..self.span.start).unwrap_or(text);
        let line_start = before.rfind('\n').map_or(0, |end| end.saturating_add(1));
        let line = before.matches('\n').count().saturating_add(1);
        let column = before.get(line_start..).unwrap_or_default().chars().count().saturating_add(1);
        AsmError { line, column, span: self.span, kind: self.kind }
    }
}

/// The end of a sentence that offers another name.
struct Suggestion<'a>(Option<&'a str>);

impl fmt::Display for Suggestion<'_> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self.0 {
            Some(name) => write!(f, ": did you mean `{name}`?"),
            None => Ok(()),
        }
    }
}
