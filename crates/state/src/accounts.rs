//! Service accounts as a persistent overlay over a base.

use std::sync::Arc;

use imbl::OrdMap;
use jambox_types::{Hash, ServiceId, TimeSlot};

use crate::{AccountInfo, Base, Blob, Footprint, RequestHistory, RequestKey, StateError};

/// All service accounts: a [`Base`] and the changes since.
///
/// A clone costs O(1) and shares everything with its original, so a checkpoint is a clone and
/// returning to it is an assignment. Every change of an entry adjusts the footprint.
#[derive(Clone, Debug)]
pub struct Accounts {
    pub(crate) base: Arc<dyn Base>,
    pub(crate) changed: OrdMap<ServiceId, Option<Arc<AccountChange>>>,
}

/// A created or changed account: its fields, and its changed entries.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct AccountChange {
    pub(crate) info: AccountInfo,
    /// True if the account was created in this overlay, so that the base's entries are not its own.
    pub(crate) replaces: bool,
    pub(crate) storage: Layer<Blob, Blob>,
    pub(crate) preimages: Layer<Hash, Blob>,
    pub(crate) requests: Layer<RequestKey, RequestHistory>,
}

/// Entries set, or removed (`None`), relative to the base.
pub(crate) type Layer<K, V> = OrdMap<K, Option<V>>;

impl Accounts {
    /// The accounts of `base`, unchanged.
    #[must_use]
    pub fn new(base: Arc<dyn Base>) -> Self {
        Self { base, changed: OrdMap::new() }
    }

    /// True if the service exists.
    pub fn contains(&self, service: ServiceId) -> Result<bool, StateError> {
        Ok(self.get(service)?.is_some())
    }

    /// The fields of an account.
    pub fn get(&self, service: ServiceId) -> Result<Option<AccountInfo>, StateError> {
        match self.changed.get(&service) {
            Some(change) => Ok(change.as_ref().map(|account| account.info)),
            None => self.base.account(service),
        }
    }

    /// A storage value; `None` if there is none.
    pub fn storage(&self, service: ServiceId, key: &[u8]) -> Result<Option<Blob>, StateError> {
        self.read(service, |account| account.storage.get(key), |base| base.storage(service, key))
    }

    /// A preimage, regardless of its request.
    pub fn preimage(&self, service: ServiceId, hash: &Hash) -> Result<Option<Blob>, StateError> {
        self.read(
            service,
            |account| account.preimages.get(hash),
            |base| base.preimage(service, hash),
        )
    }

    /// The history of a preimage request.
    pub fn request(
        &self,
        service: ServiceId,
        key: &RequestKey,
    ) -> Result<Option<RequestHistory>, StateError> {
        self.read(service, |account| account.requests.get(key), |base| base.request(service, key))
    }

    /// Sets (`Some`) or removes (`None`) a storage value; returns the previous value.
    ///
    /// # Errors
    ///
    /// [`StateError::NoAccount`], or the base cannot be read.
    pub fn set_storage(
        &mut self,
        service: ServiceId,
        key: &[u8],
        value: Option<Blob>,
    ) -> Result<Option<Blob>, StateError> {
        let before = self.storage(service, key)?;
        let base = Arc::clone(&self.base);
        let account = self.account_mut(service)?;
        account.info.footprint = account.info.footprint.with_storage(
            key.len(),
            before.as_ref().map(|value| value.len()),
            value.as_ref().map(|value| value.len()),
        );
        let shadows = || Ok(base.storage(service, key)?.is_some());
        set(&mut account.storage, Blob::from(key), value, account.replaces, shadows)?;
        Ok(before)
    }

    /// Sets (`Some`) or removes (`None`) the preimage of `hash`. The hash is not checked.
    ///
    /// # Errors
    ///
    /// [`StateError::NoAccount`], or the base cannot be read.
    pub fn set_preimage(
        &mut self,
        service: ServiceId,
        hash: Hash,
        value: Option<Blob>,
    ) -> Result<(), StateError> {
        let base = Arc::clone(&self.base);
        let account = self.account_mut(service)?;
        let shadows = || Ok(base.preimage(service, &hash)?.is_some());
        set(&mut account.preimages, hash, value, account.replaces, shadows)
    }

