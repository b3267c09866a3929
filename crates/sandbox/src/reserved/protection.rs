//! Page protection that follows the permission table, for guests that run as native code.
//!
//! A memory starts *open*: the hardware allows everything, the permission octets alone keep the
//! guest out, and changing them costs no system call. Before native code may touch it, it is
//! *armed*: from then on the hardware allows exactly what the permission octets say. Both ways of
//! executing see the same memory; the table stays the truth.
//!
//! A page protection costs the kernel an entry in a list of limited length (65,530 of them for
//! the whole process, usually), so a guest that alternates the access of its pages could use them
//! up. A memory that would need more than [`MAX_RUNS`] is opened again and refuses to be armed.

use core::ops::Range;
use std::sync::{Mutex, PoisonError};

use super::{ReservedMemory, SLACK, SPACE};
use crate::access::{Access, PAGE_COUNT, PAGE_SIZE, page_of};

/// Octets from the guest's address 0 on whose faults are a guest's.
pub(crate) const GUEST_SPACE: usize = SPACE + SLACK;

/// The most runs of pages of equal access that an armed memory has.
const MAX_RUNS: u32 = 512;

/// Ranges of pages that are kept apart.
const MAX_TOUCHED: usize = 16;

/// The pages below 2^16, which native code relies on being inaccessible.
const LOWEST_PAGES: u32 = 16;

/// What the hardware allows.
pub(super) enum Protection {
    /// Everything.
    Open,
    /// What the permission table says. At most this many runs.
    Armed { runs: u32 },
    /// Everything, for good.
    Refused,
}

/// Held while pages are opened for a moment, so that none is closed under another's hands.
static OPENING: Mutex<()> = Mutex::new(());

impl ReservedMemory {
    /// Makes the hardware allow exactly what the permission table says, from now on. False if that
    /// is not possible; the memory can then still be used by an interpreter.
    pub fn arm(&mut self) -> bool {
        match self.protection {
            Protection::Armed { .. } => return true,
            Protection::Refused => return false,
            Protection::Open => {}
        }
        let lowest = self.permissions().get(..LOWEST_PAGES as usize).unwrap_or_default();
        let reaches_low = lowest.iter().any(|&access| access != 0);
        self.protection = Protection::Refused;
        if reaches_low || !self.protect_everything(Access::Inaccessible) {
            return false;
        }
        let mut runs = 0;
        let mut fits = true;
        for range in &self.touched {
            fits &= self.protect_by_table(range.clone(), &mut runs);
        }
        if !fits || runs > MAX_RUNS {
            self.open_for_good();
            return false;
        }
        self.protection = Protection::Armed { runs };
        true
    }

    /// Whether the hardware allows exactly what the permission table says.
    #[inline]
    #[must_use]
    pub const fn is_armed(&self) -> bool {
        matches!(self.protection, Protection::Armed { .. })
    }

    /// The address of the guest's address 0.
    #[inline]
    pub(crate) fn guest_base(&self) -> u64 {
        self.base.at(0).as_ptr() as u64
    }

    /// Follows a change of the permission table.
    pub(super) fn follow(&mut self, pages: Range<u32>, access: Access) {
        if access != Access::Inaccessible {
            self.note(pages.clone());
        }
        match &mut self.protection {
            Protection::Open | Protection::Refused => {}
            Protection::Armed { runs } => {
                // A change splits at most one run in three.
                *runs += 2;
                let too_many = *runs > MAX_RUNS;
                let low = pages.start < LOWEST_PAGES && access != Access::Inaccessible;
                if low || !self.protect(pages, access) || (too_many && !self.recount()) {
                    self.open_for_good();
                }
            }
        }
    }

