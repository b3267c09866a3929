//! Pools: memories and programs of one owner share spare address spaces, budgets and read-only
//! pages.
//!
//! An engine has a pool of its own, so that two engines of a process do not take from each other.

use core::fmt;
use core::ops::Range;
use std::sync::{Arc, Mutex, TryLockError, Weak};

use crate::access::{PAGE_COUNT, PAGE_SIZE};
#[cfg(all(target_os = "linux", target_pointer_width = "64"))]
use crate::reserved::{Budgets, Shelves};

/// The most that the memories and programs of a [`Pool`] take of what the process has.
///
/// Portable memories take none of it.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub struct PoolLimits {
    /// Address spaces of 4 GiB, used and spare.
    pub memories: usize,
    /// Spare address spaces that are kept for the next guests.
    pub spares: usize,
    /// Runs of pages of equal access of all armed memories, each memory counting for one more. A
    /// run takes two entries at most in the kernel's list of mappings: itself, and the gap behind.
    pub runs: usize,
    /// Octets of native code of all programs, in parts of 64 KiB.
    pub code: usize,
}

/// A limit that no pool can have.
#[derive(Clone, Copy, Debug, PartialEq, Eq, thiserror::Error)]
#[error("the limit `{setting}` is {value}: give it a value from {least} to {most}")]
pub struct InvalidLimit {
    /// The name of the field.
    pub setting: &'static str,
    /// The refused value.
    pub value: usize,
    /// The least that it can be.
    pub least: usize,
    /// The most that it can be.
    pub most: usize,
}

impl PoolLimits {
    /// The limits of all pools of a process together: 32 TiB of the 128 that a process usually has,
    /// and a half of the 65,530 mappings. A process that has used one up can often not even
    /// allocate memory, and a guest can have thousands of inner machines.
    pub const OF_PROCESS: Self = Self { memories: 8192, spares: 8192, runs: 16_384, code: 1 << 30 };

    /// Checks that each limit is one that a pool can have: no more than the process has, and as
    /// much as one guest needs.
    ///
    /// # Errors
    /// When one is not; it names the first.
    pub fn check(&self) -> Result<(), InvalidLimit> {
        let of_process = Self::OF_PROCESS;
        let limits = [
            ("memories", self.memories, 1, of_process.memories),
            ("spares", self.spares, 0, self.memories),
            ("runs", self.runs, 1, of_process.runs),
            ("code", self.code, 1 << 16, of_process.code),
        ];
        for (setting, value, least, most) in limits {
            if value < least || value > most {
                return Err(InvalidLimit { setting, value, least, most });
            }
        }
        Ok(())
    }
}

impl Default for PoolLimits {
    /// As much as the process may have, and 64 spares, which keep 16 MiB at most.
    fn default() -> Self {
        Self { spares: 64, ..Self::OF_PROCESS }
    }
}

/// The part of its limits that a [`Pool`] has used.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct PoolUsage {
    /// Address spaces, used and spare.
    pub memories: usize,
    /// Runs of pages of equal access.
    pub runs: usize,
    /// Octets of native code.
    pub code: usize,
}

/// The most pages of a [`ReadOnly`]: more would cost spare address spaces too much memory.
const MAX_READ_ONLY: usize = 64;

/// Number of sections that are looked through for equal ones.
const SECTIONS: usize = 64;

/// Read-only pages that all memories of a program start with.
///
/// A spare address space keeps those of its last guest, filled and protected, for the next guest of
/// the same program: nobody could write them.
pub struct ReadOnly {
    pages: Range<u32>,
    octets: Box<[u8]>,
}

impl ReadOnly {
    /// The pages, by index.
    #[must_use]
    pub fn pages(&self) -> Range<u32> {
        self.pages.clone()
    }

    /// The octets at the start of the pages; what follows is zero.
    #[must_use]
    pub fn octets(&self) -> &[u8] {
        &self.octets
    }
}

/// Spare address spaces, budgets and read-only pages of the memories and programs of one owner.
pub struct Pool {
    limits: PoolLimits,
    /// Sections in use, the oldest first.
    sections: Mutex<Vec<Weak<ReadOnly>>>,
    #[cfg(all(target_os = "linux", target_pointer_width = "64"))]
    pub(crate) budgets: Arc<Budgets>,
    #[cfg(all(target_os = "linux", target_pointer_width = "64"))]
    pub(crate) shelves: Shelves,
}

impl Pool {
    /// A pool without any spare address space yet.
    #[must_use]
    pub fn new(limits: PoolLimits) -> Arc<Self> {
        Arc::new(Self {
            limits,
            sections: Mutex::new(Vec::new()),
            #[cfg(all(target_os = "linux", target_pointer_width = "64"))]
            budgets: Arc::new(Budgets::new(limits)),
            #[cfg(all(target_os = "linux", target_pointer_width = "64"))]
            shelves: Shelves::new(limits.spares),
        })
    }

    /// The limits.
    #[must_use]
    pub const fn limits(&self) -> PoolLimits {
        self.limits
    }

    /// The part of the limits that is used now.
    #[must_use]
    pub fn usage(&self) -> PoolUsage {
        #[cfg(all(target_os = "linux", target_pointer_width = "64"))]
        return self.budgets.usage();
        #[cfg(not(all(target_os = "linux", target_pointer_width = "64")))]
        PoolUsage::default()
    }

    /// Read-only pages from page index `first` on that begin with `octets`, to be given to all
    /// memories of a program; `None` if that is nothing, or too much to be kept.
    ///
    /// Sections with equal contents are one, whatever programs they are of.
    #[must_use]
    pub fn read_only(&self, first: u32, octets: &[u8]) -> Option<Arc<ReadOnly>> {
        let count = octets.len().div_ceil(PAGE_SIZE as usize);
        let end = u32::try_from(count).ok().and_then(|count| first.checked_add(count))?;
        if count == 0 || count > MAX_READ_ONLY || end > PAGE_COUNT {
            return None;
        }
        let is_same =
            |section: &Arc<ReadOnly>| section.pages == (first..end) && *section.octets == *octets;
        // Nobody waits: a child that was forked while another thread was here would for ever.
        let mut sections = match self.sections.try_lock() {
            Ok(sections) => Some(sections),
            Err(TryLockError::Poisoned(sections)) => Some(sections.into_inner()),
            Err(TryLockError::WouldBlock) => None,
        };
        let known = sections
            .as_ref()
            .and_then(|sections| sections.iter().rev().filter_map(Weak::upgrade).find(is_same));
        let make = || {
            let made = Arc::new(ReadOnly { pages: first..end, octets: octets.into() });
            if let Some(sections) = &mut sections {
                sections.retain(|section| section.strong_count() > 0);
                if sections.len() >= SECTIONS {
                    sections.remove(0);
                }
                sections.push(Arc::downgrade(&made));
            }
            made
        };
        Some(known.unwrap_or_else(make))
    }
}

impl fmt::Debug for Pool {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Pool").field("limits", &self.limits).finish_non_exhaustive()
    }
}
