//! One value, and one number.

use core::marker::PhantomData;

use jambox_codec::{Decode, Encode};

use crate::{Error, Storage};

/// One value in storage; see [`layout!`](crate::layout!).
#[derive(Clone, Copy, Debug)]
pub struct Value<T> {
    prefix: u8,
    kind: PhantomData<fn() -> T>,
}

impl<T> Value<T> {
    /// The value under an octet.
    #[must_use]
    pub const fn new(prefix: u8) -> Self {
        Self { prefix, kind: PhantomData }
    }

    /// The storage key, for readers outside of the service.
    #[must_use]
    pub const fn key(&self) -> [u8; 1] {
        [self.prefix]
    }
}

impl<T: Encode + Decode> Value<T> {
    /// The value; `None` if there is none. Reads once, or twice if it is longer than 256 octets.
    ///
    /// # Errors
    ///
    /// As [`Storage::load`].
    pub fn get(&self, storage: &Storage) -> Result<Option<T>, Error> {
        storage.load(&self.key())
    }

    /// Stores a value. Writes once.
    ///
    /// # Errors
    ///
    /// As [`Storage::store`].
    pub fn set(&self, storage: &Storage, value: &T) -> Result<(), Error> {
        storage.store(&self.key(), value)
    }

    /// Removes the value and tells whether there was one. Writes once.
    ///
    /// # Errors
    ///
    /// As [`Storage::remove`].
    pub fn remove(&self, storage: &Storage) -> Result<bool, Error> {
        storage.remove(&self.key()).map(|length| length.is_some())
    }

    /// Changes the value, or the default if there is none, and gives it. Reads and writes.
    ///
    /// # Errors
    ///
    /// As [`Value::get`] and [`Value::set`].
    pub fn update(&self, storage: &Storage, change: impl FnOnce(&mut T)) -> Result<T, Error>
    where
        T: Default,
    {
        let mut value = self.get(storage)?.unwrap_or_default();
        change(&mut value);
        self.set(storage, &value)?;
        Ok(value)
    }
}

/// A number in storage that counts up and down and never wraps; see [`layout!`](crate::layout!). It
/// always takes eight octets, so that counting never needs more deposit.
#[derive(Clone, Copy, Debug)]
pub struct Counter(Value<u64>);

impl Counter {
    /// The counter under an octet.
    #[must_use]
    pub const fn new(prefix: u8) -> Self {
        Self(Value::new(prefix))
    }

    /// The storage key, for readers outside of the service.
    #[must_use]
    pub const fn key(&self) -> [u8; 1] {
        self.0.key()
    }

    /// The number; 0 if nothing was ever stored. Reads once.
    ///
    /// # Errors
    ///
    /// As [`Storage::load`].
    pub fn get(&self, storage: &Storage) -> Result<u64, Error> {
        self.0.get(storage).map(Option::unwrap_or_default)
    }

    /// Sets the number. Writes once.
    ///
    /// # Errors
    ///
    /// As [`Storage::store`].
    pub fn set(&self, storage: &Storage, number: u64) -> Result<(), Error> {
        self.0.set(storage, &number)
    }

    /// Adds to the number and gives the sum. Reads and writes.
    ///
    /// # Errors
    ///
    /// [`Error::Overflow`] when the sum is not below 2^64, and nothing is changed; otherwise as
    /// [`Storage::store`].
    pub fn add(&self, storage: &Storage, more: u64) -> Result<u64, Error> {
        self.change(storage, |number| number.checked_add(more))
    }

    /// Subtracts from the number and gives the rest. Reads and writes.
    ///
    /// # Errors
    ///
    /// [`Error::Overflow`] when the number is smaller, and nothing is changed; otherwise as
    /// [`Storage::store`].
    pub fn subtract(&self, storage: &Storage, less: u64) -> Result<u64, Error> {
        self.change(storage, |number| number.checked_sub(less))
    }

    fn change(
        &self,
        storage: &Storage,
        change: impl FnOnce(u64) -> Option<u64>,
    ) -> Result<u64, Error> {
        let number = change(self.get(storage)?).ok_or(Error::Overflow)?;
        self.set(storage, number)?;
        Ok(number)
    }
}
