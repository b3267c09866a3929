//! Sequences with a length fixed by the protocol. A length fixed by the parameters is not encoded;
//! the length of a sequence of validators is, under a revision that counts validators.

use alloc::boxed::Box;
use alloc::vec::Vec;
use core::fmt;
use core::ops::{Deref, DerefMut};

use jambox_codec::{Decode, DecodeError, DecodeErrorKind, Encode, Reader, encode_natural};

use crate::{CoreIndex, Parameters, Protocol, Revised};

/// Allowed lengths of a sequence.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Lengths {
    /// Smallest length.
    pub min: usize,
    /// Largest length.
    pub max: usize,
    /// Distance between neighbouring allowed lengths.
    pub step: usize,
}

impl Lengths {
    /// One length only.
    #[must_use]
    pub const fn exactly(length: usize) -> Self {
        Self { min: length, max: length, step: 1 }
    }

    /// Every `step`th length from `min` to `max`.
    #[must_use]
    pub const fn steps(step: usize, min: usize, max: usize) -> Self {
        Self { min, max, step }
    }

    /// True for an allowed length.
    #[must_use]
    pub const fn contain(&self, length: usize) -> bool {
        let in_step = match length.saturating_sub(self.min).checked_rem(self.step) {
            Some(rest) => rest == 0,
            None => true,
        };
        self.min <= length && length <= self.max && in_step
    }
}

impl fmt::Display for Lengths {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let Self { min, max, step } = self;
        if min == max { write!(f, "{min}") } else { write!(f, "{min} to {max} in steps of {step}") }
    }
}

/// Error: a sequence whose length the protocol does not allow.
#[derive(Debug, Clone, Copy, PartialEq, Eq, thiserror::Error)]
#[error("{given} items where the protocol has {expected}")]
pub struct LengthError {
    /// Lengths that the protocol allows.
    pub expected: Lengths,
    /// Length of the sequence given.
    pub given: usize,
}