    /// Sets (`Some`) or removes (`None`) a preimage request.
    ///
    /// # Errors
    ///
    /// [`StateError::NoAccount`], or the base cannot be read.
    pub fn set_request(
        &mut self,
        service: ServiceId,
        key: RequestKey,
        history: Option<RequestHistory>,
    ) -> Result<(), StateError> {
        let before = self.request(service, &key)?;
        let base = Arc::clone(&self.base);
        let account = self.account_mut(service)?;
        let footprint = account.info.footprint;
        account.info.footprint = match (before, history) {
            (None, Some(_)) => footprint.with_request(key.length),
            (Some(_), None) => footprint.without_request(key.length),
            _ => footprint,
        };
        let shadows = || Ok(base.request(service, &key)?.is_some());
        set(&mut account.requests, key, history, account.replaces, shadows)
    }

    /// Changes fields of an account. Changes of its footprint are ignored.
    ///
    /// # Errors
    ///
    /// [`StateError::NoAccount`], or the base cannot be read.
    pub fn update(
        &mut self,
        service: ServiceId,
        change: impl FnOnce(&mut AccountInfo),
    ) -> Result<(), StateError> {
        let account = self.account_mut(service)?;
        let footprint = account.info.footprint;
        change(&mut account.info);
        account.info.footprint = footprint;
        Ok(())
    }

    /// Creates an account with empty dictionaries. The footprint of `info` is ignored.
    ///
    /// # Errors
    ///
    /// [`StateError::AccountExists`], or the base cannot be read.
    pub fn create(&mut self, service: ServiceId, info: AccountInfo) -> Result<(), StateError> {
        if self.contains(service)? {
            return Err(StateError::AccountExists(service));
        }
        let account = AccountChange {
            info: AccountInfo { footprint: Footprint::default(), ..info },
            replaces: true,
            storage: OrdMap::new(),
            preimages: OrdMap::new(),
            requests: OrdMap::new(),
        };
        self.changed.insert(service, Some(Arc::new(account)));
        Ok(())
    }

    /// Removes an account with all its entries, if it exists.
    ///
    /// # Errors
    ///
    /// The base cannot be read.
    pub fn remove(&mut self, service: ServiceId) -> Result<(), StateError> {
        if self.base.account(service)?.is_some() {
            self.changed.insert(service, None);
        } else {
            self.changed.remove(&service);
        }
        Ok(())
    }

    /// Accounts changed since the base; `None` for removed accounts.
    pub fn changes(&self) -> impl Iterator<Item = (ServiceId, Option<&AccountChange>)> {
        self.changed.iter().map(|(service, change)| (*service, change.as_deref()))
    }

    /// The preimage of `hash`, if it was available at `time` (`eq:historicallookup`, 0.7.2).
    ///
    /// # Errors
    ///
    /// The base cannot be read.
    pub fn historical_lookup(
        &self,
        service: ServiceId,
        time: TimeSlot,
        hash: &Hash,
    ) -> Result<Option<Blob>, StateError> {
        let Some(preimage) = self.preimage(service, hash)? else { return Ok(None) };
        let Ok(length) = u32::try_from(preimage.len()) else { return Ok(None) };
        let history = self.request(service, &RequestKey { hash: *hash, length })?;
        Ok(history.filter(|history| history.was_available_at(time)).map(|_| preimage))
    }

    /// True for a preimage that is requested and not yet supplied (function `Y` of
    /// `sec:accumulationexecution`, 0.7.2); `false` for a service that does not exist.
    ///
    /// # Errors
    ///
    /// The base cannot be read.
    pub fn is_providable(&self, service: ServiceId, preimage: &[u8]) -> Result<bool, StateError> {
        Ok(self.provision(service, preimage)?.is_some())
    }

