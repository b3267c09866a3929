//! The mapping that holds a guest's octets and the permissions of its pages.

use core::ffi::c_void;
use core::ops::Range;
use core::ptr::{self, NonNull};

use crate::page::{Access, PAGE_COUNT, PAGE_SIZE, page_of, within_page};

pub(super) const TABLE: usize = PAGE_COUNT as usize;
const SPACE: usize = 1 << 32;
const SLACK: usize = PAGE_SIZE as usize;
const MARK: usize = PAGE_SIZE as usize;
const MAPPING: usize = MARK + TABLE + SPACE + SLACK;

/// Octets from the guest's address 0 on whose faults are a guest's.
pub(crate) const GUEST_SPACE: usize = SPACE + SLACK;

/// The place of a mapping.
///
/// # Invariants
///
/// It points `MARK + TABLE` octets into a live mapping of `MAPPING` octets, so as many before it,
/// and `SPACE + SLACK` octets from it on, are initialised (with zeros), readable and writable.
/// Whoever holds one makes sure that the mapping lives, and that nobody else uses it while
/// something is written.
#[derive(Clone, Copy)]
pub(super) struct Base(NonNull<u8>);

impl Base {
    #[inline(always)]
    pub(super) fn start(self) -> NonNull<u8> {
        // SAFETY: `TABLE` octets of the mapping precede the base.
        unsafe { self.0.sub(TABLE) }
    }

    /// The page by which forks are noticed, see [`forks`](super::forks); nothing else uses it.
    pub(super) fn mark(self) -> NonNull<u8> {
        // SAFETY: `MARK + TABLE` octets of the mapping precede the base.
        unsafe { self.0.sub(MARK + TABLE) }
    }

    /// The place of a guest octet.
    #[inline(always)]
    pub(super) fn at(self, address: u32) -> NonNull<u8> {
        // SAFETY: `address` is below `SPACE`, and `SPACE` octets of the mapping follow the base.
        unsafe { self.0.add(address as usize) }
    }

    /// Pages of the guest space, as system calls want them.
    pub(super) fn part(self, pages: &Range<u32>) -> libc::iovec {
        let length = pages.len() * PAGE_SIZE as usize;
        libc::iovec { iov_base: self.at(pages.start * PAGE_SIZE).as_ptr().cast(), iov_len: length }
    }

    /// Gives pages of the guest space another protection; false if the kernel would not.
    pub(super) fn protect(self, pages: &Range<u32>, access: Access) -> bool {
        let page = PAGE_SIZE as usize;
        self.protect_octets(pages.start as usize * page, pages.len() * page, access)
    }

    /// The same, of octets from a guest address on.
    pub(super) fn protect_octets(self, start: usize, length: usize, access: Access) -> bool {
        let protection = match access {
            Access::Inaccessible => libc::PROT_NONE,
            Access::ReadOnly => libc::PROT_READ,
            Access::ReadWrite => libc::PROT_READ | libc::PROT_WRITE,
        };
        assert!(start + length <= GUEST_SPACE, "pages beyond the guest's address space");
        // SAFETY: the range was just checked to lie in the mapping after the base, of which no
        // Rust reference exists.
        let at = unsafe { self.0.add(start) };
        // SAFETY: as above. Whoever reads or writes these octets looks at the permission table
        // first, or opens them: see `with_readable` and `with_writable`.
        unsafe { libc::mprotect(at.as_ptr().cast(), length, protection) == 0 }
    }

    /// The permission octet of the page that an address lies in.
    #[inline(always)]
    fn permission(self, address: u32) -> u8 {
        // SAFETY: a page index is below `TABLE`, and the mapping begins with `TABLE` octets.
        let octet = unsafe { self.start().add(page_of(address) as usize) };
        // SAFETY: the octet is in the mapping.
        unsafe { octet.read() }
    }

    /// True if an access lies in one page that allows it: almost every access.
    #[inline(always)]
    fn plainly_allows(self, address: u32, length: usize, access: Access) -> bool {
        self.permission(address) >= access as u8 && within_page(address, length)
    }

    /// True if an access of at most a page's length is allowed.
    fn allows(self, address: u32, length: usize, access: Access) -> bool {
        let last = address.wrapping_add(length as u32).wrapping_sub(1);
        self.permission(address) >= access as u8 && self.permission(last) >= access as u8
    }

    #[inline(always)]
    pub(super) fn load_in_page<const N: usize>(self, address: u32) -> Option<[u8; N]> {
        const { assert!(0 < N && N <= SLACK) };
        if !self.plainly_allows(address, N, Access::ReadOnly) {
            return None;
        }
        // SAFETY: `N` octets from any address lie in the mapping.
        Some(unsafe { self.at(address).cast::<[u8; N]>().read_unaligned() })
    }

