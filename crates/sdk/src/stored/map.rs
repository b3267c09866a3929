//! Values under keys, and keys alone.

use alloc::vec::Vec;
use core::marker::PhantomData;
use core::ops::{Deref, DerefMut};

use jambox_codec::{Decode, Encode};

use super::under;
use crate::{Error, Key, Storage};

/// Values under keys in storage; see [`layout!`](crate::layout!). The keys cannot be listed; those
/// of an [`IndexedMap`](super::IndexedMap) can.
///
/// ```
/// # use jambox_sdk::prelude::*;
/// layout! { BALANCES: Map<ServiceId, u64> = 0; }
///
/// fn accumulate(ctx: &AccumulateContext, _: AccumulateArguments) -> Result<(), Error> {
///     let storage = ctx.storage();
///     let (here, there) = (ServiceId(7), ServiceId(8));
///     BALANCES.set(&storage, &here, &5)?;
///     assert_eq!(BALANCES.get(&storage, &here)?, Some(5));
///     assert!(!BALANCES.contains(&storage, &there)?);
///
///     // An entry is read once, changed at will and stored once.
///     let mut balance = BALANCES.entry(&storage, &there)?.or_insert(10);
///     *balance += 1;
///     balance.save()?;
///     assert_eq!(BALANCES.get(&storage, &there)?, Some(11));
///     assert!(BALANCES.remove(&storage, &there)?);
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
#[derive(Debug)]
pub struct Map<K: ?Sized, V> {
    prefix: u8,
    kind: PhantomData<fn(&K) -> V>,
}

impl<K: Key + ?Sized, V> Map<K, V> {
    /// The map under an octet.
    #[must_use]
    pub const fn new(prefix: u8) -> Self {
        Self { prefix, kind: PhantomData }
    }

    /// The storage key of an entry, for readers outside of the service.
    #[must_use]
    pub fn key(&self, key: &K) -> Vec<u8> {
        under(&[self.prefix], key)
    }
}

impl<K: Key + ?Sized, V: Encode + Decode> Map<K, V> {
    /// The value of a key. Reads once, or twice if it is longer than 256 octets.
    ///
    /// # Errors
    ///
    /// As [`Storage::load`].
    pub fn get(&self, storage: &Storage, key: &K) -> Result<Option<V>, Error> {
        storage.load(&self.key(key))
    }

    /// Tests whether a key has a value. Reads once, and nothing of the value.
    ///
    /// # Errors
    ///
    /// As [`Storage::length`].
    pub fn contains(&self, storage: &Storage, key: &K) -> Result<bool, Error> {
        storage.length(&self.key(key)).map(|length| length.is_some())
    }

    /// Sets a key's value. Writes once.
    ///
    /// # Errors
    ///
    /// As [`Storage::store`].
    pub fn set(&self, storage: &Storage, key: &K, value: &V) -> Result<(), Error> {
        storage.store(&self.key(key), value)
    }

    /// Removes a key's value and tells whether there was one. Writes once.
    ///
    /// # Errors
    ///
    /// As [`Storage::remove`].
    pub fn remove(&self, storage: &Storage, key: &K) -> Result<bool, Error> {
        storage.remove(&self.key(key)).map(|length| length.is_some())
    }

    /// The entry of a key, to look at and to change. Reads once, now.
    ///
    /// # Errors
    ///
    /// As [`Storage::load`].
    pub fn entry(&self, storage: &Storage, key: &K) -> Result<Entry<V>, Error> {
        let key = self.key(key);
        let value = storage.load(&key)?;
        Ok(Entry { storage: *storage, key, value })
    }
}

/// The entry of a key of a [`Map`].
#[derive(Debug)]
pub struct Entry<V> {
    storage: Storage,
    key: Vec<u8>,
    value: Option<V>,
}

impl<V: Encode> Entry<V> {
    /// The value; `None` if there is none.
    #[must_use]
    pub const fn get(&self) -> Option<&V> {
        self.value.as_ref()
    }