    /// Supplies a preimage at time slot `now` if it [is providable](Self::is_providable) (function
    /// `I` of `sec:accumulationexecution`, 0.7.2). Returns whether it was.
    ///
    /// # Errors
    ///
    /// The base cannot be read.
    pub fn provide(
        &mut self,
        service: ServiceId,
        preimage: Blob,
        now: TimeSlot,
    ) -> Result<bool, StateError> {
        let Some(key) = self.provision(service, &preimage)? else { return Ok(false) };
        self.set_request(service, key, Some(RequestHistory::Available(now)))?;
        self.set_preimage(service, key.hash, Some(preimage))?;
        Ok(true)
    }

    fn provision(
        &self,
        service: ServiceId,
        preimage: &[u8],
    ) -> Result<Option<RequestKey>, StateError> {
        let Ok(length) = u32::try_from(preimage.len()) else { return Ok(None) };
        let key = RequestKey { hash: Hash::blake2b(preimage), length };
        let history = self.request(service, &key)?;
        Ok((history == Some(RequestHistory::Requested)).then_some(key))
    }

    fn read<'a, V: Clone + 'a>(
        &'a self,
        service: ServiceId,
        layer: impl FnOnce(&'a AccountChange) -> Option<&'a Option<V>>,
        base: impl FnOnce(&dyn Base) -> Result<Option<V>, StateError>,
    ) -> Result<Option<V>, StateError> {
        match self.changed.get(&service) {
            None => base(&*self.base),
            Some(None) => Ok(None),
            Some(Some(account)) => match layer(account) {
                Some(entry) => Ok(entry.clone()),
                None if account.replaces => Ok(None),
                None => base(&*self.base),
            },
        }
    }

    fn account_mut(&mut self, service: ServiceId) -> Result<&mut AccountChange, StateError> {
        if !self.changed.contains_key(&service) {
            let info = self.base.account(service)?.ok_or(StateError::NoAccount(service))?;
            let account = AccountChange {
                info,
                replaces: false,
                storage: OrdMap::new(),
                preimages: OrdMap::new(),
                requests: OrdMap::new(),
            };
            self.changed.insert(service, Some(Arc::new(account)));
        }
        match self.changed.get_mut(&service) {
            Some(Some(account)) => Ok(Arc::make_mut(account)),
            _ => Err(StateError::NoAccount(service)),
        }
    }
}

/// Sets or removes an entry of a layer. A removal is recorded only if the base has the entry.
fn set<K: Ord + Clone, V: Clone>(
    layer: &mut Layer<K, V>,
    key: K,
    value: Option<V>,
    replaces: bool,
    base_has_it: impl FnOnce() -> Result<bool, StateError>,
) -> Result<(), StateError> {
    if value.is_some() || (!replaces && base_has_it()?) {
        layer.insert(key, value);
    } else {
        layer.remove(&key);
    }
    Ok(())
}

impl AccountChange {
    /// The account's present fields.
    #[must_use]
    pub fn info(&self) -> &AccountInfo {
        &self.info
    }

    /// True for an account created since the base: the base's entries are not its own.
    #[must_use]
    pub fn replaces(&self) -> bool {
        self.replaces
    }

    /// Storage entries set, or removed (`None`).
    pub fn storage(&self) -> impl Iterator<Item = (&Blob, Option<&Blob>)> {
        self.storage.iter().map(|(key, value)| (key, value.as_ref()))
    }

    /// Preimages set, or removed (`None`).
    pub fn preimages(&self) -> impl Iterator<Item = (&Hash, Option<&Blob>)> {
        self.preimages.iter().map(|(hash, preimage)| (hash, preimage.as_ref()))
    }

    /// Requests set, or removed (`None`).
    pub fn requests(&self) -> impl Iterator<Item = (&RequestKey, Option<&RequestHistory>)> {
        self.requests.iter().map(|(key, history)| (key, history.as_ref()))
    }
}
