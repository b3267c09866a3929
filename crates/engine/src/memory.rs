//! The memory of an instance, as its host sees it.

use core::ops::Range;
use std::sync::Arc;

use jambox_sandbox::{
    Access, DefaultMemory, GuestMemory, PAGE_COUNT, PAGE_SIZE, PagedMemory, Pool, PoolLimits,
    ReadOnly,
};

/// Guest addresses below this are never accessible (0.7.2, `sec:virtualmachine`).
pub(crate) const LOWEST_ADDRESS: u32 = 1 << 16;

const LOWEST_PAGE: u32 = LOWEST_ADDRESS / PAGE_SIZE;
const SPACE: u64 = 1 << 32;

/// A range that a host was asked to read or write, of which some octet does not allow it.
#[derive(Clone, Copy, Debug, PartialEq, Eq, thiserror::Error)]
#[error("the octet at {address:#x} is not accessible")]
pub struct Inaccessible {
    /// The first octet of the range that does not allow the access.
    pub address: u64,
}

/// The paged 32-bit memory of one instance (the paper's RAM, 0.7.2).
///
/// The accessors are for hosts: address and length are claims of a guest, any `u64`.
/// Nothing wraps around: octets from 2^32 on are inaccessible, and so are all below 2^16. The
/// empty range is accessible wherever it is.
///
/// A memory costs next to nothing until its first page is made accessible, and is resident only
/// where it was written.
pub struct Memory {
    space: Space,
    /// The pool that the space is to be of; `None` for one of its own.
    pool: Option<Arc<Pool>>,
    heap: Heap,
    /// The groups of [`GROUP`] pages that have ever had an accessible one, a bit each.
    touched: [u64; GROUPS / u64::BITS as usize],
}

/// Pages that are remembered together.
const GROUP: u32 = 1024;

/// Groups of pages in the address space.
const GROUPS: usize = (PAGE_COUNT / GROUP) as usize;

/// The fast memory, or the portable one: while nothing is accessible, and for good when the host
/// has no address space left to reserve.
enum Space {
    Empty,
    Fast(DefaultMemory),
    Portable(PagedMemory),
}

/// Bounds of `sbrk`, in octets: the next octet it hands out, and the first it never will.
#[derive(Clone, Copy, Default)]
struct Heap {
    end: u64,
    limit: u64,
}

macro_rules! with_space {
    ($space:expr, $memory:ident => $result:expr, empty => $empty:expr) => {
        match $space {
            Space::Empty => $empty,
            Space::Fast($memory) => $result,
            Space::Portable($memory) => $result,
        }
    };
}

impl Memory {
    /// A memory without any accessible page, and without a heap, of no engine.
    #[must_use]
    pub fn new() -> Self {
        Self { space: Space::Empty, pool: None, heap: Heap::default(), touched: [0; _] }
    }

    /// The same, of an engine's pool.
    pub(crate) fn of(pool: &Arc<Pool>) -> Self {
        Self { pool: Some(Arc::clone(pool)), ..Self::new() }
    }

    /// Makes a fresh memory start with read-only pages; false, and nothing changes, if there is no
    /// address space for that.
    pub(crate) fn start_with(&mut self, section: &Arc<ReadOnly>) -> bool {
        let Some(pool) = self.pool.as_ref().filter(|_| self.is_empty()) else { return false };
        let Ok(memory) = DefaultMemory::with_read_only(pool, section) else { return false };
        self.space = Space::Fast(memory);
        let pages = section.pages();
        self.touch(pages.start, pages.len() as u32);
        true
    }

    /// True if the whole range can be read.
    #[must_use]
    pub fn is_readable(&self, address: u64, length: u64) -> bool {
        self.check(address, length, Access::ReadOnly).is_ok()
    }

    /// True if the whole range can be written.
    #[must_use]
    pub fn is_writable(&self, address: u64, length: u64) -> bool {
        self.check(address, length, Access::ReadWrite).is_ok()
    }

    /// Reads a range, allocating only after the whole of it was found readable.
    ///
    /// # Errors
    /// When an octet is not readable.
    pub fn read(&self, address: u64, length: u64) -> Result<Vec<u8>, Inaccessible> {
        self.check(address, length, Access::ReadOnly)?;
        let mut octets = vec![0; length as usize];
        self.peek(address, &mut octets);
        Ok(octets)
    }

