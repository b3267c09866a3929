//! A naive model of service accounts: plain maps, copied whole at every checkpoint.

use std::collections::BTreeMap;
use std::sync::Arc;

use jambox_state::{
    AccountInfo, Accounts, Blob, Footprint, MemoryBase, RequestHistory, RequestKey,
};
use jambox_types::{Balance, Gas, Hash, ServiceId, TimeSlot};
use proptest::prelude::*;

/// Few services and keys, so that random operations meet.
pub const SERVICES: u32 = 4;
pub const KEYS: u8 = 6;

pub type Model = BTreeMap<u32, ModelAccount>;

#[derive(Clone, Debug, Default, PartialEq)]
pub struct ModelAccount {
    pub balance: u64,
    pub storage: BTreeMap<u8, Vec<u8>>,
    pub preimages: BTreeMap<u8, Vec<u8>>,
    pub requests: BTreeMap<u8, RequestHistory>,
}

#[derive(Clone, Debug)]
pub enum Operation {
    Create(u32, u64),
    Remove(u32),
    SetBalance(u32, u64),
    SetStorage(u32, u8, Option<Vec<u8>>),
    SetPreimage(u32, u8, Option<Vec<u8>>),
    SetRequest(u32, u8, Option<RequestHistory>),
}

pub fn operation() -> impl Strategy<Value = Operation> {
    let service = 0..SERVICES;
    let key = 0..KEYS;
    let value = proptest::option::of(proptest::collection::vec(any::<u8>(), 0..40));
    let slots = proptest::collection::vec(0..9u32, 0..=3);
    let history = proptest::option::of(slots.prop_map(history));
    prop_oneof![
        2 => (service.clone(), any::<u64>()).prop_map(|(s, b)| Operation::Create(s, b)),
        1 => service.clone().prop_map(Operation::Remove),
        2 => (service.clone(), any::<u64>()).prop_map(|(s, b)| Operation::SetBalance(s, b)),
        6 => (service.clone(), key.clone(), value.clone())
            .prop_map(|(s, k, v)| Operation::SetStorage(s, k, v)),
        3 => (service.clone(), key.clone(), value)
            .prop_map(|(s, k, v)| Operation::SetPreimage(s, k, v)),
        3 => (service, key, history).prop_map(|(s, k, h)| Operation::SetRequest(s, k, h)),
    ]
}

fn history(slots: Vec<u32>) -> RequestHistory {
    let slots: Vec<_> = slots.into_iter().map(TimeSlot).collect();
    RequestHistory::from_slots(&slots).unwrap()
}

pub fn empty() -> Accounts {
    Accounts::new(Arc::new(MemoryBase::default()))
}

pub fn info(balance: u64) -> AccountInfo {
    AccountInfo {
        code_hash: Hash([7; 32]),
        balance: Balance(balance),
        min_accumulate_gas: Gas(1),
        min_memo_gas: Gas(2),
        gratis: Balance(3),
        created: TimeSlot(4),
        last_accumulation: TimeSlot(5),
        parent: ServiceId(6),
        footprint: Footprint::default(),
    }
}

/// A key of 0 to `KEYS - 1` octets, so that lengths vary.
pub fn storage_key(key: u8) -> Vec<u8> {
    vec![key; usize::from(key)]
}

pub fn hash(key: u8) -> Hash {
    Hash([key; 32])
}

pub fn request_key(key: u8) -> RequestKey {
    RequestKey { hash: hash(key / 2), length: u32::from(key) * 1000 }
}

pub fn blob(octets: &[u8]) -> Blob {
    Blob::from(octets)
}

/// Applies an operation to both. An operation impossible in the model must be an error in the
/// overlay.
pub fn apply(operation: &Operation, model: &mut Model, accounts: &mut Accounts) {
    let exists = |model: &Model, service: &u32| model.contains_key(service);
    match operation {
        Operation::Create(s, balance) => {
            let existed = exists(model, s);
            let created = accounts.create(ServiceId(*s), info(*balance));
            assert_eq!(created.is_err(), existed);
            if !existed {
                model.insert(*s, ModelAccount { balance: *balance, ..ModelAccount::default() });
            }
        }
        Operation::Remove(s) => {
            accounts.remove(ServiceId(*s)).unwrap();
            model.remove(s);
        }
        Operation::SetBalance(s, balance) => {
            let done = accounts.update(ServiceId(*s), |info| {
                info.balance = Balance(*balance);
                info.footprint = Footprint { items: 99, octets: 99 };
            });
            assert_eq!(done.is_ok(), exists(model, s));
            if let Some(account) = model.get_mut(s) {
                account.balance = *balance;
            }
        }
        Operation::SetStorage(s, key, value) => {
            let value_blob = value.as_deref().map(blob);
            let done = accounts.set_storage(ServiceId(*s), &storage_key(*key), value_blob);
            assert_eq!(done.is_ok(), exists(model, s));
            if let Some(account) = model.get_mut(s) {
                let before = replace(&mut account.storage, *key, value.clone());
                assert_eq!(done.unwrap().as_deref(), before.as_deref());
            }
        }
        Operation::SetPreimage(s, key, value) => {
            let value_blob = value.as_deref().map(blob);
            let done = accounts.set_preimage(ServiceId(*s), hash(*key), value_blob);
            assert_eq!(done.is_ok(), exists(model, s));
            if let Some(account) = model.get_mut(s) {
                replace(&mut account.preimages, *key, value.clone());
            }
        }
        Operation::SetRequest(s, key, history) => {
            let done = accounts.set_request(ServiceId(*s), request_key(*key), *history);
            assert_eq!(done.is_ok(), exists(model, s));
            if let Some(account) = model.get_mut(s) {
                replace(&mut account.requests, *key, *history);
            }
        }
    }
}

fn replace<V>(map: &mut BTreeMap<u8, V>, key: u8, value: Option<V>) -> Option<V> {
    match value {
        Some(value) => map.insert(key, value),
        None => map.remove(&key),
    }
}

/// Every read agrees with the model, the footprint included.
pub fn assert_same(model: &Model, accounts: &Accounts) {
    for s in 0..SERVICES {
        let service = ServiceId(s);
        let account = model.get(&s);
        let info = accounts.get(service).unwrap();
        assert_eq!(info.map(|info| info.balance.0), account.map(|account| account.balance));
        assert_eq!(info.map(|info| info.footprint), account.map(footprint));
        for key in 0..KEYS {
            let storage = accounts.storage(service, &storage_key(key)).unwrap();
            assert_eq!(
                storage.as_deref(),
                account.and_then(|account| account.storage.get(&key)).map(Vec::as_slice)
            );
            let preimage = accounts.preimage(service, &hash(key)).unwrap();
            assert_eq!(
                preimage.as_deref(),
                account.and_then(|account| account.preimages.get(&key)).map(Vec::as_slice)
            );
            let request = accounts.request(service, &request_key(key)).unwrap();
            assert_eq!(request, account.and_then(|account| account.requests.get(&key)).copied());
        }
    }
}

/// The footprint as the paper writes it: sums over the dictionaries.
fn footprint(account: &ModelAccount) -> Footprint {
    let requests = account.requests.keys().map(|key| 81 + u64::from(request_key(*key).length));
    let storage = account
        .storage
        .iter()
        .map(|(key, value)| 34 + storage_key(*key).len() as u64 + value.len() as u64);
    Footprint {
        items: (2 * account.requests.len() + account.storage.len()) as u32,
        octets: requests.sum::<u64>() + storage.sum::<u64>(),
    }
}
