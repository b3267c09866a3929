//! Parts of a service account, by which differences and keys are named.

use std::fmt;

use jambox_types::Hash;

use crate::{Blob, RequestKey};

/// A part of a service account.
#[derive(Clone, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub enum Part {
    /// `code_hash`.
    CodeHash,
    /// `balance`.
    Balance,
    /// `min_accumulate_gas`.
    MinAccumulateGas,
    /// `min_memo_gas`.
    MinMemoGas,
    /// `gratis`.
    Gratis,
    /// `created`.
    Created,
    /// `last_accumulation`.
    LastAccumulation,
    /// `parent`.
    Parent,
    /// `footprint.items`.
    Items,
    /// `footprint.octets`.
    Octets,
    /// A storage value, by its key.
    Storage(Blob),
    /// A preimage, by its hash.
    Preimage(Hash),
    /// A preimage request.
    Request(RequestKey),
}

impl fmt::Display for Part {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::CodeHash => f.write_str("code hash"),
            Self::Balance => f.write_str("balance"),
            Self::MinAccumulateGas => f.write_str("minimum accumulate gas"),
            Self::MinMemoGas => f.write_str("minimum memo gas"),
            Self::Gratis => f.write_str("gratis storage"),
            Self::Created => f.write_str("created"),
            Self::LastAccumulation => f.write_str("last accumulation"),
            Self::Parent => f.write_str("parent"),
            Self::Items => f.write_str("items"),
            Self::Octets => f.write_str("octets"),
            Self::Storage(key) => write!(f, "storage {}", Text(key)),
            Self::Preimage(hash) => write!(f, "preimage {hash}"),
            Self::Request(key) => write!(f, "request {} of {} octets", key.hash, key.length),
        }
    }
}

/// Octets for people: as text if they are text, and shortened.
pub(crate) struct Text<'a>(pub(crate) &'a [u8]);

const SHOWN_OCTETS: usize = 64;

impl fmt::Display for Text<'_> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let shown = self.0.get(..SHOWN_OCTETS).unwrap_or(self.0);
        let is_text = |octet: &u8| octet.is_ascii_graphic() || *octet == b' ';
        if !shown.is_empty() && shown.iter().all(is_text) {
            let text: String = shown.iter().copied().map(char::from).collect();
            write!(f, "{text:?}")?;
        } else {
            f.write_str("0x")?;
            shown.iter().try_for_each(|octet| write!(f, "{octet:02x}"))?;
        }
        if shown.len() < self.0.len() {
            write!(f, ".. ({} octets)", self.0.len())?;
        }
        Ok(())
    }
}
