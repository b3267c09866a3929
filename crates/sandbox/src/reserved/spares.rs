//! Address spaces that are ready for the next guest.
//!
//! Reserving 4 GiB costs little, but every page that a guest touches costs a page fault, giving
//! pages back costs again, and so does protecting them anew: with several threads, each change of
//! protection and each page given back interrupts the processors of the others. So a memory that is
//! dropped is emptied and kept: the few pages that its guest used are zeroed in place, or given
//! back if there were many. What the hardware allowed stays as it is, see
//! [`protection`](super::protection), and so do the read-only pages of the program, for the next
//! guest of the same.
//!
//! Pages that the heap of the last guest grew by have to be closed all the same. A thread that is
//! alone with the pool uses its last space again, and closes them then. Where threads share the
//! pool, each uses several spaces in turn and closes the heaps of all at once: that costs a page
//! fault for each page, but only one interruption of the others.

use core::cell::Cell;
use core::ops::Range;
use core::sync::atomic::{AtomicBool, AtomicUsize, Ordering};
use std::sync::{Arc, Mutex, MutexGuard, TryLockError};

use super::budget::Shares;
use super::hardware::Hardware;
use super::mapping::{Mapping, discard_all};
use super::runs::replace;
use super::second_view::SecondView;
use crate::page::Access;
use crate::read_only::ReadOnly;

/// The parts of a pool's spares, each with a lock of its own.
const SHELVES: usize = 8;

/// An address space in which nothing is accessible but the read-only pages of a program, if it has
/// any, and whose other pages are all zeros, but for those with a second view and those that the
/// heap grew by: whoever takes the space clears them.
pub(super) struct Spare {
    pub(super) mapping: Mapping,
    pub(super) hardware: Hardware,
    pub(super) areas: Vec<u32>,
    pub(super) shares: Shares,
    pub(super) read_only: Option<Arc<ReadOnly>>,
    pub(super) second_view: Option<SecondView>,
    /// Pages that the heap of the last guest grew by and that still hold what it wrote.
    pub(super) grown: Range<u32>,
}

impl Spare {
    fn is_of(&self, wanted: Option<&Arc<ReadOnly>>) -> bool {
        match (&self.read_only, wanted) {
            (Some(ours), Some(theirs)) => Arc::ptr_eq(ours, theirs),
            (None, None) => true,
            _ => false,
        }
    }
}

/// The spares of a pool.
///
/// Nobody waits for a shelf: there are others, and a memory that finds none is made anew or given
/// back. So threads do not hold each other up, and a child that was forked while another thread
/// held a lock, which is never released then, has memories all the same.
pub(crate) struct Shelves {
    shelves: [Shelf; SHELVES],
    /// The home of the thread that took a spare last.
    last: AtomicUsize,
    /// False once the kernel would not close the heaps of several spares by one call.
    closes_together: AtomicBool,
}

/// A part of the spares, in the order in which they came. Apart from the others in the processor's
/// caches, as each has a thread that uses it most.
#[repr(align(128))]
struct Shelf {
    spares: Mutex<Vec<Spare>>,
    room: usize,
}

thread_local! {
    /// The shelf at which this thread looks first: it gets the spaces back that it used last.
    static HOME: Cell<Option<usize>> = const { Cell::new(None) };
    /// The takes for which this thread still reckons with others.
    static SHARED: Cell<u32> = const { Cell::new(0) };
}

fn home() -> usize {
    static NEXT: AtomicUsize = AtomicUsize::new(0);
    HOME.get().unwrap_or_else(|| {
        let home = NEXT.fetch_add(1, Ordering::Relaxed);
        HOME.set(Some(home));
        home
    })
}

/// The heaps that are closed at once.
const BATCH: usize = 8;

/// The takes of a thread, after one of another thread, for which it reckons with others.
const SHARED_TAKES: u32 = 16;

/// Gives the pages back that the heaps of spares grew by, all by one call, for which the kernel
/// interrupts other processors once. Protecting pages that are not there any more interrupts none.
/// False, and they stay for whoever takes the spares, if the kernel has no such call.
fn close_heaps(spares: &mut [Spare]) -> bool {
    let parts = || spares.iter().filter(|spare| !spare.grown.is_empty());
    let parts: Vec<_> = parts().map(|spare| spare.mapping.0.part(&spare.grown)).collect();
    if !discard_all(&parts) {
        return false;
    }
    for spare in spares {
        let grown = core::mem::take(&mut spare.grown);
        if grown.is_empty() {
            continue;
        }
        if let Hardware::Runs { runs, is_exact: false } = &mut spare.hardware
            && spare.mapping.0.protect(&grown, Access::Inaccessible)
        {
            replace(runs, grown, Access::Inaccessible);
        }
    }
    true
}