    #[inline(always)]
    pub(super) fn store_in_page<const N: usize>(self, address: u32, octets: [u8; N]) -> bool {
        const { assert!(0 < N && N <= SLACK) };
        if !self.plainly_allows(address, N, Access::ReadWrite) {
            return false;
        }
        // SAFETY: `N` octets from any address lie in the mapping.
        unsafe { self.at(address).cast::<[u8; N]>().write_unaligned(octets) };
        true
    }

    /// A load that may leave its page, or wrap around 2^32.
    pub(super) fn load<const N: usize>(self, address: u32) -> Option<[u8; N]> {
        if !self.allows(address, N, Access::ReadOnly) {
            return None;
        }
        let mut octets = [0; N];
        for (offset, octet) in octets.iter_mut().enumerate() {
            let place = self.at(address.wrapping_add(offset as u32));
            // SAFETY: the octet is in the mapping.
            *octet = unsafe { place.read() };
        }
        Some(octets)
    }

    /// A store that may leave its page, or wrap around 2^32.
    pub(super) fn store<const N: usize>(self, address: u32, octets: [u8; N]) -> bool {
        if !self.allows(address, N, Access::ReadWrite) {
            return false;
        }
        for (offset, octet) in octets.into_iter().enumerate() {
            let place = self.at(address.wrapping_add(offset as u32));
            // SAFETY: the octet is in the mapping.
            unsafe { place.write(octet) };
        }
        true
    }
}

/// A mapping, which this value owns.
pub(super) struct Mapping(pub(super) Base);

// SAFETY: the mapping belongs to this value alone and is not tied to a thread.
unsafe impl Send for Mapping {}
// SAFETY: a shared reference gives nothing but the place.
unsafe impl Sync for Mapping {}

impl Mapping {
    /// A mapping of all zeros.
    pub(super) fn new() -> Result<Self, String> {
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
            return Err(std::io::Error::last_os_error().to_string());
        }
        // Huge pages would make a small guest resident by 2 MiB steps. Kernels without them
        // refuse the advice, which changes nothing.
        // SAFETY: the range is the mapping just made.
        unsafe { libc::madvise(start, MAPPING, libc::MADV_NOHUGEPAGE) };
        // SAFETY: that is less than `MAPPING`.
        let base = unsafe { start.cast::<u8>().add(MARK + TABLE) };
        NonNull::new(base).map(|base| Self(Base(base))).ok_or_else(|| "null".to_string())
    }
}

impl Drop for Mapping {
    fn drop(&mut self) {
        // SAFETY: the mapping is this value's own and nothing outlives it.
        unsafe { libc::munmap(self.0.mark().as_ptr().cast::<c_void>(), MAPPING) };
    }
}

/// Gives parts of mappings back to the system, by one call; false if the kernel has no such call
/// or did not do all of it.
pub(super) fn discard_all(parts: &[libc::iovec]) -> bool {
    /// Stands for the process that asks (`PIDFD_SELF_THREAD_GROUP`).
    const THIS_PROCESS: libc::c_int = -10_001;
    let octets: usize = parts.iter().map(|part| part.iov_len).sum();
    // SAFETY: the parts are of private mappings, of which no Rust reference exists, by the promise
    // of whoever has a `Base`.
    let done = unsafe {
        libc::syscall(
            libc::SYS_process_madvise,
            THIS_PROCESS,
            parts.as_ptr(),
            parts.len(),
            libc::MADV_DONTNEED,
            0,
        )
    };
    usize::try_from(done) == Ok(octets)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn parts_of_several_mappings_are_discarded_at_once_or_left() {
        let mappings = [(); 3].map(|()| Mapping::new().expect("address space"));
        let pages = 5..7;
        // SAFETY: the mappings are this function's own.
        let octet = |mapping: &Mapping, address: u32| unsafe { mapping.0.at(address).as_mut() };
        let parts: Vec<_> = mappings.iter().map(|mapping| mapping.0.part(&pages)).collect();
        for mapping in &mappings {
            for address in [4 * PAGE_SIZE, 5 * PAGE_SIZE + 9, 7 * PAGE_SIZE - 1, 7 * PAGE_SIZE] {
                *octet(mapping, address) = 7;
            }
        }
        let left = if discard_all(&parts) { 0 } else { 7 };
        for mapping in &mappings {
            assert_eq!(*octet(mapping, 5 * PAGE_SIZE + 9), left);
            assert_eq!(*octet(mapping, 7 * PAGE_SIZE - 1), left);
            assert_eq!(*octet(mapping, 4 * PAGE_SIZE), 7, "before them");
            assert_eq!(*octet(mapping, 7 * PAGE_SIZE), 7, "after them");
        }
    }
}
