//! Items one after another.

use alloc::vec::Vec;
use core::marker::PhantomData;

use jambox_codec::{Decode, Encode, Reader, encode_natural};

use crate::{Error, Storage};

/// Items under indices from 0 on in storage; see [`layout!`](crate::layout!).
///
/// ```
/// # use jambox_sdk::prelude::*;
/// layout! { JOBS: List<String> = 0; }
///
/// fn accumulate(ctx: &AccumulateContext, _: AccumulateArguments) -> Result<(), Error> {
///     let storage = ctx.storage();
///     for job in ["wash", "dry", "fold"] {
///         JOBS.push(&storage, &job.to_string())?;
///     }
///     assert_eq!(JOBS.get(&storage, 1)?.as_deref(), Some("dry"));
///
///     // The last item moves into the gap.
///     assert_eq!(JOBS.swap_remove(&storage, 0)?, "wash");
///     let left: Vec<String> = JOBS.iter(&storage)?.collect::<Result<_, _>>()?;
///     assert_eq!(left, ["fold", "dry"]);
///     assert_eq!(JOBS.pop(&storage)?.as_deref(), Some("dry"));
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
pub struct List<T> {
    prefix: u8,
    kind: PhantomData<fn() -> T>,
}

impl<T> List<T> {
    /// The list under an octet.
    #[must_use]
    pub const fn new(prefix: u8) -> Self {
        Self { prefix, kind: PhantomData }
    }

    /// The storage key of an item, for readers outside of the service.
    #[must_use]
    pub fn key(&self, index: u64) -> Vec<u8> {
        numbered(&[self.prefix], index)
    }

    /// Number of items. Reads once.
    ///
    /// # Errors
    ///
    /// As [`Storage::get`], and [`Error::Decode`] when the stored length is no number.
    pub fn len(&self, storage: &Storage) -> Result<u64, Error> {
        length(storage, &[self.prefix])
    }

    /// Tests for no items. Reads once.
    ///
    /// # Errors
    ///
    /// As [`List::len`].
    pub fn is_empty(&self, storage: &Storage) -> Result<bool, Error> {
        self.len(storage).map(|length| length == 0)
    }
}

impl<T: Encode + Decode> List<T> {
    /// An item; `None` after the last. Reads once, or twice if it is longer than 256 octets.
    ///
    /// # Errors
    ///
    /// As [`Storage::load`].
    pub fn get(&self, storage: &Storage, index: u64) -> Result<Option<T>, Error> {
        storage.load(&self.key(index))
    }

    /// Replaces an item. Reads once and writes once.
    ///
    /// # Errors
    ///
    /// [`Error::Missing`] after the last; otherwise as [`Storage::store`].
    pub fn set(&self, storage: &Storage, index: u64, item: &T) -> Result<(), Error> {
        let key = self.key(index);
        storage.length(&key)?.ok_or(Error::Missing)?;
        storage.store(&key, item)
    }

    /// Adds an item at the end and gives its index. Reads once and writes twice.
    ///
    /// # Errors
    ///
    /// As [`Storage::store`]; then the list is as it was.
    pub fn push(&self, storage: &Storage, item: &T) -> Result<u64, Error> {
        let index = self.len(storage)?;
        let key = self.key(index);
        storage.store(&key, item)?;
        let counted = set_length(storage, &[self.prefix], index + 1);
        if counted.is_err() {
            storage.remove(&key)?;
        }
        counted.map(|()| index)
    }

    /// Removes the last item and gives it. Reads twice and writes twice.
    ///
    /// # Errors
    ///
    /// As [`Storage::load`] and [`Storage::remove`]; [`Error::Missing`] when the item is gone.
    pub fn pop(&self, storage: &Storage) -> Result<Option<T>, Error> {
        let Some(last) = self.len(storage)?.checked_sub(1) else { return Ok(None) };
        let key = self.key(last);
        let item = storage.load(&key)?.ok_or(Error::Missing)?;
        storage.remove(&key)?;
        set_length(storage, &[self.prefix], last)?;
        Ok(Some(item))
    }

    /// Removes an item, moves the last into its place, and gives the removed one. Reads at most
    /// four times and writes at most three times.
    ///
    /// # Errors
    ///
    /// [`Error::Missing`] after the last; otherwise as [`List::pop`].
    pub fn swap_remove(&self, storage: &Storage, index: u64) -> Result<T, Error> {
        let item = self.get(storage, index)?.ok_or(Error::Missing)?;
        let last = self.pop(storage)?.ok_or(Error::Missing)?;
        if index < self.len(storage)? {
            storage.store(&self.key(index), &last)?;
        }
        Ok(item)
    }

    /// All items, from the first on. Reads once for the length now, then as [`List::get`] for each.
    ///
    /// # Errors
    ///
    /// As [`List::len`]; the iterator's are those of [`List::get`].
    pub fn iter(&self, storage: &Storage) -> Result<Items<T>, Error> {
        let end = self.len(storage)?;
        Ok(Items { list: Self::new(self.prefix), storage: *storage, next: 0, end })
    }
}

/// The items of a [`List`].
#[derive(Debug)]
pub struct Items<T> {
    list: List<T>,
    storage: Storage,
    next: u64,
    end: u64,
}

impl<T: Encode + Decode> Iterator for Items<T> {
    type Item = Result<T, Error>;

    fn next(&mut self) -> Option<Self::Item> {
        if self.next >= self.end {
            return None;
        }
        let index = self.next;
        self.next += 1;
        Some(self.list.get(&self.storage, index).and_then(|item| item.ok_or(Error::Missing)))
    }
}

/// A prefix and a number after it.
pub(super) fn numbered(prefix: &[u8], index: u64) -> Vec<u8> {
    let mut octets = Vec::with_capacity(prefix.len() + 9);
    octets.extend_from_slice(prefix);
    encode_natural(index, &mut octets);
    octets
}

/// The length stored under a key; 0 if there is none.
pub(super) fn length(storage: &Storage, key: &[u8]) -> Result<u64, Error> {
    let Some(octets) = storage.get(key)? else { return Ok(0) };
    let mut reader = Reader::new(&octets);
    let length = reader.take_natural()?;
    reader.finish()?;
    Ok(length)
}

/// Stores a length; 0 removes the key and frees its deposit.
pub(super) fn set_length(storage: &Storage, key: &[u8], length: u64) -> Result<(), Error> {
    let mut octets = Vec::new();
    if length > 0 {
        encode_natural(length, &mut octets);
    }
    storage.set(key, octets).map(|_| ())
}
