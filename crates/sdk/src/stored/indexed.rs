//! Values under keys, with a list of the keys.

use alloc::vec::Vec;
use core::marker::PhantomData;

use jambox_codec::{Decode, Encode, Reader, decode_all, encode_natural};

use super::list::{length, numbered, set_length};
use super::under;
use crate::{Error, Key, Storage};

/// Octet after the prefix in the key of an entry.
const ENTRY: u8 = 0;

/// Octet after the prefix in the key of a place in the list of keys.
const PLACE: u8 = 1;

/// Values under keys in storage, with iteration; see [`layout!`](crate::layout!). Each entry takes
/// two items of storage. Entries are in order of insertion until one is removed: then the last
/// takes its place.
///
/// ```
/// # use jambox_sdk::prelude::*;
/// layout! { SCORES: IndexedMap<String, u32> = 0; }
///
/// fn accumulate(ctx: &AccumulateContext, _: AccumulateArguments) -> Result<(), Error> {
///     let storage = ctx.storage();
///     for (name, score) in [("ann", 3), ("bob", 5), ("cy", 4)] {
///         SCORES.set(&storage, &name.to_string(), &score)?;
///     }
///     assert_eq!(SCORES.get(&storage, &"bob".to_string())?, Some(5));
///     assert_eq!(SCORES.remove(&storage, &"ann".to_string())?, Some(3));
///
///     let all: Vec<_> = SCORES.iter(&storage)?.collect::<Result<_, _>>()?;
///     assert_eq!(all, [("cy".to_string(), 4), ("bob".to_string(), 5)]);
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
pub struct IndexedMap<K, V> {
    prefix: u8,
    kind: PhantomData<fn() -> (K, V)>,
}

impl<K: Key, V> IndexedMap<K, V> {
    /// The map under an octet.
    #[must_use]
    pub const fn new(prefix: u8) -> Self {
        Self { prefix, kind: PhantomData }
    }

    /// The storage key of an entry, for readers outside of the service. What is stored there is
    /// read by [`IndexedMap::decode`].
    #[must_use]
    pub fn key(&self, key: &K) -> Vec<u8> {
        under(&[self.prefix, ENTRY], key)
    }

    fn place(&self, index: u64) -> Vec<u8> {
        numbered(&[self.prefix, PLACE], index)
    }

    /// Number of entries. Reads once.
    ///
    /// # Errors
    ///
    /// As [`List::len`](super::List::len).
    pub fn len(&self, storage: &Storage) -> Result<u64, Error> {
        length(storage, &[self.prefix])
    }

    /// Tests for no entries. Reads once.
    ///
    /// # Errors
    ///
    /// As [`IndexedMap::len`].
    pub fn is_empty(&self, storage: &Storage) -> Result<bool, Error> {
        self.len(storage).map(|length| length == 0)
    }
}

impl<K: Key + Encode + Decode, V: Encode + Decode> IndexedMap<K, V> {
    /// The value of a key. Reads once, or twice if it is longer than 256 octets.
    ///
    /// # Errors
    ///
    /// As [`Storage::load`].
    pub fn get(&self, storage: &Storage, key: &K) -> Result<Option<V>, Error> {
        Ok(self.load(storage, key)?.map(|(_, value)| value))
    }

    /// Sets a key's value. Reads and writes once for a key that has one; reads twice and writes
    /// three times for one that has none.
    ///
    /// # Errors
    ///
    /// As [`Storage::store`]; then the map is as it was.
    pub fn set(&self, storage: &Storage, key: &K, value: &V) -> Result<(), Error> {
        if let Some(index) = self.index(storage, key)? {
            return self.put(storage, key, index, value);
        }
        let index = self.len(storage)?;
        self.put(storage, key, index, value)?;
        let place = self.place(index);
        let listed = storage.store(&place, key);
        let counted = listed.and_then(|()| set_length(storage, &[self.prefix], index + 1));
        if counted.is_err() {
            storage.remove(&self.key(key))?;
            storage.remove(&place)?;
        }
        counted
    }

