//! The pages of a memory that the guest's arguments are in.

use core::ops::Range;
use core::ptr;

use super::ReservedMemory;
use super::forks;
use super::hardware::Hardware;
use super::runs::replace;
use super::second_view::{ARGUMENTS, OCTETS, START, SecondView, make_private, overlap};
use crate::page::{Access, PAGE_SIZE};

impl ReservedMemory {
    /// Gives the arguments' pages a second view, or takes it from them, before the guest's access
    /// to pages changes.
    ///
    /// Only a memory that ran a guest as native code before gets one: the others spare nothing.
    #[inline]
    pub(super) fn prepare_arguments(&mut self, pages: &Range<u32>, access: Access) {
        if !overlap(pages, &ARGUMENTS) {
            return;
        }
        if access == Access::ReadWrite {
            self.end_second_view();
        } else if access == Access::ReadOnly
            && pages.start == ARGUMENTS.start
            && pages.end <= ARGUMENTS.end
            && self.second_view.is_none()
            && !self.touched.iter().any(|range| overlap(range, &ARGUMENTS))
        {
            self.begin_second_view();
        }
    }

    fn begin_second_view(&mut self) {
        let Hardware::Runs { runs, is_exact: false } = &mut self.hardware else { return };
        if !forks::are_noticed() || !self.shares.take_second_view() {
            return;
        }
        replace(runs, ARGUMENTS, Access::Inaccessible);
        let count = runs.len();
        self.second_view = SecondView::make(self.mapping.0);
        if self.second_view.is_none() {
            self.shares.give_back_second_view();
        }
        if self.second_view.is_none() || !self.shares.set_runs(count) {
            self.open();
        }
    }

    /// Makes the arguments' pages private ones with the same octets.
    pub(super) fn end_second_view(&mut self) {
        let Some(view) = self.second_view.take() else { return };
        make_private(self.base());
        let octets = view.used();
        // SAFETY: the private pages are writable for the moment, and as many as the view has.
        unsafe {
            ptr::copy_nonoverlapping(octets.as_ptr(), self.base().at(START).as_ptr(), octets.len());
        };
        drop(view);
        self.shares.give_back_second_view();
        let Hardware::Runs { runs, .. } = &self.hardware else { return };
        let mut is_restored = self.protect(ARGUMENTS, Access::Inaccessible);
        for (run, access) in runs {
            let part = run.start.max(ARGUMENTS.start)..run.end.min(ARGUMENTS.end);
            is_restored &= part.is_empty() || self.protect(part, *access);
        }
        assert!(is_restored, "out of memory mappings");
    }

    /// Writes octets by the second view; false if they are not in its pages, or if there is none.
    /// The pages have none after that.
    pub(super) fn write_second_view(&mut self, address: u32, octets: &[u8]) -> bool {
        let end = u64::from(address) + octets.len() as u64;
        let pages_end = u64::from(START) + OCTETS as u64;
        if self.second_view.is_none() || end <= u64::from(START) || pages_end <= u64::from(address)
        {
            return false;
        }
        if address < START || pages_end < end || self.may_be_forked() {
            self.end_second_view();
            return false;
        }
        let Some(view) = &mut self.second_view else { return false };
        view.write((address - START) as usize, octets);
        true
    }

    /// Makes the pages that have a second view zeros, for a guest that is to get them. A fork that
    /// is made just then can see another thread write them, but clears them, too.
    pub(super) fn clear_second_view(&mut self) {
        let is_forked = self.second_view.is_some() && self.may_be_forked();
        match &mut self.second_view {
            Some(view) if is_forked => view.forget(),
            Some(view) => view.clear(),
            None => {}
        }
        if is_forked {
            self.end_second_view();
        }
    }

    /// The number of pages that have a second view and were used since they were cleared.
    pub(super) fn pages_used_by_second_view(&self) -> usize {
        self.second_view.as_ref().map_or(0, |view| view.used().len().div_ceil(PAGE_SIZE as usize))
    }

    /// The pages that have a second view, if any.
    pub(super) const fn pages_seen_twice(&self) -> Range<u32> {
        if self.second_view.is_some() { ARGUMENTS } else { 0..0 }
    }

    fn may_be_forked(&self) -> bool {
        // SAFETY: the mark is in a private page of the mapping, which nothing else uses.
        unsafe { forks::may_have_been(self.base().mark()) }
    }
}
