//! A guest memory over a 4 GiB reservation, with one permission octet per page.
//!
//! One anonymous private mapping holds everything:
//!
//! ```text
//! start          start + 1 MiB = base                            base + 4 GiB
//! | permissions  | guest octets, at their guest addresses        | slack page |
//! ```
//!
//! All of it is mapped readable and writable without reserving memory for it; the kernel supplies
//! zeroed pages as they are touched. A guest is kept out of its inaccessible pages by the
//! permission octets, not by the hardware, so no signal handler is needed and a fault is an
//! ordinary return value.

mod arguments;
mod budget;
mod forks;
mod hardware;
mod mapping;
mod protection;
mod recycling;
mod runs;
mod second_view;
mod spares;

use core::ffi::c_void;
use core::marker::PhantomData;
use core::mem::ManuallyDrop;
use core::ops::Range;
use core::ptr;
use std::sync::{Arc, Mutex};

use crate::access::{GuestMemory, GuestView};
use crate::limits::PoolLimits;
use crate::page::{Access, PAGE_SIZE, ReserveError, assert_in_space, clipped_end, page_of};
use crate::pool::Pool;
use crate::read_only::ReadOnly;
pub(crate) use budget::Budgets;
#[cfg(target_arch = "x86_64")]
pub(crate) use budget::CodeShare;
use budget::{Shares, Spent};
use hardware::Hardware;
#[cfg(target_arch = "x86_64")]
pub(crate) use mapping::GUEST_SPACE;
use mapping::{Base, Mapping, TABLE};
use second_view::{SecondView, overlap};
pub(crate) use spares::Shelves;
use spares::Spare;

/// Guest memory over a 4 GiB address-space reservation, which this value owns.
pub struct ReservedMemory {
    mapping: ManuallyDrop<Mapping>,
    hardware: Hardware,
    /// Outside of these ranges no page is accessible or holds anything.
    touched: Vec<Range<u32>>,
    /// Areas that guests of the address space have touched, by index: see the spares.
    areas: Vec<u32>,
    shares: ManuallyDrop<Shares>,
    pool: Arc<Pool>,
    /// The read-only pages that the memory started with, as long as nobody changed them or their
    /// access.
    read_only: Option<Arc<ReadOnly>>,
    /// How the host writes arguments, if not where the guest reads them.
    second_view: Option<SecondView>,
    /// Pages that became writable since the memory was armed, as far as they are one range.
    grown: Range<u32>,
    /// The thread that native code ran on last, by a number of its own; 0 if none did yet.
    #[cfg(target_arch = "x86_64")]
    thread: u64,
    /// Held while inaccessible pages are open for a reader, so that none is closed under another.
    opening: Mutex<()>,
}

// SAFETY: shared references only read the mapping, and what they change of its protection for that,
// under a lock, is what no other reads without the lock; writing takes `&mut self`.
unsafe impl Sync for ReservedMemory {}

impl ReservedMemory {
    /// A memory over an address space, which it owns from now on, with read-only pages.
    fn over(spare: Spare, pool: &Arc<Pool>, wanted: Option<&Arc<ReadOnly>>) -> Self {
        let Spare { mapping, hardware, areas, shares, read_only, second_view, grown } = spare;
        let touched = read_only.as_ref().map(|section| section.pages()).into_iter().collect();
        let mut memory = Self {
            mapping: ManuallyDrop::new(mapping),
            hardware,
            touched,
            areas,
            shares: ManuallyDrop::new(shares),
            pool: Arc::clone(pool),
            read_only,
            second_view,
            grown,
            #[cfg(target_arch = "x86_64")]
            thread: 0,
            opening: Mutex::new(()),
        };
        memory.clear_second_view();
        memory.clear_grown();
        let is_there = match (&memory.read_only, wanted) {
            (Some(ours), Some(theirs)) => Arc::ptr_eq(ours, theirs),
            (None, None) => true,
            _ => false,
        };
        if !is_there {
            memory.forget_read_only();
            if let Some(section) = wanted {
                let pages = section.pages();
                memory.set_access(pages.start, pages.len() as u32, Access::ReadOnly);
                memory.write_raw(pages.start * PAGE_SIZE, section.octets());
                memory.read_only = Some(Arc::clone(section));
            }
        }
        memory
    }

