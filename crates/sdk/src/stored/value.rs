//! One value, and one number.

use core::marker::PhantomData;

use jambox_codec::{Decode, Encode};

use crate::{Error, Storage};

/// One value in storage; see [`layout!`](crate::layout!).
///
/// ```
/// # use jambox_sdk::prelude::*;
/// layout! { LIMITS: Value<(u64, u64)> = 0; }
///
/// fn accumulate(ctx: &AccumulateContext, _: AccumulateArguments) -> Result<(), Error> {
///     let storage = ctx.storage();
///     assert_eq!(LIMITS.get(&storage)?, None);
///     LIMITS.set(&storage, &(1, 9))?;
///     assert_eq!(LIMITS.update(&storage, |limits| limits.1 += 1)?, (1, 10));
///     assert!(LIMITS.remove(&storage)?);
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
///
/// ```
/// # use jambox_sdk::prelude::*;
/// layout! { SUPPLY: Counter = 0; }
///
/// fn accumulate(ctx: &AccumulateContext, _: AccumulateArguments) -> Result<(), Error> {
///     let storage = ctx.storage();
///     assert_eq!(SUPPLY.get(&storage)?, 0);
///     assert_eq!(SUPPLY.add(&storage, 5)?, 5);
///     assert_eq!(SUPPLY.subtract(&storage, 6), Err(Error::Overflow));
///     assert_eq!(SUPPLY.get(&storage)?, 5);
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
