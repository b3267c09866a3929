//! Differences of two states, by place.

use std::collections::BTreeSet;
use std::fmt;
use std::sync::Arc;

use jambox_codec::encode;
use jambox_types::{CoreIndex, Hash, PerQueuePosition, ServiceId};

use crate::accounts::Layer;
use crate::part::{Part, Text};
use crate::{AccountChange, AccountInfo, Accounts, Blob, PartialState, RequestHistory, StateError};

/// One place at which two states differ.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Difference {
    /// The place.
    pub place: Place,
    /// Value before; `None` for no value.
    pub before: Option<Value>,
    /// Value after; `None` for no value.
    pub after: Option<Value>,
}

/// A place in the state.
#[derive(Clone, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub enum Place {
    /// A part of a service account.
    Service(ServiceId, Part),
    /// Keys of the validators of the epoch after the next.
    StagingSet,
    /// The queue of authorizers of a core.
    AuthorizerQueue(CoreIndex),
    /// The manager service.
    Manager,
    /// The service that assigns a core's authorizer queue.
    Assigner(CoreIndex),
    /// The service that designates validators.
    Delegator,
    /// The service that creates services with protected indices.
    Registrar,
    /// Gas of a service's accumulation in every block.
    AlwaysAccumulate(ServiceId),
}

/// The value at a place.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Value {
    /// A balance, an amount of gas, a time slot, a count or a service index.
    Number(u64),
    /// A hash.
    Hash(Hash),
    /// A storage value or a preimage.
    Blob(Blob),
    /// The history of a preimage request.
    History(RequestHistory),
    /// The authorizers of a core's queue.
    Hashes(Arc<PerQueuePosition<Hash>>),
    /// Validator keys, encoded one after another.
    ValidatorKeys(Blob),
}

impl PartialState {
    /// Places at which `later` differs from this state, in the order of [`Place`].
    ///
    /// # Errors
    ///
    /// The errors of [`Accounts::diff`].
    pub fn diff(&self, later: &Self) -> Result<Vec<Difference>, StateError> {
        let mut found = Found(self.accounts.diff(&later.accounts)?);
        if self.staging_set != later.staging_set {
            let keys = |state: &Self| {
                let octets: Vec<u8> = state.staging_set.iter().flat_map(encode).collect();
                Some(Value::ValidatorKeys(octets.into()))
            };
            found.add(Place::StagingSet, keys(self), keys(later));
        }
        let cores = self.authorizer_queues.len().max(later.authorizer_queues.len());
        for core in (0..=u16::MAX).take(cores) {
            let queue = |state: &Self| {
                state.authorizer_queues.get(usize::from(core)).cloned().map(Value::Hashes)
            };
            found.add(Place::AuthorizerQueue(CoreIndex(core)), queue(self), queue(later));
        }
        self.diff_privileges(later, &mut found);
        Ok(found.0)
    }

    fn diff_privileges(&self, later: &Self, found: &mut Found) {
        let (old, new) = (&*self.privileges, &*later.privileges);
        let index = |service: ServiceId| Some(Value::Number(service.0.into()));
        found.add(Place::Manager, index(old.manager), index(new.manager));
        let cores = old.assigners.len().max(new.assigners.len());
        for core in (0..=u16::MAX).take(cores) {
            let at = usize::from(core);
            let before = old.assigners.get(at).copied().and_then(index);
            let after = new.assigners.get(at).copied().and_then(index);
            found.add(Place::Assigner(CoreIndex(core)), before, after);
        }
        found.add(Place::Delegator, index(old.delegator), index(new.delegator));
        found.add(Place::Registrar, index(old.registrar), index(new.registrar));
        let services: BTreeSet<_> =
            old.always_accumulate.keys().chain(new.always_accumulate.keys()).collect();
        for service in services {
            let before = old.always_accumulate.get(service).map(|gas| Value::Number(gas.0));
            let after = new.always_accumulate.get(service).map(|gas| Value::Number(gas.0));
            found.add(Place::AlwaysAccumulate(*service), before, after);
        }
    }
}

impl Accounts {
    /// Places at which `later` differs from these accounts, in the order of [`Place`].
    ///
    /// Both must be overlays over the same base. Of an account that was removed, or removed and
    /// created again, only entries in either overlay are listed: a base with hashed keys cannot
    /// list its own entries. The footprint shows that there were more.
    ///
    /// # Errors
    ///
    /// [`StateError::DifferentBases`], or the base cannot be read.
    pub fn diff(&self, later: &Self) -> Result<Vec<Difference>, StateError> {
        if !Arc::ptr_eq(&self.base, &later.base) {
            return Err(StateError::DifferentBases);
        }
        let mut found = Found(Vec::new());
        let services: BTreeSet<_> = self.changed.keys().chain(later.changed.keys()).collect();
        for service in services {
            let (old, new) = (self.changed.get(service), later.changed.get(service));
            if old != new {
                self.diff_account(later, *service, &mut found)?;
            }
        }
        Ok(found.0)
    }