    /// A memory that starts with read-only pages, if any.
    fn make(pool: &Arc<Pool>, wanted: Option<&Arc<ReadOnly>>) -> Result<Self, ReserveError> {
        if let Some(spare) = pool.shelves.take(wanted) {
            return Ok(Self::over(spare, pool, wanted));
        }
        let spare = match Shares::take(&pool.budgets) {
            Ok(shares) => {
                let mapping = Mapping::new().map_err(|reason| ReserveError { reason })?;
                Spare {
                    mapping,
                    hardware: Hardware::Open,
                    areas: Vec::new(),
                    shares,
                    read_only: None,
                    second_view: None,
                    grown: 0..0,
                }
            }
            // Spares of other programs are counted, too.
            Err(spent) => pool.shelves.take_oldest().ok_or_else(|| out_of_spaces(pool, spent))?,
        };
        Ok(Self::over(spare, pool, wanted))
    }

    /// Takes the address space out of a memory that is about to end, whose fields are not used
    /// after it.
    fn take_apart(&mut self) -> Spare {
        // SAFETY: only dropping a memory calls this, once, and drops neither field itself.
        let mapping = unsafe { ManuallyDrop::take(&mut self.mapping) };
        // SAFETY: as above.
        let shares = unsafe { ManuallyDrop::take(&mut self.shares) };
        let hardware = core::mem::replace(&mut self.hardware, Hardware::Refused);
        let areas = core::mem::take(&mut self.areas);
        let (read_only, second_view) = (self.read_only.take(), self.second_view.take());
        let grown = core::mem::take(&mut self.grown);
        Spare { mapping, hardware, areas, shares, read_only, second_view, grown }
    }

    /// Takes the pages of another program from a memory that was just made.
    fn forget_read_only(&mut self) {
        if let Some(section) = self.read_only.take() {
            let pages = section.pages();
            self.set_access(pages.start, pages.len() as u32, Access::Inaccessible);
            self.zero(pages.start, pages.len() as u32);
        }
    }

    /// Notes that a host changes pages: if they are the program's read-only ones, no other guest
    /// may have them.
    #[inline]
    fn note_change(&mut self, pages: &Range<u32>) {
        let overlaps = |section: &Arc<ReadOnly>| {
            let kept = section.pages();
            kept.start < pages.end && pages.start < kept.end
        };
        if self.read_only.as_ref().is_some_and(overlaps) {
            self.read_only = None;
        }
    }

    #[inline(always)]
    fn base(&self) -> Base {
        self.mapping.0
    }

    fn permissions(&self) -> &[u8] {
        // SAFETY: the mapping begins with `TABLE` initialised octets, which change only through
        // `&mut self`.
        unsafe { core::slice::from_raw_parts(self.base().start().as_ptr(), TABLE) }
    }

    fn permissions_mut(&mut self) -> &mut [u8] {
        // SAFETY: as in `permissions`, and `&mut self` excludes every other reference.
        unsafe { core::slice::from_raw_parts_mut(self.base().start().as_ptr(), TABLE) }
    }
}

impl GuestMemory for ReservedMemory {
    type View<'a> = ReservedView<'a>;

    fn new(pool: &Arc<Pool>) -> Result<Self, ReserveError> {
        Self::make(pool, None)
    }

    fn with_read_only(pool: &Arc<Pool>, section: &Arc<ReadOnly>) -> Result<Self, ReserveError> {
        Self::make(pool, Some(section))
    }

    #[inline]
    fn access(&self, page: u32) -> Access {
        match self.permissions().get(page as usize) {
            Some(2) => Access::ReadWrite,
            Some(1) => Access::ReadOnly,
            _ => Access::Inaccessible,
        }
    }

    fn set_access(&mut self, first: u32, count: u32, access: Access) {
        let end = clipped_end(first, count) as usize;
        self.note_change(&(first..end as u32));
        self.prepare_arguments(&(first..end as u32), access);
        if let Some(pages) = self.permissions_mut().get_mut(first as usize..end) {
            pages.fill(access as u8);
            self.follow(first..end as u32, access);
        }
    }

