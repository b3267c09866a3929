//! Sequences whose length is fixed by the parameters, and therefore not written down.

use alloc::boxed::Box;
use alloc::vec::Vec;
use core::ops::{Deref, DerefMut};

use jambox_codec::{Decode, DecodeError, DecodeErrorKind, Encode, Reader};

use crate::{CoreIndex, Parameters};

/// A sequence that is not of the length that the parameters fix.
#[derive(Debug, Clone, Copy, PartialEq, Eq, thiserror::Error)]
#[error("{given} items where the parameters fix {expected}")]
pub struct LengthError {
    /// The items that the parameters fix.
    pub expected: usize,
    /// The items given.
    pub given: usize,
}

macro_rules! sized_sequences {
    ($($(#[$doc:meta])* $name:ident: $length:ident;)*) => {$(
        $(#[$doc])*
        ///
        /// Its length is right by construction, for the parameters that it was made with.
        #[derive(Debug, Clone, PartialEq, Eq)]
        pub struct $name<T>(Box<[T]>);

        impl<T> $name<T> {
            /// The sequence of these items.
            ///
            /// # Errors
            ///
            /// When they are more or fewer than the parameters fix.
            pub fn new(items: Vec<T>, parameters: &Parameters) -> Result<Self, LengthError> {
                let expected = parameters.$length();
                if items.len() == expected {
                    Ok(Self(items.into_boxed_slice()))
                } else {
                    Err(LengthError { expected, given: items.len() })
                }
            }

            /// The sequence whose items `make` gives for each index.
            #[must_use]
            pub fn from_fn(parameters: &Parameters, make: impl FnMut(usize) -> T) -> Self {
                Self((0..parameters.$length()).map(make).collect())
            }

            /// The items, free to change in number.
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

        impl<T: Encode> Encode for $name<T> {
            fn encode_to(&self, out: &mut Vec<u8>) {
                T::encode_slice(&self.0, out);
            }
        }

        impl<T: Decode<Parameters>> Decode<Parameters> for $name<T> {
            fn decode(
                reader: &mut Reader<'_>,
                parameters: &Parameters,
            ) -> Result<Self, DecodeError> {
                let items = T::decode_many(reader, parameters.$length(), parameters)?;
                Ok(Self(items.into_boxed_slice()))
            }
        }
    )*};
}

sized_sequences! {
    /// One item for each validator.
    PerValidator: validator_count;
    /// One item for each core.
    PerCore: core_count;
    /// One item for each slot of an epoch.
    PerSlot: slot_count;
    /// One item for each position of a core's authorizer queue.
    PerQueuePosition: queue_length;
    /// One item for each validator of a super-majority: more than two thirds.
    PerSuperMajority: super_majority;
}

/// One bit for each core.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct CoreBits(Box<[bool]>);

impl CoreBits {
    /// The bits that `is_set` gives for each core.
    #[must_use]
    pub fn from_fn(parameters: &Parameters, mut is_set: impl FnMut(CoreIndex) -> bool) -> Self {
        Self((0..parameters.cores).map(|core| is_set(CoreIndex(core))).collect())
    }

    /// Whether the bit of `core` is set; no bit is set for a core that does not exist.
    #[must_use]
    pub fn is_set(&self, core: CoreIndex) -> bool {
        self.0.get(usize::from(core.0)).copied().unwrap_or(false)
    }
}

impl Encode for CoreBits {
    fn encode_to(&self, out: &mut Vec<u8>) {
        for bits in self.0.chunks(8) {
            out.push(bits.iter().rev().fold(0, |octet, bit| octet << 1 | u8::from(*bit)));
        }
    }
}

impl Decode<Parameters> for CoreBits {
    fn decode(reader: &mut Reader<'_>, parameters: &Parameters) -> Result<Self, DecodeError> {
        let start = reader.offset();
        let octets = reader.take(usize::from(parameters.cores.div_ceil(8)))?;
        let mut bits = octets.iter().flat_map(|octet| (0..8).map(move |bit| octet >> bit & 1 == 1));
        let used = bits.by_ref().take(usize::from(parameters.cores)).collect();
        if bits.any(|bit| bit) {
            return Err(DecodeError { offset: start, kind: DecodeErrorKind::PaddingBits });
        }
        Ok(Self(used))
    }
}
