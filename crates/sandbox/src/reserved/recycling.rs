//! Emptying a memory for the next guest.

use core::ops::Range;
use core::ptr::NonNull;

use super::ReservedMemory;
use super::hardware::Hardware;
use super::runs::lie_in;
use super::second_view::overlap;
use crate::page::{Access, PAGE_COUNT, PAGE_SIZE};

/// The longest range of pages in which those in use are looked for.
const MAX_SEARCHED: usize = 512;

/// The longest range of pages that are zeroed without asking the kernel which are in use: asking,
/// and giving back what is between, takes as long.
const MAX_UNASKED: usize = 6;

/// The most pages in use that stay with a spare address space, besides the program's read-only
/// ones.
const MAX_KEPT: usize = 64;

/// The most pages that a heap grew by that are left for the next owner to close.
const MAX_GROWN: usize = 16;

/// The most ranges that a memory has that is worth keeping.
const MAX_RANGES: usize = 8;

/// The most areas of [`AREA`] pages that guests of an address space have touched. The kernel keeps
/// a page of its own for each, which it goes through at every change.
const MAX_AREAS: usize = 64;

/// The pages that one of the kernel's tables describes.
const AREA: u32 = 512;

const PAGE: usize = PAGE_SIZE as usize;

impl ReservedMemory {
    /// Gives the address space to the pool if there is room and it is worth keeping, and to the
    /// system otherwise. To be called once, when the memory is dropped.
    pub(super) fn recycle(&mut self) {
        let is_kept =
            self.touched.len() <= MAX_RANGES && self.pool.shelves.has_room() && self.empty();
        let spare = self.take_apart();
        if is_kept {
            self.pool.shelves.put(spare);
        }
    }

    /// Makes all pages inaccessible and zero, but for the program's read-only ones if they are as
    /// they were at the start. Those with a second view become zero when the space is used again:
    /// that, too, is a time to ask for forks. So do those that the heap grew by: several heaps may
    /// have been closed together by then.
    fn empty(&mut self) -> bool {
        let kept_pages = self.read_only.as_ref().map_or(0..0, |section| section.pages());
        let touched = core::mem::take(&mut self.touched);
        let mut kept = self.pages_used_by_second_view();
        let seen_twice = self.pages_seen_twice();
        if overlap(&kept_pages, &seen_twice) {
            return false;
        }
        if !self.loosen(&kept_pages) || !self.count_areas(&touched) {
            return false;
        }
        self.close(&seen_twice);
        self.grown = self.heap_to_close(&kept_pages);
        let grown = self.grown.clone();
        self.close(&grown);
        kept += grown.len();
        let ranges = touched.into_iter().flat_map(|range| without(range, &kept_pages));
        let ranges = ranges.flat_map(|range| without(range, &seen_twice));
        let ranges = ranges.flat_map(|range| without(range, &grown));
        for range in ranges.filter(|range| !range.is_empty()) {
            self.close(&range);
            if !self.clear(range.start as usize..range.end as usize, &mut kept) {
                return false;
            }
        }
        true
    }

    /// The pages that the heap grew by, if they are few and can be closed later: at the end of what
    /// can be written.
    fn heap_to_close(&self, kept: &Range<u32>) -> Range<u32> {
        let grown = &self.grown;
        let is_end = match &self.hardware {
            Hardware::Open | Hardware::Refused => false,
            Hardware::Runs { runs, .. } => runs.iter().any(|(run, access)| {
                *access == Access::ReadWrite && lie_in(grown, run) && run.end == grown.end
            }),
        };
        let is_apart = !overlap(grown, kept) && !overlap(grown, &self.pages_seen_twice());
        if is_end && is_apart && grown.len() <= MAX_GROWN { grown.clone() } else { 0..0 }
    }

    /// Makes the pages zeros that the heap of the guest before grew by.
    pub(super) fn clear_grown(&mut self) {
        let grown = core::mem::take(&mut self.grown);
        if !grown.is_empty() {
            // SAFETY: the pages are of the guest space, and writable since they were noted.
            unsafe { self.page(grown.start as usize).write_bytes(0, grown.len() * PAGE) };
        }
    }

    /// Takes the access to pages out of the table.
    fn close(&mut self, pages: &Range<u32>) {
        let range = pages.start as usize..pages.end as usize;
        let table = self.permissions_mut().get_mut(range).unwrap_or_default();
        table.fill(Access::Inaccessible as u8);
    }

    /// Makes pages that the hardware lets the guest read writable, so that they can be zeroed now
    /// and filled by the next owner; but for those that are kept as they are, and those that the
    /// host has another view of.
    fn loosen(&mut self, kept: &Range<u32>) -> bool {
        match core::mem::replace(&mut self.hardware, Hardware::Open) {
            Hardware::Open => true,
            Hardware::Refused => false,
            Hardware::Runs { mut runs, .. } => {
                let mut is_loose = runs.len() <= MAX_RANGES;
                let seen_twice = self.pages_seen_twice();
                for (pages, access) in &mut runs {
                    let is_kept = lie_in(pages, kept) || lie_in(pages, &seen_twice);
                    // A guest has no way to write what is seen twice.
                    is_loose &= is_kept || !overlap(pages, &seen_twice);
                    if is_loose && *access == Access::ReadOnly && !is_kept {
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
        if pages.len() <= MAX_UNASKED
            && *kept + pages.len() <= MAX_KEPT
            && self.allows_writing(&pages)
        {
            *kept += pages.len();
            // SAFETY: the range is of the guest space, and writable as was just checked.
            unsafe { self.page(pages.start).write_bytes(0, pages.len() * PAGE) };
            return true;
        }
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
    pub(super) fn discard(&self, pages: Range<usize>) -> bool {
        let start = self.page(pages.start).as_ptr();
        let length = pages.len() * PAGE;
        // SAFETY: the range is mapped and private, and `touched` has no page beyond the space.
        unsafe { libc::madvise(start.cast(), length, libc::MADV_DONTNEED) == 0 }
    }

    fn page(&self, index: usize) -> NonNull<u8> {
        debug_assert!(index <= PAGE_COUNT as usize, "a page of the guest space");
        // SAFETY: that is at most the end of the guest space, which the mapping goes beyond.
        unsafe { self.base().at(0).add(index * PAGE) }
    }
}

/// The parts of a range that are not in another.
fn without(range: Range<u32>, other: &Range<u32>) -> [Range<u32>; 2] {
    if other.is_empty() {
        return [range.clone(), range.end..range.end];
    }
    [range.start..range.end.min(other.start), range.start.max(other.end)..range.end]
}