    fn zero(&mut self, first: u32, count: u32) {
        let end = clipped_end(first, count);
        if first >= end {
            return;
        }
        self.note_change(&(first..end));
        if overlap(&(first..end), &self.pages_seen_twice()) {
            self.end_second_view();
        }
        let length = (end - first) as usize * PAGE_SIZE as usize;
        let start = self.base().at(first * PAGE_SIZE).as_ptr();
        // SAFETY: `first..end` are pages of the guest space, and `&mut self` excludes references
        // into them; private anonymous pages read as zeros after this.
        let result = unsafe { libc::madvise(start.cast::<c_void>(), length, libc::MADV_DONTNEED) };
        if result != 0 {
            let zero = || {
                // SAFETY: the same range, which is writable for the moment.
                unsafe { start.write_bytes(0, length) };
            };
            self.with_writable(first * PAGE_SIZE, length, zero);
        }
    }

    fn accessible_run(&self, first: u32, count: u32, access: Access) -> u32 {
        let end = clipped_end(first, count) as usize;
        let pages = self.permissions().get(first as usize..end).unwrap_or_default();
        let run = pages.iter().position(|&page| page < access as u8);
        run.unwrap_or(pages.len()) as u32
    }

    fn view(&mut self) -> ReservedView<'_> {
        ReservedView { base: self.base(), memory: PhantomData }
    }

    fn reborrow<'a>(view: &'a mut ReservedView<'_>) -> ReservedView<'a> {
        ReservedView { base: view.base, memory: PhantomData }
    }

    fn load<const N: usize>(&self, address: u32) -> Option<[u8; N]> {
        self.base().load_in_page(address).or_else(|| self.base().load(address))
    }

    fn store<const N: usize>(&mut self, address: u32, octets: [u8; N]) -> bool {
        self.base().store_in_page(address, octets) || self.base().store(address, octets)
    }

    fn read_raw(&self, address: u32, into: &mut [u8]) {
        assert_in_space(address, into.len());
        let (from, to, length) = (self.base().at(address).as_ptr(), into.as_mut_ptr(), into.len());
        let copy = || {
            // SAFETY: the range was just checked to lie in the guest space, and is readable for
            // the moment; `into` cannot overlap the mapping, into which no Rust reference but the
            // permissions' exists.
            unsafe { ptr::copy_nonoverlapping(from, to, length) };
        };
        self.with_readable(address, length, copy);
    }

    fn write_raw(&mut self, address: u32, octets: &[u8]) {
        assert_in_space(address, octets.len());
        if let Some(last) = octets.len().checked_sub(1) {
            let last = (address as usize + last) as u32;
            let pages = page_of(address)..page_of(last) + 1;
            self.note_change(&pages);
            self.note(pages);
        }
        if self.write_second_view(address, octets) {
            return;
        }
        let (from, to) = (octets.as_ptr(), self.base().at(address).as_ptr());
        let copy = || {
            // SAFETY: as in `read_raw`, and `&mut self` makes this the only access.
            unsafe { ptr::copy_nonoverlapping(from, to, octets.len()) };
        };
        self.with_writable(address, octets.len(), copy);
    }
}

impl Drop for ReservedMemory {
    fn drop(&mut self) {
        self.recycle();
    }
}

/// The error for a budget that has nothing left.
fn out_of_spaces(pool: &Pool, spent: Spent) -> ReserveError {
    let reason = match spent {
        Spent::Pool => {
            let limit = pool.limits().memories;
            format!("there are as many as the limit `memories` allows, {limit}")
        }
        Spent::Process => {
            let limit = PoolLimits::OF_PROCESS.memories;
            format!("the process's guests have as many as they may, {limit}")
        }
    };
    ReserveError { reason }
}

/// Exclusive access to a [`ReservedMemory`]: its base address.
pub struct ReservedView<'a> {
    base: Base,
    memory: PhantomData<&'a mut ReservedMemory>,
}

impl GuestView for ReservedView<'_> {
    #[inline(always)]
    fn load_in_page<const N: usize>(&self, address: u32) -> Option<[u8; N]> {
        self.base.load_in_page(address)
    }

    #[inline(always)]
    fn store_in_page<const N: usize>(&mut self, address: u32, octets: [u8; N]) -> bool {
        self.base.store_in_page(address, octets)
    }
}