    /// Removes a key's value and gives it. Reads at most four times and writes at most five
    /// times.
    ///
    /// # Errors
    ///
    /// As [`Storage::load`] and [`Storage::remove`]; [`Error::Missing`] when the list has a hole.
    pub fn remove(&self, storage: &Storage, key: &K) -> Result<Option<V>, Error> {
        let Some((index, value)) = self.load(storage, key)? else { return Ok(None) };
        let last = self.len(storage)?.checked_sub(1).ok_or(Error::Missing)?;
        storage.remove(&self.key(key))?;
        let place = self.place(last);
        if index != last {
            let moved: K = storage.load(&place)?.ok_or(Error::Missing)?;
            let (_, its) = self.load(storage, &moved)?.ok_or(Error::Missing)?;
            self.put(storage, &moved, index, &its)?;
            storage.store(&self.place(index), &moved)?;
        }
        storage.remove(&place)?;
        set_length(storage, &[self.prefix], last)?;
        Ok(Some(value))
    }

    /// All entries. Reads once for their number now, then twice for each.
    ///
    /// # Errors
    ///
    /// As [`IndexedMap::len`]; the iterator's are [`Error::Missing`] for a hole and those of
    /// [`Storage::load`].
    pub fn iter(&self, storage: &Storage) -> Result<Entries<K, V>, Error> {
        let end = self.len(storage)?;
        Ok(Entries { map: Self::new(self.prefix), storage: *storage, next: 0, end })
    }

    /// The value in the octets stored under [`IndexedMap::key`], for readers outside of the
    /// service. They begin with the entry's index, a natural.
    ///
    /// # Errors
    ///
    /// [`Error::Decode`] when they are not those of an entry.
    pub fn decode(&self, stored: &[u8]) -> Result<V, Error> {
        indexed(stored).map(|(_, value)| value)
    }

    fn at(&self, storage: &Storage, index: u64) -> Result<(K, V), Error> {
        let key: K = storage.load(&self.place(index))?.ok_or(Error::Missing)?;
        let value = self.get(storage, &key)?.ok_or(Error::Missing)?;
        Ok((key, value))
    }

    /// The index and the value of a key.
    fn load(&self, storage: &Storage, key: &K) -> Result<Option<(u64, V)>, Error> {
        let Some(octets) = storage.get(&self.key(key))? else { return Ok(None) };
        indexed(&octets).map(Some)
    }

    /// The index of a key, without the rest of its value.
    fn index(&self, storage: &Storage, key: &K) -> Result<Option<u64>, Error> {
        let mut natural = [0; 9];
        if storage.read(&self.key(key), 0, &mut natural)?.is_none() {
            return Ok(None);
        }
        Ok(Some(Reader::new(&natural).take_natural()?))
    }

    fn put(&self, storage: &Storage, key: &K, index: u64, value: &V) -> Result<(), Error> {
        let mut octets = Vec::new();
        encode_natural(index, &mut octets);
        value.encode_to(&mut octets, &());
        storage.set(&self.key(key), octets).map(|_| ())
    }
}

/// The index and the value in an entry's octets.
fn indexed<V: Decode>(octets: &[u8]) -> Result<(u64, V), Error> {
    let mut reader = Reader::new(octets);
    let index = reader.take_natural()?;
    Ok((index, decode_all(reader.rest())?))
}

/// The entries of an [`IndexedMap`].
#[derive(Debug)]
pub struct Entries<K, V> {
    map: IndexedMap<K, V>,
    storage: Storage,
    next: u64,
    end: u64,
}

impl<K: Key + Encode + Decode, V: Encode + Decode> Iterator for Entries<K, V> {
    type Item = Result<(K, V), Error>;

    fn next(&mut self) -> Option<Self::Item> {
        if self.next >= self.end {
            return None;
        }
        let index = self.next;
        self.next += 1;
        Some(self.map.at(&self.storage, index))
    }
}