    /// Calls `copy` while the octets allow what it does, whatever the permission table says.
    pub(super) fn with_open<R>(
        &self,
        address: u32,
        length: usize,
        access: Access,
        copy: impl FnOnce() -> R,
    ) -> R {
        if !self.is_armed() || length == 0 {
            return copy();
        }
        let last = (address as usize + length - 1) as u32;
        let pages = page_of(address)..page_of(last) + 1;
        let table = self.permissions().get(pages.start as usize..pages.end as usize);
        if table.unwrap_or_default().iter().all(|&allowed| allowed >= access as u8) {
            return copy();
        }
        let guard = OPENING.lock().unwrap_or_else(PoisonError::into_inner);
        // Another thread that shares this memory can only be reading it, and opening pages does
        // not disturb it. If the kernel cannot open them, the copy would be fatal.
        assert!(self.protect(pages.clone(), Access::ReadWrite), "out of memory mappings");
        let result = copy();
        assert!(self.protect_by_table(pages, &mut 0), "out of memory mappings");
        drop(guard);
        result
    }

    /// Notes that pages may be accessible or hold something, without letting the list grow long.
    pub(super) fn note(&mut self, pages: Range<u32>) {
        if pages.is_empty() {
            return;
        }
        let near = |range: &&mut Range<u32>| pages.start <= range.end && range.start <= pages.end;
        if let Some(range) = self.touched.iter_mut().find(near) {
            *range = range.start.min(pages.start)..range.end.max(pages.end);
        } else if self.touched.len() < MAX_TOUCHED {
            self.touched.push(pages);
        } else {
            let hull = self
                .touched
                .drain(..)
                .fold(pages, |hull, range| hull.start.min(range.start)..hull.end.max(range.end));
            self.touched.push(hull);
        }
    }

    /// Counts the runs of an armed memory; false if there are too many.
    fn recount(&mut self) -> bool {
        let mut counted = 0;
        self.for_each_run(0..PAGE_COUNT, |_, _| {
            counted += 1;
            true
        });
        self.protection = Protection::Armed { runs: counted };
        // Half, so that the next count is as many changes away as this one was expensive.
        counted <= MAX_RUNS / 2
    }

    fn open_for_good(&mut self) {
        self.protection = Protection::Refused;
        // One protection for all makes the kernel's list shorter, so this needs no new entry.
        assert!(self.protect_everything(Access::ReadWrite), "out of memory mappings");
    }

    pub(super) fn protect_everything(&self, access: Access) -> bool {
        self.protect_octets(0, GUEST_SPACE, access)
    }

    /// Protects pages as the permission table says, counting the runs; false if the kernel would
    /// not.
    fn protect_by_table(&self, pages: Range<u32>, runs: &mut u32) -> bool {
        self.for_each_run(pages, |run, access| {
            *runs += 1;
            *runs <= MAX_RUNS && self.protect(run, access)
        })
    }

    /// Calls `each` with the runs of equal access, until it returns false.
    fn for_each_run(
        &self,
        pages: Range<u32>,
        mut each: impl FnMut(Range<u32>, Access) -> bool,
    ) -> bool {
        let table = self.permissions().get(pages.start as usize..pages.end as usize);
        let mut first = pages.start;
        for run in table.unwrap_or_default().chunk_by(|a, b| a == b) {
            let access = match run.first() {
                Some(2) => Access::ReadWrite,
                Some(1) => Access::ReadOnly,
                _ => Access::Inaccessible,
            };
            let end = first + run.len() as u32;
            if !each(first..end, access) {
                return false;
            }
            first = end;
        }
        true
    }

    fn protect(&self, pages: Range<u32>, access: Access) -> bool {
        let page = PAGE_SIZE as usize;
        self.protect_octets(pages.start as usize * page, pages.len() * page, access)
    }

    fn protect_octets(&self, start: usize, length: usize, access: Access) -> bool {
        let protection = match access {
            Access::Inaccessible => libc::PROT_NONE,
            Access::ReadOnly => libc::PROT_READ,
            Access::ReadWrite => libc::PROT_READ | libc::PROT_WRITE,
        };
        assert!(start + length <= GUEST_SPACE, "pages beyond the guest's address space");
        // SAFETY: the range was just checked to lie in the mapping after the base, of which no
        // Rust reference exists.
        let at = unsafe { self.base.at(0).add(start) };
        // SAFETY: as above. Whoever reads or writes these octets looks at the permission table
        // first, or opens them: see `with_open`.
        unsafe { libc::mprotect(at.as_ptr().cast(), length, protection) == 0 }
    }
}
