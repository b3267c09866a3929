//! Guest memory, for handlers.

use core::ops::Range;

pub use jambox_engine::Inaccessible;
use jambox_engine::{Memory, PAGE_SIZE};

/// Memory of a guest: an engine's, or an adapter for a service that runs natively.
///
/// Addresses and lengths are claims of the guest, any `u64`. Nothing wraps around. The empty range
/// is accessible at every address.
pub trait CallerMemory {
    /// True if the whole range is readable.
    fn is_readable(&self, address: u64, length: u64) -> bool;

    /// True if the whole range is writable.
    fn is_writable(&self, address: u64, length: u64) -> bool;

    /// Reads a range. Nothing is allocated before the whole range is known to be readable.
    ///
    /// # Errors
    ///
    /// When an octet is not readable.
    fn read(&self, address: u64, length: u64) -> Result<Vec<u8>, Inaccessible>;

    /// Reads a range into a buffer.
    ///
    /// # Errors
    ///
    /// When an octet is not readable.
    fn read_into(&self, address: u64, into: &mut [u8]) -> Result<(), Inaccessible> {
        let octets = self.read(address, into.len() as u64)?;
        into.copy_from_slice(&octets);
        Ok(())
    }

    /// Writes a range.
    ///
    /// # Errors
    ///
    /// When an octet is not writable; nothing is written then.
    fn write(&mut self, address: u64, octets: &[u8]) -> Result<(), Inaccessible>;

    /// Pages by which the heap may grow, by index: from its end to its limit. Empty without a heap,
    /// as in the memory of a native service.
    fn heap_room(&self) -> Range<u64> {
        0..0
    }

    /// Makes the pages from the heap's end to page `end` writable. `end` is within
    /// [`Self::heap_room`].
    fn grow_heap(&mut self, end: u64) {
        let _ = end;
    }
}

impl CallerMemory for Memory {
    fn is_readable(&self, address: u64, length: u64) -> bool {
        Self::is_readable(self, address, length)
    }

    fn is_writable(&self, address: u64, length: u64) -> bool {
        Self::is_writable(self, address, length)
    }

    fn read(&self, address: u64, length: u64) -> Result<Vec<u8>, Inaccessible> {
        Self::read(self, address, length)
    }

    fn read_into(&self, address: u64, into: &mut [u8]) -> Result<(), Inaccessible> {
        Self::read_into(self, address, into)
    }

    fn write(&mut self, address: u64, octets: &[u8]) -> Result<(), Inaccessible> {
        Self::write(self, address, octets)
    }

    fn heap_room(&self) -> Range<u64> {
        let page = u64::from(PAGE_SIZE);
        self.heap_end().div_ceil(page)..self.heap_limit().checked_div(page).unwrap_or(0)
    }

    fn grow_heap(&mut self, end: u64) {
        let size = end.saturating_mul(u64::from(PAGE_SIZE)).saturating_sub(self.heap_end());
        // Beyond its limit the heap stays unchanged; the caller has checked the limit.
        let _ = Self::grow_heap(self, size);
    }
}
