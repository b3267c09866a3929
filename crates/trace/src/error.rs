//! What can be wrong with a trace.

use std::io;

use jambox_engine::EngineError;
use jambox_program::UnknownForm;

/// A trace that cannot be read, replayed or recorded. That a replay differs from its trace is no
/// error but a [`Difference`](crate::Difference).
#[derive(Debug, thiserror::Error)]
#[non_exhaustive]
pub enum Error {
    /// Reading or writing failed.
    #[error(transparent)]
    Io(#[from] io::Error),
    /// A line is not what it should be.
    #[error("line {line}, column {column}: {kind}")]
    Syntax {
        /// The line, from 1.
        line: usize,
        /// The octet in it, from 1.
        column: usize,
        /// What is wrong there.
        kind: SyntaxError,
    },
    /// The traced program is in no known form.
    #[error("line {line}: {error}")]
    Program {
        /// The line that shows it, from 1.
        line: usize,
        /// What is wrong with it.
        error: UnknownForm,
    },
    /// The engine cannot set up the machine.
    #[error(transparent)]
    Engine(#[from] EngineError),
}

/// What is wrong with a line.
#[derive(Debug, Clone, Copy, PartialEq, Eq, thiserror::Error)]
#[non_exhaustive]
pub enum SyntaxError {
    /// Something else should stand here.
    #[error("expected {0}")]
    Expected(&'static str),
    /// A number is larger than its place allows.
    #[error("the number is larger than {0}")]
    TooLarge(u64),
    /// The length does not agree with the octets.
    #[error("`len={claimed}`, but {given} octets follow")]
    WrongLength {
        /// The length said.
        claimed: u64,
        /// The octets given.
        given: usize,
    },
    /// A register is shown twice.
    #[error("register {0} is shown twice")]
    RepeatedRegister(u8),
    /// Octets reach beyond the 32-bit address space.
    #[error("the octets reach beyond the end of memory")]
    BeyondMemory,
    /// A line has no place here.
    #[error("`{found}` has no place here: {expected}")]
    OutOfPlace {
        /// The word that the line begins with.
        found: &'static str,
        /// What could stand here.
        expected: &'static str,
    },
    /// A line is longer than the limit.
    #[error("the line is longer than the limit of {0} octets")]
    LineTooLong(usize),
    /// An execution is longer than the limit.
    #[error("the execution is longer than the limit of {0} octets")]
    ExecutionTooLong(usize),
}
