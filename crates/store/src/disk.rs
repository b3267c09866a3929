//! Media that a store can be kept on.

use std::fmt::Debug;
use std::fs::File;
use std::io;
use std::sync::{PoisonError, RwLock};

/// Octets that outlive the process, like those of a file.
///
/// # Errors
///
/// Every method fails when the disk does.
pub trait Disk: Debug + Send + Sync + 'static {
    /// Number of octets.
    fn len(&self) -> io::Result<u64>;

    /// Tests for no octets.
    fn is_empty(&self) -> io::Result<bool> {
        Ok(self.len()? == 0)
    }

    /// Fills `out` with the octets from `offset` on; fails if there are fewer.
    fn read(&self, offset: u64, out: &mut [u8]) -> io::Result<()>;

    /// Writes octets from `offset` on, beyond the end if necessary.
    fn write(&self, offset: u64, octets: &[u8]) -> io::Result<()>;

    /// Makes everything written so far last: it survives a failure of the system after this
    /// returns.
    fn flush(&self) -> io::Result<()>;

    /// A blank disk for a compacted copy, if one can be had without a path; `None` otherwise.
    fn blank(&self) -> Option<Box<dyn Disk>> {
        None
    }
}

/// Octets that are gone when the process ends.
#[derive(Debug, Default)]
pub(crate) struct Memory(RwLock<Vec<u8>>);

impl Memory {
    pub(crate) fn of(octets: Vec<u8>) -> Self {
        Self(RwLock::new(octets))
    }
}

/// Range of octets from an offset on. Fails if it does not fit into memory.
fn range(offset: u64, length: usize) -> io::Result<std::ops::Range<usize>> {
    let start = usize::try_from(offset).map_err(io::Error::other)?;
    Ok(start..start.saturating_add(length))
}

impl Disk for Memory {
    fn len(&self) -> io::Result<u64> {
        Ok(self.0.read().unwrap_or_else(PoisonError::into_inner).len() as u64)
    }

    fn read(&self, offset: u64, out: &mut [u8]) -> io::Result<()> {
        let octets = self.0.read().unwrap_or_else(PoisonError::into_inner);
        let found = octets.get(range(offset, out.len())?);
        out.copy_from_slice(found.ok_or(io::ErrorKind::UnexpectedEof)?);
        Ok(())
    }

    fn write(&self, offset: u64, octets: &[u8]) -> io::Result<()> {
        let mut all = self.0.write().unwrap_or_else(PoisonError::into_inner);
        let range = range(offset, octets.len())?;
        let length = all.len().max(range.end);
        all.resize(length, 0);
        if let Some(place) = all.get_mut(range) {
            place.copy_from_slice(octets);
        }
        Ok(())
    }

    fn flush(&self) -> io::Result<()> {
        Ok(())
    }

    fn blank(&self) -> Option<Box<dyn Disk>> {
        Some(Box::new(Self::default()))
    }
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
