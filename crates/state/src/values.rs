//! The serialised state: values under state keys.

use std::fmt::Debug;

use jambox_codec::{Decode, decode_all, decode_all_with};
use jambox_types::{Hash, Protocol, ServiceId};

use crate::{
    AccountInfo, Base, Blob, Component, Meaning, RequestHistory, RequestKey, StateError, StateKey,
};

/// An entry of an account by its name, which the state keys of all but the account hash away.
#[derive(Clone, Copy, Debug)]
pub enum Named<'a> {
    /// The fields of the account.
    Account(ServiceId),
    /// A storage value, by its key.
    Storage(ServiceId, &'a [u8]),
    /// A preimage, by its hash.
    Preimage(ServiceId, &'a Hash),
    /// The history of a request.
    Request(ServiceId, &'a RequestKey),
}

impl Named<'_> {
    /// The state key of the entry.
    #[must_use]
    pub fn key(&self) -> StateKey {
        match *self {
            Self::Account(service) => StateKey::account(service),
            Self::Storage(service, key) => StateKey::storage(service, key),
            Self::Preimage(service, hash) => StateKey::preimage(service, hash),
            Self::Request(service, request) => StateKey::request(service, request),
        }
    }

    /// The meaning of the state key.
    #[must_use]
    pub fn meaning(&self) -> Meaning {
        match *self {
            Self::Account(service) => Meaning::Account(service),
            Self::Storage(service, key) => Meaning::Storage(service, key.into()),
            Self::Preimage(service, hash) => Meaning::Preimage(service, *hash),
            Self::Request(service, request) => Meaning::Request(service, *request),
        }
    }
}

/// A read-only source of the whole state as keys and values; its accounts are a [`Base`].
///
/// The content of a source does not change while it is held.
///
/// # Errors
///
/// Every method fails with [`StateError::Store`] when the source cannot be read.
pub trait Values: Base {
    /// The value under a key.
    fn value(&self, key: &StateKey) -> Result<Option<Blob>, StateError>;

    /// The encoded value of an entry: the one under its key. A source that is asked by names, such
    /// as another node, gives it without the key.
    fn named(&self, entry: Named<'_>) -> Result<Option<Blob>, StateError> {
        self.value(&entry.key())
    }

    /// State keys of a service's storage, preimages and requests, without the key of its account.
    fn entries_of(&self, service: ServiceId) -> Result<Vec<StateKey>, StateError>;

    /// All services, in order.
    fn services(&self) -> Result<Vec<ServiceId>, StateError>;

    /// Calls `visit` with every key and value, in any order, until it fails.
    fn for_each(
        &self,
        visit: &mut dyn FnMut(StateKey, Blob) -> Result<(), StateError>,
    ) -> Result<(), StateError>;
}

impl Component {
    /// Decodes the value.
    ///
    /// # Errors
    ///
    /// When there is no value, it does not decode under this protocol, or it cannot be read.
    pub fn read<T: Decode<Protocol>>(
        self,
        values: &(impl Values + ?Sized),
        protocol: &Protocol,
    ) -> Result<T, StateError> {
        let value = values.value(&self.key())?.ok_or(StateError::NoComponent(self))?;
        decode_all_with(&value, protocol)
            .map_err(|error| StateError::CorruptComponent { component: self, error })
    }
}

impl<V: Values + Debug + Send + Sync> Base for V {
    fn account(&self, service: ServiceId) -> Result<Option<AccountInfo>, StateError> {
        decoded(self, service, Named::Account(service), "account")
    }

    fn storage(&self, service: ServiceId, key: &[u8]) -> Result<Option<Blob>, StateError> {
        self.named(Named::Storage(service, key))
    }

    fn preimage(&self, service: ServiceId, hash: &Hash) -> Result<Option<Blob>, StateError> {
        self.named(Named::Preimage(service, hash))
    }

    fn request(
        &self,
        service: ServiceId,
        key: &RequestKey,
    ) -> Result<Option<RequestHistory>, StateError> {
        if !key.has_state_key() {
            return Ok(None);
        }
        decoded(self, service, Named::Request(service, key), "preimage request")
    }
}

fn decoded<T: Decode>(
    values: &impl Values,
    service: ServiceId,
    entry: Named<'_>,
    what: &'static str,
) -> Result<Option<T>, StateError> {
    let Some(value) = values.named(entry)? else { return Ok(None) };
    let corrupt = |error| StateError::Corrupt { service, what, error };
    decode_all(&value).map(Some).map_err(corrupt)
}
