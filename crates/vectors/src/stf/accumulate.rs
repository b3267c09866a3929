//! The accumulate vectors (`stf/accumulate`).

use std::path::Path;

use jambox_codec::{Decode, DecodeError, Encode, Reader, impl_codec};
use jambox_types::{
    AccumulatedQueue, Balance, Gas, Hash, Parameters, Privileges, ReadyQueue, ServiceId,
    ServiceStatistics, TimeSlot, WorkReport,
};
use serde_json::{Value, json};

use super::{Loaded, PreimageEntry, RequestEntry};
use crate::Error;
use crate::json::{ToJson, impl_to_json};

/// One case.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Case {
    /// What the block brings.
    pub input: Input,
    /// The state before.
    pub pre_state: State,
    /// The root of the accumulation outputs.
    pub output: Output,
    /// The state after.
    pub post_state: State,
}

impl_codec!(Case in Parameters { input, pre_state, output, post_state });
impl_to_json!(Case {
    "input": input,
    "pre_state": pre_state,
    "output": output,
    "post_state": post_state,
});

/// What the block brings.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Input {
    /// Its slot.
    pub slot: TimeSlot,
    /// Reports that became available.
    pub reports: Vec<WorkReport>,
}

impl_codec!(Input { slot, reports });
impl_to_json!(Input { "slot": slot, "reports": reports });

/// The part of the state that accumulation has to do with.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct State {
    /// The slot of the last block.
    pub slot: TimeSlot,
    /// The posterior entropy.
    pub entropy: Hash,
    /// Reports that wait for others.
    pub ready_queue: ReadyQueue,
    /// Packages accumulated of late.
    pub accumulated: AccumulatedQueue,
    /// Privileged services.
    pub privileges: Privileges,
    /// The services' part of the statistics, of which only accumulation's is set.
    pub statistics: ServiceStatistics,
    /// Accounts, in the order of their ids.
    pub accounts: Vec<AccountEntry>,
}

impl_codec!(State in Parameters {
    slot,
    entropy,
    ready_queue,
    accumulated,
    privileges,
    statistics,
    accounts,
});
impl_to_json!(State {
    "slot": slot,
    "entropy": entropy,
    "ready_queue": ready_queue,
    "accumulated": accumulated,
    "privileges": privileges,
    "statistics": statistics,
    "accounts": accounts,
});

/// An account and its id.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct AccountEntry {
    /// The id.
    pub id: ServiceId,
    /// The account.
    pub account: Account,
}

impl_codec!(AccountEntry { id, account });
impl_to_json!(AccountEntry { "id": id, "data": account });

/// A service account.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Account {
    /// The fixed part.
    pub info: ServiceInfo,
    /// Storage, in the order of its keys.
    pub storage: Vec<StorageEntry>,
    /// Preimages, in the order of their hashes.
    pub preimages: Vec<PreimageEntry>,
    /// Preimage requests, in the order of their keys.
    pub requests: Vec<RequestEntry>,
}

impl_codec!(Account { info, storage, preimages, requests });
impl_to_json!(Account {
    "service": info,
    "storage": storage,
    "preimage_blobs": preimages,
    "preimage_requests": requests,
});

/// The fixed part of a service account, as state key 255 holds it.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct ServiceInfo {
    /// Always 0.
    pub version: u8,
    /// The hash of the code.
    pub code_hash: Hash,
    /// The balance.
    pub balance: Balance,
    /// The least gas for a work item.
    pub min_accumulate_gas: Gas,
    /// The least gas for a transfer.
    pub min_memo_gas: Gas,
    /// Octets in the footprint.
    pub octets: u64,
    /// Storage that needs no deposit.
    pub gratis: Balance,
    /// Items in the footprint.
    pub items: u32,
    /// When it was created.
    pub created: TimeSlot,
    /// When it last accumulated.
    pub last_accumulation: TimeSlot,
    /// Who created it.
    pub parent: ServiceId,
}

impl_codec!(ServiceInfo {
    version,
    code_hash,
    balance,
    min_accumulate_gas,
    min_memo_gas,
    octets,
    gratis,
    items,
    created,
    last_accumulation,
    parent,
});
impl_to_json!(ServiceInfo {
    "version": version,
    "code_hash": code_hash,
    "balance": balance,
    "min_item_gas": min_accumulate_gas,
    "min_memo_gas": min_memo_gas,
    "bytes": octets,
    "deposit_offset": gratis,
    "items": items,
    "creation_slot": created,
    "last_accumulation_slot": last_accumulation,
    "parent_service": parent,
});

/// A storage item.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct StorageEntry {
    /// The key, as the service gave it.
    pub key: Vec<u8>,
    /// The value.
    pub value: Vec<u8>,
}

impl_codec!(StorageEntry { key, value });
impl_to_json!(StorageEntry { "key": key, "value": value });

/// The root of the accumulation outputs; the vectors know of no error.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Output(pub Hash);

impl Encode for Output {
    fn encode_to(&self, out: &mut Vec<u8>) {
        out.push(0);
        self.0.encode_to(out);
    }
}

impl<C: ?Sized> Decode<C> for Output {
    fn decode(reader: &mut Reader<'_>, context: &C) -> Result<Self, DecodeError> {
        reader.take_discriminator(0)?;
        Hash::decode(reader, context).map(Self)
    }
}

impl ToJson for Output {
    fn to_json(&self) -> Value {
        json!({ "ok": self.0.to_json() })
    }
}

/// Loads every case of a folder, in the order of the files' names.
///
/// # Errors
///
/// When the folder cannot be read or holds no case.
pub fn load(folder: &Path, parameters: &Parameters) -> Result<Vec<Loaded<Case>>, Error> {
    super::load(folder, parameters)
}
