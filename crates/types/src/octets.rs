//! Octet sequences of fixed length: hashes, keys, signatures.

use alloc::string::String;
use alloc::vec::Vec;
use core::{fmt, str};

use jambox_codec::{Decode, DecodeError, Encode, Reader, encode};

use crate::keccak::keccak_256;

/// Error: a text that is not the hexadecimal form of the expected octets.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
#[error("expected {expected} octets in hexadecimal, with or without 0x: {reason}")]
pub struct HexError {
    /// Number of octets expected.
    pub expected: usize,
    /// Description of the text's fault.
    pub reason: String,
}

macro_rules! octets {
    ($($(#[$doc:meta])* $name:ident($length:literal);)*) => {$(
        $(#[$doc])*
        #[derive(Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash)]
        pub struct $name(pub [u8; $length]);

        impl $name {
            /// Length of the value, in octets.
            pub const LENGTH: usize = $length;

            /// The value whose octets are all zero.
            pub const ZERO: Self = Self([0; $length]);
        }

        impl Default for $name {
            fn default() -> Self {
                Self::ZERO
            }
        }

        impl AsRef<[u8]> for $name {
            fn as_ref(&self) -> &[u8] {
                &self.0
            }
        }

        impl From<[u8; $length]> for $name {
            fn from(octets: [u8; $length]) -> Self {
                Self(octets)
            }
        }

        /// Hexadecimal with `0x` in front; `{:#}` shortens it to the first four octets.
        impl fmt::Display for $name {
            fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
                write_hex(&self.0, f)
            }
        }

        impl fmt::Debug for $name {
            fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
                fmt::Display::fmt(self, f)
            }
        }

        impl str::FromStr for $name {
            type Err = HexError;

            fn from_str(text: &str) -> Result<Self, HexError> {
                const_hex::decode_to_array(text).map(Self).map_err(|error| HexError {
                    expected: $length,
                    reason: alloc::format!("{error}"),
                })
            }
        }

        impl<C: ?Sized> Encode<C> for $name {
            fn encode_to(&self, out: &mut Vec<u8>, context: &C) {
                self.0.encode_to(out, context);
            }
        }

        impl<C: ?Sized> Decode<C> for $name {
            fn decode(reader: &mut Reader<'_>, context: &C) -> Result<Self, DecodeError> {
                <[u8; $length]>::decode(reader, context).map(Self)
            }
        }

        #[cfg(feature = "serde")]
        impl serde::Serialize for $name {
            fn serialize<S: serde::Serializer>(&self, to: S) -> Result<S::Ok, S::Error> {
                to.collect_str(self)
            }
        }

        #[cfg(feature = "serde")]
        impl<'de> serde::Deserialize<'de> for $name {
            fn deserialize<D: serde::Deserializer<'de>>(from: D) -> Result<Self, D::Error> {
                let text = <String as serde::Deserialize>::deserialize(from)?;
                text.parse().map_err(serde::de::Error::custom)
            }
        }
    )*};
}

octets! {
    /// A 32-octet hash.
    Hash(32);
    /// A Bandersnatch public key.
    BandersnatchKey(32);
    /// A Bandersnatch signature with its VRF output.
    BandersnatchSignature(96);
    /// A Bandersnatch ring signature with its VRF output.
    RingSignature(784);
    /// The commitment to the keys of a Bandersnatch ring.
    RingRoot(144);
    /// An Ed25519 public key.
    Ed25519Key(32);
    /// An Ed25519 signature.
    Ed25519Signature(64);
    /// A BLS public key.
    BlsKey(144);
    /// A validator's metadata, its network address among them.
    ValidatorMetadata(128);
    /// The memo of a deferred transfer.
    Memo(128);
}

