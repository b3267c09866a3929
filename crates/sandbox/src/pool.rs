//! Pools: memories and programs of one owner share spare address spaces, budgets and read-only
//! pages.
//!
//! An engine has a pool of its own, so that two engines of a process do not take from each other.

use core::fmt;
use std::sync::{Arc, Mutex, TryLockError, Weak};

use crate::limits::{PoolLimits, PoolUsage};
use crate::page::{PAGE_COUNT, PAGE_SIZE};
use crate::read_only::ReadOnly;
#[cfg(all(target_os = "linux", target_pointer_width = "64"))]
use crate::reserved::{Budgets, Shelves};

/// The most pages of a [`ReadOnly`]: more would cost spare address spaces too much memory.
const MAX_READ_ONLY: usize = 64;

/// Number of sections that are looked through for equal ones.
const SECTIONS: usize = 64;

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
