//! Numbers of fixed width, little-endian, signed ones in two's complement; truth values; arrays.

use alloc::vec::Vec;

use crate::{Decode, DecodeError, Encode, Reader};

macro_rules! impl_fixed_width {
    ($($type:ty),*) => {$(
        impl<C: ?Sized> Encode<C> for $type {
            fn encode_to(&self, out: &mut Vec<u8>, _: &C) {
                out.extend_from_slice(&self.to_le_bytes());
            }
        }

        impl<C: ?Sized> Decode<C> for $type {
            fn decode(reader: &mut Reader<'_>, _: &C) -> Result<Self, DecodeError> {
                Ok(Self::from_le_bytes(reader.take_array()?))
            }
        }
    )*};
}

impl_fixed_width!(u16, u32, u64, u128, i8, i16, i32, i64, i128);

impl<C: ?Sized> Encode<C> for u8 {
    fn encode_to(&self, out: &mut Vec<u8>, _: &C) {
        out.push(*self);
    }

    fn encode_slice(items: &[Self], out: &mut Vec<u8>, _: &C) {
        out.extend_from_slice(items);
    }
}

impl<C: ?Sized> Decode<C> for u8 {
    fn decode(reader: &mut Reader<'_>, _: &C) -> Result<Self, DecodeError> {
        reader.take_array().map(|[octet]| octet)
    }

    fn decode_many(reader: &mut Reader<'_>, count: usize, _: &C) -> Result<Vec<Self>, DecodeError> {
        Ok(reader.take(count)?.to_vec())
    }

    fn decode_array<const N: usize>(
        reader: &mut Reader<'_>,
        _: &C,
    ) -> Result<[Self; N], DecodeError> {
        reader.take_array()
    }
}

impl<C: ?Sized> Encode<C> for bool {
    fn encode_to(&self, out: &mut Vec<u8>, _: &C) {
        out.push(u8::from(*self));
    }
}

impl<C: ?Sized> Decode<C> for bool {
    fn decode(reader: &mut Reader<'_>, _: &C) -> Result<Self, DecodeError> {
        Ok(reader.take_discriminator(1)? == 1)
    }
}

/// A sequence whose length is part of its type: the items alone.
impl<T: Encode<C>, C: ?Sized, const N: usize> Encode<C> for [T; N] {
    fn encode_to(&self, out: &mut Vec<u8>, context: &C) {
        T::encode_slice(self, out, context);
    }
}

impl<T: Decode<C>, C: ?Sized, const N: usize> Decode<C> for [T; N] {
    const TAKES_NOTHING: bool = N == 0 || T::TAKES_NOTHING;

    fn decode(reader: &mut Reader<'_>, context: &C) -> Result<Self, DecodeError> {
        T::decode_array(reader, context)
    }
}
