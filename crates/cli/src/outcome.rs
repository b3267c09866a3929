//! Outcomes of commands, and their exit codes.

use std::io;
use std::process::ExitCode;

use crate::diagnosis::Diagnosis;

/// A command that succeeded.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Verdict {
    /// All went well: exit code 0.
    Done,
    /// A guest failed, or a check did: exit code 1. The report says which and why.
    Failed,
}

impl Verdict {
    /// [`Verdict::Failed`] when the condition holds.
    pub fn failed_if(failed: bool) -> Self {
        if failed { Self::Failed } else { Self::Done }
    }
}

impl From<Verdict> for ExitCode {
    fn from(verdict: Verdict) -> Self {
        match verdict {
            Verdict::Done => Self::SUCCESS,
            Verdict::Failed => Self::from(1),
        }
    }
}

/// A command that failed: nothing was wrong with a guest, but with its input or this host.
#[derive(Debug)]
pub enum Failure {
    /// Bad input.
    Input(Vec<Diagnosis>),
    /// The report cannot be written.
    Output(io::Error),
    /// The command has acted and its result is kept, but the report cannot be written.
    Untold(String),
    /// A guest reached a limit of this host, which is unrelated to the guest's gas.
    Limit(Vec<Diagnosis>),
}

impl Failure {
    /// The exit code of bad input, and of output that cannot be written.
    pub const CODE: u8 = 2;

    /// The exit code: 1 for a limit, as for a guest that failed, and for a result that is kept; 2
    /// would mean that nothing was done.
    pub const fn code(&self) -> u8 {
        match self {
            Self::Input(_) | Self::Output(_) => Self::CODE,
            Self::Limit(_) | Self::Untold(_) => 1,
        }
    }
}

impl From<Diagnosis> for Failure {
    fn from(diagnosis: Diagnosis) -> Self {
        Self::Input(vec![diagnosis])
    }
}

impl From<io::Error> for Failure {
    fn from(error: io::Error) -> Self {
        Self::Output(error)
    }
}

/// Result of a command.
pub type Result<T = Verdict> = std::result::Result<T, Failure>;
