//! Address spaces that are ready for the next guest.
//!
//! Reserving 4 GiB costs little, but every page that a guest touches costs a page fault, and
//! giving pages back costs again. So a memory that is dropped is made as new and kept: the few
//! pages that its guest used are zeroed in place, or given back if there were many.

use core::ops::Range;
use core::ptr::NonNull;
use std::sync::{Mutex, MutexGuard, PoisonError};

use super::protection::Protection;
use super::{Base, ReservedMemory};
use crate::access::{Access, PAGE_COUNT, PAGE_SIZE};

/// How many address spaces are kept.
const SPARES: usize = 32;

/// The longest range of pages in which those in use are looked for.
const MAX_SEARCHED: usize = 512;

/// The most pages in use that stay with a spare address space.
const MAX_KEPT: usize = 64;

const PAGE: usize = PAGE_SIZE as usize;

/// An address space that is as new: no accessible page, all zeros, everything allowed by the
/// hardware. Owned by the pool.
struct Spare(Base);

// SAFETY: the mapping belongs to the pool alone and is not tied to a thread.
unsafe impl Send for Spare {}

static POOL: Mutex<Vec<Spare>> = Mutex::new(Vec::new());

fn pool() -> MutexGuard<'static, Vec<Spare>> {
    POOL.lock().unwrap_or_else(PoisonError::into_inner)
}

/// An address space from the pool.
pub(super) fn take() -> Option<Base> {
    pool().pop().map(|spare| spare.0)
}

impl ReservedMemory {
    /// Gives the address space to the pool if there is room and it can be made as new; false if
    /// the caller still owns it.
    pub(super) fn recycle(&mut self) -> bool {
        if pool().len() >= SPARES || !self.renew() {
            return false;
        }
        pool().push(Spare(self.base));
        true
    }

    /// Makes the memory as new, except for pages that stay resident.
    fn renew(&mut self) -> bool {
        if !self.open() {
            return false;
        }
        let touched = core::mem::take(&mut self.touched);
        let mut kept = 0;
        for range in touched {
            let range = range.start as usize..range.end as usize;
            let Some(table) = self.permissions_mut().get_mut(range.clone()) else { return false };
            table.fill(Access::Inaccessible as u8);
            if !self.clear(range, &mut kept) {
                return false;
            }
        }
        true
    }

    /// Makes pages read as zeros, whatever they hold.
    fn clear(&mut self, pages: Range<usize>, kept: &mut usize) -> bool {
        let mut residency = [0_u8; MAX_SEARCHED];
        let Some(residency) = residency.get_mut(..pages.len()) else { return self.discard(pages) };
        let start = self.page(pages.start);
        let to = residency.as_mut_ptr();
        // SAFETY: the range is mapped, and the kernel writes an octet for each page of it.
        if unsafe { libc::mincore(start.as_ptr().cast(), pages.len() * PAGE, to) } != 0 {
            return self.discard(pages);
        }
        let is_used = |octet: u8| octet & 1 != 0;
        let used = residency.iter().filter(|&&octet| is_used(octet)).count();
        if *kept + used > MAX_KEPT {
            return self.discard(pages);
        }
        *kept += used;
        let mut first = pages.start;
        for run in residency.chunk_by(|a, b| is_used(*a) == is_used(*b)) {
            let end = first + run.len();
            if run.first().copied().is_some_and(is_used) {
                // SAFETY: the range is of the guest space, and the memory is open.
                unsafe { self.page(first).write_bytes(0, run.len() * PAGE) };
            } else if !self.discard(first..end) {
                // What is not resident may have been swapped out, and is not zero then.
                return false;
            }
            first = end;
        }
        true
    }

    /// Gives pages back to the system; they read as zeros then.
    fn discard(&self, pages: Range<usize>) -> bool {
        let start = self.page(pages.start).as_ptr();
        let length = pages.len() * PAGE;
        // SAFETY: the range is mapped and private, and `touched` has no page beyond the space.
        unsafe { libc::madvise(start.cast(), length, libc::MADV_DONTNEED) == 0 }
    }

    fn page(&self, index: usize) -> NonNull<u8> {
        debug_assert!(index <= PAGE_COUNT as usize, "a page of the guest space");
        // SAFETY: that is at most the end of the guest space, which the mapping goes beyond.
        unsafe { self.base.at(0).add(index * PAGE) }
    }
}

impl ReservedMemory {
    /// Makes the hardware allow everything, whatever it allowed before.
    fn open(&mut self) -> bool {
        let is_open = match self.protection {
            Protection::Open | Protection::Refused => true,
            Protection::Armed { .. } => self.protect_everything(Access::ReadWrite),
        };
        self.protection = Protection::Open;
        is_open
    }
}