    fn diff_account(
        &self,
        later: &Self,
        service: ServiceId,
        found: &mut Found,
    ) -> Result<(), StateError> {
        let (old, new) = (self.get(service)?, later.get(service)?);
        for (part, value) in fields() {
            let place = Place::Service(service, part);
            found.add(place, old.as_ref().map(value), new.as_ref().map(value));
        }
        for key in keys(self, later, service, |account| &account.storage) {
            let before = self.storage(service, key)?.map(Value::Blob);
            let after = later.storage(service, key)?.map(Value::Blob);
            found.add(Place::Service(service, Part::Storage(key.clone())), before, after);
        }
        for hash in keys(self, later, service, |account| &account.preimages) {
            let before = self.preimage(service, hash)?.map(Value::Blob);
            let after = later.preimage(service, hash)?.map(Value::Blob);
            found.add(Place::Service(service, Part::Preimage(*hash)), before, after);
        }
        for key in keys(self, later, service, |account| &account.requests) {
            let before = self.request(service, key)?.map(Value::History);
            let after = later.request(service, key)?.map(Value::History);
            found.add(Place::Service(service, Part::Request(*key)), before, after);
        }
        Ok(())
    }
}

/// Keys of an account's dictionary that are changed in either of two overlays.
fn keys<'a, K: Ord + Clone, V: Clone + 'a>(
    old: &'a Accounts,
    new: &'a Accounts,
    service: ServiceId,
    layer: impl Fn(&AccountChange) -> &Layer<K, V>,
) -> BTreeSet<&'a K> {
    [old, new]
        .into_iter()
        .filter_map(|accounts| accounts.changed.get(&service)?.as_deref())
        .flat_map(|account| layer(account).keys())
        .collect()
}

type Field = fn(&AccountInfo) -> Value;

fn fields() -> [(Part, Field); 10] {
    [
        (Part::CodeHash, |info| Value::Hash(info.code_hash)),
        (Part::Balance, |info| Value::Number(info.balance.0)),
        (Part::MinAccumulateGas, |info| Value::Number(info.min_accumulate_gas.0)),
        (Part::MinMemoGas, |info| Value::Number(info.min_memo_gas.0)),
        (Part::Gratis, |info| Value::Number(info.gratis.0)),
        (Part::Created, |info| Value::Number(info.created.0.into())),
        (Part::LastAccumulation, |info| Value::Number(info.last_accumulation.0.into())),
        (Part::Parent, |info| Value::Number(info.parent.0.into())),
        (Part::Items, |info| Value::Number(info.footprint.items.into())),
        (Part::Octets, |info| Value::Number(info.footprint.octets)),
    ]
}

struct Found(Vec<Difference>);

impl Found {
    fn add(&mut self, place: Place, before: Option<Value>, after: Option<Value>) {
        if before != after {
            self.0.push(Difference { place, before, after });
        }
    }
}

impl fmt::Display for Difference {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{}: ", self.place)?;
        match &self.before {
            Some(value) => write!(f, "{value}")?,
            None => f.write_str("nothing")?,
        }
        match &self.after {
            Some(value) => write!(f, " -> {value}"),
            None => f.write_str(" -> nothing"),
        }
    }
}

impl fmt::Display for Place {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Service(service, part) => write!(f, "service {service} {part}"),
            Self::StagingSet => f.write_str("validator staging set"),
            Self::AuthorizerQueue(core) => write!(f, "authorizer queue of core {core}"),
            Self::Manager => f.write_str("manager"),
            Self::Assigner(core) => write!(f, "assigner of core {core}"),
            Self::Delegator => f.write_str("delegator"),
            Self::Registrar => f.write_str("registrar"),
            Self::AlwaysAccumulate(service) => write!(f, "always-accumulate gas of {service}"),
        }
    }
}

impl fmt::Display for Value {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Number(number) => write!(f, "{number}"),
            Self::Hash(hash) => write!(f, "{hash}"),
            Self::Blob(octets) => write!(f, "{}", Text(octets)),
            Self::History(history) => write!(f, "{history}"),
            Self::Hashes(hashes) => {
                let hashes: Vec<_> = hashes.iter().map(ToString::to_string).collect();
                write!(f, "[{}]", hashes.join(" "))
            }
            Self::ValidatorKeys(octets) => {
                write!(f, "keys with hash {}", Hash::blake2b(octets))
            }
        }
    }
}
