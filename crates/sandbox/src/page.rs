//! Pages: their geometry, and a guest's access to them.

/// Octets in a page (the paper's `Cpvmpagesize`).
pub const PAGE_SIZE: u32 = 1 << 12;

/// Pages in the 32-bit address space.
pub const PAGE_COUNT: u32 = 1 << 20;

/// Access of a guest to a page. Ordered: every access includes the lesser ones.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, PartialOrd, Ord, Hash)]
#[repr(u8)]
pub enum Access {
    /// Neither read nor write.
    #[default]
    Inaccessible = 0,
    /// Read, not write.
    ReadOnly = 1,
    /// Read and write.
    ReadWrite = 2,
}

/// The host could not provide an address space for a guest.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
#[error("no address space for a guest memory: {reason}")]
pub struct ReserveError {
    /// The operating system's reason.
    pub reason: String,
}

/// The page index of an address.
#[inline(always)]
pub(crate) const fn page_of(address: u32) -> u32 {
    address / PAGE_SIZE
}

/// True if `length` octets from `address` lie within one page.
#[inline(always)]
pub(crate) const fn within_page(address: u32, length: usize) -> bool {
    (address % PAGE_SIZE) as usize + length <= PAGE_SIZE as usize
}

/// The end of a page range, clipped to the address space.
pub(crate) fn clipped_end(first: u32, count: u32) -> u32 {
    first.saturating_add(count).min(PAGE_COUNT)
}

/// Panics when a raw range reaches beyond the address space: a caller's mistake, never a guest's.
pub(crate) fn assert_in_space(address: u32, length: usize) {
    let room = (1u64 << 32) - u64::from(address);
    assert!(length as u64 <= room, "raw access of {length} octets at {address:#x} leaves 2^32");
}
