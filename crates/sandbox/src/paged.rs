//! A guest memory in safe, portable code: a two-level page table.

use std::sync::Arc;

use crate::access::{GuestMemory, GuestView};
use crate::page::{
    Access, PAGE_COUNT, PAGE_SIZE, ReserveError, assert_in_space, clipped_end, page_of, within_page,
};
use crate::pool::Pool;

const TABLE_PAGES: usize = 1 << 10;
const PAGE: usize = PAGE_SIZE as usize;

type Page = [u8; PAGE];

/// 4 MiB of address space.
struct Table {
    access: [Access; TABLE_PAGES],
    pages: [Option<Box<Page>>; TABLE_PAGES],
}

impl Table {
    fn new() -> Box<Self> {
        Box::new(Self {
            access: [Access::Inaccessible; TABLE_PAGES],
            pages: [const { None }; TABLE_PAGES],
        })
    }
}

/// Guest memory as a two-level page table: 1,024 tables of 1,024 pages, allocated when first used.
pub struct PagedMemory {
    tables: Box<[Option<Box<Table>>; TABLE_PAGES]>,
}

fn split(page: u32) -> (usize, usize) {
    ((page as usize / TABLE_PAGES) % TABLE_PAGES, page as usize % TABLE_PAGES)
}

impl PagedMemory {
    fn page(&self, page: u32) -> Option<&Page> {
        let (table, slot) = split(page);
        self.tables[table].as_ref()?.pages[slot].as_deref()
    }

    fn page_mut(&mut self, page: u32) -> &mut Page {
        let (table, slot) = split(page);
        let table = self.tables[table].get_or_insert_with(Table::new);
        table.pages[slot].get_or_insert_with(|| Box::new([0; PAGE]))
    }

    /// Calls `part` for each page-bounded part of a range: page, offset in it, range of the buffer.
    fn parts(
        address: u32,
        length: usize,
        mut part: impl FnMut(u32, usize, std::ops::Range<usize>),
    ) {
        let (mut page, mut offset) = (page_of(address), (address % PAGE_SIZE) as usize);
        let mut done = 0;
        while done < length {
            let size = (PAGE - offset).min(length - done);
            part(page % PAGE_COUNT, offset, done..done + size);
            (page, offset, done) = (page + 1, 0, done + size);
        }
    }

    fn allows(&self, address: u32, length: usize, access: Access) -> bool {
        let last = address.wrapping_add(length as u32 - 1);
        self.access(page_of(address)) >= access && self.access(page_of(last)) >= access
    }

    fn copy_out(&self, address: u32, into: &mut [u8]) {
        Self::parts(address, into.len(), |page, offset, range| match self.page(page) {
            Some(octets) => {
                into[range.clone()].copy_from_slice(&octets[offset..offset + range.len()])
            }
            None => into[range].fill(0),
        });
    }

    fn copy_in(&mut self, address: u32, octets: &[u8]) {
        Self::parts(address, octets.len(), |page, offset, range| {
            self.page_mut(page)[offset..offset + range.len()].copy_from_slice(&octets[range]);
        });
    }
}

impl Default for PagedMemory {
    fn default() -> Self {
        Self { tables: Box::new([const { None }; TABLE_PAGES]) }
    }
}

impl GuestMemory for PagedMemory {
    type View<'a> = &'a mut Self;

    fn view(&mut self) -> &mut Self {
        self
    }

    /// No address space is reserved, so the pool has no part in it.
    fn new(_: &Arc<Pool>) -> Result<Self, ReserveError> {
        Ok(Self::default())
    }

    #[inline]
    fn access(&self, page: u32) -> Access {
        if page >= PAGE_COUNT {
            return Access::Inaccessible;
        }
        let (table, slot) = split(page);
        self.tables[table].as_ref().map_or(Access::Inaccessible, |table| table.access[slot])
    }

    fn set_access(&mut self, first: u32, count: u32, access: Access) {
        for page in first..clipped_end(first, count) {
            let (table, slot) = split(page);
            if access == Access::Inaccessible && self.tables[table].is_none() {
                continue;
            }
            self.tables[table].get_or_insert_with(Table::new).access[slot] = access;
        }
    }

    fn zero(&mut self, first: u32, count: u32) {
        for page in first..clipped_end(first, count) {
            let (table, slot) = split(page);
            if let Some(table) = &mut self.tables[table] {
                table.pages[slot] = None;
            }
        }
    }

    fn accessible_run(&self, first: u32, count: u32, access: Access) -> u32 {
        let pages = first..clipped_end(first, count);
        pages.take_while(|&page| self.access(page) >= access).count() as u32
    }

    fn reborrow<'a>(view: &'a mut &mut Self) -> &'a mut Self {
        view
    }

    fn load<const N: usize>(&self, address: u32) -> Option<[u8; N]> {
        const { assert!(0 < N && N <= PAGE) };
        if !self.allows(address, N, Access::ReadOnly) {
            return None;
        }
        let mut octets = [0; N];
        self.copy_out(address, &mut octets);
        Some(octets)
    }

    fn store<const N: usize>(&mut self, address: u32, octets: [u8; N]) -> bool {
        const { assert!(0 < N && N <= PAGE) };
        if !self.allows(address, N, Access::ReadWrite) {
            return false;
        }
        self.copy_in(address, &octets);
        true
    }

    fn read_raw(&self, address: u32, into: &mut [u8]) {
        assert_in_space(address, into.len());
        self.copy_out(address, into);
    }

    fn write_raw(&mut self, address: u32, octets: &[u8]) {
        assert_in_space(address, octets.len());
        self.copy_in(address, octets);
    }
}

impl GuestView for &mut PagedMemory {
    #[inline]
    fn load_in_page<const N: usize>(&self, address: u32) -> Option<[u8; N]> {
        if !within_page(address, N) || self.access(page_of(address)) < Access::ReadOnly {
            return None;
        }
        let offset = (address % PAGE_SIZE) as usize;
        match self.page(page_of(address)) {
            Some(page) => page[offset..].first_chunk().copied(),
            None => Some([0; N]),
        }
    }

    #[inline]
    fn store_in_page<const N: usize>(&mut self, address: u32, octets: [u8; N]) -> bool {
        if !within_page(address, N) || self.access(page_of(address)) < Access::ReadWrite {
            return false;
        }
        let offset = (address % PAGE_SIZE) as usize;
        self.page_mut(page_of(address))[offset..offset + N].copy_from_slice(&octets);
        true
    }
}
