//! Instances at a point of their run, kept to go back to.

use core::ops::Range;
use std::collections::BTreeMap;
use std::sync::Arc;

use jambox_sandbox::{Access, PAGE_SIZE};

use crate::{Instance, Memory};

type Page = [u8; PAGE_SIZE as usize];

/// The whole state of an [`Instance`]: registers, pc, gas, the charged flag, the accessible pages
/// with their contents, the heap.
///
/// Pages that hold zeros take no room, and pages that are as in the snapshot given as parent are
/// shared with it. The contents of inaccessible pages are not kept: after
/// [`restore`](Instance::restore) they are zeros.
#[derive(Clone, Debug)]
pub struct Snapshot {
    pc: u64,
    regs: [u64; 13],
    gas: u64,
    is_charged: bool,
    heap: (u64, u64),
    /// Runs of pages of equal access, lowest first.
    access: Vec<(Range<u32>, Access)>,
    /// The accessible pages that hold anything but zeros, by index.
    pages: BTreeMap<u32, Arc<Page>>,
    /// Number of pages that are not the parent's.
    own_pages: usize,
}

impl Snapshot {
    /// The position of the next instruction.
    #[must_use]
    pub const fn pc(&self) -> u64 {
        self.pc
    }

    /// The registers.
    #[must_use]
    pub const fn regs(&self) -> &[u64; 13] {
        &self.regs
    }

    /// The gas left.
    #[must_use]
    pub const fn gas(&self) -> u64 {
        self.gas
    }

    /// True if the instruction at [`pc`](Self::pc) is paid.
    #[must_use]
    pub const fn is_charged(&self) -> bool {
        self.is_charged
    }

    /// The octets of memory that were copied for this snapshot, rather than shared with its parent.
    #[must_use]
    pub const fn own_octets(&self) -> usize {
        self.own_pages.saturating_mul(PAGE_SIZE as usize)
    }

    /// True if everything is the same in both.
    #[must_use]
    pub fn is_same(&self, other: &Self) -> bool {
        (self.pc, self.regs, self.gas, self.is_charged, self.heap)
            == (other.pc, other.regs, other.gas, other.is_charged, other.heap)
            && self.access == other.access
            && self.changed_pages(other).next().is_none()
    }

    /// The indices of the pages that do not hold the same in both, lowest first. Quick where the
    /// pages are shared.
    pub fn changed_pages<'a>(&'a self, other: &'a Self) -> impl Iterator<Item = u32> + 'a {
        let is_same = |a: &Arc<Page>, b: &Arc<Page>| Arc::ptr_eq(a, b) || a == b;
        let changed = self.pages.iter().filter(move |(index, page)| {
            !other.pages.get(index).is_some_and(|theirs| is_same(page, theirs))
        });
        let gone = other.pages.keys().filter(|index| !self.pages.contains_key(index));
        let all: std::collections::BTreeSet<u32> =
            changed.map(|(index, _)| *index).chain(gone.copied()).collect();
        all.into_iter()
    }

    /// The page contents that this snapshot holds, each told by its place in this process's memory:
    /// several snapshots together take as many pages as there are different places.
    pub fn shares(&self) -> impl Iterator<Item = usize> + '_ {
        self.pages.values().map(|page| Arc::as_ptr(page) as usize)
    }
}

impl Instance {
    /// The state, to go back to with [`restore`](Self::restore). Takes time by the accessible
    /// pages, and memory by those that hold something else than in `parent`.
    #[must_use]
    pub fn snapshot(&self, parent: Option<&Snapshot>) -> Snapshot {
        let ranges = self.memory.accessible_ranges();
        let access: Vec<_> = ranges.map(|(range, access)| (pages_of(&range), access)).collect();
        let (mut pages, mut own_pages) = (BTreeMap::new(), 0);
        for index in access.iter().flat_map(|(range, _)| range.clone()) {
            let octets = peek(&self.memory, index);
            if is_zero(&octets) {
                continue;
            }
            let known = parent.and_then(|parent| parent.pages.get(&index));
            let page = known.filter(|page| ***page == octets).cloned().unwrap_or_else(|| {
                own_pages += 1;
                Arc::new(octets)
            });
            pages.insert(index, page);
        }
        let heap = (self.memory.heap_end(), self.memory.heap_limit());
        Snapshot {
            pc: self.state.pc,
            regs: self.state.regs,
            gas: self.gas,
            is_charged: self.is_charged,
            heap,
            access,
            pages,
            own_pages,
        }
    }

    /// Goes back (or on) to a state of an instance of the same module.
    pub fn restore(&mut self, snapshot: &Snapshot) {
        let Self { memory, .. } = self;
        let accessible: Vec<_> = memory.accessible_ranges().collect();
        for index in accessible.into_iter().flat_map(|(range, _)| pages_of(&range)) {
            if !snapshot.is_accessible(index) {
                memory.zero(index, 1);
                memory.set_access(index, 1, Access::Inaccessible);
            }
        }
        for (range, access) in &snapshot.access {
            restore_access(memory, range.clone(), *access);
            for index in range.clone() {
                restore_page(memory, index, snapshot.pages.get(&index));
            }
        }
        memory.set_heap(snapshot.heap.0, snapshot.heap.1);
        self.state.pc = snapshot.pc;
        self.state.regs = snapshot.regs;
        self.gas = snapshot.gas;
        self.is_charged = snapshot.is_charged;
        #[cfg(native)]
        {
            self.resume = None;
        }
    }
}

impl Snapshot {
    fn is_accessible(&self, page: u32) -> bool {
        let after = self.access.partition_point(|(range, _)| range.start <= page);
        let range = after.checked_sub(1).and_then(|index| self.access.get(index));
        range.is_some_and(|(range, _)| range.contains(&page))
    }
}

fn restore_access(memory: &mut Memory, range: Range<u32>, access: Access) {
    if range.clone().any(|index| memory.access(index) != access) {
        memory.set_access(range.start, range.len() as u32, access);
    }
}

/// Writes only octets that differ, because reading makes no page resident.
fn restore_page(memory: &mut Memory, index: u32, page: Option<&Arc<Page>>) {
    let present = peek(memory, index);
    match page {
        Some(page) if **page != present => memory.poke_raw(start_of(index), &page[..]),
        None if !is_zero(&present) => memory.zero(index, 1),
        _ => {}
    }
}

fn peek(memory: &Memory, index: u32) -> Page {
    let mut octets = [0; PAGE_SIZE as usize];
    memory.peek(start_of(index), &mut octets);
    octets
}

fn is_zero(page: &Page) -> bool {
    page.as_chunks::<8>().0.iter().all(|octets| *octets == [0; 8])
}

fn start_of(page: u32) -> u64 {
    u64::from(page) * u64::from(PAGE_SIZE)
}

/// The pages of a range of addresses, which ends where pages do.
fn pages_of(addresses: &Range<u64>) -> Range<u32> {
    let page = |address: u64| (address / u64::from(PAGE_SIZE)) as u32;
    page(addresses.start)..page(addresses.end)
}
