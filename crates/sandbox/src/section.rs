//! Read-only pages of programs.

use core::ops::Range;

/// Read-only pages that all memories of a program start with.
///
/// A spare address space keeps those of its last guest, filled and protected, for the next guest of
/// the same program: nobody could write them.
pub struct ReadOnly {
    pages: Range<u32>,
    octets: Box<[u8]>,
}

impl ReadOnly {
    /// Pages that begin with octets, which fit in them.
    pub(crate) fn new(pages: Range<u32>, octets: Box<[u8]>) -> Self {
        Self { pages, octets }
    }

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
