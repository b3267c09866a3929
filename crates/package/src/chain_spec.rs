//! Chain specifications (JIP-4): the genesis state of a chain, as keys and values.

use std::collections::BTreeMap;

use serde::{Deserialize, Serialize};

use jambox_codec::{DecodeError, decode_all_with, encode_with};
use jambox_files::without_mark;
use jambox_state::{Blob, StateKey};
use jambox_types::{Parameters, ParametersError, Protocol, Revision};

/// A chain specification.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct ChainSpec {
    /// The name of the chain.
    pub id: String,
    /// Addresses of bootstrap nodes.
    pub bootnodes: Vec<String>,
    /// The encoded genesis header; empty if omitted.
    pub genesis_header: Vec<u8>,
    /// State after the genesis block.
    pub genesis_state: BTreeMap<StateKey, Blob>,
    /// The encoded parameters; empty if omitted.
    pub protocol_parameters: Vec<u8>,
}

/// Reason for refusing a chain specification.
#[derive(Debug, thiserror::Error)]
#[non_exhaustive]
pub enum ChainSpecError {
    /// Text that is not well-formed JSON of this shape.
    #[error("the file is not a chain specification: {0}")]
    Json(#[from] serde_json::Error),
    /// A key is no state key. The field is its length, in octets.
    #[error("`genesis_state` has a key of {0} octets: expected 31")]
    Key(usize),
    /// A key occurs twice, in two spellings.
    #[error("`genesis_state` has key {0} twice")]
    KeyTwice(StateKey),
    /// The parameters do not decode.
    #[error("`protocol_parameters` are not valid: {0}")]
    Encoding(DecodeError),
    /// No chain can have these parameters.
    #[error("`protocol_parameters` are not valid: {0}")]
    Parameters(#[from] ParametersError),
}

impl ChainSpec {
    /// Reads the content of a chain specification.
    ///
    /// # Errors
    ///
    /// When the JSON or a key is malformed.
    pub fn parse(content: &[u8]) -> Result<Self, ChainSpecError> {
        let file: File = serde_json::from_slice(without_mark(content))?;
        let mut genesis_state = BTreeMap::new();
        for (Hex(key), Hex(value)) in file.genesis_state {
            let key = key.try_into().map_err(|key: Vec<u8>| ChainSpecError::Key(key.len()))?;
            if genesis_state.insert(StateKey(key), value.into()).is_some() {
                return Err(ChainSpecError::KeyTwice(StateKey(key)));
            }
        }
        Ok(Self {
            id: file.id,
            bootnodes: file.bootnodes,
            genesis_header: file.genesis_header.0,
            genesis_state,
            protocol_parameters: file.protocol_parameters.0,
        })
    }

    /// The protocol, if parameters are given. The length of their encoding determines the revision.
    ///
    /// # Errors
    ///
    /// When they decode under no revision, or no chain can have them.
    pub fn protocol(&self) -> Result<Option<Protocol>, ChainSpecError> {
        let octets = self.protocol_parameters.as_slice();
        if octets.is_empty() {
            return Ok(None);
        }
        let of = |revision| {
            let parameters = decode_all_with::<Parameters, _>(octets, &revision)?;
            Ok(Protocol::new(revision, parameters))
        };
        let mut found = of(Revision::default());
        for revision in Revision::ALL {
            found = found.or_else(|error| of(revision).map_err(|_| error));
        }
        let protocol = found.map_err(ChainSpecError::Encoding)?;
        protocol.parameters.check()?;
        Ok(Some(protocol))
    }

    /// Sets the parameters, encoded under the protocol's revision.
    pub fn set_protocol(&mut self, protocol: &Protocol) {
        self.protocol_parameters = encode_with(&protocol.parameters, protocol);
    }

    /// The specification as JSON.
    #[must_use]
    pub fn to_json(&self) -> String {
        let hex = |octets: &[u8]| Hex(octets.to_vec());
        let state = self.genesis_state.iter();
        let file = File {
            id: self.id.clone(),
            bootnodes: self.bootnodes.clone(),
            genesis_header: hex(&self.genesis_header),
            genesis_state: state.map(|(key, value)| (hex(&key.0), hex(value))).collect(),
            protocol_parameters: hex(&self.protocol_parameters),
        };
        // Strings only: serialization cannot fail.
        serde_json::to_string_pretty(&file).unwrap_or_default()
    }
}

#[derive(Serialize, Deserialize)]
struct File {
    id: String,
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    bootnodes: Vec<String>,
    #[serde(default)]
    genesis_header: Hex,
    #[serde(with = "pairs")]
    genesis_state: Vec<(Hex, Hex)>,
    #[serde(default)]
    protocol_parameters: Hex,
}

/// Octets in hexadecimal, read with or without `0x`.
#[derive(Default)]
struct Hex(Vec<u8>);

impl Serialize for Hex {
    fn serialize<S: serde::Serializer>(&self, to: S) -> Result<S::Ok, S::Error> {
        to.serialize_str(&const_hex::encode(&self.0))
    }
}

impl<'de> Deserialize<'de> for Hex {
    fn deserialize<D: serde::Deserializer<'de>>(from: D) -> Result<Self, D::Error> {
        let text = std::borrow::Cow::<'_, str>::deserialize(from)?;
        const_hex::decode(&*text).map(Self).map_err(serde::de::Error::custom)
    }
}

/// An object as the list of its entries, so that entries with equal keys are kept apart.
mod pairs {
    use std::fmt;

    use serde::de::{MapAccess, Visitor};
    use serde::{Deserializer, Serializer};

    use super::Hex;

    type Pairs = Vec<(Hex, Hex)>;

    pub fn serialize<S: Serializer>(pairs: &Pairs, to: S) -> Result<S::Ok, S::Error> {
        to.collect_map(pairs.iter().map(|(key, value)| (key, value)))
    }

    pub fn deserialize<'de, D: Deserializer<'de>>(from: D) -> Result<Pairs, D::Error> {
        struct Entries;

        impl<'de> Visitor<'de> for Entries {
            type Value = Pairs;

            fn expecting(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
                f.write_str("keys and values")
            }

            fn visit_map<A: MapAccess<'de>>(self, mut map: A) -> Result<Pairs, A::Error> {
                let mut pairs = Vec::new();
                while let Some(pair) = map.next_entry()? {
                    pairs.push(pair);
                }
                Ok(pairs)
            }
        }

        from.deserialize_map(Entries)
    }
}
