//! Budgets for three things that only the process has: address space, entries in the kernel's list
//! of mappings, and the code space, which is one so that the signal handler can tell by an address.
//!
//! So what all pools have together is counted in a static of the process; what a pool may have of
//! it is its owner's choice.

use core::sync::atomic::{AtomicUsize, Ordering};
use std::sync::Arc;

use crate::limits::{PoolLimits, PoolUsage};

/// Number of something used, and the most of it.
struct Budget {
    used: AtomicUsize,
    limit: usize,
}

impl Budget {
    const fn new(limit: usize) -> Self {
        Self { used: AtomicUsize::new(0), limit }
    }

    fn take(&self, amount: usize) -> bool {
        let before = self.used.fetch_add(amount, Ordering::Relaxed);
        let is_there = before.saturating_add(amount) <= self.limit;
        if !is_there {
            self.give_back(amount);
        }
        is_there
    }

    fn give_back(&self, amount: usize) {
        self.used.fetch_sub(amount, Ordering::Relaxed);
    }
}

/// A pool's budgets.
pub(crate) struct Budgets {
    spaces: Budget,
    runs: Budget,
    code: Budget,
}

static OF_PROCESS: Budgets = Budgets::new(PoolLimits::OF_PROCESS);

impl Budgets {
    pub(crate) const fn new(limits: PoolLimits) -> Self {
        Self {
            spaces: Budget::new(limits.memories),
            runs: Budget::new(limits.runs),
            code: Budget::new(limits.code),
        }
    }

    pub(crate) fn usage(&self) -> PoolUsage {
        let used = |budget: &Budget| budget.used.load(Ordering::Relaxed);
        PoolUsage { memories: used(&self.spaces), runs: used(&self.runs), code: used(&self.code) }
    }

    /// Takes runs of this budget and of the process's; false, and nothing changes, if either has
    /// not so many left.
    fn take_runs(&self, amount: usize) -> bool {
        if !self.runs.take(amount) {
            return false;
        }
        let is_there = OF_PROCESS.runs.take(amount);
        if !is_there {
            self.runs.give_back(amount);
        }
        is_there
    }

    fn give_back_runs(&self, amount: usize) {
        self.runs.give_back(amount);
        OF_PROCESS.runs.give_back(amount);
    }
}

/// A memory's shares of its pool's budgets and of the process's; given back when dropped.
pub(super) struct Shares {
    of: Arc<Budgets>,
    runs: usize,
    has_second_view: bool,
}

/// The runs that a second view counts for. The view itself is an entry in the kernel's list, and
/// its pages are two more, which merge with none of those beside them.
const RUNS_OF_SECOND_VIEW: usize = 2;

/// The budget that has nothing left.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Spent {
    Pool,
    Process,
}

impl Shares {
    /// One more address space, without runs yet.
    pub(super) fn take(budgets: &Arc<Budgets>) -> Result<Self, Spent> {
        if !budgets.spaces.take(1) {
            return Err(Spent::Pool);
        }
        if !OF_PROCESS.spaces.take(1) {
            budgets.spaces.give_back(1);
            return Err(Spent::Process);
        }
        Ok(Self { of: Arc::clone(budgets), runs: 0, has_second_view: false })
    }

    /// Says how many runs the memory is to have; false, and nothing changes, if there may not be so
    /// many.
    pub(super) fn set_runs(&mut self, runs: usize) -> bool {
        let amount = runs + 1;
        if let Some(more) = amount.checked_sub(self.runs).filter(|&more| more > 0) {
            if !self.of.take_runs(more) {
                return false;
            }
            self.runs = amount;
        } else if amount < self.runs {
            self.of.give_back_runs(self.runs - amount);
            self.runs = amount;
        }
        true
    }

    /// Says that nothing of the memory is protected.
    pub(super) fn clear_runs(&mut self) {
        self.of.give_back_runs(core::mem::take(&mut self.runs));
    }

    /// Says that the memory is to have a second view, and has none yet; false, and nothing changes,
    /// if it may not.
    pub(super) fn take_second_view(&mut self) -> bool {
        debug_assert!(!self.has_second_view, "one view more than the host's");
        self.has_second_view = self.of.take_runs(RUNS_OF_SECOND_VIEW);
        self.has_second_view
    }

    /// Says that the memory has no second view.
    pub(super) fn give_back_second_view(&mut self) {
        if core::mem::take(&mut self.has_second_view) {
            self.of.give_back_runs(RUNS_OF_SECOND_VIEW);
        }
    }
}

impl Drop for Shares {
    fn drop(&mut self) {
        self.clear_runs();
        self.give_back_second_view();
        self.of.spaces.give_back(1);
        OF_PROCESS.spaces.give_back(1);
    }
}

/// A chunk's share of its pool's code space; given back when dropped. The process's is counted by
/// the code space itself, which knows its chunks.
#[cfg(target_arch = "x86_64")]
pub(crate) struct CodeShare {
    of: Arc<Budgets>,
    octets: usize,
}

#[cfg(target_arch = "x86_64")]
impl CodeShare {
    /// A share of so many octets, if there are as many left.
    pub(crate) fn take(of: &Arc<Budgets>, octets: usize) -> Option<Self> {
        of.code.take(octets).then(|| Self { of: Arc::clone(of), octets })
    }
}

#[cfg(target_arch = "x86_64")]
impl Drop for CodeShare {
    fn drop(&mut self) {
        self.of.code.give_back(self.octets);
    }
}
