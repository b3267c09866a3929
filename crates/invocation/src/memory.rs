//! Guest memory as handlers see it.

pub use jambox_engine::Inaccessible;
use jambox_engine::Memory;

/// The memory of a guest: an engine's, or an adapter over that of a service running natively.
///
/// An address and a length are what the guest claims, any `u64`; nothing wraps around. The empty
/// range is accessible wherever it is.
pub trait GuestMemory {
    /// Whether the whole range can be read.
    fn is_readable(&self, address: u64, length: u64) -> bool;

    /// Whether the whole range can be written.
    fn is_writable(&self, address: u64, length: u64) -> bool;

    /// Reads a range. Allocates only once the whole of it is known to be readable.
    ///
    /// # Errors
    ///
    /// When an octet is not readable.
    fn read(&self, address: u64, length: u64) -> Result<Vec<u8>, Inaccessible>;

    /// Writes a range.
    ///
    /// # Errors
    ///
    /// When an octet is not writable; nothing is written then.
    fn write(&mut self, address: u64, octets: &[u8]) -> Result<(), Inaccessible>;
}

impl GuestMemory for Memory {
    fn is_readable(&self, address: u64, length: u64) -> bool {
        Self::is_readable(self, address, length)
    }

    fn is_writable(&self, address: u64, length: u64) -> bool {
        Self::is_writable(self, address, length)
    }

    fn read(&self, address: u64, length: u64) -> Result<Vec<u8>, Inaccessible> {
        Self::read(self, address, length)
    }

    fn write(&mut self, address: u64, octets: &[u8]) -> Result<(), Inaccessible> {
        Self::write(self, address, octets)
    }
}
