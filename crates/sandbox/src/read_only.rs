//! Read-only pages of a program.

use core::ops::Range;

/// Read-only pages that all memories of a program start with.
///
/// A spare address space keeps those of its last guest, filled and protected, for the next guest of
/// the same program: nobody could write them.
pub struct ReadOnly {
    pub(crate) pages: Range<u32>,
    pub(crate) octets: Box<[u8]>,
}

impl ReadOnly {
    /// The pages, by index.
    #[must_use]
    pub fn pages(&self) -> Range<u32> {
        self.pages.clone()
    }

    /// The octets at the start of the pages; what follows is zero.
    #[must_use]
    pub fn octets(&self) -> &[u8] {
        &self.octets
    }
}
