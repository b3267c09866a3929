//! Accounts of a test's chain: creating, changing and reading them.

use std::collections::BTreeMap;
use std::sync::Arc;

use jambox_codec::Decode;
use jambox_sdk::types::{Gas, Hash, PerCore, Privileges, ServiceId, TimeSlot};
use jambox_state::{AccountChange, AccountInfo, Blob, PartialState, RequestHistory, RequestKey};

use crate::Chain;

impl Chain {
    pub(crate) fn preimage(&mut self, id: ServiceId, blob: &Blob, since: TimeSlot) {
        let hash = Hash::blake2b(blob);
        let length = u32::try_from(blob.len()).expect("a preimage fits an account");
        let accounts = &mut self.state.accounts;
        let set = accounts.set_preimage(id, hash, Some(blob.clone()));
        set.expect("memory can be written");
        let history = Some(RequestHistory::Available(since));
        let set = accounts.set_request(id, RequestKey { hash, length }, history);
        set.expect("memory can be written");
    }

    /// The state: accounts, privileges, queues.
    #[must_use]
    pub fn state(&self) -> &PartialState {
        &self.state
    }

    /// The state, to be changed.
    pub fn state_mut(&mut self) -> &mut PartialState {
        &mut self.state
    }

    /// A value in a service's storage; `None` if there is none under the key.
    #[must_use]
    pub fn storage(&self, id: u32, key: impl AsRef<[u8]>) -> Option<Vec<u8>> {
        let value = self.state.accounts.storage(ServiceId(id), key.as_ref());
        value.expect("memory can be read").map(|value| value.to_vec())
    }

    /// A value in a service's storage, decoded; `None` if there is none under the key.
    ///
    /// # Panics
    ///
    /// When it does not decode.
    #[must_use]
    pub fn stored<T: Decode>(&self, id: u32, key: impl AsRef<[u8]>) -> Option<T> {
        self.storage(id, key).map(|octets| {
            jambox_codec::decode_all(&octets).expect("the stored value has the expected type")
        })
    }

    /// A service's account; `None` if there is no such service.
    #[must_use]
    pub fn account(&self, id: u32) -> Option<AccountInfo> {
        self.state.accounts.get(ServiceId(id)).expect("memory can be read")
    }

    /// All entries of a service's storage, in the order of the keys.
    #[must_use]
    pub fn storage_of(&self, id: u32) -> BTreeMap<Vec<u8>, Vec<u8>> {
        let changes = self.state.accounts.changes();
        let own = changes.filter(|(service, _)| service.0 == id).filter_map(|(_, change)| change);
        let mut stored = self.stored_before(ServiceId(id));
        for (key, value) in own.flat_map(AccountChange::storage) {
            match value {
                Some(value) => stored.insert(key.to_vec(), value.to_vec()),
                None => stored.remove(&key[..]),
            };
        }
        stored
    }

    /// Entries of a service's storage in the chain that this one began from.
    #[cfg(feature = "load")]
    fn stored_before(&self, service: ServiceId) -> BTreeMap<Vec<u8>, Vec<u8>> {
        let stored = self.stored.as_ref().map(|state| Self::stored_in(state, service));
        stored.transpose().expect("the chain on disk can be read").unwrap_or_default()
    }

    /// Chains of this build begin without services.
    #[cfg(not(feature = "load"))]
    fn stored_before(&self, _: ServiceId) -> BTreeMap<Vec<u8>, Vec<u8>> {
        BTreeMap::new()
    }

    /// Hands in a preimage that a service has requested, as a block would. It is available from
    /// this slot on.
    ///
    /// # Panics
    ///
    /// When the service has no open request for it.
    pub fn provide(&mut self, id: u32, preimage: &[u8]) {
        let service = ServiceId(id);
        let wanted = self.state.accounts.is_providable(service, preimage);
        assert!(
            wanted.expect("memory can be read"),
            "service {id} has no open request for a preimage of {} octets with the hash {}",
            preimage.len(),
            Hash::blake2b(preimage)
        );
        let provided = self.state.accounts.provide(service, preimage.into(), self.slot);
        provided.expect("memory can be written");
    }

    /// Sets the balance of a service.
    ///
    /// # Panics
    ///
    /// When there is no such service.
    pub fn set_balance(&mut self, id: u32, balance: u64) {
        assert!(self.account(id).is_some(), "there is no service {id}");
        let update = |account: &mut AccountInfo| account.balance.0 = balance;
        let set = self.state.accounts.update(ServiceId(id), update);
        set.expect("memory can be written");
    }
}

/// Adds to an account that was just created.
pub struct AccountBuilder<'a> {
    pub(crate) chain: &'a mut Chain,
    pub(crate) id: ServiceId,
}

impl AccountBuilder<'_> {
    /// Sets the balance.
    pub fn balance(self, balance: u64) -> Self {
        let accounts = &mut self.chain.state.accounts;
        let set = accounts.update(self.id, |account| account.balance.0 = balance);
        set.expect("memory can be written");
        self
    }

    /// Sets the smallest gas for work items and for transfers.
    pub fn minimum_gas(self, accumulate: u64, memo: u64) -> Self {
        let accounts = &mut self.chain.state.accounts;
        let set = accounts.update(self.id, |account| {
            account.min_accumulate_gas = Gas(accumulate);
            account.min_memo_gas = Gas(memo);
        });
        set.expect("memory can be written");
        self
    }

    /// Adds a value to the storage.
    pub fn stores(self, key: impl AsRef<[u8]>, value: impl AsRef<[u8]>) -> Self {
        let accounts = &mut self.chain.state.accounts;
        let set = accounts.set_storage(self.id, key.as_ref(), Some(value.as_ref().into()));
        set.expect("memory can be written");
        self
    }

    /// Adds a preimage that is available since a slot.
    pub fn has_preimage(self, preimage: &[u8], since: u32) -> Self {
        self.chain.preimage(self.id, &preimage.into(), TimeSlot(since));
        self
    }

    /// Adds a request for a preimage.
    pub fn requests(self, preimage: &[u8], history: RequestHistory) -> Self {
        let length = u32::try_from(preimage.len()).expect("a preimage fits an account");
        let key = RequestKey { hash: Hash::blake2b(preimage), length };
        let set = self.chain.state.accounts.set_request(self.id, key, Some(history));
        set.expect("memory can be written");
        self
    }

    /// Gives the service every privilege.
    pub fn privileged(self) -> Self {
        let parameters = &self.chain.protocol.parameters;
        self.chain.state.privileges = Arc::new(Privileges {
            manager: self.id,
            assigners: PerCore::from_fn(parameters, |_| self.id),
            delegator: self.id,
            registrar: self.id,
            always_accumulate: BTreeMap::new(),
        });
        self
    }
}