    /// Changes the value if there is one, without storing it.
    #[must_use]
    pub fn and_modify(mut self, change: impl FnOnce(&mut V)) -> Self {
        self.value.as_mut().map(change);
        self
    }

    /// The value, or the given one if there is none.
    pub fn or_insert(self, value: V) -> Slot<V> {
        self.or_insert_with(|| value)
    }

    /// The value, or one made now if there is none.
    pub fn or_insert_with(self, make: impl FnOnce() -> V) -> Slot<V> {
        let Self { storage, key, value } = self;
        Slot { storage, key, value: value.unwrap_or_else(make) }
    }

    /// The value, or the type's default if there is none.
    pub fn or_default(self) -> Slot<V>
    where
        V: Default,
    {
        self.or_insert_with(V::default)
    }

    /// Stores a value. Writes once.
    ///
    /// # Errors
    ///
    /// As [`Storage::store`].
    pub fn set(self, value: &V) -> Result<(), Error> {
        self.storage.store(&self.key, value)
    }

    /// Removes the value and gives it. Writes once if there is one.
    ///
    /// # Errors
    ///
    /// As [`Storage::remove`].
    pub fn remove(self) -> Result<Option<V>, Error> {
        if self.value.is_some() {
            self.storage.remove(&self.key)?;
        }
        Ok(self.value)
    }
}

/// A value and its place in storage. Only [`Slot::save`] stores it.
#[derive(Debug)]
#[must_use = "nothing is stored before `save`"]
pub struct Slot<V> {
    storage: Storage,
    key: Vec<u8>,
    value: V,
}

impl<V: Encode> Slot<V> {
    /// Stores the value. Writes once.
    ///
    /// # Errors
    ///
    /// As [`Storage::store`].
    pub fn save(self) -> Result<(), Error> {
        self.storage.store(&self.key, &self.value)
    }
}

impl<V> Deref for Slot<V> {
    type Target = V;

    fn deref(&self) -> &V {
        &self.value
    }
}

impl<V> DerefMut for Slot<V> {
    fn deref_mut(&mut self) -> &mut V {
        &mut self.value
    }
}

/// Keys in storage; see [`layout!`](crate::layout!). They cannot be listed, only tested; those of
/// an [`IndexedMap`](super::IndexedMap) can be listed.
///
/// ```
/// # use jambox_sdk::prelude::*;
/// layout! { MEMBERS: Set<str> = 0; }
///
/// fn accumulate(ctx: &AccumulateContext, _: AccumulateArguments) -> Result<(), Error> {
///     let storage = ctx.storage();
///     assert!(MEMBERS.insert(&storage, "ann")?);
///     assert!(!MEMBERS.insert(&storage, "ann")?, "she is one already");
///     assert!(MEMBERS.contains(&storage, "ann")?);
///     assert!(MEMBERS.remove(&storage, "ann")?);
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
#[derive(Debug)]
pub struct Set<K: ?Sized>(Map<K, bool>);

impl<K: Key + ?Sized> Set<K> {
    /// The set under an octet.
    #[must_use]
    pub const fn new(prefix: u8) -> Self {
        Self(Map::new(prefix))
    }

    /// The storage key of a member, for readers outside of the service.
    #[must_use]
    pub fn key(&self, member: &K) -> Vec<u8> {
        self.0.key(member)
    }

    /// Tests for a member. Reads once.
    ///
    /// # Errors
    ///
    /// As [`Storage::length`].
    pub fn contains(&self, storage: &Storage, member: &K) -> Result<bool, Error> {
        self.0.contains(storage, member)
    }

    /// Adds a member and tells whether it is new. Writes once.
    ///
    /// # Errors
    ///
    /// As [`Storage::set`].
    pub fn insert(&self, storage: &Storage, member: &K) -> Result<bool, Error> {
        storage.set(&self.key(member), [1]).map(|before| before.is_none())
    }

    /// Removes a member and tells whether it was one. Writes once.
    ///
    /// # Errors
    ///
    /// As [`Storage::remove`].
    pub fn remove(&self, storage: &Storage, member: &K) -> Result<bool, Error> {
        self.0.remove(storage, member)
    }
}
