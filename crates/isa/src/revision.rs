//! Revisions of the Gray Paper.

use core::fmt;
use core::str::FromStr;

/// A revision of the Gray Paper. It selects, among other rules, the octets of the opcodes.
#[derive(Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash, Debug, Default)]
pub enum Revision {
    /// Version 0.7.2, with the later rule that an instruction which faults is charged its gas.
    GrayPaper072,
    /// Version 0.8.0.
    #[default]
    GrayPaper080,
}

impl Revision {
    /// Every revision, oldest first.
    pub const ALL: [Self; 2] = [Self::GrayPaper072, Self::GrayPaper080];

    /// The name that [`Display`](fmt::Display) writes and [`FromStr`] reads.
    #[must_use]
    pub const fn name(self) -> &'static str {
        match self {
            Self::GrayPaper072 => "gray-paper-0.7.2",
            Self::GrayPaper080 => "gray-paper-0.8.0",
        }
    }

    /// Equality of revisions in constant code, for recognising data of another revision. The
    /// behaviour of a revision is read from the rows of its rules.
    #[must_use]
    pub fn is(self, other: Self) -> bool {
        self == other
    }
}

impl fmt::Display for Revision {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.pad(self.name())
    }
}

/// Error: the name of no [`Revision`].
#[derive(Clone, Copy, PartialEq, Eq, Debug, thiserror::Error)]
#[error("unknown revision: expected gray-paper-0.7.2 or gray-paper-0.8.0")]
pub struct UnknownRevision;

impl FromStr for Revision {
    type Err = UnknownRevision;

    fn from_str(text: &str) -> Result<Self, Self::Err> {
        Self::ALL.into_iter().find(|revision| revision.name() == text).ok_or(UnknownRevision)
    }
}
