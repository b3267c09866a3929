//! A table of slots that are written once, read by many threads, and linked to each other.
//!
//! An interpreter keeps its decoded instructions here. It needs three things that safe code does
//! not give it together: slots that cost nothing before they are filled (a fresh table is
//! untouched zero pages), filling them while other threads run, and stepping from slot to slot
//! without bounds checks.

use core::cell::UnsafeCell;
use core::marker::PhantomData;
use core::mem::MaybeUninit;
use core::ptr::NonNull;
use core::sync::atomic::{AtomicI32, Ordering};
use std::alloc::{self, Layout};
use std::sync::{Mutex, MutexGuard, PoisonError};

/// A table of write-once slots. See [`Cursor`] for walking over it.
///
/// # Invariants
///
/// - A slot whose `link` is not 0 is published: its value and tag are initialised and never
///   change again. A slot is published by whoever holds the lock, with a release store to `link`
///   after everything else.
/// - A published slot's link has `PUBLISHED` set, and as many octets further as the link says
///   without its flags stands a slot of this table.
/// - The slot after one whose link has `JOINED` set is published.
/// - The last slot is never published.
pub struct Slots<T> {
    slots: Box<[Slot<T>]>,
    writing: Mutex<()>,
}

/// In a link: the slot is published.
const PUBLISHED: i32 = 1;
/// In a link: so was the next slot, before this one.
const JOINED: i32 = 2;
const FLAGS: i32 = PUBLISHED | JOINED;

#[repr(C)]
struct Slot<T> {
    value: UnsafeCell<MaybeUninit<T>>,
    tag: UnsafeCell<u32>,
    link: AtomicI32,
}

// SAFETY: slots are written under the lock before they are published and only read after.
unsafe impl<T: Copy + Send + Sync> Sync for Slots<T> {}

impl<T: Copy> Slots<T> {
    /// A table with room for `len` slots, none of them filled. `None` if there is not enough
    /// memory, or if links could not span the table.
    #[must_use]
    pub fn new(len: usize) -> Option<Self> {
        let len = len.checked_add(1)?;
        const { assert!(size_of::<Slot<T>>() as i32 & FLAGS == 0) };
        let layout = Layout::array::<Slot<T>>(len).ok()?;
        i32::try_from(layout.size()).ok()?;
        // SAFETY: a slot holds at least its link, so the layout's size is not 0.
        let slots = unsafe { alloc::alloc_zeroed(layout) }.cast::<Slot<T>>();
        if slots.is_null() {
            return None;
        }
        let slots = core::ptr::slice_from_raw_parts_mut(slots, len);
        // SAFETY: the memory was just allocated by the global allocator with the layout of
        // `[Slot<T>]`, and zeros are a valid slot: no value, tag 0, not published.
        let slots = unsafe { Box::from_raw(slots) };
        Some(Self { slots, writing: Mutex::new(()) })
    }

    /// The number of slots that can be filled.
    #[must_use]
    pub fn len(&self) -> usize {
        self.slots.len() - 1
    }

    /// True if the table has no slot that can be filled.
    #[must_use]
    pub fn is_empty(&self) -> bool {
        self.len() == 0
    }

    /// The slot at `index`, if it is filled.
    #[inline]
    #[must_use]
    pub fn get(&self, index: usize) -> Option<Cursor<'_, T>> {
        if index >= self.slots.len() {
            return None;
        }
        let start = NonNull::from(&*self.slots).cast::<Slot<T>>();
        // SAFETY: the index was just checked to be in the table.
        let slot = unsafe { start.add(index) };
        // SAFETY: the slot is in this table, which the cursor borrows.
        unsafe { Cursor::if_published(slot) }
    }

    /// The right to fill slots, of which only one exists at a time.
    #[must_use]
    pub fn writer(&self) -> Writer<'_, T> {
        // A writer leaves nothing half done, so a panic elsewhere in its thread spoils nothing.
        let guard = self.writing.lock().unwrap_or_else(PoisonError::into_inner);
        Writer { slots: self, _guard: guard }
    }
}

/// Fills slots. Made by [`Slots::writer`].
pub struct Writer<'t, T> {
    slots: &'t Slots<T>,
    _guard: MutexGuard<'t, ()>,
}

