//! Numbers with a unit: a service index is not a slot, and gas is not balance.

use alloc::vec::Vec;
use core::fmt;

use jambox_codec::{Decode, DecodeError, Encode, Natural, Reader};

macro_rules! scalars {
    ($($(#[$doc:meta])* $name:ident($inner:ty);)*) => {$(
        $(#[$doc])*
        #[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash, Default)]
        #[cfg_attr(
            feature = "serde",
            derive(serde::Serialize, serde::Deserialize),
            serde(transparent)
        )]
        pub struct $name(pub $inner);

        impl fmt::Display for $name {
            fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
                fmt::Display::fmt(&self.0, f)
            }
        }

        impl From<$inner> for $name {
            fn from(number: $inner) -> Self {
                Self(number)
            }
        }

        impl<C: ?Sized> Encode<C> for $name {
            fn encode_to(&self, out: &mut Vec<u8>, context: &C) {
                self.0.encode_to(out, context);
            }
        }

        impl<C: ?Sized> Decode<C> for $name {
            fn decode(reader: &mut Reader<'_>, context: &C) -> Result<Self, DecodeError> {
                <$inner>::decode(reader, context).map(Self)
            }
        }

        impl Natural for $name {
            const MAX_NATURAL: u64 = <$inner>::MAX_NATURAL;

            fn to_natural(self) -> u64 {
                self.0.to_natural()
            }

            fn from_natural(number: u64) -> Option<Self> {
                <$inner>::from_natural(number).map(Self)
            }
        }
    )*};
}

/// Arithmetic of amounts; `None` for a result outside of the 64-bit range.
macro_rules! amounts {
    ($($name:ident)+) => {$(
        impl $name {
            /// The sum; `None` from 2^64 on.
            #[must_use]
            pub const fn checked_add(self, other: Self) -> Option<Self> {
                match self.0.checked_add(other.0) {
                    Some(sum) => Some(Self(sum)),
                    None => None,
                }
            }

            /// The difference; `None` below zero.
            #[must_use]
            pub const fn checked_sub(self, other: Self) -> Option<Self> {
                match self.0.checked_sub(other.0) {
                    Some(difference) => Some(Self(difference)),
                    None => None,
                }
            }

            /// The product; `None` from 2^64 on.
            #[must_use]
            pub const fn checked_mul(self, times: u64) -> Option<Self> {
                match self.0.checked_mul(times) {
                    Some(product) => Some(Self(product)),
                    None => None,
                }
            }

            /// The sum, at most 2^64 - 1.
            #[must_use]
            pub const fn saturating_add(self, other: Self) -> Self {
                Self(self.0.saturating_add(other.0))
            }

            /// The difference, at least zero.
            #[must_use]
            pub const fn saturating_sub(self, other: Self) -> Self {
                Self(self.0.saturating_sub(other.0))
            }
        }
    )+};
}

amounts!(Gas Balance);

scalars! {
    /// The index of a service (`eq:serviceaccounts`, 0.7.2).
    ServiceId(u32);
    /// An amount of gas, the unit of execution (`eq:gasregentry`, 0.7.2).
    Gas(u64);
    /// An amount of the native token (`eq:balance`, 0.7.2).
    Balance(u64);
    /// A slot, six seconds long, counted from the start of the Jam Common Era (`eq:time`, 0.7.2).
    TimeSlot(u32);
    /// The index of a core.
    CoreIndex(u16);
    /// The index of a validator in its set.
    ValidatorIndex(u16);
}
