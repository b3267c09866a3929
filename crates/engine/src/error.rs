//! Mistakes and limits of the host. A guest's faults are [`Exit`](crate::Exit)s instead.

use core::fmt;

use jambox_isa::Revision;
use jambox_program::{InvalidProgram, ProgramError, UnknownForm};
use jambox_sandbox::InvalidLimit;

/// The reason why an engine, module or instance could not be made. As large as one pointer.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct EngineError(Box<EngineErrorKind>);

/// The cause of an [`EngineError`].
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
#[non_exhaustive]
pub enum EngineErrorKind {
    /// The revision does not run the program: it validates programs as a whole.
    #[error("{revision} does not run the program: {reason}")]
    InvalidProgram {
        /// The revision.
        revision: Revision,
        /// The rule that the program breaks, and the place.
        reason: InvalidProgram,
    },
    /// The code of a standard program is no program blob.
    #[error(transparent)]
    Malformed(#[from] ProgramError),
    /// Octets are a program in no form.
    #[error(transparent)]
    UnknownForm(#[from] UnknownForm),
    /// A program without data, stack and arguments, where a standard program is needed.
    #[error("a bare program blob; expected a standard program")]
    NotStandard,
    /// A module of other code than the standard program has.
    #[error("the module is not of the standard program's code")]
    OtherCode,
    /// The recompiler was asked for on a platform that cannot run native code.
    #[error("this platform cannot run native code: {reason}")]
    NoNativeCode {
        /// The feature that the platform lacks.
        reason: String,
    },
    /// A limit of the configuration is none that an engine can have.
    #[error(transparent)]
    Limit(InvalidLimit),
    /// Arguments are longer than the standard program's argument area.
    #[error("{length} octets of arguments, but the argument area has room for {limit}")]
    ArgumentsTooLong {
        /// Octets given.
        length: u64,
        /// Octets that fit (`Cpvminitinputsize`).
        limit: u64,
    },
}

impl EngineError {
    /// The cause.
    #[must_use]
    pub fn kind(&self) -> &EngineErrorKind {
        &self.0
    }

    /// The cause, taken out.
    #[must_use]
    pub fn into_kind(self) -> EngineErrorKind {
        *self.0
    }
}

impl<E: Into<EngineErrorKind>> From<E> for EngineError {
    fn from(cause: E) -> Self {
        Self(Box::new(cause.into()))
    }
}

impl fmt::Display for EngineError {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        self.0.fmt(f)
    }
}

impl core::error::Error for EngineError {
    fn source(&self) -> Option<&(dyn core::error::Error + 'static)> {
        self.0.source()
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn an_error_is_one_pointer() {
        assert_eq!(size_of::<EngineError>(), size_of::<usize>());
        assert_eq!(size_of::<Result<(), EngineError>>(), size_of::<usize>());
    }
}
