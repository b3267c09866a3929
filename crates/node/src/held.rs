//! The values of a state: those that the node has itself and, in a fork, those that are elsewhere.

use std::sync::Arc;

use imbl::{OrdMap, OrdSet};
use jambox_codec::decode_all;
use jambox_state::{
    AccountInfo, Blob, Changes, KeyKind, KeyedBase, Meaning, Named, StateError, StateKey, Values,
};
use jambox_types::ServiceId;

use crate::origin::{Origin, OriginError};

/// The values of a state. A clone costs O(1).
#[derive(Clone, Debug, Default)]
pub struct Held {
    own: KeyedBase,
    fork: Option<Fork>,
}

/// The layer under the node's own values.
#[derive(Clone, Debug)]
struct Fork {
    origin: Arc<Origin>,
    /// Keys that were removed here.
    gone: OrdMap<[u8; 31], ()>,
    /// Services that were created or removed here: the origin has nothing to do with them.
    severed: OrdSet<ServiceId>,
}

impl Fork {
    /// True if a key may have a value at the origin that is in force here.
    fn reaches(&self, key: &StateKey) -> bool {
        let service = match key.kind() {
            // All components were read when the fork began.
            KeyKind::Component(_) => return false,
            KeyKind::Account(service) | KeyKind::Entry(service) => service,
        };
        !self.gone.contains_key(&key.0) && !self.severed.contains(&service)
    }
}

impl Held {
    /// Values that lie over those of another node.
    #[must_use]
    pub fn over(origin: Arc<Origin>) -> Self {
        let fork = Fork { origin, gone: OrdMap::new(), severed: OrdSet::new() };
        Self { own: KeyedBase::default(), fork: Some(fork) }
    }

    /// The state that this one was forked from.
    #[must_use]
    pub fn origin(&self) -> Option<&Arc<Origin>> {
        self.fork.as_ref().map(|fork| &fork.origin)
    }

    /// The keys and values that the node has itself: all of them, unless it is a fork.
    pub fn iter(&self) -> impl Iterator<Item = (StateKey, &Blob)> {
        self.own.iter()
    }

    /// Takes over changes.
    ///
    /// # Errors
    ///
    /// A fork has to know of a service whether it was there before, and cannot read it.
    pub fn change(&mut self, changes: &Changes) -> Result<(), StateError> {
        let severed = self.severed_by(changes)?;
        if let Some(fork) = &mut self.fork {
            fork.severed.extend(severed);
            for (key, change) in changes.iter() {
                match change.value {
                    Some(_) => fork.gone.remove(&key.0),
                    None => fork.gone.insert(key.0, ()),
                };
            }
        }
        self.own.change(changes);
        Ok(())
    }

    /// The services that changes create, remove, or create anew.
    fn severed_by(&self, changes: &Changes) -> Result<Vec<ServiceId>, StateError> {
        let mut severed = Vec::new();
        let Some(fork) = &self.fork else { return Ok(severed) };
        for (key, change) in changes.iter() {
            let Some(Meaning::Account(service)) = Meaning::of(key) else { continue };
            if fork.severed.contains(&service) {
                continue;
            }
            let created = |value: Option<&Blob>| {
                let info = value.and_then(|value| decode_all::<AccountInfo>(value).ok());
                info.map(|info| info.created)
            };
            let before = self.named(Named::Account(service))?;
            if created(before.as_ref()) != created(change.value.as_ref()) {
                severed.push(service);
            }
        }
        Ok(severed)
    }

    /// True if all entries of a service are known, those elsewhere included.
    #[must_use]
    pub fn is_whole(&self, service: ServiceId) -> bool {
        self.fork.as_ref().is_none_or(|fork| fork.severed.contains(&service))
    }

    /// The keys of a service's entries, as far as they are known.
    ///
    /// # Errors
    ///
    /// None: all known keys are here.
    pub fn known_of(&self, service: ServiceId) -> Result<Vec<StateKey>, StateError> {
        let mut keys = self.own.entries_of(service)?;
        if let Some(fork) = &self.fork {
            let is_news = |key: &StateKey| self.own.get(key).is_none() && fork.reaches(key);
            keys.extend(fork.origin.read_of(service).into_iter().filter(is_news));
        }
        keys.sort_unstable();
        Ok(keys)
    }
}

impl Values for Held {
    fn value(&self, key: &StateKey) -> Result<Option<Blob>, StateError> {
        match (self.own.get(key), &self.fork) {
            (None, Some(fork)) if fork.reaches(key) => Ok(fork.origin.value(key)?),
            (own, _) => Ok(own.map(Arc::clone)),
        }
    }

    fn named(&self, entry: Named<'_>) -> Result<Option<Blob>, StateError> {
        let key = entry.key();
        match (self.own.get(&key), &self.fork) {
            (None, Some(fork)) if fork.reaches(&key) => Ok(fork.origin.named(entry)?),
            (own, _) => Ok(own.map(Arc::clone)),
        }
    }

    /// The entries of a fork that were changed here: the caller removes the service, and with it
    /// all entries that it has elsewhere.
    fn entries_of(&self, service: ServiceId) -> Result<Vec<StateKey>, StateError> {
        self.own.entries_of(service)
    }

    fn services(&self) -> Result<Vec<ServiceId>, StateError> {
        let mut services = self.own.services()?;
        if let Some(fork) = &self.fork {
            let there = fork.origin.services.iter().copied();
            services.extend(there.filter(|service| fork.reaches(&StateKey::account(*service))));
            services.sort_unstable();
            services.dedup();
        }
        Ok(services)
    }

    fn for_each(
        &self,
        visit: &mut dyn FnMut(StateKey, Blob) -> Result<(), StateError>,
    ) -> Result<(), StateError> {
        if self.fork.is_some() {
            return Err(OriginError::Whole.into());
        }
        self.own.for_each(visit)
    }
}
