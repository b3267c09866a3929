//! State keys: positions of values in the serialised state.

use std::fmt;
use std::ops::RangeInclusive;

use jambox_types::{Hash, ServiceId};

use crate::RequestKey;

/// A key of the serialised state (function `C` of `sec:statemerklization`, 0.7.2).
#[derive(Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub struct StateKey(pub [u8; 31]);

const ACCOUNT_CHAPTER: u8 = 255;
const STORAGE_MARK: u32 = u32::MAX;
pub(crate) const PREIMAGE_MARK: u32 = u32::MAX - 1;

/// Kind of value, as far as its state key shows it.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum KeyKind {
    /// A whole component, by its chapter.
    Component(u8),
    /// The fields of an account.
    Account(ServiceId),
    /// A storage value, preimage or request of a service.
    Entry(ServiceId),
}

impl StateKey {
    /// The kind of value.
    ///
    /// An entry whose hash has zeros at the places of other kinds' zeros would be taken for one of
    /// them. No such hash will be found.
    #[must_use]
    pub fn kind(&self) -> KeyKind {
        let [s0, h0, s1, h1, s2, h2, s3, h3, rest @ ..] = self.0;
        if rest != [0; 23] {
            return KeyKind::Entry(ServiceId(u32::from_le_bytes([s0, s1, s2, s3])));
        }
        match (s0, [s1, s2, s3]) {
            (ACCOUNT_CHAPTER, [0, 0, 0]) => {
                KeyKind::Account(ServiceId(u32::from_le_bytes([h0, h1, h2, h3])))
            }
            (chapter, _) => KeyKind::Component(chapter),
        }
    }

    /// The key of a whole component, by its chapter (1 to 16).
    #[must_use]
    pub fn component(chapter: u8) -> Self {
        let mut key = [0; 31];
        key[0] = chapter;
        Self(key)
    }

    /// The key of an account's fields.
    #[must_use]
    pub fn account(service: ServiceId) -> Self {
        let [a, b, c, d] = service.0.to_le_bytes();
        let mut key = [0; 31];
        key[..8].copy_from_slice(&[ACCOUNT_CHAPTER, a, 0, b, 0, c, 0, d]);
        Self(key)
    }

    /// The key of a storage value.
    #[must_use]
    pub fn storage(service: ServiceId, key: &[u8]) -> Self {
        Self::entry(service, STORAGE_MARK, key)
    }

    /// The key of a preimage.
    #[must_use]
    pub fn preimage(service: ServiceId, hash: &Hash) -> Self {
        Self::entry(service, PREIMAGE_MARK, &hash.0)
    }

    /// The key of a preimage request.
    #[must_use]
    pub fn request(service: ServiceId, request: &RequestKey) -> Self {
        Self::entry(service, request.length, &request.hash.0)
    }

    /// The key's octets with the service's octets first, so that the keys of a service are
    /// neighbours when sorted. This form is internal and never hashed.
    #[must_use]
    pub fn by_service(&self) -> [u8; 31] {
        let [s0, h0, s1, h1, s2, h2, s3, h3, ..] = self.0;
        let mut key = self.0;
        key[..8].copy_from_slice(&[s0, s1, s2, s3, h0, h1, h2, h3]);
        key
    }

    /// The key with these [reordered](Self::by_service) octets.
    #[must_use]
    pub fn from_by_service(octets: &[u8; 31]) -> Self {
        let [s0, s1, s2, s3, h0, h1, h2, h3, ..] = *octets;
        let mut key = *octets;
        key[..8].copy_from_slice(&[s0, h0, s1, h1, s2, h2, s3, h3]);
        Self(key)
    }

    /// Range of the [reordered](Self::by_service) keys of a service's entries. Keys of other kinds
    /// may be in it.
    #[must_use]
    pub fn range_of(service: ServiceId) -> RangeInclusive<[u8; 31]> {
        let (mut first, mut last) = ([0; 31], [u8::MAX; 31]);
        first[..4].copy_from_slice(&service.0.to_le_bytes());
        last[..4].copy_from_slice(&service.0.to_le_bytes());
        first..=last
    }

    /// Range of the [reordered](Self::by_service) keys of all accounts. Keys of entries may be in
    /// it.
    #[must_use]
    pub fn range_of_accounts() -> RangeInclusive<[u8; 31]> {
        Self::range_of(ServiceId(u32::from_le_bytes([ACCOUNT_CHAPTER, 0, 0, 0])))
    }

    fn entry(service: ServiceId, mark: u32, rest: &[u8]) -> Self {
        let hash = Hash::blake2b_of(&[&mark.to_le_bytes(), rest]).0;
        let ([s0, s1, s2, s3], [h0, h1, h2, h3, ..]) = (service.0.to_le_bytes(), hash);
        let mut key = [0; 31];
        key[..8].copy_from_slice(&[s0, h0, s1, h1, s2, h2, s3, h3]);
        key[8..].copy_from_slice(&hash[4..27]);
        Self(key)
    }
}

impl fmt::Display for StateKey {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        self.0.iter().try_for_each(|octet| write!(f, "{octet:02x}"))
    }
}

impl fmt::Debug for StateKey {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "StateKey({self})")
    }
}
