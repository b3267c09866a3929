//! Octets and hashes as JIP-2 writes them: in Base64 with padding.

use base64::Engine as _;
use base64::engine::general_purpose::STANDARD;
use jambox_types::Hash;
use serde::{Deserialize, Deserializer, Serialize, Serializer};

/// Octets, in Base64 with padding.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Base64(pub Vec<u8>);

impl Serialize for Base64 {
    fn serialize<S: Serializer>(&self, to: S) -> Result<S::Ok, S::Error> {
        to.serialize_str(&STANDARD.encode(&self.0))
    }
}

impl<'de> Deserialize<'de> for Base64 {
    fn deserialize<D: Deserializer<'de>>(from: D) -> Result<Self, D::Error> {
        let text = String::deserialize(from)?;
        let octets = STANDARD.decode(&text);
        let wrong = |error| serde::de::Error::custom(format!("it is not Base64: {error}"));
        octets.map(Self).map_err(wrong)
    }
}

/// A hash: 32 octets, in Base64.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Hash64(pub Hash);

impl Serialize for Hash64 {
    fn serialize<S: Serializer>(&self, to: S) -> Result<S::Ok, S::Error> {
        to.serialize_str(&hash(&self.0))
    }
}

impl<'de> Deserialize<'de> for Hash64 {
    fn deserialize<D: Deserializer<'de>>(from: D) -> Result<Self, D::Error> {
        let Base64(octets) = Base64::deserialize(from)?;
        let length = octets.len();
        let octets = <[u8; 32]>::try_from(octets);
        octets.map(|octets| Self(Hash(octets))).map_err(|_| {
            serde::de::Error::custom(format!("a hash has 32 octets, these are {length}"))
        })
    }
}

/// A hash as text.
#[must_use]
pub fn hash(hash: &Hash) -> String {
    STANDARD.encode(hash.0)
}
