//! Address spaces that are ready for the next guest.
//!
//! Reserving 4 GiB costs little, but every page that a guest touches costs a page fault, giving
//! pages back costs again, and so does protecting them anew: with several threads, each change of
//! protection and each page given back interrupts the processors of the others. So a memory that is
//! dropped is emptied and kept: the few pages that its guest used are zeroed in place, or given
//! back if there were many. What the hardware allowed stays as it is, see
//! [`protection`](super::protection), and so do the read-only pages of the program, for the next
//! guest of the same.

use core::cell::Cell;
use core::sync::atomic::{AtomicUsize, Ordering};
use std::sync::{Arc, Mutex, MutexGuard, TryLockError};

use super::budget::Shares;
use super::hardware::Hardware;
use super::mapping::Mapping;
use super::second_view::SecondView;
use crate::read_only::ReadOnly;

/// The parts of a pool's spares, each with a lock of its own.
const SHELVES: usize = 8;

/// An address space in which nothing is accessible but the read-only pages of a program, if it has
/// any, and whose other pages are all zeros, but for those with a second view: whoever takes the
/// space clears them.
pub(super) struct Spare {
    pub(super) mapping: Mapping,
    pub(super) hardware: Hardware,
    pub(super) areas: Vec<u32>,
    pub(super) shares: Shares,
    pub(super) read_only: Option<Arc<ReadOnly>>,
    pub(super) second_view: Option<SecondView>,
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
}

fn home() -> usize {
    static NEXT: AtomicUsize = AtomicUsize::new(0);
    HOME.get().unwrap_or_else(|| {
        let home = NEXT.fetch_add(1, Ordering::Relaxed);
        HOME.set(Some(home));
        home
    })
}

impl Shelves {
    /// Shelves with room for so many spares in all.
    pub(crate) fn new(room: usize) -> Self {
        let shelf = |index: usize| {
            let room = room / SHELVES + usize::from(index < room % SHELVES);
            Shelf { spares: Mutex::default(), room }
        };
        Self { shelves: core::array::from_fn(shelf) }
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
        self.take_if(|spare| spare.is_of(wanted))
            .or_else(|| self.take_if(|spare| spare.read_only.is_none()))
            .or_else(|| if self.has_room() { None } else { self.take_oldest() })
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
