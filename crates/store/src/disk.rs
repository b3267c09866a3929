//! What a store is kept on.

use std::fmt::Debug;
use std::fs::File;
use std::io;

/// Octets that outlive the process, as a file has them.
///
/// # Errors
///
/// Every method fails when the disk does.
pub trait Disk: Debug + Send + Sync + 'static {
    /// How many octets there are.
    fn len(&self) -> io::Result<u64>;

    /// Whether there are none.
    fn is_empty(&self) -> io::Result<bool> {
        Ok(self.len()? == 0)
    }

    /// Fills `out` with the octets from `offset` on; fails if there are fewer.
    fn read(&self, offset: u64, out: &mut [u8]) -> io::Result<()>;

    /// Writes octets from `offset` on, beyond the end if need be.
    fn write(&self, offset: u64, octets: &[u8]) -> io::Result<()>;

    /// Returns when all that was written will be there after the system went down.
    fn flush(&self) -> io::Result<()>;
}

impl Disk for File {
    fn len(&self) -> io::Result<u64> {
        Ok(self.metadata()?.len())
    }

    #[cfg(unix)]
    fn read(&self, offset: u64, out: &mut [u8]) -> io::Result<()> {
        std::os::unix::fs::FileExt::read_exact_at(self, out, offset)
    }

    #[cfg(unix)]
    fn write(&self, offset: u64, octets: &[u8]) -> io::Result<()> {
        std::os::unix::fs::FileExt::write_all_at(self, octets, offset)
    }

    #[cfg(windows)]
    fn read(&self, mut offset: u64, mut out: &mut [u8]) -> io::Result<()> {
        while !out.is_empty() {
            let count = std::os::windows::fs::FileExt::seek_read(self, out, offset)?;
            if count == 0 {
                return Err(io::ErrorKind::UnexpectedEof.into());
            }
            offset = offset.saturating_add(count as u64);
            out = out.get_mut(count..).unwrap_or_default();
        }
        Ok(())
    }

    #[cfg(windows)]
    fn write(&self, mut offset: u64, mut octets: &[u8]) -> io::Result<()> {
        while !octets.is_empty() {
            let count = std::os::windows::fs::FileExt::seek_write(self, octets, offset)?;
            offset = offset.saturating_add(count as u64);
            octets = octets.get(count..).unwrap_or_default();
        }
        Ok(())
    }

    fn flush(&self) -> io::Result<()> {
        self.sync_data()
    }
}
