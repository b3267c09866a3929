//! The interface of both guest memories.

use std::sync::Arc;

use crate::page::{Access, PAGE_SIZE, ReserveError, clipped_end};
use crate::pool::Pool;
use crate::read_only::ReadOnly;

/// The 32-bit paged address space of one guest.
///
/// Addresses of multi-octet accesses wrap modulo 2^32. The functions named `raw` are the host's:
/// they ignore permissions and must be given ranges that end at or below 2^32.
pub trait GuestMemory: Sized {
    /// Exclusive access that is cheap to pass on: one pointer.
    type View<'a>: GuestView
    where
        Self: 'a;

    /// An address space of a pool, without any accessible page.
    ///
    /// # Errors
    /// When the pool has as many as it may, or the operating system refuses the reservation.
    fn new(pool: &Arc<Pool>) -> Result<Self, ReserveError>;

    /// The same, with read-only pages that are filled.
    ///
    /// # Errors
    /// As for [`new`](Self::new).
    fn with_read_only(pool: &Arc<Pool>, section: &Arc<ReadOnly>) -> Result<Self, ReserveError> {
        let mut memory = Self::new(pool)?;
        let pages = section.pages();
        memory.set_access(pages.start, pages.len() as u32, Access::ReadOnly);
        memory.write_raw(pages.start * PAGE_SIZE, section.octets());
        Ok(memory)
    }

    /// The permission of a page, by page index; inaccessible from
    /// [`PAGE_COUNT`](crate::PAGE_COUNT) on.
    fn access(&self, page: u32) -> Access;

    /// Sets the permission of `count` pages from page index `first`; contents stay as they are.
    /// Pages from [`PAGE_COUNT`](crate::PAGE_COUNT) on do not exist and are ignored.
    fn set_access(&mut self, first: u32, count: u32, access: Access);

    /// Makes `count` pages from page index `first` read as zeros; permissions stay as they are.
    fn zero(&mut self, first: u32, count: u32);

    /// Number of pages from `first` (at most `count`) that allow at least `access` in one run.
    fn accessible_run(&self, first: u32, count: u32, access: Access) -> u32;

    /// Number of accessible pages among `count` pages from page index `first`.
    fn accessible_pages(&self, first: u32, count: u32) -> u32 {
        let pages = first..clipped_end(first, count);
        pages.filter(|&page| self.access(page) != Access::Inaccessible).count() as u32
    }

    /// Exclusive access for a while.
    fn view(&mut self) -> Self::View<'_>;

    /// Exclusive access for a part of the while that a view is for.
    fn reborrow<'a>(view: &'a mut Self::View<'_>) -> Self::View<'a>;

    /// Reads `N` octets if all of them are readable. `N` is from 1 to [`PAGE_SIZE`].
    fn load<const N: usize>(&self, address: u32) -> Option<[u8; N]>;

    /// Writes `N` octets if all of them are writable, otherwise nothing; says whether it did.
    /// `N` is from 1 to [`PAGE_SIZE`].
    fn store<const N: usize>(&mut self, address: u32, octets: [u8; N]) -> bool;

    /// Copies octets out, whatever the permissions.
    ///
    /// # Panics
    /// When the range reaches beyond 2^32.
    fn read_raw(&self, address: u32, into: &mut [u8]);

    /// Copies octets in, whatever the permissions.
    ///
    /// # Panics
    /// When the range reaches beyond 2^32.
    fn write_raw(&mut self, address: u32, octets: &[u8]);
}

/// Exclusive access to a guest's memory by its permissions: what an interpreter passes along.
///
/// Only accesses that stay within a page are offered, so that each is one lookup; for the rest
/// there are [`GuestMemory::load`] and [`GuestMemory::store`].
pub trait GuestView {
    /// Reads `N` octets if they lie in one page and are readable.
    fn load_in_page<const N: usize>(&self, address: u32) -> Option<[u8; N]>;

    /// Writes `N` octets if they lie in one page and are writable; says whether it did.
    fn store_in_page<const N: usize>(&mut self, address: u32, octets: [u8; N]) -> bool;
}