    /// Reads a range into a buffer.
    ///
    /// # Errors
    /// When an octet is not readable; the buffer is then unchanged.
    pub fn read_into(&self, address: u64, into: &mut [u8]) -> Result<(), Inaccessible> {
        self.check(address, into.len() as u64, Access::ReadOnly)?;
        self.peek(address, into);
        Ok(())
    }

    /// Reads a range of fixed length.
    ///
    /// # Errors
    /// When an octet is not readable.
    pub fn read_array<const N: usize>(&self, address: u64) -> Result<[u8; N], Inaccessible> {
        let mut octets = [0; N];
        self.read_into(address, &mut octets)?;
        Ok(octets)
    }

    /// Writes a range.
    ///
    /// # Errors
    /// When an octet is not writable; nothing is written then.
    pub fn write(&mut self, address: u64, octets: &[u8]) -> Result<(), Inaccessible> {
        self.check(address, octets.len() as u64, Access::ReadWrite)?;
        self.poke_raw(address, octets);
        Ok(())
    }

    /// The access that a page allows, by page index; inaccessible from 2^20 on.
    #[must_use]
    pub fn access(&self, page: u32) -> Access {
        with_space!(&self.space, memory => memory.access(page), empty => Access::Inaccessible)
    }

    /// Number of accessible pages among `count` pages from page index `page`.
    #[must_use]
    pub fn accessible_pages(&self, page: u32, count: u32) -> u32 {
        with_space!(&self.space, memory => memory.accessible_pages(page, count), empty => 0)
    }

    /// Sets the access of `count` pages from page index `page`, leaving their octets as they are.
    ///
    /// The lowest 16 pages (below 2^16) stay inaccessible, and pages from 2^20 on do not exist.
    pub fn set_access(&mut self, page: u32, count: u32, access: Access) {
        let end = page.saturating_add(count).min(PAGE_COUNT);
        let first = page.max(LOWEST_PAGE);
        if first >= end || (access == Access::Inaccessible && self.is_empty()) {
            return;
        }
        let count = end - first;
        self.touch(first, count);
        with_space!(self.occupied(), memory => memory.set_access(first, count, access), empty => ());
    }

    /// Makes `count` pages from page index `page` read as zeros, leaving their access as it is.
    pub fn zero(&mut self, page: u32, count: u32) {
        with_space!(&mut self.space, memory => memory.zero(page, count), empty => ());
    }

    /// Reads octets whatever the access, for loaders, debuggers and dumps; those from 2^32 on are
    /// left as they are in the buffer.
    pub fn peek(&self, address: u64, into: &mut [u8]) {
        let Some((address, length)) = clip(address, into.len()) else { return };
        let into = into.get_mut(..length).unwrap_or_default();
        with_space!(&self.space, memory => memory.read_raw(address, into), empty => into.fill(0));
    }

    /// Writes octets whatever the access, for loaders and debuggers; those from 2^32 on are lost.
    pub fn poke_raw(&mut self, address: u64, octets: &[u8]) {
        let Some((address, length)) = clip(address, octets.len()) else { return };
        let octets = octets.get(..length).unwrap_or_default();
        with_space!(self.occupied(), memory => memory.write_raw(address, octets), empty => ());
    }

