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

mod budget;
mod pool;
mod protection;

use core::ffi::c_void;
use core::marker::PhantomData;
use core::ops::Range;
use core::ptr::{self, NonNull};
use std::sync::Mutex;

use crate::access::{
    Access, GuestMemory, GuestView, PAGE_COUNT, PAGE_SIZE, ReserveError, assert_in_space,
    clipped_end, page_of, within_page,
};

use budget::{RunShare, SpaceShare};
use pool::Spare;
#[cfg(target_arch = "x86_64")]
pub(crate) use protection::GUEST_SPACE;
use protection::Hardware;

const TABLE: usize = PAGE_COUNT as usize;
const SPACE: usize = 1 << 32;
const SLACK: usize = PAGE_SIZE as usize;
const MAPPING: usize = TABLE + SPACE + SLACK;

/// The place of a mapping.
///
/// # Invariants
///
/// It points `TABLE` octets into a live mapping of `MAPPING` octets, so `TABLE` octets before it
/// and `SPACE + SLACK` octets from it on are initialised (with zeros), readable and writable.
/// Whoever holds one makes sure that the mapping lives, and that nobody else uses it while
/// something is written.
#[derive(Clone, Copy)]
struct Base(NonNull<u8>);

impl Base {
    #[inline(always)]
    fn start(self) -> NonNull<u8> {
        // SAFETY: `TABLE` octets of the mapping precede the base.
        unsafe { self.0.sub(TABLE) }
    }

    /// The place of a guest octet.
    #[inline(always)]
    fn at(self, address: u32) -> NonNull<u8> {
        // SAFETY: `address` is below `SPACE`, and `SPACE` octets of the mapping follow the base.
        unsafe { self.0.add(address as usize) }
    }

    /// The permission octet of the page that an address lies in.
    #[inline(always)]
    fn permission(self, address: u32) -> u8 {
        // SAFETY: a page index is below `TABLE`, and the mapping begins with `TABLE` octets.
        let octet = unsafe { self.start().add(page_of(address) as usize) };
        // SAFETY: the octet is in the mapping.
        unsafe { octet.read() }
    }

    /// True if an access lies in one page that allows it: almost every access.
    #[inline(always)]
    fn plainly_allows(self, address: u32, length: usize, access: Access) -> bool {
        self.permission(address) >= access as u8 && within_page(address, length)
    }

    /// True if an access of at most a page's length is allowed.
    fn allows(self, address: u32, length: usize, access: Access) -> bool {
        let last = address.wrapping_add(length as u32).wrapping_sub(1);
        self.permission(address) >= access as u8 && self.permission(last) >= access as u8
    }

    #[inline(always)]
    fn load_in_page<const N: usize>(self, address: u32) -> Option<[u8; N]> {
        const { assert!(0 < N && N <= SLACK) };
        if !self.plainly_allows(address, N, Access::ReadOnly) {
            return None;
        }
        // SAFETY: `N` octets from any address lie in the mapping.
        Some(unsafe { self.at(address).cast::<[u8; N]>().read_unaligned() })
    }

    #[inline(always)]
    fn store_in_page<const N: usize>(self, address: u32, octets: [u8; N]) -> bool {
        const { assert!(0 < N && N <= SLACK) };
        if !self.plainly_allows(address, N, Access::ReadWrite) {
            return false;
        }
        // SAFETY: `N` octets from any address lie in the mapping.
        unsafe { self.at(address).cast::<[u8; N]>().write_unaligned(octets) };
        true
    }

    /// A load that may leave its page, or wrap around 2^32.
    fn load<const N: usize>(self, address: u32) -> Option<[u8; N]> {
        if !self.allows(address, N, Access::ReadOnly) {
            return None;
        }
        let mut octets = [0; N];
        for (offset, octet) in octets.iter_mut().enumerate() {
            let place = self.at(address.wrapping_add(offset as u32));
            // SAFETY: the octet is in the mapping.
            *octet = unsafe { place.read() };
        }
        Some(octets)
    }

    /// A store that may leave its page, or wrap around 2^32.
    fn store<const N: usize>(self, address: u32, octets: [u8; N]) -> bool {
        if !self.allows(address, N, Access::ReadWrite) {
            return false;
        }
        for (offset, octet) in octets.into_iter().enumerate() {
            let place = self.at(address.wrapping_add(offset as u32));
            // SAFETY: the octet is in the mapping.
            unsafe { place.write(octet) };
        }
        true
    }
}

/// Guest memory over a 4 GiB address-space reservation, which this value owns.
pub struct ReservedMemory {
    base: Base,
    hardware: Hardware,
    /// Outside of these ranges no page is accessible or holds anything.
    touched: Vec<Range<u32>>,
    /// Areas that guests of the address space have touched, by index: see the pool.
    areas: Vec<u32>,
    shares: Shares,
    /// The thread that native code ran on last, by a number of its own; 0 if none did yet.
    #[cfg(target_arch = "x86_64")]
    thread: u64,
    /// Held while inaccessible pages are open for a reader, so that none is closed under another.
    opening: Mutex<()>,
}

