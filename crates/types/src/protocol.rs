//! The three switches that are fixed for a whole invocation.

use core::{fmt, str};

pub use jambox_isa::{Revision, UnknownRevision};

use crate::{Lengths, Parameters, Rules, data_shards, ticket_entries};

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
///
/// It is the context of encodings that depend on the revision and the parameters; the interface
/// does not matter to them.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
pub struct Protocol {
    /// Opcode numbers, gas model, validity rules, host-call numbers and gas, encodings.
    pub revision: Revision,
    /// How guests and the host talk.
    pub abi: Abi,
    /// The protocol's parameters.
    pub parameters: Parameters,
}

/// A context that tells the revision: where an encoding depends on nothing else, it takes any.
pub trait Revised {
    /// The rules of the revision.
    fn rules(&self) -> &'static Rules;
}

impl Revised for Revision {
    fn rules(&self) -> &'static Rules {
        Rules::of(*self)
    }
}

impl Revised for Protocol {
    fn rules(&self) -> &'static Rules {
        Rules::of(self.revision)
    }
}

impl Protocol {
    /// The Gray Paper's own interface under a revision and parameters.
    #[must_use]
    pub const fn new(revision: Revision, parameters: Parameters) -> Self {
        Self { revision, abi: Abi::GrayPaper, parameters: parameters.under(revision) }
    }

    /// The rules of the revision.
    #[must_use]
    pub const fn rules(&self) -> &'static Rules {
        Rules::of(self.revision)
    }

    /// How many validators a set may have: as many as the parameters fix, or, where the revision
    /// counts them, six or more in threes, up to three for each core (`eq:valcount`, 0.8.0).
    #[must_use]
    pub const fn validator_counts(&self) -> Lengths {
        if self.rules().validators_counted {
            Lengths::steps(3, 6, self.parameters.core_count().saturating_mul(3))
        } else {
            Lengths::exactly(self.parameters.validator_count())
        }
    }

    /// How many tickets each of so many validators may enter (`eq:ticketsextrinsic`).
    #[must_use]
    pub const fn ticket_entries(&self, validators: usize) -> u32 {
        if self.rules().validator_parameters {
            self.parameters.ticket_entries as u32
        } else {
            ticket_entries(self.parameters.epoch_length, validators)
        }
    }

    /// The chunks that data can be recovered from, of one for each of so many validators: as many
    /// as half a piece has octets, or as follows from their number (`sec:erasurecoding`).
    #[must_use]
    pub const fn data_shards(&self, validators: usize) -> usize {
        if self.rules().validator_parameters {
            self.parameters.erasure_piece_size as usize / 2
        } else {
            data_shards(validators)
        }
    }

    /// How many judgments a verdict may have: one more than two thirds of the validators.
    pub(crate) const fn judgment_counts(&self) -> Lengths {
        let validators = self.validator_counts();
        let (min, max) = (super_majority(validators.min), super_majority(validators.max));
        if validators.min == validators.max {
            Lengths::exactly(min)
        } else {
            Lengths::steps(2, min, max)
        }
    }
}

/// Validators in a super-majority: one more than two thirds, rounded down (`eq:verdicts`).
#[must_use]
pub const fn super_majority(validators: usize) -> usize {
    validators.saturating_mul(2).wrapping_div(3).saturating_add(1)
}

/// The Gray Paper's default revision, interface and parameters.
impl Default for Protocol {
    fn default() -> Self {
        Self::new(Revision::default(), Parameters::default())
    }
}
