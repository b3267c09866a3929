//! A case of a transition, and the parts that several transitions have.

use std::path::Path;

use jambox_codec::{Decode, DecodeError, Encode, Reader, impl_codec};
use jambox_state::{AccountInfo, Footprint, RequestHistory};
use jambox_types::{Hash, Protocol, Rules, ServiceId};
use serde_json::{Value, json};

use crate::json::{FromJson, ToJson, first_difference, impl_json, member};
use crate::{Error, codec, files};

/// One case.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Case<I, S, O> {
    /// Data from the block.
    pub input: I,
    /// The state before.
    pub pre_state: S,
    /// Result of the transition.
    pub output: O,
    /// The state after.
    pub post_state: S,
}

impl<I: Encode<C>, S: Encode<C>, O: Encode<C>, C: ?Sized> Encode<C> for Case<I, S, O> {
    fn encode_to(&self, out: &mut Vec<u8>, context: &C) {
        self.input.encode_to(out, context);
        self.pre_state.encode_to(out, context);
        self.output.encode_to(out, context);
        self.post_state.encode_to(out, context);
    }
}

impl<I, S, O> Decode<Protocol> for Case<I, S, O>
where
    I: Decode<Protocol>,
    S: Decode<Protocol>,
    O: Decode<Protocol>,
{
    fn decode(reader: &mut Reader<'_>, protocol: &Protocol) -> Result<Self, DecodeError> {
        Ok(Self {
            input: I::decode(reader, protocol)?,
            pre_state: S::decode(reader, protocol)?,
            output: O::decode(reader, protocol)?,
            post_state: S::decode(reader, protocol)?,
        })
    }
}

impl<I: ToJson, S: ToJson, O: ToJson> ToJson for Case<I, S, O> {
    fn to_json(&self, rules: &Rules) -> Value {
        json!({
            "input": self.input.to_json(rules),
            "pre_state": self.pre_state.to_json(rules),
            "output": self.output.to_json(rules),
            "post_state": self.post_state.to_json(rules),
        })
    }
}

impl<I: FromJson, S: FromJson, O: FromJson> FromJson for Case<I, S, O> {
    fn from_json(value: &Value, protocol: &Protocol) -> Result<Self, String> {
        Ok(Self {
            input: member(value, "input", protocol)?,
            pre_state: member(value, "pre_state", protocol)?,
            output: member(value, "output", protocol)?,
            post_state: member(value, "post_state", protocol)?,
        })
    }
}

/// An account with its id.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct AccountEntry<A> {
    /// The id.
    pub id: ServiceId,
    /// The fields of the account that the transition reads or writes.
    pub account: A,
}

impl<A: Encode<C>, C: ?Sized> Encode<C> for AccountEntry<A> {
    fn encode_to(&self, out: &mut Vec<u8>, context: &C) {
        self.id.encode_to(out, context);
        self.account.encode_to(out, context);
    }
}

impl<C: ?Sized, A: Decode<C>> Decode<C> for AccountEntry<A> {
    fn decode(reader: &mut Reader<'_>, context: &C) -> Result<Self, DecodeError> {
        Ok(Self { id: ServiceId::decode(reader, context)?, account: A::decode(reader, context)? })
    }
}

impl<A: ToJson> ToJson for AccountEntry<A> {
    fn to_json(&self, rules: &Rules) -> Value {
        json!({ "id": self.id.to_json(rules), "data": self.account.to_json(rules) })
    }
}

impl<A: FromJson> FromJson for AccountEntry<A> {
    fn from_json(value: &Value, protocol: &Protocol) -> Result<Self, String> {
        let id = member(value, "id", protocol)?;
        Ok(Self { id, account: member(value, "data", protocol)? })
    }
}

impl FromJson for AccountInfo {
    fn from_json(value: &Value, protocol: &Protocol) -> Result<Self, String> {
        Ok(Self {
            code_hash: member(value, "code_hash", protocol)?,
            balance: member(value, "balance", protocol)?,
            min_accumulate_gas: member(value, "min_item_gas", protocol)?,
            min_memo_gas: member(value, "min_memo_gas", protocol)?,
            gratis: member(value, "deposit_offset", protocol)?,
            created: member(value, "creation_slot", protocol)?,
            last_accumulation: member(value, "last_accumulation_slot", protocol)?,
            parent: member(value, "parent_service", protocol)?,
            footprint: Footprint {
                items: member(value, "items", protocol)?,
                octets: member(value, "bytes", protocol)?,
            },
        })
    }
}

