//! The preimages vectors (`stf/preimages`).

use std::path::Path;

use jambox_codec::{Decode, DecodeError, Encode, Reader, encode_natural, impl_codec};
use jambox_types::{Preimage, Protocol, Revised, Rules, ServiceStatistics, TimeSlot};
use serde_json::{Value, json};

use super::case::{self, AccountEntry, Loaded, PreimageEntry, RequestEntry};
use crate::Error;
use crate::json::{FromJson, ToJson, impl_json};

/// One case.
pub type Case = case::Case<Input, PreimagesState, Output>;

/// Data from the block.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Input {
    /// Preimages.
    pub preimages: Vec<Preimage>,
    /// Slot of the block.
    pub slot: TimeSlot,
}

impl_codec!(Input { preimages, slot });
impl_json!(Input { "preimages": preimages, "slot": slot });

/// The state components that preimages read or write.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct PreimagesState {
    /// Accounts, in the order of their ids.
    pub accounts: Vec<AccountEntry<Account>>,
    /// Statistics of the services; only the fields of preimages are set.
    pub statistics: ServiceStatistics,
}

impl_codec!(PreimagesState for Revised { accounts, statistics });
impl_json!(PreimagesState { "accounts": accounts, "statistics": statistics });

/// The fields of an account that preimages read or write.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Account {
    /// Preimages, in the order of their hashes.
    pub preimages: Vec<PreimageEntry>,
    /// Preimage requests, in the order of their keys.
    pub requests: Vec<RequestEntry>,
}

impl_codec!(Account { preimages, requests });
impl_json!(Account { "preimage_blobs": preimages, "preimage_requests": requests });

/// Reason for a block with invalid preimages. The paper does not name these errors.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Invalid {
    /// A preimage without a request, or already available.
    Unneeded,
    /// Not in order, or not unique.
    NotSortedUnique,
}

/// Validity of the block.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Output(pub Result<(), Invalid>);

impl<C: ?Sized> Encode<C> for Output {
    fn encode_to(&self, out: &mut Vec<u8>, _: &C) {
        match self.0 {
            Ok(()) => encode_natural(0, out),
            Err(error) => {
                encode_natural(1, out);
                encode_natural(u64::from(error == Invalid::NotSortedUnique), out);
            }
        }
    }
}

impl<C: ?Sized> Decode<C> for Output {
    fn decode(reader: &mut Reader<'_>, _: &C) -> Result<Self, DecodeError> {
        if reader.take_discriminator(1)? == 0 {
            return Ok(Self(Ok(())));
        }
        Ok(Self(Err(match reader.take_discriminator(1)? {
            0 => Invalid::Unneeded,
            _ => Invalid::NotSortedUnique,
        })))
    }
}

const INVALID: [(&str, Invalid); 2] = [
    ("preimage_unneeded", Invalid::Unneeded),
    ("preimages_not_sorted_unique", Invalid::NotSortedUnique),
];

impl ToJson for Output {
    fn to_json(&self, _: &Rules) -> Value {
        match self.0 {
            Ok(()) => json!({ "ok": null }),
            Err(error) => {
                let entry = INVALID.iter().find(|(_, named)| *named == error);
                json!({ "err": entry.map_or("", |(name, _)| *name) })
            }
        }
    }
}

impl FromJson for Output {
    fn from_json(value: &Value, _: &Protocol) -> Result<Self, String> {
        if value.get("ok").is_some() {
            return Ok(Self(Ok(())));
        }
        let error = value.get("err").and_then(Value::as_str);
        let entry = INVALID.iter().find(|(name, _)| Some(*name) == error);
        entry.map(|(_, error)| Self(Err(*error))).ok_or_else(|| format!(": unknown, {value}"))
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