macro_rules! sized_sequence {
    ($(#[$doc:meta])* $name:ident: $context:ident $lengths:expr) => {
        $(#[$doc])*
        ///
        /// The length is right by construction, for the protocol the sequence was made with.
        #[derive(Debug, Clone, PartialEq, Eq)]
        pub struct $name<T>(Box<[T]>);

        impl<T> $name<T> {
            /// Makes a sequence of these items.
            ///
            /// # Errors
            ///
            /// When the protocol does not allow their number.
            pub fn new(items: Vec<T>, context: &$context) -> Result<Self, LengthError> {
                let expected: Lengths = $lengths(context);
                if expected.contain(items.len()) {
                    Ok(Self(items.into_boxed_slice()))
                } else {
                    Err(LengthError { expected, given: items.len() })
                }
            }

            /// The longest allowed sequence, with `make(index)` as items.
            #[must_use]
            pub fn from_fn(context: &$context, make: impl FnMut(usize) -> T) -> Self {
                let lengths: Lengths = $lengths(context);
                Self((0..lengths.max).map(make).collect())
            }

            /// The items as a vector.
            #[must_use]
            pub fn into_vec(self) -> Vec<T> {
                self.0.into_vec()
            }
        }

        impl<T> Deref for $name<T> {
            type Target = [T];

            fn deref(&self) -> &[T] {
                &self.0
            }
        }

        impl<T> DerefMut for $name<T> {
            fn deref_mut(&mut self) -> &mut [T] {
                &mut self.0
            }
        }
    };
}

macro_rules! fixed_sequences {
    ($($(#[$doc:meta])* $name:ident: $length:ident;)*) => {$(
        sized_sequence! {
            $(#[$doc])*
            $name: Parameters |parameters: &Parameters| Lengths::exactly(parameters.$length())
        }

        impl<T: Encode<C>, C: ?Sized> Encode<C> for $name<T> {
            fn encode_to(&self, out: &mut Vec<u8>, context: &C) {
                T::encode_slice(&self.0, out, context);
            }
        }

        impl<T: Decode<Protocol>> Decode<Protocol> for $name<T> {
            fn decode(reader: &mut Reader<'_>, context: &Protocol) -> Result<Self, DecodeError> {
                let items = T::decode_many(reader, context.parameters.$length(), context)?;
                Ok(Self(items.into_boxed_slice()))
            }
        }
    )*};
}

fixed_sequences! {
    /// One item for each core.
    PerCore: core_count;
    /// One item for each slot of an epoch.
    PerSlot: slot_count;
    /// One item for each position of a core's authorizer queue.
    PerQueuePosition: queue_length;
}

macro_rules! counted_sequences {
    ($($(#[$doc:meta])* $name:ident: $lengths:ident;)*) => {$(
        sized_sequence! {
            $(#[$doc])*
            ///
            /// Under a revision that counts validators, the length is encoded before the items.
            $name: Protocol |protocol: &Protocol| protocol.$lengths()
        }

        impl<T: Encode<C>, C: Revised + ?Sized> Encode<C> for $name<T> {
            fn encode_to(&self, out: &mut Vec<u8>, context: &C) {
                if context.rules().validators_counted {
                    encode_natural(self.0.len() as u64, out);
                }
                T::encode_slice(&self.0, out, context);
            }
        }

        impl<T: Decode<Protocol>> Decode<Protocol> for $name<T> {
            fn decode(reader: &mut Reader<'_>, context: &Protocol) -> Result<Self, DecodeError> {
                let length = take_counted(reader, context.$lengths(), context)?;
                let items = T::decode_many(reader, length, context)?;
                Ok(Self(items.into_boxed_slice()))
            }
        }
    )*};
}

counted_sequences! {
    /// One item for each validator.
    PerValidator: validator_counts;
    /// One item for each validator of a super-majority: more than two thirds.
    PerSuperMajority: judgment_counts;
}

/// Decodes the length of a sequence, which must be one of `lengths`.
fn take_counted(
    reader: &mut Reader<'_>,
    lengths: Lengths,
    context: &Protocol,
) -> Result<usize, DecodeError> {
    if !context.rules().validators_counted {
        return Ok(lengths.max);
    }
    let offset = reader.offset();
    let length = reader.take_length()?;
    if lengths.contain(length) {
        return Ok(length);
    }
    let (length, min, max) = (length as u64, lengths.min as u64, lengths.max as u64);
    let kind = if (min..=max).contains(&length) {
        DecodeErrorKind::LengthNotInSteps { length, min, step: lengths.step as u64 }
    } else {
        DecodeErrorKind::LengthOutOfBounds { length, min, max }
    };
    Err(DecodeError { offset, kind })
}

/// One bit for each core.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct CoreBits(Box<[bool]>);

impl CoreBits {
    /// The bits `is_set(core)` of all cores.
    #[must_use]
    pub fn from_fn(parameters: &Parameters, mut is_set: impl FnMut(CoreIndex) -> bool) -> Self {
        Self((0..parameters.cores).map(|core| is_set(CoreIndex(core))).collect())
    }

    /// The bit of `core`; false for a core that does not exist.
    #[must_use]
    pub fn is_set(&self, core: CoreIndex) -> bool {
        self.0.get(usize::from(core.0)).copied().unwrap_or(false)
    }
}

impl<C: ?Sized> Encode<C> for CoreBits {
    fn encode_to(&self, out: &mut Vec<u8>, _: &C) {
        for bits in self.0.chunks(8) {
            out.push(bits.iter().rev().fold(0, |octet, bit| octet << 1 | u8::from(*bit)));
        }
    }
}

impl Decode<Protocol> for CoreBits {
    fn decode(reader: &mut Reader<'_>, protocol: &Protocol) -> Result<Self, DecodeError> {
        let start = reader.offset();
        let cores = usize::from(protocol.parameters.cores);
        let octets = reader.take(cores.div_ceil(8))?;
        let mut bits = octets.iter().flat_map(|octet| (0..8).map(move |bit| octet >> bit & 1 == 1));
        let used = bits.by_ref().take(cores).collect();
        if bits.any(|bit| bit) {
            return Err(DecodeError { offset: start, kind: DecodeErrorKind::PaddingBits });
        }
        Ok(Self(used))
    }
}