impl ToJson for AccountInfo {
    fn to_json(&self, rules: &Rules) -> Value {
        json!({
            "version": 0,
            "code_hash": self.code_hash.to_json(rules),
            "balance": self.balance.to_json(rules),
            "min_item_gas": self.min_accumulate_gas.to_json(rules),
            "min_memo_gas": self.min_memo_gas.to_json(rules),
            "bytes": self.footprint.octets,
            "deposit_offset": self.gratis.to_json(rules),
            "items": self.footprint.items,
            "creation_slot": self.created.to_json(rules),
            "last_accumulation_slot": self.last_accumulation.to_json(rules),
            "parent_service": self.parent.to_json(rules),
        })
    }
}

/// A preimage of an account.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct PreimageEntry {
    /// Hash of the preimage.
    pub hash: Hash,
    /// The preimage.
    pub blob: Vec<u8>,
}

impl_codec!(PreimageEntry { hash, blob });
impl_json!(PreimageEntry { "hash": hash, "blob": blob });

/// Key of a preimage request.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct RequestKey {
    /// The preimage's hash.
    pub hash: Hash,
    /// Length of the preimage, in octets.
    pub length: u32,
}

impl_codec!(RequestKey { hash, length });
impl_json!(RequestKey { "hash": hash, "length": length });

/// A preimage request of an account.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct RequestEntry {
    /// The key.
    pub key: RequestKey,
    /// Slots at which the preimage became available, unavailable, and available again.
    pub history: RequestHistory,
}

impl_codec!(RequestEntry { key, history });
impl_json!(RequestEntry { "key": key, "value": history });

impl ToJson for RequestHistory {
    fn to_json(&self, rules: &Rules) -> Value {
        self.slots().map(|slot| slot.to_json(rules)).collect()
    }
}

impl FromJson for RequestHistory {
    fn from_json(value: &Value, protocol: &Protocol) -> Result<Self, String> {
        let slots = Vec::from_json(value, protocol)?;
        Self::from_slots(&slots).ok_or_else(|| format!(": {} slots", slots.len()))
    }
}

/// A loaded case, or the fault of its files.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Loaded<T> {
    /// The file's name without extension.
    pub name: String,
    /// The case.
    pub case: Result<T, String>,
}

/// Reads the cases of a folder.
pub(super) fn load<T: Decode<Protocol> + Encode<Protocol> + ToJson>(
    folder: &Path,
    protocol: &Protocol,
) -> Result<Vec<Loaded<T>>, Error> {
    let files = files::files_under(folder, &["bin"], EXPECTED)?;
    files.iter().map(|file| load_file(file, protocol)).collect()
}

fn load_file<T: Decode<Protocol> + Encode<Protocol> + ToJson>(
    file: &Path,
    protocol: &Protocol,
) -> Result<Loaded<T>, Error> {
    let octets = files::read(file)?;
    let json = files::read(&file.with_extension("json"))?;
    let case = codec::decode_checked(&octets, &json, protocol);
    Ok(Loaded { name: files::stem(file), case })
}

/// Reads a case that has only a JSON form. Members beside the case are returned too.
pub(super) fn read_json<T: FromJson + ToJson>(
    json: &[u8],
    protocol: &Protocol,
) -> Result<(T, Option<Value>), String> {
    let mut value: Value =
        serde_json::from_slice(json).map_err(|error| format!("JSON: {error}"))?;
    let extra = value.as_object_mut().and_then(|members| members.remove("extra"));
    let case = T::from_json(&value, protocol)?;
    match first_difference(&value, &case.to_json(protocol.rules())) {
        Some(difference) => Err(format!("it holds what is not known: {difference}")),
        None => Ok((case, extra)),
    }
}

pub(super) const EXPECTED: &str = "state-transition vectors (`*.bin`, `*.json`)";