impl<'t, T: Copy> Writer<'t, T> {
    /// The slot at `index`, if it is filled.
    #[must_use]
    pub fn get(&self, index: usize) -> Option<Cursor<'t, T>> {
        self.slots.get(index)
    }

    /// Fills the slot at `index` with a value, a tag, and a link to the slot at `target`. A slot
    /// that is filled already stays as it is.
    ///
    /// # Panics
    /// When `index` is not below [`Slots::len`], or `target` is above it.
    pub fn fill(&mut self, index: usize, value: T, tag: u32, target: usize) {
        assert!(index < self.slots.len() && target <= self.slots.len(), "no such slot");
        let slot = &self.slots.slots[index];
        if slot.link.load(Ordering::Relaxed) != 0 {
            return;
        }
        let distance = target as isize - index as isize;
        let octets = distance * size_of::<Slot<T>>() as isize;
        // SAFETY: the slot is not published, so nothing reads it, and the lock makes this the
        // only writer.
        unsafe { slot.value.get().write(MaybeUninit::new(value)) };
        // SAFETY: as above.
        unsafe { slot.tag.get().write(tag) };
        let joined = if self.get(index + 1).is_some() { JOINED } else { 0 };
        // `Slots::new` made sure that an `i32` holds every distance, with room for the flags.
        slot.link.store(octets as i32 | PUBLISHED | joined, Ordering::Release);
    }
}

/// A filled slot of a table. Copying and following it costs what a pointer does.
///
/// # Invariants
///
/// It points to a published slot of a table that outlives `'t`; so the slot is not the last one.
pub struct Cursor<'t, T> {
    slot: NonNull<Slot<T>>,
    table: PhantomData<&'t Slots<T>>,
}

impl<T> Clone for Cursor<'_, T> {
    #[inline(always)]
    fn clone(&self) -> Self {
        *self
    }
}

impl<T> Copy for Cursor<'_, T> {}

impl<'t, T: Copy> Cursor<'t, T> {
    /// A cursor to a slot, if the slot is published.
    ///
    /// # Safety
    /// The slot must be in a table that outlives `'t`.
    #[inline(always)]
    unsafe fn if_published(slot: NonNull<Slot<T>>) -> Option<Self> {
        // SAFETY: the caller's slot is in a table that outlives `'t`.
        let link = unsafe { &slot.as_ref().link };
        (link.load(Ordering::Acquire) != 0).then_some(Self { slot, table: PhantomData })
    }

    #[inline(always)]
    fn slot(self) -> &'t Slot<T> {
        // SAFETY: the slot is in a table that outlives `'t`; it is only written through cells,
        // and not at all since it was published.
        unsafe { self.slot.as_ref() }
    }

    /// The value.
    #[inline(always)]
    #[must_use]
    pub fn value(self) -> &'t T {
        // SAFETY: the slot is published: nothing writes its value any more.
        let value = unsafe { &*self.slot().value.get() };
        // SAFETY: the slot is published: its value is initialised.
        unsafe { value.assume_init_ref() }
    }

    /// The tag.
    #[inline(always)]
    #[must_use]
    pub fn tag(self) -> u32 {
        // SAFETY: the slot is published: nothing writes its tag any more.
        unsafe { *self.slot().tag.get() }
    }

    /// The link, flags included.
    #[inline(always)]
    fn link(self) -> i32 {
        // SAFETY: the slot is published: nothing writes its link any more. (Compilers do less with
        // atomic reads.)
        unsafe { self.slot().link.as_ptr().read() }
    }

    /// Distance in octets to the slot that the link leads to.
    #[inline(always)]
    fn distance(self) -> isize {
        (self.link() & !FLAGS) as isize
    }

    /// The slot after this one, if it is filled.
    #[inline(always)]
    #[must_use]
    pub fn next(self) -> Option<Self> {
        // SAFETY: a published slot is not the last of its table.
        let slot = unsafe { self.slot.add(1) };
        // SAFETY: the slot is in this one's table, which outlives `'t`.
        unsafe { Self::if_published(slot) }
    }

    /// The slot after this one, if that was filled before this one.
    #[inline(always)]
    #[must_use]
    pub fn joined(self) -> Option<Self> {
        // SAFETY: a published slot is not the last of its table.
        let slot = unsafe { self.slot.add(1) };
        // The flag says that the slot is published.
        (self.link() & JOINED != 0).then_some(Self { slot, table: PhantomData })
    }

    /// The slot that this one's link leads to, if it is filled.
    #[inline(always)]
    #[must_use]
    pub fn target(self) -> Option<Self> {
        // SAFETY: a published slot's link leads to a slot of the same table.
        let slot = unsafe { self.slot.byte_offset(self.distance()) };
        // SAFETY: as above, and the table outlives `'t`.
        unsafe { Self::if_published(slot) }
    }

    /// The index of this slot in its table, which must be `slots`.
    #[must_use]
    pub fn index_in(self, slots: &Slots<T>) -> usize {
        let start = slots.slots.as_ptr().addr();
        self.slot.addr().get().wrapping_sub(start) / size_of::<Slot<T>>()
    }

    /// The index of the slot that this one's link leads to, in its table, which must be `slots`.
    #[must_use]
    pub fn target_index_in(self, slots: &Slots<T>) -> usize {
        let slots_away = self.distance() / size_of::<Slot<T>>() as isize;
        self.index_in(slots).wrapping_add_signed(slots_away)
    }
}
