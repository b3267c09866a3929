//! Accounts in the serialised form of the state.

use std::collections::BTreeMap;
use std::sync::Arc;

use jambox_codec::{Decode, decode_all, encode};
use jambox_types::{Hash, ServiceId};

use crate::{
    AccountChange, AccountInfo, Accounts, Base, Blob, KeyKind, RequestHistory, RequestKey,
    StateError, StateKey,
};

/// The whole state as keys and values, in memory.
///
/// Its accounts can be read as a [`Base`]; values of other components are kept as they are.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct KeyedBase {
    values: BTreeMap<StateKey, Blob>,
}

impl KeyedBase {
    /// The value under a key.
    #[must_use]
    pub fn get(&self, key: &StateKey) -> Option<&Blob> {
        self.values.get(key)
    }

    /// Sets (`Some`) or removes (`None`) the value under a key.
    pub fn set(&mut self, key: StateKey, value: Option<Blob>) {
        match value {
            Some(value) => drop(self.values.insert(key, value)),
            None => drop(self.values.remove(&key)),
        }
    }

    /// All keys and values, in the order of the keys.
    pub fn iter(&self) -> impl Iterator<Item = (&StateKey, &Blob)> {
        self.values.iter()
    }

    /// Takes over what an overlay over this base, or over an equal one, changed.
    pub fn apply(&mut self, accounts: &Accounts) {
        for (service, change) in accounts.changes() {
            if change.is_none_or(AccountChange::replaces) {
                self.values.retain(|key, _| {
                    !matches!(
                        key.kind(),
                        KeyKind::Account(owner) | KeyKind::Entry(owner) if owner == service
                    )
                });
            }
            let Some(change) = change else { continue };
            self.set(StateKey::account(service), Some(encode(change.info()).into()));
            for (key, value) in change.storage() {
                self.set(StateKey::storage(service, key), value.cloned());
            }
            for (hash, preimage) in change.preimages() {
                self.set(StateKey::preimage(service, hash), preimage.cloned());
            }
            for (key, history) in change.requests() {
                let value = history.map(|history| encode(history).into());
                self.set(StateKey::request(service, key), value);
            }
        }
    }

    fn decoded<T: Decode>(
        &self,
        service: ServiceId,
        key: &StateKey,
        what: &'static str,
    ) -> Result<Option<T>, StateError> {
        let Some(value) = self.values.get(key) else { return Ok(None) };
        let corrupt = |error| StateError::Corrupt { service, what, error };
        decode_all(value).map(Some).map_err(corrupt)
    }
}

impl FromIterator<(StateKey, Blob)> for KeyedBase {
    fn from_iter<I: IntoIterator<Item = (StateKey, Blob)>>(values: I) -> Self {
        Self { values: values.into_iter().collect() }
    }
}

impl Base for KeyedBase {
    fn account(&self, service: ServiceId) -> Result<Option<AccountInfo>, StateError> {
        self.decoded(service, &StateKey::account(service), "account")
    }

    fn storage(&self, service: ServiceId, key: &[u8]) -> Result<Option<Blob>, StateError> {
        Ok(self.values.get(&StateKey::storage(service, key)).map(Arc::clone))
    }

    fn preimage(&self, service: ServiceId, hash: &Hash) -> Result<Option<Blob>, StateError> {
        Ok(self.values.get(&StateKey::preimage(service, hash)).map(Arc::clone))
    }

    fn request(
        &self,
        service: ServiceId,
        key: &RequestKey,
    ) -> Result<Option<RequestHistory>, StateError> {
        self.decoded(service, &StateKey::request(service, key), "preimage request")
    }
}
