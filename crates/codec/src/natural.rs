//! Naturals: numbers below 2^64 in one to nine octets, small ones in few.

use alloc::vec::Vec;

use crate::{DecodeError, DecodeErrorKind, Reader};

/// A type whose values can also be written as naturals.
///
/// The paper encodes the same kind of number in fixed width in one place and as a natural in
/// another, so this is a choice of the field, not of the type.
pub trait Natural: Copy {
    /// The largest value of the type.
    const MAX_NATURAL: u64;

    /// The value as a number.
    fn to_natural(self) -> u64;

    /// The value of a number, if there is one.
    fn from_natural(number: u64) -> Option<Self>;
}

macro_rules! impl_natural {
    ($($type:ty),*) => {$(
        impl Natural for $type {
            const MAX_NATURAL: u64 = <$type>::MAX as u64;

            fn to_natural(self) -> u64 {
                u64::from(self)
            }

            fn from_natural(number: u64) -> Option<Self> {
                Self::try_from(number).ok()
            }
        }
    )*};
}

impl_natural!(u8, u16, u32, u64);

/// Appends `number` as a natural.
pub fn encode_natural(number: u64, out: &mut Vec<u8>) {
    let extra = extra_octets(number);
    // The first octet holds `extra` leading ones, a zero, and the number's highest bits; with
    // eight further octets there is no room for either and all of its bits are ones.
    let marker = u8::MAX.checked_shl(8_u32.saturating_sub(extra)).unwrap_or(0);
    let [high, ..] = number.checked_shr(extra.saturating_mul(8)).unwrap_or(0).to_le_bytes();
    out.push(marker | high);
    out.extend(number.to_le_bytes().iter().take(extra as usize));
}

/// Octets that `number` takes as a natural: 1 to 9.
#[must_use]
pub const fn natural_len(number: u64) -> usize {
    1_usize.saturating_add(extra_octets(number) as usize)
}

/// Octets that follow the first: with `n` of them, 7(n + 1) bits can be written, or 64 with eight.
const fn extra_octets(number: u64) -> u32 {
    let bits = 64_u32.saturating_sub(number.leading_zeros());
    match bits {
        0..=7 => 0,
        57..=64 => 8,
        bits => bits.saturating_sub(1) / 7,
    }
}

impl Reader<'_> {
    /// Takes a natural.
    ///
    /// # Errors
    ///
    /// When the input ends in it, or when it is written in more octets than it needs.
    pub fn take_natural(&mut self) -> Result<u64, DecodeError> {
        let start = self.clone();
        let [first] = self.take_array()?;
        if first < 0x80 {
            // Nearly all are: this way costs a guest a fifth of the gas.
            return Ok(first.into());
        }
        let extra = first.leading_ones();
        let mut low = [0; 8];
        let taken = self.take(extra as usize)?;
        for (to, from) in low.iter_mut().zip(taken) {
            *to = *from;
        }
        let mask = u8::MAX.checked_shr(extra.saturating_add(1)).unwrap_or(0);
        let high = u64::from(first & mask).checked_shl(extra.saturating_mul(8)).unwrap_or(0);
        let number = u64::from_le_bytes(low) | high;
        if extra_octets(number) != extra {
            return Err(start.error(DecodeErrorKind::NonCanonicalNatural));
        }
        Ok(number)
    }

    /// Takes a natural and gives it the type asked for.
    ///
    /// # Errors
    ///
    /// Those of [`Reader::take_natural`], and [`DecodeErrorKind::TooLarge`] beyond the type.
    pub fn take_natural_as<T: Natural>(&mut self) -> Result<T, DecodeError> {
        let offset = self.offset();
        let value = self.take_natural()?;
        let kind = DecodeErrorKind::TooLarge { value, limit: T::MAX_NATURAL };
        T::from_natural(value).ok_or(DecodeError { offset, kind })
    }
}
