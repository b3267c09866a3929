//! Services' storage.

use alloc::borrow::Cow;
use alloc::string::String;
use alloc::vec::Vec;

use jambox_codec::{Decode, Encode, decode_all, encode};
use jambox_types::{Balance, CoreIndex, Gas, Hash, ServiceId, TimeSlot};

use crate::ecalli::{Argument, host_call, length, optional, read_all};
use crate::{Error, ServiceRef};

/// A service's storage: values under keys, both arbitrary octets.
///
/// Made by a context's `storage()`. In refine and is-authorized the paper's host offers no storage:
/// every call answers [`Error::Unavailable`] there.
///
/// ```
/// # use jambox_sdk::prelude::*;
/// fn accumulate(ctx: &AccumulateContext, _: AccumulateArguments) -> Result<(), Error> {
///     let storage = ctx.storage();
///     // Octets under octets: `set` gives the length of the value before.
///     assert_eq!(storage.set("name", "jambox")?, None);
///     assert_eq!(storage.get("name")?, Some(b"jambox".to_vec()));
///
///     // A part of a value, or nothing but its length.
///     let mut part = [0; 3];
///     assert_eq!(storage.read("name", 3, &mut part)?, Some(6));
///     assert_eq!((part, storage.length("name")?), (*b"box", Some(6)));
///
///     // A type's encoding, under a key of several parts.
///     storage.store(&(ServiceId(8), 1u16), &[5u64, 6])?;
///     assert_eq!(storage.load(&(ServiceId(8), 1u16))?, Some([5u64, 6]));
///
///     // Once it is removed, the deposit for it is free again.
///     assert_eq!(storage.remove("name")?, Some(6));
///     assert_eq!(storage.get("name")?, None);
///
///     // The storage of other services is there to be read alone.
///     let other = Storage::of(ServiceRef::Id(ServiceId(8)));
///     assert_eq!(other.set("name", "x"), Err(Error::Refused));
///     Ok(())
/// }
/// # entry_points! { accumulate = accumulate }
/// # fn main() {
/// # use jambox_sdk_testing::{Chain, Code, Mode};
/// # let mut chain = Chain::new(Mode::Native);
/// # chain.service(7, &Code::native(SERVICE)).balance(1_000_000);
/// # let run = chain.accumulate(7, Vec::new());
/// # assert!(run.failure.is_none(), "{:?}", run.failure);
/// # }
/// ```
#[derive(Clone, Copy, Debug, Default)]
pub struct Storage {
    pub(crate) owner: ServiceRef,
}

impl Storage {
    /// The storage of another service, to read.
    #[must_use]
    pub const fn of(owner: ServiceRef) -> Self {
        Self { owner }
    }

    /// The value under `key`.
    ///
    /// # Errors
    ///
    /// [`Error::Unavailable`] outside accumulate.
    pub fn get(&self, key: &(impl Key + ?Sized)) -> Result<Option<Vec<u8>>, Error> {
        let key = key.octets();
        read_all(|offset, into| self.read(&*key, offset, into))
    }

    /// Copies a part of the value under `key`, from `offset` on, and gives the whole value's
    /// length. If the value ends early, the rest of `into` is unchanged.
    ///
    /// # Errors
    ///
    /// As [`Storage::get`].
    pub fn read(
        &self,
        key: &(impl Key + ?Sized),
        offset: u64,
        into: &mut [u8],
    ) -> Result<Option<u64>, Error> {
        let key = &*key.octets();
        let most = length(into);
        optional(host_call!(
            Read,
            Argument::number(self.owner.register()),
            Argument::input(key),
            length(key),
            Argument::output(into),
            Argument::number(offset),
            most,
        ))
    }

    /// The length of the value under `key`, without reading it.
    ///
    /// # Errors
    ///
    /// As [`Storage::get`].
    pub fn length(&self, key: &(impl Key + ?Sized)) -> Result<Option<u64>, Error> {
        self.read(key, 0, &mut [])
    }

    /// Stores a value and gives the length of the replaced one. An empty value removes the key. A
    /// service can write only its own storage, not that of [`Storage::of`].
    ///
    /// # Errors
    ///
    /// [`Error::Full`] when the balance is below the new threshold balance; [`Error::Unavailable`]
    /// outside accumulate; [`Error::Refused`] on another service's storage.
    pub fn set(
        &self,
        key: &(impl Key + ?Sized),
        value: impl AsRef<[u8]>,
    ) -> Result<Option<u64>, Error> {
        if self.owner != ServiceRef::Current {
            return Err(Error::Refused);
        }
        let (key, value) = (&*key.octets(), value.as_ref());
        optional(host_call!(
            Write,
            Argument::input(key),
            length(key),
            Argument::input(value),
            length(value),
        ))
    }

