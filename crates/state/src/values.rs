//! The serialised state: values under state keys.

use std::fmt::Debug;

use jambox_codec::{Decode, decode_all};
use jambox_types::{Hash, ServiceId};

use crate::{AccountInfo, Base, Blob, RequestHistory, RequestKey, StateError, StateKey};

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

impl<V: Values + Debug + Send + Sync> Base for V {
    fn account(&self, service: ServiceId) -> Result<Option<AccountInfo>, StateError> {
        decoded(self, service, &StateKey::account(service), "account")
    }

    fn storage(&self, service: ServiceId, key: &[u8]) -> Result<Option<Blob>, StateError> {
        self.value(&StateKey::storage(service, key))
    }

    fn preimage(&self, service: ServiceId, hash: &Hash) -> Result<Option<Blob>, StateError> {
        self.value(&StateKey::preimage(service, hash))
    }

    fn request(
        &self,
        service: ServiceId,
        key: &RequestKey,
    ) -> Result<Option<RequestHistory>, StateError> {
        if !key.has_state_key() {
            return Ok(None);
        }
        decoded(self, service, &StateKey::request(service, key), "preimage request")
    }
}

fn decoded<T: Decode>(
    values: &impl Values,
    service: ServiceId,
    key: &StateKey,
    what: &'static str,
) -> Result<Option<T>, StateError> {
    let Some(value) = values.value(key)? else { return Ok(None) };
    let corrupt = |error| StateError::Corrupt { service, what, error };
    decode_all(&value).map(Some).map_err(corrupt)
}
