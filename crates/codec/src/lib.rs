//! The JAM codec: values to octets and back, as the Gray Paper's serialization appendix defines
//! it (`sec:serialization`, 0.7.2).
//!
//! **Contents.** Two traits, [`Encode`] and [`Decode`], their implementations for the building
//! blocks (fixed-width integers, naturals, text, sequences, options, dictionaries), and the macro
//! [`impl_codec!`], which makes both from one list of a struct's fields in encoding order.
//!
//! **Not here.** Protocol types and protocol constants are `jambox-types`'s, and the codec is not a
//! serde format. `jam-codec` 0.1.1 was weighed for the job and serves as an oracle in this crate's
//! tests. It is not used below because its errors are strings without a place, and because its
//! decoder takes no context, so it cannot decode lengths that depend on protocol parameters.
//!
//! **Invariants.**
//!
//! - In a context, exactly one value is decoded from a sequence of octets and exactly one sequence
//!   of octets is accepted for a value: naturals that are longer than needed, unsorted
//!   dictionaries, unknown discriminators and trailing octets are errors.
//! - Decoding allocates in proportion to the octets given, never to a length claimed in them, and
//!   nests no deeper than 64 levels.
//! - Every error names the offset of the first octet of the item that could not be decoded.
//!
//! # Context
//!
//! Some lengths are not encoded but fixed by protocol parameters (cores, slots of an epoch), and
//! some fields exist in one revision of the protocol only. Their types implement [`Encode`] and
//! [`Decode`] only for contexts that hold the parameter or the revision. All other types implement
//! both traits for every context. Both sorts of types can be fields of one struct, and a missing
//! context is a compile error.
//!
//! # Example
//!
//! ```
//! use jambox_codec::{DecodeErrorKind, Natural, decode_all, encode, impl_codec};
//!
//! #[derive(Debug, PartialEq)]
//! struct Item {
//!     id: u32,
//!     gas: u64,
//!     payload: Vec<u8>,
//! }
//! impl_codec!(Item { id, gas: natural, payload });
//!
//! let item = Item { id: 7, gas: 300, payload: vec![0xaa, 0xbb] };
//! let octets = encode(&item);
//! assert_eq!(octets, [7, 0, 0, 0, 0x81, 0x2c, 2, 0xaa, 0xbb]);
//! assert_eq!(decode_all::<Item>(&octets)?, item);
//!
//! let error = decode_all::<Item>(&octets[..8]).unwrap_err();
//! assert_eq!((error.offset, error.kind), (6, DecodeErrorKind::LengthExceedsInput { claimed: 2 }));
//! # Ok::<(), jambox_codec::DecodeError>(())
//! ```
#![no_std]
#![cfg_attr(
    not(test),
    deny(
        clippy::unwrap_used,
        clippy::expect_used,
        clippy::indexing_slicing,
        clippy::arithmetic_side_effects
    )
)]

extern crate alloc;

mod collections;
mod error;
mod integers;
mod macros;
mod natural;
mod reader;
mod text;

use alloc::vec::Vec;

pub use error::{DecodeError, DecodeErrorKind};
pub use natural::{Natural, encode_natural, natural_len};
pub use reader::Reader;

#[doc(hidden)]
pub use alloc::vec::Vec as MacroVec;

/// A value with an encoding, given a context `C` (see the crate's documentation).
pub trait Encode<C: ?Sized = ()> {
    /// Appends the encoding to `out`.
    fn encode_to(&self, out: &mut Vec<u8>, context: &C);

    /// Appends the encodings of `items`, one after another, without a length.
    ///
    /// Types of one octet override it with a single copy.
    fn encode_slice(items: &[Self], out: &mut Vec<u8>, context: &C)
    where
        Self: Sized,
    {
        for item in items {
            item.encode_to(out, context);
        }
    }
}

/// A value that can be decoded, given a context `C` (see the crate's documentation).
///
/// A sequence that claims more items than octets are left is refused, except if its items take no
/// octet ([`Decode::TAKES_NOTHING`]).
pub trait Decode<C: ?Sized = ()>: Sized {
    /// True for types whose encoding is empty, as that of `()`.
    const TAKES_NOTHING: bool = false;

    /// Decodes one value at the reader's offset.
    ///
    /// # Errors
    ///
    /// When the octets at the reader's offset are not the encoding of a value.
    fn decode(reader: &mut Reader<'_>, context: &C) -> Result<Self, DecodeError>;

    /// Decodes `count` values: a sequence whose length is known.
    ///
    /// # Errors
    ///
    /// Those of [`Decode::decode`].
    ///
    /// Types of one octet override it with a single copy.
    fn decode_many(
        reader: &mut Reader<'_>,
        count: usize,
        context: &C,
    ) -> Result<Vec<Self>, DecodeError> {
        reader.nested(|reader| {
            let mut items = Vec::new();
            for _ in 0..count {
                items.push(Self::decode(reader, context)?);
            }
            Ok(items)
        })
    }

    /// Decodes `N` values: a sequence whose length is part of its type.
    ///
    /// # Errors
    ///
    /// Those of [`Decode::decode`].
    ///
    /// Types of one octet override it so that nothing is allocated.
    fn decode_array<const N: usize>(
        reader: &mut Reader<'_>,
        context: &C,
    ) -> Result<[Self; N], DecodeError> {
        let items = Self::decode_many(reader, N, context)?;
        items.try_into().map_err(|items: Vec<Self>| {
            let (length, limit) = (items.len() as u64, N as u64);
            let kind = DecodeErrorKind::LengthOutOfBounds { length, min: limit, max: limit };
            reader.error(kind)
        })
    }
}

/// Encodes a value that needs no context.
#[must_use]
pub fn encode<T: Encode + ?Sized>(value: &T) -> Vec<u8> {
    encode_with(value, &())
}

/// Encodes a value in a context.
#[must_use]
pub fn encode_with<T: Encode<C> + ?Sized, C: ?Sized>(value: &T, context: &C) -> Vec<u8> {
    let mut out = Vec::new();
    value.encode_to(&mut out, context);
    out
}

/// Decodes a value that needs no context from all of `octets`.
///
/// # Errors
///
/// When the octets are not the encoding of a value, or octets are left after it.
pub fn decode_all<T: Decode>(octets: &[u8]) -> Result<T, DecodeError> {
    decode_all_with(octets, &())
}

/// Decodes a value from all of `octets`, given a context.
///
/// # Errors
///
/// As [`decode_all`].
pub fn decode_all_with<T: Decode<C>, C: ?Sized>(
    octets: &[u8],
    context: &C,
) -> Result<T, DecodeError> {
    let mut reader = Reader::new(octets);
    let value = T::decode(&mut reader, context)?;
    reader.finish()?;
    Ok(value)
}
