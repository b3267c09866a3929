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
}

/// A memory's shares of its pool's budgets and of the process's; given back when dropped.
pub(super) struct Shares {
    of: Arc<Budgets>,
    runs: usize,
}

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
        Ok(Self { of: Arc::clone(budgets), runs: 0 })
    }

    /// Says how many runs the memory is to have; false, and nothing changes, if there may not be so
    /// many.
    pub(super) fn set_runs(&mut self, runs: usize) -> bool {
        let amount = runs + 1;
        if let Some(more) = amount.checked_sub(self.runs).filter(|&more| more > 0) {
            if !self.of.runs.take(more) {
                return false;
            }
            if !OF_PROCESS.runs.take(more) {
                self.of.runs.give_back(more);
                return false;
            }
            self.runs = amount;
        } else if amount < self.runs {
            self.give_back_runs(self.runs - amount);
        }
        true
    }

    /// Says that nothing of the memory is protected.
    pub(super) fn clear_runs(&mut self) {
        self.give_back_runs(self.runs);
    }

    fn give_back_runs(&mut self, amount: usize) {
        self.of.runs.give_back(amount);
        OF_PROCESS.runs.give_back(amount);
        self.runs -= amount;
    }
}

impl Drop for Shares {
    fn drop(&mut self) {
        self.clear_runs();
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