    /// The runs of pages of equal access, lowest first, without the inaccessible ones: ranges of
    /// addresses and their access.
    pub fn accessible_ranges(&self) -> impl Iterator<Item = (Range<u64>, Access)> + '_ {
        let mut page = LOWEST_PAGE;
        core::iter::from_fn(move || {
            while page < PAGE_COUNT && self.access(page) == Access::Inaccessible {
                page = if self.is_touched(page) { page + 1 } else { (page / GROUP + 1) * GROUP };
            }
            let (first, access) = (page, self.access(page));
            while page < PAGE_COUNT && self.access(page) == access {
                page += 1;
            }
            let addresses =
                u64::from(first) * u64::from(PAGE_SIZE)..u64::from(page) * u64::from(PAGE_SIZE);
            (first < page).then_some((addresses, access))
        })
    }

    /// End of the heap: the next address that `sbrk` hands out, 0 if there is no heap.
    #[must_use]
    pub fn heap_end(&self) -> u64 {
        self.heap.end
    }

    /// The address that the heap never grows beyond, 0 if there is no heap.
    #[must_use]
    pub fn heap_limit(&self) -> u64 {
        self.heap.limit
    }

    /// Gives `sbrk` a heap: the next address it hands out, and one past the last it may.
    pub fn set_heap(&mut self, end: u64, limit: u64) {
        self.heap = Heap { end, limit: limit.min(SPACE) };
    }

    /// The effect of `sbrk`, also for a host whose guest lacks the instruction: moves the end of
    /// the heap up by `size` octets, makes the pages it crosses writable, and returns the address
    /// of the new octets. `None` (and nothing changes) when there is no heap or it would grow
    /// beyond its limit.
    pub fn grow_heap(&mut self, size: u64) -> Option<u64> {
        let start = self.heap.end;
        let end = start.checked_add(size).filter(|&end| end <= self.heap.limit)?;
        let page = |address: u64| address.div_ceil(u64::from(PAGE_SIZE)) as u32;
        self.set_access(page(start), page(end) - page(start), Access::ReadWrite);
        self.heap.end = end;
        Some(start)
    }

    /// Reads for the guest: `address` wraps; `None` if an octet is not readable.
    #[inline]
    pub(crate) fn load<const N: usize>(&self, address: u32) -> Option<[u8; N]> {
        with_space!(&self.space, memory => memory.load(address), empty => None)
    }

    /// Writes for the guest: `address` wraps; `false` if an octet is not writable.
    #[inline]
    pub(crate) fn store<const N: usize>(&mut self, address: u32, octets: [u8; N]) -> bool {
        with_space!(&mut self.space, memory => memory.store(address, octets), empty => false)
    }

    /// The memory that the fast interpreter works on, if this is it.
    #[inline]
    pub(crate) fn fast(&mut self) -> Option<&mut DefaultMemory> {
        match self.occupied() {
            Space::Fast(memory) => Some(memory),
            _ => None,
        }
    }

    /// True if a page of the same group has ever been accessible.
    fn is_touched(&self, page: u32) -> bool {
        let group = page / GROUP;
        let word = self.touched.get((group / u64::BITS) as usize).copied().unwrap_or(0);
        word >> (group % u64::BITS) & 1 != 0
    }

    /// Notes that some pages, at least one, may be accessible from now on.
    fn touch(&mut self, first: u32, count: u32) {
        for group in first / GROUP..=(first + count - 1) / GROUP {
            if let Some(word) = self.touched.get_mut((group / u64::BITS) as usize) {
                *word |= 1 << (group % u64::BITS);
            }
        }
    }

    fn is_empty(&self) -> bool {
        matches!(self.space, Space::Empty)
    }

    /// The space, which becomes a real one when it is first needed.
    #[inline]
    fn occupied(&mut self) -> &mut Space {
        if self.is_empty() {
            self.occupy();
        }
        &mut self.space
    }

    #[cold]
    fn occupy(&mut self) {
        let own = || Pool::new(PoolLimits { spares: 0, ..PoolLimits::default() });
        let pool = self.pool.get_or_insert_with(own);
        self.space = match DefaultMemory::new(pool) {
            Ok(memory) => Space::Fast(memory),
            Err(_) => Space::Portable(PagedMemory::default()),
        };
    }

    fn check(&self, address: u64, length: u64, access: Access) -> Result<(), Inaccessible> {
        if length == 0 {
            return Ok(());
        }
        let end = address.saturating_add(length).min(SPACE);
        let first = (address / u64::from(PAGE_SIZE)).min(u64::from(PAGE_COUNT)) as u32;
        let last = end.div_ceil(u64::from(PAGE_SIZE)) as u32;
        let count = last.saturating_sub(first);
        let run = with_space!(
            &self.space,
            memory => memory.accessible_run(first, count, access),
            empty => 0
        );
        if run < count || end - address.min(end) < length {
            let run_end = (u64::from(first) + u64::from(run)) * u64::from(PAGE_SIZE);
            return Err(Inaccessible { address: run_end.max(address) });
        }
        Ok(())
    }
}

impl Default for Memory {
    fn default() -> Self {
        Self::new()
    }
}

/// A range cut off at 2^32, if anything of it is below.
fn clip(address: u64, length: usize) -> Option<(u32, usize)> {
    let room = SPACE.checked_sub(address)?;
    let address = u32::try_from(address).ok()?;
    Some((address, room.min(length as u64) as usize))
}
