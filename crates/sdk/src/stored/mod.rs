//! Typed storage: values, counters, maps, sets and lists under one octet of prefix each.
//!
//! A service declares its storage once, with [`layout!`](crate::layout!), and reads and writes it
//! by the names of that declaration. Nothing is held in memory: each function documents its number
//! of host calls.
//!
//! ```
//! use jambox_sdk::prelude::*;
//!
//! layout! {
//!     /// All tokens there are.
//!     SUPPLY: Counter = 0;
//!     /// What each owner has.
//!     BALANCES: Map<[u8; 32], u64> = 1;
//! }
//!
//! fn mint(ctx: &AccumulateContext, owner: [u8; 32], amount: u64) -> Result<(), Error> {
//!     let storage = ctx.storage();
//!     SUPPLY.add(&storage, amount)?;
//!     let mut balance = BALANCES.entry(&storage, &owner)?.or_default();
//!     *balance = balance.checked_add(amount).ok_or(Error::Overflow)?;
//!     balance.save()
//! }
//! # fn accumulate(ctx: &AccumulateContext, _: AccumulateArguments) -> Result<(), Error> {
//! #     mint(ctx, [7; 32], 5)
//! # }
//! # entry_points! { accumulate = accumulate }
//! # fn main() {}
//! ```
//!
//! # Costs
//!
//! Every item of storage raises the service's threshold balance by 10, and by 1 for each octet of
//! its key and its value and for 34 more (`eq:deposits`, 0.7.2). Octets of key and value:
//!
//! | Item of storage | Key | Value |
//! |---|---|---|
//! | [`Value`] | 1 | the encoding |
//! | [`Counter`] | 1 | 8 |
//! | an entry of a [`Map`] | 1 and the key's | the encoding |
//! | a member of a [`Set`] | 1 and the key's | 1 |
//! | a [`List`] that is not empty | 1 | its length as a natural |
//! | an item of a list | 1 and its index as a natural | the encoding |
//! | an [`IndexedMap`] that is not empty | 1 | its length as a natural |
//! | an entry of an [`IndexedMap`] | 2 and the key's | its index as a natural, the encoding |
//! | and its place in the list of keys | 2 and its index as a natural | the key's encoding |
//!
//! The host reads by key alone: a storage has no order and no iteration. Types with iteration keep
//! a list of their entries ([`List`], [`IndexedMap`]), and pay for it.
//!
//! A value with an empty encoding is the same as no value: the host removes the key.

mod indexed;
mod list;
mod map;
mod value;

use alloc::vec::Vec;

pub use indexed::{Entries, IndexedMap};
pub use list::{Items, List};
pub use map::{Entry, Map, Set, Slot};
pub use value::{Counter, Value};

use crate::Key;

/// Declares a service's storage: constants, each with the octet that all its keys begin with. Two
/// constants of one octet are an error of the compiler. An octet must not change once there are
/// values under it.
///
/// Octets below 32 clash with no key that is a text.
///
/// ```compile_fail
/// jambox_sdk::layout! {
///     FIRST: jambox_sdk::stored::Counter = 1;
///     SECOND: jambox_sdk::stored::Counter = 1;
/// }
/// ```
#[macro_export]
macro_rules! layout {
    ($($(#[$attribute:meta])* $visibility:vis $name:ident: $kind:ty = $prefix:literal;)*) => {
        $($(#[$attribute])* $visibility const $name: $kind = <$kind>::new($prefix);)*

        const _: () = assert!(
            $crate::stored::are_distinct(&[$($prefix),*]),
            "two things are stored under one prefix"
        );
    };
}

/// Tests that no octet occurs twice.
#[doc(hidden)]
#[must_use]
pub const fn are_distinct(prefixes: &[u8]) -> bool {
    let mut seen = [false; 256];
    let mut index = 0;
    while index < prefixes.len() {
        if seen[prefixes[index] as usize] {
            return false;
        }
        seen[prefixes[index] as usize] = true;
        index += 1;
    }
    true
}

/// A prefix and a key after it.
fn under<K: Key + ?Sized>(prefix: &[u8], key: &K) -> Vec<u8> {
    // Room for an identifier of 32 octets, so that most keys take memory once.
    let mut octets = Vec::with_capacity(40);
    octets.extend_from_slice(prefix);
    key.append_to(&mut octets);
    octets
}
