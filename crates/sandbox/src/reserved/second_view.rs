//! A second view of the pages that a guest has its arguments in, for the host to write them.
//!
//! Arguments are other ones for each guest, and read-only. A host that writes them where the guest
//! reads them opens the page first and closes it again, and at each change of protection of a page
//! in use the kernel interrupts all processors that run threads of the process. So a memory that is
//! used again has its first pages of arguments twice: where the guest reads them, with a protection
//! that seldom changes, and elsewhere, where the host alone can write them.
//!
//! # Invariants
//!
//! - The pages have a second view only while no guest may write them.
//! - They are shared with forked children, so nobody writes them any more once there may be one:
//!   see [`forks`]. Who wants to write them then, parent or child, makes private pages of them.

use core::ffi::c_void;
use core::ops::Range;
use core::ptr::{self, NonNull};

use super::forks;
use super::mapping::Base;
use crate::page::PAGE_SIZE;

/// The first 64 KiB of the arguments of a standard program, as pages.
pub(super) const ARGUMENTS: Range<u32> = 0xf_eff0..0xf_f000;

/// The address of the first page.
pub(super) const START: u32 = ARGUMENTS.start * PAGE_SIZE;

/// Octets in the pages.
pub(super) const OCTETS: usize = (ARGUMENTS.end - ARGUMENTS.start) as usize * PAGE_SIZE as usize;

/// The host's view of the pages.
pub(super) struct SecondView {
    start: NonNull<u8>,
    /// Octets from the start on of which some may not be zero.
    used: usize,
}

// SAFETY: the mapping belongs to this value alone and is not tied to a thread.
unsafe impl Send for SecondView {}
// SAFETY: a shared reference only reads.
unsafe impl Sync for SecondView {}

impl SecondView {
    /// Puts shared pages, which are zeros and inaccessible to the guest, in the place of the
    /// guest's; `None`, and the pages are zeros as they were before, if that cannot be.
    pub(super) fn make(base: Base) -> Option<Self> {
        let shared = libc::MAP_SHARED | libc::MAP_ANONYMOUS | libc::MAP_NORESERVE;
        if !map_over(base, libc::PROT_READ | libc::PROT_WRITE, shared) {
            return None;
        }
        let place = base.at(START).as_ptr().cast::<c_void>();
        // SAFETY: the old size 0 makes another view of the shared pages that were just mapped, at
        // an address of the kernel's choice.
        let start = unsafe { libc::mremap(place, 0, OCTETS, libc::MREMAP_MAYMOVE) };
        let view = NonNull::new(start.cast::<u8>()).filter(|_| start != libc::MAP_FAILED);
        // SAFETY: the pages are the mapping's own, and no Rust reference to them exists.
        let is_closed = unsafe { libc::mprotect(place, OCTETS, libc::PROT_NONE) } == 0;
        let view = view.map(|start| Self { start, used: 0 });
        if view.is_none() || !is_closed {
            make_private(base);
            return None;
        }
        // SAFETY: the mark is in a private page of the mapping, which nothing else uses.
        unsafe { forks::may_have_been(base.mark()) };
        view
    }

    /// The octets of which some may not be zero, from the start of the pages on.
    pub(super) fn used(&self) -> &[u8] {
        // SAFETY: so many octets of the view are mapped, initialised, and written only by `&mut`.
        unsafe { core::slice::from_raw_parts(self.start.as_ptr(), self.used) }
    }

    /// Writes octets at a distance from the start.
    pub(super) fn write(&mut self, at: usize, octets: &[u8]) {
        assert!(at <= OCTETS && octets.len() <= OCTETS - at, "octets beyond the arguments' pages");
        // SAFETY: `at` is at most the view's length.
        let to = unsafe { self.start.add(at) };
        // SAFETY: the octets lie in the view, as was just checked, and `&mut self` makes this the
        // only access; the source is a Rust reference, which the view is not.
        unsafe { ptr::copy_nonoverlapping(octets.as_ptr(), to.as_ptr(), octets.len()) };
        self.used = self.used.max(at + octets.len());
    }

    /// Makes all octets zeros.
    pub(super) fn clear(&mut self) {
        // SAFETY: so many octets of the view were written, and `&mut self` makes this the only
        // access.
        unsafe { self.start.write_bytes(0, self.used) };
        self.used = 0;
    }

    /// Takes octets that somebody else may have written for zeros, as they were.
    pub(super) const fn forget(&mut self) {
        self.used = 0;
    }
}

impl Drop for SecondView {
    fn drop(&mut self) {
        // SAFETY: the mapping is this value's own and nothing outlives it.
        unsafe { libc::munmap(self.start.as_ptr().cast(), OCTETS) };
    }
}

/// Replaces the arguments' pages by private ones that are zeros and can be written.
pub(super) fn make_private(base: Base) {
    let private = libc::MAP_PRIVATE | libc::MAP_ANONYMOUS | libc::MAP_NORESERVE;
    // As many mappings as before, or fewer. Without it, the pages would stay another process's.
    assert!(map_over(base, libc::PROT_READ | libc::PROT_WRITE, private), "out of memory mappings");
    // As for the whole mapping: kernels without huge pages refuse the advice.
    // SAFETY: the range was just mapped.
    unsafe { libc::madvise(base.at(START).as_ptr().cast(), OCTETS, libc::MADV_NOHUGEPAGE) };
}

/// Puts fresh anonymous pages in the place of the arguments' pages.
fn map_over(base: Base, protection: i32, flags: i32) -> bool {
    let place = base.at(START).as_ptr().cast::<c_void>();
    // SAFETY: the pages are the mapping's own, and no Rust reference to them exists.
    let start = unsafe { libc::mmap(place, OCTETS, protection, flags | libc::MAP_FIXED, -1, 0) };
    start == place
}

/// True if two ranges that are not empty have something in common; `0..0` has nothing.
pub(super) const fn overlap(a: &Range<u32>, b: &Range<u32>) -> bool {
    a.start < b.end && b.start < a.end
}
