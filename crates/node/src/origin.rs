//! The state of another node's chain after a block, read by JIP-2 when it is asked for, and kept.

use std::collections::{BTreeMap, BTreeSet};
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};

use jambox_codec::encode;
use jambox_state::{Blob, KeyKind, Meaning, Named, StateError, StateKey};
use jambox_types::{Hash, ServiceId, TimeSlot};
use tokio::runtime::{Handle, RuntimeFlavor};

use crate::client::{Client, ClientError};

/// The reason why a value of a forked state cannot be told.
#[derive(Clone, Debug, thiserror::Error)]
pub enum OriginError {
    /// The other node has no answer.
    #[error("the state that this chain was forked from: {0}")]
    Client(#[from] ClientError),
    /// Only the key is known, and the other node reads entries by their names.
    #[error(
        "the value under the state key {} was not read before, and no method of JIP-2 reads a \
         state key: ask for the entry by its name",
        const_hex::encode_prefixed(.0.0)
    )]
    Unnamed(StateKey),
    /// All of it was asked for.
    #[error("the whole state of a fork is not known: JIP-2 has no method that lists it")]
    Whole,
}

impl From<OriginError> for StateError {
    fn from(error: OriginError) -> Self {
        Self::Store(Arc::new(error))
    }
}

/// An entry that was read; `value` is `None` for an entry that is not there.
#[derive(Clone, Debug)]
struct Kept {
    meaning: Option<Meaning>,
    value: Option<Blob>,
}

#[derive(Debug, Default)]
struct Read {
    entries: BTreeMap<StateKey, Kept>,
}

/// A state that is elsewhere. It does not change, so all that was read of it stays true.
#[derive(Debug)]
pub struct Origin {
    /// The address of the node.
    pub address: String,
    /// The block.
    pub at: Hash,
    /// The root of the state after the block.
    pub root: Hash,
    /// The services that the node lists.
    pub services: BTreeSet<ServiceId>,
    client: Client,
    read: Mutex<Read>,
}

impl Origin {
    /// A state that a node has, on an open connection to it.
    #[must_use]
    pub fn new(client: Client, at: Hash, root: Hash, services: BTreeSet<ServiceId>) -> Self {
        let address = client.address().to_owned();
        Self { address, at, root, services, client, read: Mutex::default() }
    }

    fn lock(&self) -> MutexGuard<'_, Read> {
        self.read.lock().unwrap_or_else(PoisonError::into_inner)
    }

    /// The value of an entry.
    ///
    /// # Errors
    ///
    /// The entry was not read before, and the node does not answer.
    pub fn named(&self, entry: Named<'_>) -> Result<Option<Blob>, OriginError> {
        let key = entry.key();
        if let Some(kept) = self.lock().entries.get(&key) {
            return Ok(kept.value.clone());
        }
        let value = waiting(|| ask(&self.client, self.at, entry))?;
        Ok(self.keep(key, Some(entry.meaning()), value.map(Blob::from)))
    }

    /// The value under a state key.
    ///
    /// # Errors
    ///
    /// The key was not read before, and the node does not answer, or has no method that reads a
    /// key.
    pub fn value(&self, key: &StateKey) -> Result<Option<Blob>, OriginError> {
        if let KeyKind::Account(service) = key.kind() {
            return self.named(Named::Account(service));
        }
        if let Some(kept) = self.lock().entries.get(key) {
            return Ok(kept.value.clone());
        }
        match waiting(|| self.client.state_value(self.at, &key.0)) {
            Err(error) if error.is_unknown_method() => Err(OriginError::Unnamed(*key)),
            value => Ok(self.keep(*key, None, value?.map(Blob::from))),
        }
    }

    fn keep(&self, key: StateKey, meaning: Option<Meaning>, value: Option<Blob>) -> Option<Blob> {
        self.lock().entries.insert(key, Kept { meaning, value: value.clone() });
        value
    }

    /// The meaning of a key, of those that were read by their names.
    #[must_use]
    pub fn meaning(&self, key: &StateKey) -> Option<Meaning> {
        self.lock().entries.get(key)?.meaning.clone()
    }

    /// The keys of a service's entries that were read and are there.
    #[must_use]
    pub fn read_of(&self, service: ServiceId) -> Vec<StateKey> {
        let read = self.lock();
        let is_of = |key: &StateKey| key.kind() == KeyKind::Entry(service);
        let there = read.entries.iter().filter(|(key, kept)| is_of(key) && kept.value.is_some());
        there.map(|(key, _)| *key).collect()
    }

    /// Number of entries that were read.
    #[must_use]
    pub fn count(&self) -> usize {
        self.lock().entries.len()
    }
}

/// The entry of a node, encoded as in the state; `None` if it is not there.
fn ask(client: &Client, at: Hash, entry: Named<'_>) -> Result<Option<Vec<u8>>, ClientError> {
    match entry {
        Named::Account(service) => client.service_data(at, service),
        Named::Storage(service, key) => client.service_value(at, service, key),
        Named::Preimage(service, hash) => client.service_preimage(at, service, *hash),
        Named::Request(service, request) => {
            let slots = client.service_request(at, service, (request.hash, request.length))?;
            let encoded =
                |slots: Vec<u32>| encode(&slots.into_iter().map(TimeSlot).collect::<Vec<_>>());
            Ok(slots.map(encoded))
        }
    }
}

/// Waits for another node without keeping the other tasks of a runtime waiting.
fn waiting<T>(wait: impl FnOnce() -> T) -> T {
    match Handle::try_current().map(|handle| handle.runtime_flavor()) {
        Ok(RuntimeFlavor::MultiThread) => tokio::task::block_in_place(wait),
        _ => wait(),
    }
}
