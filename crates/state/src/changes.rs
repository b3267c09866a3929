//! Changes of the serialised state by a block or a run.

use std::collections::BTreeMap;

use jambox_codec::{Encode, encode, encode_with};
use jambox_types::{Protocol, ServiceId};

use crate::{AccountChange, Accounts, Blob, Component, Meaning, StateError, StateKey, Values};

/// Values set or removed under state keys, with the keys' meanings as far as known.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Changes {
    values: BTreeMap<StateKey, Change>,
}

/// A value set (`Some`) or removed (`None`).
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Change {
    /// The value.
    pub value: Option<Blob>,
    /// Meaning of the key; unknown for entries removed with their account.
    pub meaning: Option<Meaning>,
}

impl Changes {
    /// Sets (`Some`) or removes (`None`) a value under a key of unknown meaning.
    pub fn set_key(&mut self, key: StateKey, value: Option<Blob>) {
        self.values.insert(key, Change { value, meaning: Meaning::of(&key) });
    }

    /// Sets (`Some`) or removes (`None`) a value.
    pub fn set(&mut self, meaning: Meaning, value: Option<Blob>) {
        self.values.insert(meaning.key(), Change { value, meaning: Some(meaning) });
    }

    /// Sets a component.
    pub fn set_component(
        &mut self,
        component: Component,
        value: &(impl Encode<Protocol> + ?Sized),
        protocol: &Protocol,
    ) {
        self.set(Meaning::Component(component), Some(encode_with(value, protocol).into()));
    }

    /// Adds the changes of an overlay over `prior`.
    ///
    /// # Errors
    ///
    /// `prior` cannot be read.
    pub fn set_accounts(
        &mut self,
        prior: &(impl Values + ?Sized),
        accounts: &Accounts,
    ) -> Result<(), StateError> {
        for (service, change) in accounts.changes() {
            if change.is_none_or(AccountChange::replaces) {
                for key in prior.entries_of(service)? {
                    self.set_key(key, None);
                }
            }
            match change {
                Some(change) => self.set_account(service, change),
                None => self.set(Meaning::Account(service), None),
            }
        }
        Ok(())
    }

    fn set_account(&mut self, service: ServiceId, change: &AccountChange) {
        self.set(Meaning::Account(service), Some(encode(change.info()).into()));
        for (key, value) in change.storage() {
            self.set(Meaning::Storage(service, key.clone()), value.cloned());
        }
        for (hash, preimage) in change.preimages() {
            self.set(Meaning::Preimage(service, *hash), preimage.cloned());
        }
        for (key, history) in change.requests() {
            let value = history.map(|history| encode(history).into());
            self.set(Meaning::Request(service, *key), value);
        }
    }

    /// All changes, in the order of their keys.
    pub fn iter(&self) -> impl Iterator<Item = (&StateKey, &Change)> {
        self.values.iter()
    }

    /// The change of a key.
    #[must_use]
    pub fn get(&self, key: &StateKey) -> Option<&Change> {
        self.values.get(key)
    }

    /// Number of keys set or removed.
    #[must_use]
    pub fn len(&self) -> usize {
        self.values.len()
    }

    /// True if nothing changes.
    #[must_use]
    pub fn is_empty(&self) -> bool {
        self.values.is_empty()
    }
}
