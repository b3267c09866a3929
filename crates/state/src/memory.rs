//! Service accounts in memory: a base of overlays.

use std::collections::BTreeMap;
use std::sync::Arc;

use jambox_types::{Hash, ServiceId};

use crate::accounts::Layer;
use crate::{
    AccountChange, AccountInfo, Accounts, Base, Blob, RequestHistory, RequestKey, StateError,
};

/// Service accounts in memory.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct MemoryBase {
    accounts: BTreeMap<ServiceId, MemoryAccount>,
}

/// A service account in memory.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct MemoryAccount {
    /// The fields. The footprint is taken as given, since a state may be known in part only.
    pub info: AccountInfo,
    /// Storage.
    pub storage: BTreeMap<Blob, Blob>,
    /// Preimages, by their hashes.
    pub preimages: BTreeMap<Hash, Blob>,
    /// Preimage requests.
    pub requests: BTreeMap<RequestKey, RequestHistory>,
}

impl MemoryBase {
    /// Inserts an account, in place of an account of the same service.
    pub fn insert(&mut self, service: ServiceId, account: MemoryAccount) {
        self.accounts.insert(service, account);
    }

    /// An overlay over `base` that creates these accounts. Overlays over one base can be
    /// [compared](Accounts::diff).
    #[must_use]
    pub fn over(&self, base: Arc<dyn Base>) -> Accounts {
        let mut accounts = Accounts::new(base);
        for (service, account) in &self.accounts {
            let change = AccountChange {
                info: account.info,
                replaces: true,
                storage: layer(&account.storage),
                preimages: layer(&account.preimages),
                requests: layer(&account.requests),
            };
            accounts.changed.insert(*service, Some(Arc::new(change)));
        }
        accounts
    }

    /// Applies the changes of an overlay over this base, or over an equal base.
    pub fn apply(&mut self, accounts: &Accounts) {
        for (service, change) in accounts.changes() {
            let Some(change) = change else {
                self.accounts.remove(&service);
                continue;
            };
            let account = self.accounts.entry(service).or_default();
            if change.replaces() {
                *account = MemoryAccount::default();
            }
            account.info = *change.info();
            apply_to(&mut account.storage, change.storage());
            apply_to(&mut account.preimages, change.preimages());
            apply_to(&mut account.requests, change.requests());
        }
    }
}

fn apply_to<'a, K: Ord + Clone + 'a, V: Clone + 'a>(
    map: &mut BTreeMap<K, V>,
    changes: impl Iterator<Item = (&'a K, Option<&'a V>)>,
) {
    for (key, value) in changes {
        match value {
            Some(value) => drop(map.insert(key.clone(), value.clone())),
            None => drop(map.remove(key)),
        }
    }
}

fn layer<K: Ord + Clone, V: Clone>(map: &BTreeMap<K, V>) -> Layer<K, V> {
    map.iter().map(|(key, value)| (key.clone(), Some(value.clone()))).collect()
}

impl Base for MemoryBase {
    fn account(&self, service: ServiceId) -> Result<Option<AccountInfo>, StateError> {
        Ok(self.accounts.get(&service).map(|account| account.info))
    }

    fn storage(&self, service: ServiceId, key: &[u8]) -> Result<Option<Blob>, StateError> {
        Ok(self.accounts.get(&service).and_then(|account| account.storage.get(key)).cloned())
    }

    fn preimage(&self, service: ServiceId, hash: &Hash) -> Result<Option<Blob>, StateError> {
        Ok(self.accounts.get(&service).and_then(|account| account.preimages.get(hash)).cloned())
    }

    fn request(
        &self,
        service: ServiceId,
        key: &RequestKey,
    ) -> Result<Option<RequestHistory>, StateError> {
        Ok(self.accounts.get(&service).and_then(|account| account.requests.get(key)).copied())
    }
}
