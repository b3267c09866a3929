//! What can be wrong with octets.

/// Octets that are not the encoding of a value.
#[derive(Debug, Clone, Copy, PartialEq, Eq, thiserror::Error)]
#[error("at octet {offset}: {kind}")]
pub struct DecodeError {
    /// Where the item begins that could not be decoded, in octets from the start of the input.
    pub offset: usize,
    /// What is wrong with it.
    pub kind: DecodeErrorKind,
}

/// The ways in which octets fail to be the encoding of a value.
#[derive(Debug, Clone, Copy, PartialEq, Eq, thiserror::Error)]
#[non_exhaustive]
pub enum DecodeErrorKind {
    /// The input ends inside the item.
    #[error("the input ends early: {needed} octets expected, {available} left")]
    UnexpectedEnd {
        /// Octets that the item takes.
        needed: usize,
        /// Octets that are left.
        available: usize,
    },
    /// The value is complete and octets are left.
    #[error("{count} octets follow the value")]
    TrailingOctets {
        /// How many.
        count: usize,
    },
    /// A natural is written in more octets than it needs.
    #[error("a natural is encoded in more octets than it needs")]
    NonCanonicalNatural,
    /// A number is larger than its type or its rule allows.
    #[error("the number {value} is larger than {limit}")]
    TooLarge {
        /// The number.
        value: u64,
        /// The largest that is allowed.
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
    /// A sequence has a length between two that the protocol allows.
    #[error("a sequence of {length} items where {min} and every {step} more are allowed")]
    LengthNotInSteps {
        /// The number of items.
        length: u64,
        /// The smallest number allowed.
        min: u64,
        /// The distance between one number that is allowed and the next.
        step: u64,
    },
    /// A discriminator that names no alternative.
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
    /// A value holds values that hold values, and so on, beyond the limit.
    #[error("the value is nested deeper than {limit} levels")]
    NestedTooDeep {
        /// The most levels. As wide as the others' numbers: services grow by a quarter where one of
        /// them is narrower, for then compilers keep the kind though nobody looks at it.
        limit: u64,
    },
    /// Bits are set beyond the end of a bit sequence.
    #[error("bits are set beyond the end of the bit sequence")]
    PaddingBits,
}
