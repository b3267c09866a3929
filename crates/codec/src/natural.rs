//! Naturals: numbers below 2^64 in one to nine octets, the smaller the shorter.

use alloc::vec::Vec;

use crate::{DecodeError, DecodeErrorKind, Reader};

/// A type whose values can also be written as naturals.
///
/// The paper encodes the same kind of number in fixed width in one place and as a natural in
/// another. The encoding is therefore chosen for a field, not for a type.
pub trait Natural: Copy {
    /// The largest value of the type.
    const MAX_NATURAL: u64;

    /// The value as a number.
    fn to_natural(self) -> u64;

    /// The value with this number; `None` if it exceeds the type.
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
    // The first octet holds `extra` leading ones, a zero, and the number's highest bits. With eight
    // further octets, no zero and no bits of the number fit: all bits of the first octet are ones.
    let marker = u8::MAX.checked_shl(8_u32.saturating_sub(extra)).unwrap_or(0);
    let [high, ..] = number.checked_shr(extra.saturating_mul(8)).unwrap_or(0).to_le_bytes();
    out.push(marker | high);
    out.extend(number.to_le_bytes().iter().take(extra as usize));
}

/// Length of `number` as a natural, in octets: 1 to 9.
#[must_use]
pub const fn natural_len(number: u64) -> usize {
    1_usize.saturating_add(extra_octets(number) as usize)
}

/// Number of octets after the first: `n` of them hold numbers of 7(n + 1) bits, and eight hold 64
/// bits.
const fn extra_octets(number: u64) -> u32 {
    let bits = 64_u32.saturating_sub(number.leading_zeros());
    match bits {
        0..=7 => 0,
        57..=64 => 8,
        bits => bits.saturating_sub(1) / 7,
    }
}

impl Reader<'_> {
    /// Decodes a natural.
    ///
    /// # Errors
    ///
    /// When the input ends in the natural, or when it is written in more octets than it needs.
    pub fn take_natural(&mut self) -> Result<u64, DecodeError> {
        let start = self.clone();
        let [first] = self.take_array()?;
        if first < 0x80 {
            // Nearly all naturals take one octet. This shortcut saves a guest a fifth of the gas of
            // decoding.
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

    /// Decodes a natural and converts it to the type asked for.
    ///
    /// # Errors
    ///
    /// Those of [`Reader::take_natural`], and [`DecodeErrorKind::TooLarge`] if the natural exceeds
    /// the type.
    pub fn take_natural_as<T: Natural>(&mut self) -> Result<T, DecodeError> {
        let offset = self.offset();
        let value = self.take_natural()?;
        let kind = DecodeErrorKind::TooLarge { value, limit: T::MAX_NATURAL };
        T::from_natural(value).ok_or(DecodeError { offset, kind })
    }
}
