//! Sequences with a length, options, results, tuples, dictionaries and sets.

use alloc::boxed::Box;
use alloc::collections::{BTreeMap, BTreeSet, VecDeque};
use alloc::vec::Vec;

use crate::{Decode, DecodeError, DecodeErrorKind, Encode, Reader, encode_natural};

/// Encoded as the length, a natural, and the items.
impl<T: Encode<C>, C: ?Sized> Encode<C> for [T] {
    fn encode_to(&self, out: &mut Vec<u8>, context: &C) {
        encode_natural(self.len() as u64, out);
        T::encode_slice(self, out, context);
    }
}

impl<T: Encode<C>, C: ?Sized> Encode<C> for Vec<T> {
    fn encode_to(&self, out: &mut Vec<u8>, context: &C) {
        self.as_slice().encode_to(out, context);
    }
}

impl<T: Decode<C>, C: ?Sized> Decode<C> for Vec<T> {
    fn decode(reader: &mut Reader<'_>, context: &C) -> Result<Self, DecodeError> {
        let length = reader.take_length_of::<T, C>()?;
        T::decode_many(reader, length, context)
    }
}

impl<T: Encode<C>, C: ?Sized> Encode<C> for VecDeque<T> {
    fn encode_to(&self, out: &mut Vec<u8>, context: &C) {
        encode_natural(self.len() as u64, out);
        let (front, back) = self.as_slices();
        T::encode_slice(front, out, context);
        T::encode_slice(back, out, context);
    }
}

impl<T: Decode<C>, C: ?Sized> Decode<C> for VecDeque<T> {
    fn decode(reader: &mut Reader<'_>, context: &C) -> Result<Self, DecodeError> {
        Vec::decode(reader, context).map(Self::from)
    }
}

impl<T: Encode<C> + ?Sized, C: ?Sized> Encode<C> for &T {
    fn encode_to(&self, out: &mut Vec<u8>, context: &C) {
        (**self).encode_to(out, context);
    }
}

impl<T: Encode<C> + ?Sized, C: ?Sized> Encode<C> for Box<T> {
    fn encode_to(&self, out: &mut Vec<u8>, context: &C) {
        (**self).encode_to(out, context);
    }
}

impl<T: Decode<C>, C: ?Sized> Decode<C> for Box<T> {
    fn decode(reader: &mut Reader<'_>, context: &C) -> Result<Self, DecodeError> {
        reader.nested(|reader| T::decode(reader, context)).map(Self::new)
    }
}

/// Encoded as a discriminator, 0 for `None` and 1 for `Some`, and the value.
impl<T: Encode<C>, C: ?Sized> Encode<C> for Option<T> {
    fn encode_to(&self, out: &mut Vec<u8>, context: &C) {
        out.push(u8::from(self.is_some()));
        if let Some(value) = self {
            value.encode_to(out, context);
        }
    }
}

impl<T: Decode<C>, C: ?Sized> Decode<C> for Option<T> {
    fn decode(reader: &mut Reader<'_>, context: &C) -> Result<Self, DecodeError> {
        match reader.take_discriminator(1)? {
            0 => Ok(None),
            _ => T::decode(reader, context).map(Some),
        }
    }
}

/// Encoded as a discriminator, 0 for `Ok` and 1 for `Err`, and the value of either.
impl<T: Encode<C>, E: Encode<C>, C: ?Sized> Encode<C> for Result<T, E> {
    fn encode_to(&self, out: &mut Vec<u8>, context: &C) {
        out.push(u8::from(self.is_err()));
        match self {
            Ok(value) => value.encode_to(out, context),
            Err(error) => error.encode_to(out, context),
        }
    }
}

impl<T: Decode<C>, E: Decode<C>, C: ?Sized> Decode<C> for Result<T, E> {
    fn decode(reader: &mut Reader<'_>, context: &C) -> Result<Self, DecodeError> {
        Ok(match reader.take_discriminator(1)? {
            0 => Ok(T::decode(reader, context)?),
            _ => Err(E::decode(reader, context)?),
        })
    }
}