/// A memory's shares of the process's budgets.
struct Shares {
    /// Absent if the pool has the address space.
    _space: Option<SpaceShare>,
    runs: RunShare,
}

// SAFETY: the mapping belongs to this value alone and is not tied to a thread.
unsafe impl Send for ReservedMemory {}
// SAFETY: shared references only read the mapping, and what they change of its protection for that,
// under a lock, is what no other reads without the lock; writing takes `&mut self`.
unsafe impl Sync for ReservedMemory {}

impl ReservedMemory {
    /// A memory over an address space, which it owns from now on.
    fn over(Spare { base, hardware, areas, shares }: Spare) -> Self {
        Self {
            base,
            hardware,
            touched: Vec::new(),
            areas,
            shares,
            #[cfg(target_arch = "x86_64")]
            thread: 0,
            opening: Mutex::new(()),
        }
    }

    fn permissions(&self) -> &[u8] {
        // SAFETY: the mapping begins with `TABLE` initialised octets, which change only through
        // `&mut self`.
        unsafe { core::slice::from_raw_parts(self.base.start().as_ptr(), TABLE) }
    }

    fn permissions_mut(&mut self) -> &mut [u8] {
        // SAFETY: as in `permissions`, and `&mut self` excludes every other reference.
        unsafe { core::slice::from_raw_parts_mut(self.base.start().as_ptr(), TABLE) }
    }
}

impl GuestMemory for ReservedMemory {
    type View<'a> = ReservedView<'a>;

    fn new() -> Result<Self, ReserveError> {
        if let Some(spare) = pool::take() {
            return Ok(Self::over(spare));
        }
        let Some(space) = SpaceShare::take() else {
            let reason = "the process's guests have as many as they may".to_string();
            return Err(ReserveError { reason });
        };
        // SAFETY: a fresh anonymous mapping at an address of the kernel's choice touches no
        // memory that anything else uses.
        let start = unsafe {
            libc::mmap(
                ptr::null_mut(),
                MAPPING,
                libc::PROT_READ | libc::PROT_WRITE,
                libc::MAP_PRIVATE | libc::MAP_ANONYMOUS | libc::MAP_NORESERVE,
                -1,
                0,
            )
        };
        if start == libc::MAP_FAILED {
            let reason = std::io::Error::last_os_error().to_string();
            return Err(ReserveError { reason });
        }
        // Huge pages would make a small guest resident by 2 MiB steps. Kernels without them
        // refuse the advice, which changes nothing.
        // SAFETY: the range is the mapping just made.
        unsafe { libc::madvise(start, MAPPING, libc::MADV_NOHUGEPAGE) };
        // SAFETY: `TABLE` is less than `MAPPING`.
        let base = unsafe { start.cast::<u8>().add(TABLE) };
        let base = NonNull::new(base).ok_or_else(|| ReserveError { reason: "null".into() })?;
        let shares = Shares { _space: Some(space), runs: RunShare::none() };
        let (base, hardware) = (Base(base), Hardware::Open);
        Ok(Self::over(Spare { base, hardware, areas: Vec::new(), shares }))
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
        let length = (end - first) as usize * PAGE_SIZE as usize;
        let start = self.base.at(first * PAGE_SIZE).as_ptr();
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
        ReservedView { base: self.base, memory: PhantomData }
    }

    fn reborrow<'a>(view: &'a mut ReservedView<'_>) -> ReservedView<'a> {
        ReservedView { base: view.base, memory: PhantomData }
    }

    fn load<const N: usize>(&self, address: u32) -> Option<[u8; N]> {
        self.base.load_in_page(address).or_else(|| self.base.load(address))
    }

    fn store<const N: usize>(&mut self, address: u32, octets: [u8; N]) -> bool {
        self.base.store_in_page(address, octets) || self.base.store(address, octets)
    }

    fn read_raw(&self, address: u32, into: &mut [u8]) {
        assert_in_space(address, into.len());
        let (from, to, length) = (self.base.at(address).as_ptr(), into.as_mut_ptr(), into.len());
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
            self.note(page_of(address)..page_of(last) + 1);
        }
        let (from, to) = (octets.as_ptr(), self.base.at(address).as_ptr());
        let copy = || {
            // SAFETY: as in `read_raw`, and `&mut self` makes this the only access.
            unsafe { ptr::copy_nonoverlapping(from, to, octets.len()) };
        };
        self.with_writable(address, octets.len(), copy);
    }
}

impl Drop for ReservedMemory {
    fn drop(&mut self) {
        if self.recycle() {
            return;
        }
        // SAFETY: the mapping is this value's own and nothing outlives it.
        unsafe { libc::munmap(self.base.start().as_ptr().cast::<c_void>(), MAPPING) };
    }
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
