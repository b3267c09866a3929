//! Page protection that follows the permission table, for guests that run as native code.
//!
//! A memory starts *open*: the hardware allows everything, the permission octets alone keep the
//! guest out, and changing them costs no system call. Before native code may touch it, it is
//! *armed*: from then on the hardware allows exactly what the permission octets say. Both ways of
//! executing see the same memory; the table stays the truth.
//!
//! A memory that comes from the pool may be *loose*: the hardware still allows what it allowed the
//! guest before. Guests of one program have the same pages, so arming a loose memory usually finds
//! little or nothing to change. Whatever the state, the hardware allows at least what the table
//! says, so that the interpreter and the host can go by the table.
//!
//! A page protection costs the kernel an entry in a list of limited length (65,530 of them for
//! the whole process, usually), so a guest that alternates the access of its pages could use them
//! up. A memory that would need more than [`MAX_RUNS`] is opened again and refuses to be armed; so
//! is one for which all memories together would have too many, see [`budget`](super::budget).

use core::ops::Range;
use std::sync::PoisonError;

use super::ReservedMemory;
use super::hardware::{Hardware, Run};
use super::mapping::GUEST_SPACE;
use super::runs::{covers, differences, gaps, lie_in, replace};
use crate::page::{Access, page_of};

/// The most runs of pages of equal access that an armed memory has.
const MAX_RUNS: usize = 512;

/// Ranges of pages that are kept apart.
const MAX_TOUCHED: usize = 16;

/// The pages below 2^16, which native code relies on being inaccessible.
const LOWEST_PAGES: u32 = 16;

impl ReservedMemory {
    /// Makes the hardware allow exactly what the permission table says, from now on. False if that
    /// is not possible; the memory can then still be used by an interpreter.
    #[inline]
    pub fn arm(&mut self) -> bool {
        self.is_armed() || self.arm_now()
    }

    #[cold]
    fn arm_now(&mut self) -> bool {
        if matches!(self.hardware, Hardware::Refused) || self.reaches_low() {
            return false;
        }
        let wanted = self.runs_of_table();
        let is_done = wanted.len() <= MAX_RUNS
            && self.shares.set_runs(wanted.len())
            && match &self.hardware {
                Hardware::Runs { runs, .. } => self.change(runs, &wanted),
                _ => self.protect_everything(Access::Inaccessible) && self.change(&[], &wanted),
            };
        if is_done {
            self.hardware = Hardware::Runs { runs: wanted, is_exact: true };
        } else {
            self.open_for_good();
        }
        is_done
    }

    /// True if the hardware allows exactly what the permission table says.
    #[inline]
    #[must_use]
    pub const fn is_armed(&self) -> bool {
        matches!(self.hardware, Hardware::Runs { is_exact: true, .. })
    }

    /// The address of the guest's address 0.
    #[inline]
    #[cfg(target_arch = "x86_64")]
    pub(crate) fn guest_base(&self) -> u64 {
        self.base().at(0).as_ptr() as u64
    }

    /// Notes that a thread runs native code on this memory; false if it was the last to do so.
    #[inline]
    #[cfg(target_arch = "x86_64")]
    pub(crate) fn note_thread(&mut self, token: u64) -> bool {
        core::mem::replace(&mut self.thread, token) != token
    }

    /// Follows a change of the permission table.
    pub(super) fn follow(&mut self, pages: Range<u32>, access: Access) {
        if access != Access::Inaccessible {
            self.note(pages.clone());
        }
        let is_low = pages.start < LOWEST_PAGES && access != Access::Inaccessible;
        let is_seen_twice = lie_in(&pages, &self.pages_seen_twice());
        match &mut self.hardware {
            Hardware::Open | Hardware::Refused => {}
            Hardware::Runs { runs, is_exact: false } => {
                let allowed = runs.iter().any(|run| covers(run, &pages, access));
                if access != Access::Inaccessible && !allowed {
                    // Writable, for the host will fill them, where the guest reads them if it has
                    // no other view.
                    let access = if is_seen_twice { access } else { Access::ReadWrite };
                    replace(runs, pages.clone(), access);
                    let is_allowed = runs.len() <= MAX_RUNS && self.shares.set_runs(runs.len());
                    if !is_allowed || !self.protect(pages, access) {
                        self.open();
                    }
                }
            }
            Hardware::Runs { runs, is_exact: true } => {
                if access == Access::ReadWrite {
                    if self.grown.is_empty() {
                        self.grown = pages.clone();
                    } else if self.grown.end == pages.start {
                        self.grown.end = pages.end;
                    }
                }
                replace(runs, pages.clone(), access);
                let is_allowed = runs.len() <= MAX_RUNS && self.shares.set_runs(runs.len());
                if is_low || !is_allowed || !self.protect(pages, access) {
                    self.open_for_good();
                }
            }
        }
    }

