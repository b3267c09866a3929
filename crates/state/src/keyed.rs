//! The serialised state in memory.

use std::sync::Arc;

use imbl::OrdMap;
use jambox_types::ServiceId;

use crate::{Accounts, Blob, Changes, KeyKind, StateError, StateKey, Values};

/// The whole state as keys and values, in memory. A clone costs O(1).
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct KeyedBase {
    /// By reordered keys, so that keys of one service are neighbours.
    values: OrdMap<[u8; 31], Blob>,
}

impl KeyedBase {
    /// The value under a key.
    #[must_use]
    pub fn get(&self, key: &StateKey) -> Option<&Blob> {
        self.values.get(&key.by_service())
    }

    /// Sets (`Some`) or removes (`None`) the value under a key.
    pub fn set(&mut self, key: StateKey, value: Option<Blob>) {
        match value {
            Some(value) => drop(self.values.insert(key.by_service(), value)),
            None => drop(self.values.remove(&key.by_service())),
        }
    }

    /// All keys and values, service by service.
    pub fn iter(&self) -> impl Iterator<Item = (StateKey, &Blob)> {
        self.values.iter().map(|(key, value)| (StateKey::from_by_service(key), value))
    }

    /// Number of values.
    #[must_use]
    pub fn len(&self) -> usize {
        self.values.len()
    }

    /// True if there is no value.
    #[must_use]
    pub fn is_empty(&self) -> bool {
        self.values.is_empty()
    }

    /// Applies changes.
    pub fn change(&mut self, changes: &Changes) {
        for (key, change) in changes.iter() {
            self.set(*key, change.value.clone());
        }
    }

    /// Applies the changes of an overlay over this base, or over an equal base.
    ///
    /// # Errors
    ///
    /// None: this base can always be read. The signature is common to all sources.
    pub fn apply(&mut self, accounts: &Accounts) -> Result<(), StateError> {
        let mut changes = Changes::default();
        changes.set_accounts(self, accounts)?;
        self.change(&changes);
        Ok(())
    }
}

impl FromIterator<(StateKey, Blob)> for KeyedBase {
    fn from_iter<I: IntoIterator<Item = (StateKey, Blob)>>(values: I) -> Self {
        let values = values.into_iter();
        Self { values: values.map(|(key, value)| (key.by_service(), value)).collect() }
    }
}

impl Values for KeyedBase {
    fn value(&self, key: &StateKey) -> Result<Option<Blob>, StateError> {
        Ok(self.get(key).map(Arc::clone))
    }

    fn entries_of(&self, service: ServiceId) -> Result<Vec<StateKey>, StateError> {
        let range = StateKey::range_of(service);
        let keys = self.values.range(range).map(|(key, _)| StateKey::from_by_service(key));
        Ok(keys.filter(|key| key.kind() == KeyKind::Entry(service)).collect())
    }

    fn services(&self) -> Result<Vec<ServiceId>, StateError> {
        let keys = self.values.range(StateKey::range_of_accounts());
        let kinds = keys.map(|(key, _)| StateKey::from_by_service(key).kind());
        let mut services: Vec<_> = kinds
            .filter_map(|kind| match kind {
                KeyKind::Account(service) => Some(service),
                KeyKind::Component(_) | KeyKind::Entry(_) => None,
            })
            .collect();
        services.sort_unstable();
        Ok(services)
    }

    fn for_each(
        &self,
        visit: &mut dyn FnMut(StateKey, Blob) -> Result<(), StateError>,
    ) -> Result<(), StateError> {
        self.iter().try_for_each(|(key, value)| visit(key, Arc::clone(value)))
    }
}
