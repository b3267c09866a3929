//! The three switches that are fixed for a whole invocation.

use core::{fmt, str};

pub use jambox_isa::Revision;

use crate::Parameters;

/// How guests and the host talk: numbers, registers, result codes and gas of host calls.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash, Default)]
pub enum Abi {
    /// The Gray Paper's.
    #[default]
    GrayPaper,
    /// The interface of the seed document, a translation over the same semantics. Non-consensus.
    SeedDoc {
        /// Whether numbers that the document does not describe are unknown, rather than the Gray
        /// Paper's.
        strict: bool,
    },
}

impl Abi {
    /// Every interface.
    pub const ALL: [Self; 3] =
        [Self::GrayPaper, Self::SeedDoc { strict: false }, Self::SeedDoc { strict: true }];

    /// The name that [`Display`](fmt::Display) writes and [`FromStr`](str::FromStr) reads.
    #[must_use]
    pub const fn name(self) -> &'static str {
        match self {
            Self::GrayPaper => "gray-paper",
            Self::SeedDoc { strict: false } => "seed-doc",
            Self::SeedDoc { strict: true } => "seed-doc-strict",
        }
    }
}

impl fmt::Display for Abi {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.pad(self.name())
    }
}

/// A name that is no [`Abi`].
#[derive(Debug, Clone, Copy, PartialEq, Eq, thiserror::Error)]
#[error("unknown ABI: expected gray-paper, seed-doc or seed-doc-strict")]
pub struct UnknownAbi;

impl str::FromStr for Abi {
    type Err = UnknownAbi;

    fn from_str(text: &str) -> Result<Self, UnknownAbi> {
        Self::ALL.into_iter().find(|abi| abi.name() == text).ok_or(UnknownAbi)
    }
}

/// What a whole invocation runs under. It is never guessed from a program.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
pub struct Protocol {
    /// Opcode numbers, gas model, validity rules, host-call numbers and gas, encodings.
    pub revision: Revision,
    /// How guests and the host talk.
    pub abi: Abi,
    /// The protocol's parameters.
    pub parameters: Parameters,
}

/// The Gray Paper's default revision, interface and parameters.
impl Default for Protocol {
    fn default() -> Self {
        Self {
            revision: Revision::default(),
            abi: Abi::default(),
            parameters: Parameters::default(),
        }
    }
}
