//! The accumulate vectors (`stf/accumulate`).

use std::path::Path;

use jambox_codec::{Decode, DecodeError, Encode, Reader, impl_codec};
use jambox_state::AccountInfo;
use jambox_types::{
    AccumulatedQueue, Hash, Privileges, Protocol, ReadyQueue, Revised, Rules, ServiceStatistics,
    TimeSlot, WorkReport,
};
use serde_json::{Value, json};

use super::case::{self, AccountEntry, Loaded, PreimageEntry, RequestEntry};
use crate::Error;
use crate::json::{FromJson, ToJson, impl_json, member};

/// One case.
pub type Case = case::Case<Input, AccumulateState, Output>;

/// Data from the block.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Input {
    /// Slot of the block.
    pub slot: TimeSlot,
    /// Reports that became available.
    pub reports: Vec<WorkReport>,
}

impl_codec!(Input for Revised { slot, reports });
impl_json!(Input { "slot": slot, "reports": reports });

/// The state components that accumulation reads or writes.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct AccumulateState {
    /// Slot of the last block.
    pub slot: TimeSlot,
    /// The posterior entropy.
    pub entropy: Hash,
    /// Reports in the accumulation queue.
    pub ready_queue: ReadyQueue,
    /// The accumulation history.
    pub accumulated: AccumulatedQueue,
    /// Privileged services.
    pub privileges: Privileges,
    /// Statistics of the services; only the fields of accumulation are set.
    pub statistics: ServiceStatistics,
    /// Accounts, in the order of their ids.
    pub accounts: Vec<AccountEntry<Account>>,
}

impl_codec!(AccumulateState in Protocol {
    slot,
    entropy,
    ready_queue,
    accumulated,
    privileges,
    statistics,
    accounts,
});
impl_json!(AccumulateState {
    "slot": slot,
    "entropy": entropy,
    "ready_queue": ready_queue,
    "accumulated": accumulated,
    "privileges": privileges,
    "statistics": statistics,
    "accounts": accounts,
});

/// A service account.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Account {
    /// The account's fixed part, the value of state key 255.
    pub info: AccountInfo,
    /// Storage, in the order of its keys.
    pub storage: Vec<StorageEntry>,
    /// Preimages, in the order of their hashes.
    pub preimages: Vec<PreimageEntry>,
    /// Preimage requests, in the order of their keys.
    pub requests: Vec<RequestEntry>,
}

impl_codec!(Account { info, storage, preimages, requests });
impl_json!(Account {
    "service": info,
    "storage": storage,
    "preimage_blobs": preimages,
    "preimage_requests": requests,
});

/// A storage item.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct StorageEntry {
    /// The key given by the service.
    pub key: Vec<u8>,
    /// The value.
    pub value: Vec<u8>,
}

impl_codec!(StorageEntry { key, value });
impl_json!(StorageEntry { "key": key, "value": value });

/// Root of the accumulation outputs. The vectors have no errors.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Output(pub Hash);

impl<C: ?Sized> Encode<C> for Output {
    fn encode_to(&self, out: &mut Vec<u8>, context: &C) {
        out.push(0);
        self.0.encode_to(out, context);
    }
}

impl<C: ?Sized> Decode<C> for Output {
    fn decode(reader: &mut Reader<'_>, context: &C) -> Result<Self, DecodeError> {
        reader.take_discriminator(0)?;
        Hash::decode(reader, context).map(Self)
    }
}

impl FromJson for Output {
    fn from_json(value: &Value, protocol: &Protocol) -> Result<Self, String> {
        member(value, "ok", protocol).map(Self)
    }
}

impl ToJson for Output {
    fn to_json(&self, rules: &Rules) -> Value {
        json!({ "ok": self.0.to_json(rules) })
    }
}

/// Loads every case of a folder, in the order of the files' names.
///
/// # Errors
///
/// When the folder cannot be read or holds no case.
pub fn load(folder: &Path, protocol: &Protocol) -> Result<Vec<Loaded<Case>>, Error> {
    case::load(folder, protocol)
}
