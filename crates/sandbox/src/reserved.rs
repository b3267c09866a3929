//! A guest memory over a 4 GiB reservation, with one permission octet per page.
//!
//! One anonymous private mapping holds everything:
//!
//! ```text
//! start          start + 1 MiB = base                            base + 4 GiB
//! | permissions  | guest octets, at their guest addresses        | slack page |
//! ```
//!
//! All of it is mapped readable and writable without reserving memory for it; the kernel supplies
//! zeroed pages as they are touched. A guest is kept out of its inaccessible pages by the
//! permission octets, not by the hardware, so no signal handler is needed and a fault is an
//! ordinary return value.

use core::ffi::c_void;
use core::ptr::{self, NonNull};

use crate::access::{
    Access, GuestMemory, PAGE_COUNT, PAGE_SIZE, ReserveError, assert_in_space, clipped_end,
    page_of, within_page,
};

const TABLE: usize = PAGE_COUNT as usize;
const SPACE: usize = 1 << 32;
const SLACK: usize = PAGE_SIZE as usize;
const MAPPING: usize = TABLE + SPACE + SLACK;

/// Guest memory over a 4 GiB address-space reservation.
///
/// `base` points `TABLE` octets into a live mapping of `MAPPING` octets that this value owns, so
/// `base - TABLE .. base + SPACE + SLACK` is readable and writable for as long as it lives.
pub struct ReservedMemory {
    base: NonNull<u8>,
}

// SAFETY: the mapping belongs to this value alone and is not tied to a thread; shared references
// only read it.
unsafe impl Send for ReservedMemory {}
// SAFETY: as above: writing takes `&mut self`.
unsafe impl Sync for ReservedMemory {}

impl ReservedMemory {
    #[inline(always)]
    fn start(&self) -> NonNull<u8> {
        // SAFETY: `base` is `TABLE` octets into the mapping.
        unsafe { self.base.sub(TABLE) }
    }

    /// The address of a guest octet. Every `u32` is in the mapping.
    #[inline(always)]
    fn at(&self, address: u32) -> *mut u8 {
        // SAFETY: `address` is below `SPACE`, and `SPACE` octets of the mapping follow `base`.
        unsafe { self.base.as_ptr().add(address as usize) }
    }

    /// The permission octet of the page that an address lies in.
    #[inline(always)]
    fn permission(&self, address: u32) -> u8 {
        // SAFETY: a page index is below `TABLE`, and `TABLE` octets of the mapping precede `base`.
        let octet = unsafe { self.start().add(page_of(address) as usize) };
        // SAFETY: the octet is in the mapping, which is initialised with zeros.
        unsafe { octet.read() }
    }

    fn permissions(&self) -> &[u8] {
        // SAFETY: the mapping starts with `TABLE` initialised (zeroed) octets, which change only
        // through `&mut self`.
        unsafe { core::slice::from_raw_parts(self.start().as_ptr(), TABLE) }
    }

    fn permissions_mut(&mut self) -> &mut [u8] {
        // SAFETY: as in `permissions`, and `&mut self` excludes every other reference.
        unsafe { core::slice::from_raw_parts_mut(self.start().as_ptr(), TABLE) }
    }

    #[inline(always)]
    fn allows(&self, address: u32, length: usize, access: Access) -> bool {
        self.permission(address) >= access as u8
            && (within_page(address, length)
                || self.permission(address.wrapping_add(PAGE_SIZE)) >= access as u8)
    }

    /// The two halves of an access that wraps around 2^32: octets below it, octets from zero on.
    fn wrapped(address: u32, length: usize) -> Option<usize> {
        let room = SPACE - address as usize;
        (length > room).then_some(room)
    }
}

impl GuestMemory for ReservedMemory {
    fn new() -> Result<Self, ReserveError> {
        // SAFETY: a fresh anonymous mapping at an address of the kernel's choice touches no
        // memory that anything else uses.
        let start = unsafe {
            libc::mmap(
                ptr::null_mut(),
                MAPPING,
                libc::PROT_READ | libc::PROT_WRITE,
                libc::MAP_PRIVATE | libc::MAP_ANONYMOUS | libc::MAP_NORESERVE,
                -1,
                0,
            )
        };
        if start == libc::MAP_FAILED {
            let reason = std::io::Error::last_os_error().to_string();
            return Err(ReserveError { reason });
        }
        // Huge pages would make a small guest resident by 2 MiB steps. Kernels without them
        // refuse the advice, which changes nothing.
        // SAFETY: the range is the mapping just made.
        unsafe { libc::madvise(start, MAPPING, libc::MADV_NOHUGEPAGE) };
        // SAFETY: `TABLE` is less than `MAPPING`.
        let base = unsafe { start.cast::<u8>().add(TABLE) };
        let base = NonNull::new(base).ok_or_else(|| ReserveError { reason: "null".into() })?;
        Ok(Self { base })
    }

