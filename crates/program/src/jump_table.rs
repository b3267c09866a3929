//! The dynamic jump table.

use alloc::sync::Arc;
use alloc::vec::Vec;

use crate::error::{ErrorKind, Part, ProgramError};
use crate::reader::{Reader, little_endian, push_integer};

/// Destinations of dynamic jumps, all encoded in the same number of octets.
///
/// An entry size of 0 is legal: all entries are then 0, and a table of any length takes no octets.
#[derive(Clone, PartialEq, Eq, Debug, Default)]
pub struct JumpTable {
    octets: Arc<[u8]>,
    len: u64,
    entry_size: u8,
}

impl JumpTable {
    /// A table with these entries, each in as few octets as the largest needs, but at least one.
    #[must_use]
    pub fn new(entries: &[u64]) -> Self {
        let largest = entries.iter().copied().max().unwrap_or(0);
        let bits = u64::BITS.saturating_sub(largest.leading_zeros());
        let entry_size = bits.div_ceil(8).max(u32::from(!entries.is_empty())) as u8;
        Self::with_entry_size(entries, entry_size)
    }

    /// A table with these entries, truncated to `entry_size` octets.
    #[must_use]
    pub fn with_entry_size(entries: &[u64], entry_size: u8) -> Self {
        let mut octets = Vec::new();
        for entry in entries {
            push_integer(&mut octets, *entry, entry_size.into());
            octets.extend((8..entry_size).map(|_| 0));
        }
        Self { octets: octets.into(), len: entries.len() as u64, entry_size }
    }

    /// A table of `len` entries that take no octets: all are 0.
    #[must_use]
    pub fn of_zeros(len: u64) -> Self {
        Self { octets: Arc::default(), len, entry_size: 0 }
    }

    pub(crate) fn read(
        reader: &mut Reader<'_>,
        len: u64,
        entry_size: u8,
    ) -> Result<Self, ProgramError> {
        let start = reader.offset();
        let octets = reader.take(Part::JumpTable, len.saturating_mul(entry_size.into()))?;
        if entry_size > 8 {
            let too_large = octets
                .chunks_exact(entry_size.into())
                .position(|entry| entry.iter().skip(8).any(|octet| *octet != 0));
            if let Some(index) = too_large {
                let offset = start.saturating_add(index.saturating_mul(entry_size.into()));
                let kind = ErrorKind::EntryTooLarge { index: index as u64 };
                return Err(ProgramError::new(offset, kind));
            }
        }
        Ok(Self { octets: octets.into(), len, entry_size })
    }

    /// The number of entries.
    #[inline]
    #[must_use]
    pub const fn len(&self) -> u64 {
        self.len
    }

    /// True for a table without entries.
    #[must_use]
    pub const fn is_empty(&self) -> bool {
        self.len == 0
    }

    /// Length of each entry, in octets.
    #[must_use]
    pub const fn entry_size(&self) -> u8 {
        self.entry_size
    }

    /// The position in an entry, valid or not; `None` beyond the last entry.
    #[inline]
    #[must_use]
    pub fn get(&self, index: u64) -> Option<u64> {
        if index >= self.len {
            return None;
        }
        let size = usize::from(self.entry_size);
        let start = usize::try_from(index).ok().and_then(|index| index.checked_mul(size));
        let entry = self.octets.get(start?..)?.get(..size)?;
        Some(little_endian(entry))
    }

    pub(crate) fn octets(&self) -> &[u8] {
        &self.octets
    }
}
