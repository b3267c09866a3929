//! Budgets of all guests of the process for two things that only the kernel has: address space, and
//! entries in the list of mappings.
//!
//! Both are limited for the whole process (to 128 TiB and 65,530, usually), and a process that has
//! used one up can often not even allocate memory. A guest can have thousands of inner machines.

use core::sync::atomic::{AtomicUsize, Ordering};

/// The most address spaces, used and spare. 32 TiB in all.
pub(super) const MAX_SPACES: usize = 8192;

/// The most runs of pages that are protected in all, each memory counting for one more. A run is
/// two mappings at most: itself, and the gap between it and the next.
pub(super) const MAX_RUNS_OF_ALL: usize = 16_384;

static SPACES: AtomicUsize = AtomicUsize::new(0);
static RUNS: AtomicUsize = AtomicUsize::new(0);

/// The right to so many of something that a counter counts; given back when dropped.
#[derive(Debug)]
struct Share {
    of: &'static AtomicUsize,
    limit: usize,
    amount: usize,
}

impl Share {
    /// Changes the amount; false, and unchanged, if there is not as much left.
    fn set(&mut self, amount: usize) -> bool {
        if let Some(more) = amount.checked_sub(self.amount).filter(|&more| more > 0) {
            let taken = self.of.fetch_add(more, Ordering::Relaxed);
            if taken + more > self.limit {
                self.of.fetch_sub(more, Ordering::Relaxed);
                return false;
            }
        } else {
            self.of.fetch_sub(self.amount - amount, Ordering::Relaxed);
        }
        self.amount = amount;
        true
    }
}

impl Drop for Share {
    fn drop(&mut self) {
        self.set(0);
    }
}

/// An address space, counted.
#[derive(Debug)]
pub(super) struct SpaceShare {
    _share: Share,
}

impl SpaceShare {
    /// One more address space, if there may be one.
    pub(super) fn take() -> Option<Self> {
        let mut share = Share { of: &SPACES, limit: MAX_SPACES, amount: 0 };
        share.set(1).then_some(Self { _share: share })
    }
}

/// The runs of a memory, counted.
#[derive(Debug)]
pub(super) struct RunShare {
    share: Share,
}

impl RunShare {
    /// None yet.
    pub(super) const fn none() -> Self {
        Self { share: Share { of: &RUNS, limit: MAX_RUNS_OF_ALL, amount: 0 } }
    }

    /// Says how many runs the memory is to have; false if there may not be so many.
    pub(super) fn set(&mut self, runs: usize) -> bool {
        self.share.set(runs + 1)
    }

    /// Says that nothing of the memory is protected.
    pub(super) fn clear(&mut self) {
        self.share.set(0);
    }
}