    #[inline]
    fn access(&self, page: u32) -> Access {
        match self.permissions().get(page as usize) {
            Some(2) => Access::ReadWrite,
            Some(1) => Access::ReadOnly,
            _ => Access::Inaccessible,
        }
    }

    fn set_access(&mut self, first: u32, count: u32, access: Access) {
        let end = clipped_end(first, count) as usize;
        if let Some(pages) = self.permissions_mut().get_mut(first as usize..end) {
            pages.fill(access as u8);
        }
    }

    fn zero(&mut self, first: u32, count: u32) {
        let end = clipped_end(first, count);
        if first >= end {
            return;
        }
        let length = (end - first) as usize * PAGE_SIZE as usize;
        let start = self.at(first * PAGE_SIZE);
        // SAFETY: `first..end` are pages of the guest space, and `&mut self` excludes references
        // into them; private anonymous pages read as zeros after this.
        let result = unsafe { libc::madvise(start.cast::<c_void>(), length, libc::MADV_DONTNEED) };
        if result != 0 {
            // SAFETY: the same range, which is mapped writable.
            unsafe { start.write_bytes(0, length) };
        }
    }

    fn accessible_run(&self, first: u32, count: u32, access: Access) -> u32 {
        let end = clipped_end(first, count) as usize;
        let pages = self.permissions().get(first as usize..end).unwrap_or_default();
        let run = pages.iter().position(|&page| page < access as u8);
        run.unwrap_or(pages.len()) as u32
    }

    #[inline(always)]
    fn load<const N: usize>(&self, address: u32) -> Option<[u8; N]> {
        const { assert!(N <= SLACK) };
        if !self.allows(address, N, Access::ReadOnly) {
            return None;
        }
        let mut octets = [0; N];
        match Self::wrapped(address, N) {
            // SAFETY: `N <= SLACK`, so the range lies in the mapping wherever `address` is.
            None => octets = unsafe { self.at(address).cast::<[u8; N]>().read_unaligned() },
            Some(room) => {
                self.read_raw(address, &mut octets[..room]);
                self.read_raw(0, &mut octets[room..]);
            }
        }
        Some(octets)
    }

    #[inline(always)]
    fn store<const N: usize>(&mut self, address: u32, octets: [u8; N]) -> bool {
        const { assert!(N <= SLACK) };
        if !self.allows(address, N, Access::ReadWrite) {
            return false;
        }
        match Self::wrapped(address, N) {
            // SAFETY: `N <= SLACK`, so the range lies in the mapping wherever `address` is.
            None => unsafe { self.at(address).cast::<[u8; N]>().write_unaligned(octets) },
            Some(room) => {
                self.write_raw(address, &octets[..room]);
                self.write_raw(0, &octets[room..]);
            }
        }
        true
    }

    fn read_raw(&self, address: u32, into: &mut [u8]) {
        assert_in_space(address, into.len());
        // SAFETY: the range was just checked to lie in the guest space; `into` is a Rust
        // reference and so cannot overlap the mapping, of which none exist.
        unsafe { ptr::copy_nonoverlapping(self.at(address), into.as_mut_ptr(), into.len()) };
    }

    fn write_raw(&mut self, address: u32, octets: &[u8]) {
        assert_in_space(address, octets.len());
        // SAFETY: as in `read_raw`, and `&mut self` makes this the only access.
        unsafe { ptr::copy_nonoverlapping(octets.as_ptr(), self.at(address), octets.len()) };
    }
}

impl Drop for ReservedMemory {
    fn drop(&mut self) {
        // SAFETY: the mapping is this value's own and nothing outlives it.
        unsafe { libc::munmap(self.start().as_ptr().cast::<c_void>(), MAPPING) };
    }
}