/// Encoded as no octet.
impl<C: ?Sized> Encode<C> for () {
    fn encode_to(&self, _: &mut Vec<u8>, _: &C) {}
}

impl<C: ?Sized> Decode<C> for () {
    const TAKES_NOTHING: bool = true;

    fn decode(_: &mut Reader<'_>, _: &C) -> Result<Self, DecodeError> {
        Ok(())
    }
}

macro_rules! impl_tuple {
    ($($name:ident $index:tt),*) => {
        impl<$($name: Encode<C>,)* C: ?Sized> Encode<C> for ($($name,)*) {
            fn encode_to(&self, out: &mut Vec<u8>, context: &C) {
                $(self.$index.encode_to(out, context);)*
            }
        }

        impl<$($name: Decode<C>,)* C: ?Sized> Decode<C> for ($($name,)*) {
            const TAKES_NOTHING: bool = $($name::TAKES_NOTHING)&&*;

            fn decode(reader: &mut Reader<'_>, context: &C) -> Result<Self, DecodeError> {
                Ok(($($name::decode(reader, context)?,)*))
            }
        }
    };
}

impl_tuple!(T0 0);
impl_tuple!(T0 0, T1 1);
impl_tuple!(T0 0, T1 1, T2 2);
impl_tuple!(T0 0, T1 1, T2 2, T3 3);
impl_tuple!(T0 0, T1 1, T2 2, T3 3, T4 4);
impl_tuple!(T0 0, T1 1, T2 2, T3 3, T4 4, T5 5);
impl_tuple!(T0 0, T1 1, T2 2, T3 3, T4 4, T5 5, T6 6);
impl_tuple!(T0 0, T1 1, T2 2, T3 3, T4 4, T5 5, T6 6, T7 7);

/// Encoded as a sequence of pairs in ascending order of their keys.
impl<K: Encode<C>, V: Encode<C>, C: ?Sized> Encode<C> for BTreeMap<K, V> {
    fn encode_to(&self, out: &mut Vec<u8>, context: &C) {
        encode_natural(self.len() as u64, out);
        for (key, value) in self {
            key.encode_to(out, context);
            value.encode_to(out, context);
        }
    }
}

impl<K: Decode<C> + Ord, V: Decode<C>, C: ?Sized> Decode<C> for BTreeMap<K, V> {
    fn decode(reader: &mut Reader<'_>, context: &C) -> Result<Self, DecodeError> {
        let length = reader.take_length_of::<(K, V), C>()?;
        reader.nested(|reader| {
            let mut map = Self::new();
            for _ in 0..length {
                let start = reader.offset();
                let key = K::decode(reader, context)?;
                require_ascending(map.last_key_value().map(|(last, _)| last), &key, start)?;
                let value = V::decode(reader, context)?;
                map.insert(key, value);
            }
            Ok(map)
        })
    }
}

/// Encoded as a sequence of the members in ascending order.
impl<T: Encode<C>, C: ?Sized> Encode<C> for BTreeSet<T> {
    fn encode_to(&self, out: &mut Vec<u8>, context: &C) {
        encode_natural(self.len() as u64, out);
        for member in self {
            member.encode_to(out, context);
        }
    }
}

impl<T: Decode<C> + Ord, C: ?Sized> Decode<C> for BTreeSet<T> {
    fn decode(reader: &mut Reader<'_>, context: &C) -> Result<Self, DecodeError> {
        let length = reader.take_length_of::<T, C>()?;
        reader.nested(|reader| {
            let mut set = Self::new();
            for _ in 0..length {
                let start = reader.offset();
                let member = T::decode(reader, context)?;
                require_ascending(set.last(), &member, start)?;
                set.insert(member);
            }
            Ok(set)
        })
    }
}

fn require_ascending<T: Ord>(last: Option<&T>, next: &T, offset: usize) -> Result<(), DecodeError> {
    match last {
        Some(last) if last >= next => Err(DecodeError { offset, kind: DecodeErrorKind::Unsorted }),
        _ => Ok(()),
    }
}