impl Memo {
    /// The memo with this text, padded with zeros; `None` if the text has more than 128 octets.
    ///
    /// ```
    /// use jambox_types::Memo;
    ///
    /// let memo = Memo::from_text("for jam").expect("at most 128 octets");
    /// assert_eq!(memo.text(), Some("for jam"));
    /// assert_eq!(Memo::from_text(&"jam".repeat(50)), None);
    /// ```
    #[must_use]
    pub fn from_text(text: &str) -> Option<Self> {
        let mut memo = Self::ZERO;
        memo.0.get_mut(..text.len())?.copy_from_slice(text.as_bytes());
        Some(memo)
    }

    /// The memo that holds a value: its encoding, padded with zeros; `None` if that has more than
    /// 128 octets.
    ///
    /// ```
    /// use jambox_types::{Balance, Memo, ServiceId};
    ///
    /// let memo = Memo::from_value(&(ServiceId(7), Balance(5))).expect("12 octets");
    /// assert_eq!(memo.value(), Ok((ServiceId(7), Balance(5))));
    /// assert!(memo.value::<u8>().is_err(), "more than one octet is set");
    /// ```
    #[must_use]
    pub fn from_value(value: &(impl Encode + ?Sized)) -> Option<Self> {
        let octets = encode(value);
        let mut memo = Self::ZERO;
        memo.0.get_mut(..octets.len())?.copy_from_slice(&octets);
        Some(memo)
    }

    /// The value that the memo holds.
    ///
    /// # Errors
    ///
    /// When the memo does not begin with an encoding of such a value, or other octets than zeros
    /// follow it.
    pub fn value<T: Decode>(&self) -> Result<T, DecodeError> {
        let mut reader = Reader::new(&self.0);
        let value = T::decode(&mut reader, &())?;
        if reader.rest().iter().any(|octet| *octet != 0) {
            reader.finish()?;
        }
        Ok(value)
    }

    /// The memo as text, without the zeros at its end; `None` if it is not UTF-8.
    #[must_use]
    pub fn text(&self) -> Option<&str> {
        let end =
            self.0.iter().rposition(|octet| *octet != 0).map_or(0, |last| last.saturating_add(1));
        str::from_utf8(self.0.get(..end)?).ok()
    }
}

impl Hash {
    /// BLAKE2b with an output of 256 bits, the paper's general hash (`sec:cryptography`, 0.7.2).
    #[must_use]
    pub fn blake2b(octets: &[u8]) -> Self {
        Self::blake2b_of(&[octets])
    }

    /// [`Hash::blake2b`] of the concatenation of `parts`.
    #[must_use]
    pub fn blake2b_of(parts: &[&[u8]]) -> Self {
        let mut hasher = Blake2b::new();
        parts.iter().for_each(|part| hasher.update(part));
        hasher.finish()
    }

    /// Keccak-256, the hash of the accumulation-output log (`sec:cryptography`, 0.7.2).
    #[must_use]
    pub fn keccak(octets: &[u8]) -> Self {
        Self(keccak_256(octets))
    }
}

/// Incremental [`Hash::blake2b`].
#[derive(Debug, Clone)]
pub struct Blake2b(blake2b_simd::State);

impl Blake2b {
    /// The hasher of the empty sequence.
    #[must_use]
    pub fn new() -> Self {
        Self(blake2b_simd::Params::new().hash_length(Hash::LENGTH).to_state())
    }

    /// Appends octets to the hashed sequence.
    pub fn update(&mut self, octets: &[u8]) {
        self.0.update(octets);
    }

    /// Hash of the appended octets.
    #[must_use]
    pub fn finish(&self) -> Hash {
        let mut octets = [0; Hash::LENGTH];
        for (to, from) in octets.iter_mut().zip(self.0.finalize().as_bytes()) {
            *to = *from;
        }
        Hash(octets)
    }
}

impl Default for Blake2b {
    fn default() -> Self {
        Self::new()
    }
}

fn write_hex(octets: &[u8], f: &mut fmt::Formatter<'_>) -> fmt::Result {
    let shown = if f.alternate() { octets.get(..4).unwrap_or(octets) } else { octets };
    f.write_str("0x")?;
    for octet in shown {
        write!(f, "{octet:02x}")?;
    }
    if shown.len() < octets.len() { f.write_str("..") } else { Ok(()) }
}