impl Shelves {
    /// Shelves with room for so many spares in all.
    pub(crate) fn new(room: usize) -> Self {
        let shelf = |index: usize| {
            let room = room / SHELVES + usize::from(index < room % SHELVES);
            Shelf { spares: Mutex::default(), room }
        };
        Self {
            shelves: core::array::from_fn(shelf),
            last: AtomicUsize::new(usize::MAX),
            closes_together: AtomicBool::new(true),
        }
    }

    /// True if other threads take spares, too, as far as the last takes tell.
    fn is_shared(&self) -> bool {
        let home = home();
        let last = self.last.swap(home, Ordering::Relaxed);
        let is_other = last != home && last != usize::MAX;
        let left = if is_other { SHARED_TAKES } else { SHARED.get().saturating_sub(1) };
        SHARED.set(left);
        left > 0 && self.closes_together.load(Ordering::Relaxed)
    }

    /// The shelves that nobody else is at, this thread's own first, and their room.
    fn in_order(&self) -> impl Iterator<Item = (MutexGuard<'_, Vec<Spare>>, usize)> {
        let home = home();
        let shelves =
            (0..SHELVES).filter_map(move |index| self.shelves.get((home + index) % SHELVES));
        shelves.filter_map(|shelf| match shelf.spares.try_lock() {
            Ok(spares) => Some((spares, shelf.room)),
            Err(TryLockError::Poisoned(spares)) => Some((spares.into_inner(), shelf.room)),
            Err(TryLockError::WouldBlock) => None,
        })
    }

    /// A spare with these read-only pages; or else one without any; or else, if no more can be
    /// kept, the one of another program that was not used for longest.
    pub(super) fn take(&self, wanted: Option<&Arc<ReadOnly>>) -> Option<Spare> {
        let is_shared = self.is_shared();
        self.take_if(|spare| spare.is_of(wanted) && spare.grown.is_empty())
            .or_else(|| self.take_grown(wanted, is_shared))
            .or_else(|| self.take_if(|spare| spare.read_only.is_none()))
            .or_else(|| if self.has_room() { None } else { self.take_oldest() })
    }

    /// A spare with these read-only pages whose heap has grown. If several threads take spares, the
    /// heaps of many are closed at once; and none is taken before there are so many.
    fn take_grown(&self, wanted: Option<&Arc<ReadOnly>>, is_shared: bool) -> Option<Spare> {
        self.in_order().find_map(|(mut spares, room)| {
            let index = spares.iter().rposition(|spare| spare.is_of(wanted))?;
            if is_shared {
                let grown = spares.iter().filter(|spare| !spare.grown.is_empty()).count();
                if grown < BATCH && spares.len() < room {
                    return None;
                }
                if !close_heaps(&mut spares) {
                    self.closes_together.store(false, Ordering::Relaxed);
                }
            }
            Some(spares.remove(index))
        })
    }

    /// The spare at this thread's shelf that was not used for longest, or one of the next.
    pub(super) fn take_oldest(&self) -> Option<Spare> {
        let mut shelves = self.in_order().map(|(spares, _)| spares);
        shelves.find(|spares| !spares.is_empty()).map(|mut spares| spares.remove(0))
    }

    fn take_if(&self, is_wanted: impl Fn(&Spare) -> bool) -> Option<Spare> {
        self.in_order().find_map(|(mut spares, _)| {
            let index = spares.iter().rposition(&is_wanted)?;
            Some(spares.remove(index))
        })
    }

    pub(super) fn has_room(&self) -> bool {
        self.in_order().any(|(spares, room)| spares.len() < room)
    }

    /// Keeps an address space, or gives it back if there is no room.
    pub(super) fn put(&self, spare: Spare) {
        if let Some((mut spares, _)) = self.in_order().find(|(spares, room)| spares.len() < *room) {
            spares.push(spare);
        }
    }
}
