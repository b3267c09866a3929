//! Errors of decoding.

/// Error: octets that are not the encoding of a value.
#[derive(Debug, Clone, Copy, PartialEq, Eq, thiserror::Error)]
#[error("at octet {offset}: {kind}")]
pub struct DecodeError {
    /// Start of the item that could not be decoded, in octets from the start of the input.
    pub offset: usize,
    /// The kind of fault.
    pub kind: DecodeErrorKind,
}

/// Kind of fault in an encoding.
#[derive(Debug, Clone, Copy, PartialEq, Eq, thiserror::Error)]
#[non_exhaustive]
pub enum DecodeErrorKind {
    /// The input ends inside the item.
    #[error("the input ends early: {needed} octets expected, {available} left")]
    UnexpectedEnd {
        /// Length of the item, in octets.
        needed: usize,
        /// Octets left in the input.
        available: usize,
    },
    /// Octets are left after the end of the value.
    #[error("{count} octets follow the value")]
    TrailingOctets {
        /// Number of octets left.
        count: usize,
    },
    /// A natural is written in more octets than it needs.
    #[error("a natural is encoded in more octets than it needs")]
    NonCanonicalNatural,
    /// A number exceeds its type or the limit of its rule.
    #[error("the number {value} is larger than {limit}")]
    TooLarge {
        /// The number.
        value: u64,
        /// The largest number allowed.
        limit: u64,
    },
    /// A sequence claims more items than octets are left.
    #[error("a sequence claims {claimed} items, more than the rest of the input can hold")]
    LengthExceedsInput {
        /// The claimed number of items.
        claimed: u64,
    },
    /// A sequence is shorter or longer than the protocol allows.
    #[error("a sequence of {length} items where {min} to {max} are allowed")]
    LengthOutOfBounds {
        /// The number of items.
        length: u64,
        /// The smallest number allowed.
        min: u64,
        /// The largest number allowed.
        max: u64,
    },
    /// The length of a sequence is within its bounds but not a multiple of the step.
    #[error("a sequence of {length} items where {min} and every {step} more are allowed")]
    LengthNotInSteps {
        /// The number of items.
        length: u64,
        /// The smallest number allowed.
        min: u64,
        /// Distance between neighbouring allowed numbers.
        step: u64,
    },
    /// A discriminator beyond those of the type.
    #[error("unknown discriminator {value}, expected at most {max}")]
    UnknownDiscriminator {
        /// The value found.
        value: u64,
        /// The largest known discriminator.
        max: u64,
    },
    /// The keys of a dictionary or the members of a set are not in strictly ascending order.
    #[error("the keys are not in strictly ascending order")]
    Unsorted,
    /// Octets that should be text are not UTF-8.
    #[error("the text is not UTF-8")]
    NotUtf8,
    /// Values are nested more deeply than the limit.
    #[error("the value is nested deeper than {limit} levels")]
    NestedTooDeep {
        /// The largest number of levels. A `u64` like the other numbers: with a narrower one,
        /// compiled services grow by a quarter, for compilers then keep the kind though nothing
        /// reads it.
        limit: u64,
    },
    /// Bits are set beyond the end of a bit sequence.
    #[error("bits are set beyond the end of the bit sequence")]
    PaddingBits,
}
