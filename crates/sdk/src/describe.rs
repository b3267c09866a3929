//! Descriptions of types' encodings, as a text for tools: package files can write a payload by the
//! names of its fields.
//!
//! The compiler makes the text and puts it into a section of the ELF, which no blob has: `jambox
//! build` writes it beside the blob.

use alloc::boxed::Box;
use alloc::collections::{BTreeMap, BTreeSet, VecDeque};
use alloc::string::String;
use alloc::vec::Vec;

use jambox_types::{
    Balance, CoreIndex, Ed25519Key, Ed25519Signature, Gas, Hash, Memo, ServiceId, TimeSlot,
};

/// Description of an encoding.
#[derive(Clone, Copy, Debug)]
pub enum Type {
    /// A type with a name: a number, a truth value, a text.
    Named(&'static str),
    /// An optional value.
    Option(&'static Type),
    /// A value of success or of failure.
    Result(&'static Type, &'static Type),
    /// Values after their number.
    Sequence(&'static Type),
    /// A fixed number of values.
    Array(&'static Type, usize),
    /// Values under keys.
    Map(&'static Type, &'static Type),
    /// Values in ascending order.
    Set(&'static Type),
    /// Values one after another.
    Tuple(&'static [Type]),
    /// Values one after another, with names.
    Struct(&'static [(&'static str, Type)]),
    /// One of several variants: its index as a natural, then its fields, a tuple or a struct.
    Enum(&'static [(&'static str, Type)]),
}

/// A type whose encoding can be described; `#[derive(Describe)]` for a crate's own types, which
/// cannot contain themselves.
///
/// ```
/// use jambox_sdk::describe::{Describe, Text};
/// use jambox_sdk::prelude::*;
///
/// #[derive(Encode, Decode, Describe)]
/// enum Command {
///     Clear,
///     Set { key: [u8; 2], #[codec(natural)] count: u64 },
///     Many(Vec<Option<ServiceId>>),
/// }
///
/// const TEXT: &str = Text::<1000>::of(&Command::TYPE).as_str();
/// assert_eq!(
///     TEXT,
///     "enum { Clear (), Set { key: [u8; 2], count: natural }, Many (Vec<Option<u32>>) }",
/// );
/// ```
pub trait Describe {
    /// Description of the encoding.
    const TYPE: Type;
}

macro_rules! described {
    ($($type:ty => $name:literal,)+) => {$(
        impl Describe for $type {
            const TYPE: Type = Type::Named($name);
        }
    )+};
}

described! {
    bool => "bool",
    u8 => "u8",
    u16 => "u16",
    u32 => "u32",
    u64 => "u64",
    u128 => "u128",
    i8 => "i8",
    i16 => "i16",
    i32 => "i32",
    i64 => "i64",
    i128 => "i128",
    String => "text",
    str => "text",
    ServiceId => "u32",
    TimeSlot => "u32",
    CoreIndex => "u16",
    Gas => "u64",
    Balance => "u64",
}

macro_rules! octets_described {
    ($($type:ident)+) => {$(
        impl Describe for $type {
            const TYPE: Type = <[u8; $type::LENGTH]>::TYPE;
        }
    )+};
}

octets_described!(Hash Ed25519Key Ed25519Signature Memo);

macro_rules! containers_described {
    ($(<$($name:ident),+> $type:ty => $described:expr;)+) => {$(
        impl<$($name: Describe),+> Describe for $type {
            const TYPE: Type = $described;
        }
    )+};
}

containers_described! {
    <T> Vec<T> => Type::Sequence(&T::TYPE);
    <T> VecDeque<T> => Type::Sequence(&T::TYPE);
    <T> Option<T> => Type::Option(&T::TYPE);
    <T> Box<T> => T::TYPE;
    <T, E> Result<T, E> => Type::Result(&T::TYPE, &E::TYPE);
    <K, V> BTreeMap<K, V> => Type::Map(&K::TYPE, &V::TYPE);
    <T> BTreeSet<T> => Type::Set(&T::TYPE);
    <A, B> (A, B) => Type::Tuple(&[A::TYPE, B::TYPE]);
    <A, B, C> (A, B, C) => Type::Tuple(&[A::TYPE, B::TYPE, C::TYPE]);
    <A, B, C, D> (A, B, C, D) => Type::Tuple(&[A::TYPE, B::TYPE, C::TYPE, D::TYPE]);
}

impl Describe for () {
    const TYPE: Type = Type::Tuple(&[]);
}

impl<T: Describe, const N: usize> Describe for [T; N] {
    const TYPE: Type = Type::Array(&T::TYPE, N);
}

impl<T: Describe + ?Sized> Describe for &T {
    const TYPE: Type = T::TYPE;
}

/// A text of at most `N` octets, made at compile time; a longer text is only measured.
#[derive(Clone, Copy, Debug)]
pub struct Text<const N: usize> {
    octets: [u8; N],
    length: usize,
}

impl<const N: usize> Text<N> {
    /// The text of a type.
    #[must_use]
    pub const fn of(described: &Type) -> Self {
        Self { octets: [0; N], length: 0 }.with(described)
    }

    /// Length of the text, in octets, also where it is longer than `N`.
    #[must_use]
    #[expect(clippy::len_without_is_empty, reason = "no type has an empty text")]
    pub const fn len(&self) -> usize {
        self.length
    }

    /// The octets, filled up with zeros.
    #[must_use]
    pub const fn octets(&self) -> [u8; N] {
        self.octets
    }

    /// The text.
    ///
    /// # Panics
    ///
    /// When the text is longer than `N`.
    #[must_use]
    pub const fn as_str(&self) -> &str {
        assert!(self.length <= N, "the text is longer than that");
        let (octets, _) = self.octets.split_at(self.length);
        match core::str::from_utf8(octets) {
            Ok(text) => text,
            Err(_) => panic!("texts of types are UTF-8"),
        }
    }

    const fn put(mut self, text: &str) -> Self {
        let mut index = 0;
        while index < text.len() {
            if self.length < N {
                self.octets[self.length] = text.as_bytes()[index];
            }
            self.length += 1;
            index += 1;
        }
        self
    }

    const fn number(self, number: usize) -> Self {
        let rest = if number < 10 { self } else { self.number(number / 10) };
        let (_, digits) = "0123456789".split_at(number % 10);
        let (digit, _) = digits.split_at(1);
        rest.put(digit)
    }

    const fn with(self, described: &Type) -> Self {
        match described {
            Type::Named(name) => self.put(name),
            Type::Option(value) => self.put("Option<").with(value).put(">"),
            Type::Result(value, error) => {
                self.put("Result<").with(value).put(", ").with(error).put(">")
            }
            Type::Sequence(item) => self.put("Vec<").with(item).put(">"),
            Type::Array(item, count) => self.put("[").with(item).put("; ").number(*count).put("]"),
            Type::Map(key, value) => self.put("Map<").with(key).put(", ").with(value).put(">"),
            Type::Set(item) => self.put("Set<").with(item).put(">"),
            Type::Tuple(items) => self.put("(").items(items).put(")"),
            Type::Struct(fields) => self.put("{ ").fields(fields, ": ").put(" }"),
            Type::Enum(variants) => self.put("enum { ").fields(variants, " ").put(" }"),
        }
    }

    const fn items(mut self, items: &[Type]) -> Self {
        let mut index = 0;
        while index < items.len() {
            if index > 0 {
                self = self.put(", ");
            }
            self = self.with(&items[index]);
            index += 1;
        }
        self
    }

    const fn fields(mut self, fields: &[(&str, Type)], between: &str) -> Self {
        let mut index = 0;
        while index < fields.len() {
            if index > 0 {
                self = self.put(", ");
            }
            self = self.put(fields[index].0).put(between).with(&fields[index].1);
            index += 1;
        }
        self
    }
}

/// The description of a payload's type, for [`entry_points!`](crate::entry_points): `PAYLOAD`, and
/// in the PVM's ELF a section with its octets.
#[doc(hidden)]
#[macro_export]
macro_rules! __payload {
    () => {};
    ($payload:ty) => {
        /// Description of a payload, as `jambox build` writes it beside the blob.
        pub const PAYLOAD: &str = {
            const TYPE: $crate::describe::Type = <$payload as $crate::describe::Describe>::TYPE;
            const LENGTH: usize = $crate::describe::Text::<0>::of(&TYPE).len();
            const TEXT: &$crate::describe::Text<LENGTH> =
                &$crate::describe::Text::<LENGTH>::of(&TYPE);
            TEXT.as_str()
        };
        $crate::__payload_section!();
    };
}

/// Natively there are no sections to read.
#[cfg(not(target_env = "polkavm"))]
#[doc(hidden)]
#[macro_export]
macro_rules! __payload_section {
    () => {};
}

/// The section that `jambox build` reads. Its name makes it a section of notes, which linkers keep.
#[cfg(target_env = "polkavm")]
#[doc(hidden)]
#[macro_export]
macro_rules! __payload_section {
    () => {
        const _: () = {
            #[used]
            #[unsafe(link_section = ".note.jambox.payload")]
            static SECTION: [u8; PAYLOAD.len()] = {
                let mut octets = [0; PAYLOAD.len()];
                octets.copy_from_slice(PAYLOAD.as_bytes());
                octets
            };
        };
    };
}
