//! What the host can get wrong, or lack. A guest's mistakes are [`Exit`](crate::Exit)s instead.

use jambox_isa::Revision;
use jambox_program::InvalidProgram;

/// Why an engine, module or instance could not be made.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
#[non_exhaustive]
pub enum EngineError {
    /// The revision does not run the program: it validates programs as a whole.
    #[error("{revision} does not run the program: {reason}")]
    InvalidProgram {
        /// The revision.
        revision: Revision,
        /// Which rule the program breaks, and where.
        reason: InvalidProgram,
    },
    /// The recompiler was asked for on a platform that cannot run native code.
    #[error("this platform cannot run native code: {reason}")]
    NoNativeCode {
        /// What it lacks.
        reason: String,
    },
    /// Arguments are longer than the standard program's argument area.
    #[error("{length} octets of arguments, but the argument area has room for {limit}")]
    ArgumentsTooLong {
        /// Octets given.
        length: u64,
        /// Octets that fit (`Cpvminitinputsize`).
        limit: u64,
    },
}
