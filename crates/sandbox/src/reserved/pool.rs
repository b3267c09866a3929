//! Address spaces that are ready for the next guest.
//!
//! Reserving 4 GiB costs little, but every page that a guest touches costs a page fault, giving
//! pages back costs again, and so does protecting them anew. So a memory that is dropped is
//! emptied and kept: the few pages that its guest used are zeroed in place, or given back if there
//! were many. What the hardware allowed stays as it is, see [`protection`](super::protection).

use core::cell::Cell;
use core::ops::Range;
use core::ptr::NonNull;
use core::sync::atomic::{AtomicUsize, Ordering};
use std::sync::{Mutex, MutexGuard, TryLockError};

use super::budget::RunShare;
use super::protection::Hardware;
use super::{Base, ReservedMemory, Shares};
use crate::access::{Access, PAGE_COUNT, PAGE_SIZE};

/// The parts of the pool, each with a lock of its own.
const SHELVES: usize = 8;

/// Number of address spaces kept in a part.
const SPARES: usize = 4;

/// The longest range of pages in which those in use are looked for.
const MAX_SEARCHED: usize = 512;

/// The most pages in use that stay with a spare address space.
const MAX_KEPT: usize = 64;

/// The most ranges that a memory has that is worth keeping.
const MAX_RANGES: usize = 8;

/// The most areas of [`AREA`] pages that guests of an address space have touched. The kernel keeps
/// a page of its own for each, which it goes through at every change.
const MAX_AREAS: usize = 64;

/// The pages that one of the kernel's tables describes.
const AREA: u32 = 512;

const PAGE: usize = PAGE_SIZE as usize;

/// An address space without an accessible page, of all zeros. Owned by the pool.
pub(super) struct Spare {
    pub(super) base: Base,
    pub(super) hardware: Hardware,
    pub(super) areas: Vec<u32>,
    pub(super) shares: Shares,
}

// SAFETY: the mapping belongs to the pool alone and is not tied to a thread.
unsafe impl Send for Spare {}

/// Nobody waits for a shelf: there are others, and a memory that finds none is made anew or given
/// back. So threads do not hold each other up, and a child that was forked while another thread
/// held a lock, which is never released then, has memories all the same.
static POOL: [Mutex<Vec<Spare>>; SHELVES] = [const { Mutex::new(Vec::new()) }; SHELVES];

thread_local! {
    /// The part in which this thread looks first: it gets the spaces back that it used last.
    static HOME: Cell<Option<usize>> = const { Cell::new(None) };
}

fn home() -> usize {
    static NEXT: AtomicUsize = AtomicUsize::new(0);
    HOME.get().unwrap_or_else(|| {
        let home = NEXT.fetch_add(1, Ordering::Relaxed);
        HOME.set(Some(home));
        home
    })
}

/// The shelves that nobody else is at, this thread's own first.
fn shelves() -> impl Iterator<Item = MutexGuard<'static, Vec<Spare>>> {
    let home = home();
    let in_order = (0..SHELVES).filter_map(move |index| POOL.get((home + index) % SHELVES));
    in_order.filter_map(|shelf| match shelf.try_lock() {
        Ok(shelf) => Some(shelf),
        Err(TryLockError::Poisoned(shelf)) => Some(shelf.into_inner()),
        Err(TryLockError::WouldBlock) => None,
    })
}

/// An address space from the pool.
pub(super) fn take() -> Option<Spare> {
    shelves().find_map(|mut shelf| shelf.pop())
}

fn has_room() -> bool {
    shelves().any(|shelf| shelf.len() < SPARES)
}

/// Puts an address space into the pool, or gives it back if there is no room.
fn put(spare: Spare) -> Result<(), Spare> {
    match shelves().find(|shelf| shelf.len() < SPARES) {
        Some(mut shelf) => {
            shelf.push(spare);
            Ok(())
        }
        None => Err(spare),
    }
}

impl ReservedMemory {
    /// Gives the address space to the pool if there is room and it is worth keeping; false if the
    /// caller still owns it.
    pub(super) fn recycle(&mut self) -> bool {
        if self.touched.len() > MAX_RANGES || !has_room() || !self.empty() {
            return false;
        }
        let hardware = core::mem::replace(&mut self.hardware, Hardware::Refused);
        let areas = core::mem::take(&mut self.areas);
        let none = Shares { _space: None, runs: RunShare::none() };
        let shares = core::mem::replace(&mut self.shares, none);
        match put(Spare { base: self.base, hardware, areas, shares }) {
            Ok(()) => true,
            Err(spare) => {
                self.shares = spare.shares;
                false
            }
        }
    }

    /// Makes all pages inaccessible and zero.
    fn empty(&mut self) -> bool {
        let touched = core::mem::take(&mut self.touched);
        if !self.loosen() || !self.count_areas(&touched) {
            return false;
        }
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

    /// Makes pages that the hardware lets the guest read writable, so that they can be zeroed now
    /// and filled by the next owner.
    fn loosen(&mut self) -> bool {
        match core::mem::replace(&mut self.hardware, Hardware::Open) {
            Hardware::Open => true,
            Hardware::Refused => false,
            Hardware::Runs { mut runs, .. } => {
                let mut is_loose = runs.len() <= MAX_RANGES;
                for (pages, access) in &mut runs {
                    if is_loose && *access == Access::ReadOnly {
                        is_loose = self.protect(pages.clone(), Access::ReadWrite);
                        *access = Access::ReadWrite;
                    }
                }
                self.hardware = Hardware::Runs { runs, is_exact: false };
                is_loose
            }
        }
    }

    /// Notes which areas were touched; false if they are too many by now.
    fn count_areas(&mut self, touched: &[Range<u32>]) -> bool {
        for range in touched {
            for area in range.start / AREA..range.end.div_ceil(AREA) {
                if !self.areas.contains(&area) {
                    self.areas.push(area);
                }
                if self.areas.len() > MAX_AREAS {
                    return false;
                }
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
        if *kept + used > MAX_KEPT || !self.allows_writing(&pages) {
            return self.discard(pages);
        }
        *kept += used;
        let mut first = pages.start;
        for run in residency.chunk_by(|a, b| is_used(*a) == is_used(*b)) {
            let end = first + run.len();
            if run.first().copied().is_some_and(is_used) {
                // SAFETY: the range is of the guest space, and writable as was just checked.
                unsafe { self.page(first).write_bytes(0, run.len() * PAGE) };
            } else if !self.discard(first..end) {
                // A page that is not resident may have been swapped out, and is not zero then.
                return false;
            }
            first = end;
        }
        true
    }

    fn allows_writing(&self, pages: &Range<usize>) -> bool {
        match &self.hardware {
            Hardware::Open | Hardware::Refused => true,
            Hardware::Runs { runs, .. } => runs.iter().any(|(run, access)| {
                *access == Access::ReadWrite
                    && run.start as usize <= pages.start
                    && pages.end <= run.end as usize
            }),
        }
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