    /// Removes a key and gives the length of its value; `None` if it had none.
    ///
    /// # Errors
    ///
    /// As [`Storage::set`].
    pub fn remove(&self, key: &(impl Key + ?Sized)) -> Result<Option<u64>, Error> {
        self.set(key, [])
    }

    /// The value under `key`, decoded.
    ///
    /// # Errors
    ///
    /// As [`Storage::get`], and [`Error::Decode`] when it is not the encoding of a `V`.
    pub fn load<V: Decode>(&self, key: &(impl Key + ?Sized)) -> Result<Option<V>, Error> {
        match self.get(key)? {
            Some(octets) => Ok(Some(decode_all(&octets)?)),
            None => Ok(None),
        }
    }

    /// Stores the encoding of a value. A value whose encoding is empty removes the key.
    ///
    /// # Errors
    ///
    /// As [`Storage::set`].
    pub fn store(
        &self,
        key: &(impl Key + ?Sized),
        value: &(impl Encode + ?Sized),
    ) -> Result<(), Error> {
        self.set(key, encode(value)).map(|_| ())
    }
}

/// A storage key. Text and octets are their own keys, the keys of numbers and tuples are their
/// encodings; other types get one with `#[derive(Encode, Key)]`.
///
/// ```
/// use jambox_sdk::prelude::*;
/// use jambox_sdk::Key;
///
/// #[derive(Encode, Key)]
/// struct Balance { owner: ServiceId, asset: u16 }
///
/// assert_eq!(*Balance { owner: ServiceId(7), asset: 1 }.octets(), [7, 0, 0, 0, 1, 0]);
/// assert_eq!(*"total".octets(), *b"total");
/// ```
pub trait Key {
    /// The key's octets for the host.
    fn octets(&self) -> Cow<'_, [u8]>;

    /// Appends the key's octets to `out`, without allocating memory for the key itself.
    fn append_to(&self, out: &mut Vec<u8>) {
        out.extend_from_slice(&self.octets());
    }
}

macro_rules! keys {
    ($($type:ty: $key:ident => $octets:expr;)+) => {$(
        impl Key for $type {
            fn octets(&self) -> Cow<'_, [u8]> {
                let $key = self;
                Cow::Borrowed($octets)
            }
        }
    )+};
}

keys! {
    str: text => text.as_bytes();
    String: text => text.as_bytes();
    [u8]: octets => octets;
    Vec<u8>: octets => octets;
    Hash: hash => &hash.0;
}

impl<const N: usize> Key for [u8; N] {
    fn octets(&self) -> Cow<'_, [u8]> {
        Cow::Borrowed(self)
    }
}

macro_rules! encoded_keys {
    ($($type:ty)+) => {$(
        impl Key for $type {
            fn octets(&self) -> Cow<'_, [u8]> {
                Cow::Owned(encode(self))
            }

            fn append_to(&self, out: &mut Vec<u8>) {
                self.encode_to(out, &());
            }
        }
    )+};
}

encoded_keys! {
    bool u8 u16 u32 u64 u128 i8 i16 i32 i64 i128
    ServiceId Balance CoreIndex Gas TimeSlot
}

macro_rules! tuple_keys {
    ($(($($name:ident)+))+) => {$(
        impl<$($name: Encode),+> Key for ($($name,)+) {
            fn octets(&self) -> Cow<'_, [u8]> {
                Cow::Owned(encode(self))
            }

            fn append_to(&self, out: &mut Vec<u8>) {
                self.encode_to(out, &());
            }
        }
    )+};
}

tuple_keys! {
    (T0 T1) (T0 T1 T2) (T0 T1 T2 T3) (T0 T1 T2 T3 T4) (T0 T1 T2 T3 T4 T5)
    (T0 T1 T2 T3 T4 T5 T6) (T0 T1 T2 T3 T4 T5 T6 T7)
}

impl<T: Key + ?Sized> Key for &T {
    fn octets(&self) -> Cow<'_, [u8]> {
        (**self).octets()
    }

    fn append_to(&self, out: &mut Vec<u8>) {
        (**self).append_to(out);
    }
}
