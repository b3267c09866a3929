//! Errors of reading, replaying and recording.

use std::io;

use jambox_engine::EngineError;
use jambox_program::UnknownForm;

/// Error: a trace cannot be read, replayed or recorded. A difference between a replay and its trace
/// is a result, a [`Difference`](crate::Difference).
#[derive(Debug, thiserror::Error)]
#[non_exhaustive]
pub enum Error {
    /// Reading or writing failed.
    #[error(transparent)]
    Io(#[from] io::Error),
    /// A line has a fault.
    #[error("line {line}, column {column}: {kind}")]
    Syntax {
        /// Number of the line, from 1.
        line: usize,
        /// Number of the octet in the line, from 1.
        column: usize,
        /// Kind of fault.
        kind: SyntaxError,
    },
    /// The traced program is in no known form.
    #[error("line {line}: {error}")]
    Program {
        /// Line of the program in the trace, from 1.
        line: usize,
        /// Reasons against each form.
        error: UnknownForm,
    },
    /// The engine cannot set up the machine.
    #[error(transparent)]
    Engine(#[from] EngineError),
}

/// Kind of fault in a line.
#[derive(Debug, Clone, Copy, PartialEq, Eq, thiserror::Error)]
#[non_exhaustive]
pub enum SyntaxError {
    /// Another text is expected at this place; the field describes it.
    #[error("expected {0}")]
    Expected(&'static str),
    /// A number is larger than its place allows.
    #[error("the number is larger than {0}")]
    TooLarge(u64),
    /// A block's length differs from the number of its octets.
    #[error("`len={claimed}`, but {given} octets follow")]
    WrongLength {
        /// The length in the trace.
        claimed: u64,
        /// Number of octets in the trace.
        given: usize,
    },
    /// A register is shown twice.
    #[error("register {0} is given twice")]
    RepeatedRegister(u8),
    /// Octets reach beyond the 32-bit address space.
    #[error("the octets reach beyond the end of memory")]
    BeyondMemory,
    /// A line is out of order.
    #[error("unexpected `{found}`: {expected}")]
    OutOfPlace {
        /// First word of the line.
        found: &'static str,
        /// Description of the lines allowed here.
        expected: &'static str,
    },
    /// A line is longer than the limit, in octets.
    #[error("the line is longer than the limit of {0} octets")]
    LineTooLong(usize),
    /// An execution is longer than the limit, in octets.
    #[error("the execution is longer than the limit of {0} octets")]
    ExecutionTooLong(usize),
}