    /// Calls `copy`, which reads octets, while the hardware lets them be read.
    ///
    /// Only pages that are inaccessible are opened for it, and closed again: threads that share
    /// this memory read the others meanwhile, and look at no inaccessible page but through here.
    pub(super) fn with_readable<R>(
        &self,
        address: u32,
        length: usize,
        copy: impl FnOnce() -> R,
    ) -> R {
        let Hardware::Runs { runs, .. } = &self.hardware else { return copy() };
        let pages = pages_of(address, length);
        let gaps = gaps(runs, &pages);
        if gaps.is_empty() {
            return copy();
        }
        let guard = self.opening.lock().unwrap_or_else(PoisonError::into_inner);
        let is_open = gaps.iter().all(|gap| self.protect(gap.clone(), Access::ReadOnly));
        // If the kernel cannot open them, the copy would be fatal.
        assert!(is_open, "out of memory mappings");
        let result = copy();
        let is_closed = gaps.into_iter().all(|gap| self.protect(gap, Access::Inaccessible));
        assert!(is_closed, "out of memory mappings");
        drop(guard);
        result
    }

    /// Calls `copy`, which writes octets, while the hardware lets them be written.
    pub(super) fn with_writable<R>(
        &mut self,
        address: u32,
        length: usize,
        copy: impl FnOnce() -> R,
    ) -> R {
        let Hardware::Runs { runs, .. } = &self.hardware else { return copy() };
        let pages = pages_of(address, length);
        if pages.is_empty() || runs.iter().any(|run| covers(run, &pages, Access::ReadWrite)) {
            return copy();
        }
        // Changing a whole run at a time spares the kernel from cutting it in parts.
        let run = runs.iter().find(|run| covers(run, &pages, Access::ReadOnly));
        let pages = run.map_or(pages, |(run, _)| run.clone());
        // If the kernel cannot open them, the copy would be fatal.
        assert!(self.protect(pages.clone(), Access::ReadWrite), "out of memory mappings");
        let result = copy();
        let mut is_restored = run.is_some() || self.protect(pages.clone(), Access::Inaccessible);
        for (run, access) in runs {
            let part = run.start.max(pages.start)..run.end.min(pages.end);
            is_restored &= part.is_empty() || self.protect(part, *access);
        }
        assert!(is_restored, "out of memory mappings");
        result
    }

    /// Makes the hardware allow everything until the memory is armed (again).
    pub(super) fn open(&mut self) {
        if matches!(self.hardware, Hardware::Runs { .. }) {
            // One protection for all makes the kernel's list shorter, so this needs no new entry.
            let is_open = self.protect_everything(Access::ReadWrite);
            assert!(is_open, "out of memory mappings");
            self.hardware = Hardware::Open;
            self.shares.clear_runs();
        }
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

    pub(super) fn protect(&self, pages: Range<u32>, access: Access) -> bool {
        self.base().protect(&pages, access)
    }

    fn reaches_low(&self) -> bool {
        let lowest = self.permissions().get(..LOWEST_PAGES as usize).unwrap_or_default();
        lowest.iter().any(|&access| access != Access::Inaccessible as u8)
    }

    fn open_for_good(&mut self) {
        // Also if the state is `Open`: some of it may have been protected.
        assert!(self.protect_everything(Access::ReadWrite), "out of memory mappings");
        self.hardware = Hardware::Refused;
        self.shares.clear_runs();
    }

    fn protect_everything(&self, access: Access) -> bool {
        self.base().protect_octets(0, GUEST_SPACE, access)
    }

    /// The runs that the permission table says.
    fn runs_of_table(&self) -> Vec<Run> {
        let mut ranges = self.touched.clone();
        ranges.sort_unstable_by_key(|range| range.start);
        let mut runs: Vec<Run> = Vec::new();
        let mut end = 0;
        for range in ranges {
            // Ranges that grew may overlap.
            let mut first = range.start.max(end);
            end = range.end.max(end);
            let table = self.permissions().get(first as usize..end as usize).unwrap_or_default();
            for run in table.chunk_by(|a, b| a == b) {
                let pages = first..first + run.len() as u32;
                first = pages.end;
                let access = match run.first() {
                    Some(2) => Access::ReadWrite,
                    Some(1) => Access::ReadOnly,
                    _ => continue,
                };
                match runs.last_mut() {
                    Some((last, same)) if last.end == pages.start && *same == access => {
                        last.end = pages.end;
                    }
                    _ => runs.push((pages, access)),
                }
            }
        }
        runs
    }

    /// Changes the protection from some runs to others; false if the kernel would not.
    fn change(&self, from: &[Run], to: &[Run]) -> bool {
        let mut changes = differences(from, to).into_iter();
        changes.all(|(pages, access)| self.protect(pages, access))
    }
}

/// The pages that a range of octets touches, none if it is empty. The range ends at 2^32 or below.
fn pages_of(address: u32, length: usize) -> Range<u32> {
    match length.checked_sub(1) {
        Some(last) => page_of(address)..page_of((address as usize + last) as u32) + 1,
        None => 0..0,
    }
}
