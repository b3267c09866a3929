//! Revision, host-call interface and parameters: three switches, fixed for a whole invocation.

use core::{fmt, str};

pub use jambox_isa::{Revision, UnknownRevision};

use crate::{Lengths, Parameters, Rules, data_shards, ticket_entries};

/// Host-call interface (ABI): numbers, registers, result codes and gas of host calls.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash, Default)]
pub enum Abi {
    /// The Gray Paper's interface.
    #[default]
    GrayPaper,
    /// The seed document's interface, a translation over the same semantics. Non-consensus.
    SeedDoc {
        /// True if call numbers that the document lacks are unknown calls; otherwise they are the
        /// Gray Paper's.
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

/// Error: the name of no [`Abi`].
#[derive(Debug, Clone, Copy, PartialEq, Eq, thiserror::Error)]
#[error("unknown ABI: expected gray-paper, seed-doc or seed-doc-strict")]
pub struct UnknownAbi;

impl str::FromStr for Abi {
    type Err = UnknownAbi;

    fn from_str(text: &str) -> Result<Self, UnknownAbi> {
        Self::ALL.into_iter().find(|abi| abi.name() == text).ok_or(UnknownAbi)
    }
}

/// Context of a whole invocation. It is never guessed from a program.
///
/// It is also the context of encodings that depend on the revision and the parameters; no encoding
/// depends on the interface.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
pub struct Protocol {
    /// Opcode numbers, gas model, validity rules, host-call numbers and gas, encodings.
    pub revision: Revision,
    /// Host-call interface.
    pub abi: Abi,
    /// The protocol's parameters.
    pub parameters: Parameters,
}

/// A context with a revision, for encodings that depend on nothing else.
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
    /// The Gray Paper's interface with a revision and parameters.
    #[must_use]
    pub const fn new(revision: Revision, parameters: Parameters) -> Self {
        Self { revision, abi: Abi::GrayPaper, parameters: parameters.under(revision) }
    }

    /// The rules of the revision.
    #[must_use]
    pub const fn rules(&self) -> &'static Rules {
        Rules::of(self.revision)
    }

    /// Allowed sizes of a validator set: the parameter, or, under a revision that counts
    /// validators, six or more in threes, up to three for each core (`eq:valcount`, 0.8.0).
    #[must_use]
    pub const fn validator_counts(&self) -> Lengths {
        if self.rules().validators_counted {
            Lengths::steps(3, 6, self.parameters.core_count().saturating_mul(3))
        } else {
            Lengths::exactly(self.parameters.validator_count())
        }
    }

    /// Ticket entries of each validator in a set of `validators` (`eq:ticketsextrinsic`).
    #[must_use]
    pub const fn ticket_entries(&self, validators: usize) -> u32 {
        if self.rules().validator_parameters {
            self.parameters.ticket_entries as u32
        } else {
            ticket_entries(self.parameters.epoch_length, validators)
        }
    }

    /// Number of chunks, of one for each of `validators`, from which data can be recovered: half
    /// the octets of a piece, or a number that follows from `validators` (`sec:erasurecoding`).
    #[must_use]
    pub const fn data_shards(&self, validators: usize) -> usize {
        if self.rules().validator_parameters {
            self.parameters.erasure_piece_size as usize / 2
        } else {
            data_shards(validators)
        }
    }

    /// Allowed numbers of judgments in a verdict: one more than two thirds of the validators.
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
