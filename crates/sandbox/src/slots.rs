//! A table of an interpreter's ops: slots that are written once, read by many threads, and linked
//! to each other.
//!
//! An interpreter keeps its decoded instructions here. It needs four things that safe code does
//! not give it together: slots that cost nothing before they are filled (a fresh table is
//! untouched zero pages), filling them while other threads run, stepping from slot to slot
//! without bounds checks, and going on to the next slot without asking whether it is filled.
//!
//! The last rests on types. A handler says by its argument how many slots after its own it takes
//! to be filled ([`Cursor`]'s `AHEAD`), and a slot is only filled with a handler ([`Entry`]) once
//! those are.

use core::cell::UnsafeCell;
use core::marker::PhantomData;
use core::mem::{self, MaybeUninit};
use core::ptr::NonNull;
use core::sync::atomic::{AtomicI32, Ordering};
use std::alloc::{self, Layout};
use std::sync::{Mutex, MutexGuard, PoisonError};

use crate::{DefaultMemory, GuestMemory};

/// The types that an interpreter's handlers work on.
pub trait Interpreter: Sized + 'static {
    /// Contents of a slot besides the handler.
    type Operands: Copy + Send + Sync;
    /// State that handlers change.
    type State;
    /// The code that is run.
    type Code;
    /// The return type of a handler.
    type Next<'t>;
}

/// Executes the op at a place, after which `AHEAD` slots are filled, and passes control on.
///
/// These five arguments stay in machine registers for the whole run. The number is the gas left.
pub type Handler<I, const AHEAD: usize> = for<'t, 'm> fn(
    Cursor<'t, I, AHEAD>,
    &mut <I as Interpreter>::State,
    i64,
    <DefaultMemory as GuestMemory>::View<'m>,
    &'t <I as Interpreter>::Code,
) -> <I as Interpreter>::Next<'t>;

/// A handler, whatever it needs.
pub struct Entry<I: Interpreter> {
    /// The handler. It takes a cursor with `ahead` slots filled after it: called with another, it
    /// reads slots that may be empty.
    handler: Handler<I, 0>,
    ahead: u8,
}

impl<I: Interpreter> Clone for Entry<I> {
    fn clone(&self) -> Self {
        *self
    }
}

impl<I: Interpreter> Copy for Entry<I> {}

impl<I: Interpreter> Entry<I> {
    /// A handler that takes nothing for granted of the slots after its own.
    #[must_use]
    pub const fn ending(handler: Handler<I, 0>) -> Self {
        Self { handler, ahead: 0 }
    }

    /// A handler that goes on to the next slot.
    #[must_use]
    pub const fn onward(handler: Handler<I, 1>) -> Self {
        // SAFETY: both are function pointers that differ only in the type of one argument, and
        // both types are transparent wrappers of the same pointer. It is called by `Cursor::go`
        // alone, for slots that `Writer::fill` has checked.
        let handler = unsafe { mem::transmute::<Handler<I, 1>, Handler<I, 0>>(handler) };
        Self { handler, ahead: 1 }
    }

    /// A handler that executes the next op, too, and goes on to the one after it.
    #[must_use]
    pub const fn onward_by_two(handler: Handler<I, 2>) -> Self {
        // SAFETY: as in `onward`.
        let handler = unsafe { mem::transmute::<Handler<I, 2>, Handler<I, 0>>(handler) };
        Self { handler, ahead: 2 }
    }
}

/// A table of write-once slots. See [`Cursor`] for walking over it.
///
/// # Invariants
///
/// - A slot whose `link` is not 0 is published: its value and tag are initialised and never
///   change again. A slot is published by whoever holds the lock, with a release store to `link`
///   after everything else.
/// - A published slot's link has `PUBLISHED` set, and as many octets further as the link says
///   without it stands a slot of this table.
/// - As many slots after a published one as its handler takes to be filled were published before
///   it.
/// - The last slot is never published.
pub struct Slots<I: Interpreter> {
    slots: Box<[Slot<I>]>,
    writing: Mutex<()>,
}

/// In a link: the slot is published.
const PUBLISHED: i32 = 1;

#[repr(C)]
struct Slot<I: Interpreter> {
    value: UnsafeCell<MaybeUninit<Value<I>>>,
    tag: UnsafeCell<u32>,
    link: AtomicI32,
}

#[repr(C)]
struct Value<I: Interpreter> {
    handler: Handler<I, 0>,
    operands: I::Operands,
}

// SAFETY: slots are written under the lock before they are published and only read after. What they
// hold may be sent and shared: functions, and operands by their bound.
unsafe impl<I: Interpreter> Sync for Slots<I> {}

impl<I: Interpreter> Slots<I> {
    /// A table with room for `len` slots, none of them filled. `None` if there is not enough
    /// memory, or if links could not span the table.
    #[must_use]
    pub fn new(len: usize) -> Option<Self> {
        let len = len.checked_add(1)?;
        const { assert!(size_of::<Slot<I>>() as i32 & PUBLISHED == 0) };
        let layout = Layout::array::<Slot<I>>(len).ok()?;
        i32::try_from(layout.size()).ok()?;
        // SAFETY: a slot holds at least its link, so the layout's size is not 0.
        let slots = unsafe { alloc::alloc_zeroed(layout) }.cast::<Slot<I>>();
        if slots.is_null() {
            return None;
        }
        let slots = core::ptr::slice_from_raw_parts_mut(slots, len);
        // SAFETY: the memory was just allocated by the global allocator with the layout of
        // `[Slot<I>]`, and zeros are a valid slot: no value, tag 0, not published.
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
    pub fn get(&self, index: usize) -> Option<Cursor<'_, I>> {
        if index >= self.slots.len() {
            return None;
        }
        let start = NonNull::from(&*self.slots).cast::<Slot<I>>();
        // SAFETY: the index was just checked to be in the table.
        let slot = unsafe { start.add(index) };
        // SAFETY: the slot is in this table, which the cursor borrows.
        unsafe { Cursor::if_published(slot) }
    }

    /// The right to fill slots, of which only one exists at a time.
    #[must_use]
    pub fn writer(&self) -> Writer<'_, I> {
        // A writer leaves nothing half done, so a panic elsewhere in its thread spoils nothing.
        let guard = self.writing.lock().unwrap_or_else(PoisonError::into_inner);
        Writer { slots: self, _guard: guard }
    }
}

/// Fills slots. Made by [`Slots::writer`].
pub struct Writer<'t, I: Interpreter> {
    slots: &'t Slots<I>,
    _guard: MutexGuard<'t, ()>,
}

impl<'t, I: Interpreter> Writer<'t, I> {
    /// The slot at `index`, if it is filled.
    #[must_use]
    pub fn get(&self, index: usize) -> Option<Cursor<'t, I>> {
        self.slots.get(index)
    }

    /// Fills the slot at `index` with a handler, its operands, a tag, and a link to the slot at
    /// `target`. A slot that is filled already stays as it is.
    ///
    /// # Panics
    /// When `index` is not below [`Slots::len`], or `target` is above it; when slots that the
    /// handler takes to be filled are not.
    pub fn fill(
        &mut self,
        index: usize,
        entry: Entry<I>,
        operands: I::Operands,
        tag: u32,
        target: usize,
    ) {
        assert!(index < self.slots.len() && target <= self.slots.len(), "no such slot");
        let slot = &self.slots.slots[index];
        if slot.link.load(Ordering::Relaxed) != 0 {
            return;
        }
        let is_filled = |ahead: u8| self.get(index + usize::from(ahead)).is_some();
        assert!((1..=entry.ahead).all(is_filled), "a slot ahead is empty");
        let distance = target as isize - index as isize;
        let octets = distance * size_of::<Slot<I>>() as isize;
        let value = Value { handler: entry.handler, operands };
        // SAFETY: the slot is not published, so nothing reads it, and the lock makes this the
        // only writer.
        unsafe { slot.value.get().write(MaybeUninit::new(value)) };
        // SAFETY: as above.
        unsafe { slot.tag.get().write(tag) };
        // `Slots::new` made sure that an `i32` holds every distance, with room for the flag.
        slot.link.store(octets as i32 | PUBLISHED, Ordering::Release);
    }
}

/// A filled slot of a table, with `AHEAD` filled ones after it. Copying and following it costs what
/// a pointer does.
///
/// # Invariants
///
/// It points to a published slot of a table that outlives `'t`, as are `AHEAD` slots after it. So
/// the slot is not the last one.
#[repr(transparent)]
pub struct Cursor<'t, I: Interpreter, const AHEAD: usize = 0> {
    slot: NonNull<Slot<I>>,
    table: PhantomData<&'t Slots<I>>,
}

impl<I: Interpreter, const AHEAD: usize> Clone for Cursor<'_, I, AHEAD> {
    #[inline(always)]
    fn clone(&self) -> Self {
        *self
    }
}

impl<I: Interpreter, const AHEAD: usize> Copy for Cursor<'_, I, AHEAD> {}

impl<'t, I: Interpreter> Cursor<'t, I> {
    /// A cursor to a slot, if the slot is published.
    ///
    /// # Safety
    /// The slot must be in a table that outlives `'t`.
    #[inline(always)]
    unsafe fn if_published(slot: NonNull<Slot<I>>) -> Option<Self> {
        // SAFETY: the caller's slot is in a table that outlives `'t`.
        let link = unsafe { &slot.as_ref().link };
        (link.load(Ordering::Acquire) != 0).then_some(Self { slot, table: PhantomData })
    }

    /// Calls the slot's handler.
    #[inline(always)]
    pub fn go(
        self,
        state: &mut I::State,
        gas: i64,
        memory: <DefaultMemory as GuestMemory>::View<'_>,
        code: &'t I::Code,
    ) -> I::Next<'t> {
        // `Writer::fill` made sure that the slots are filled that the handler takes to be.
        (self.value().handler)(self, state, gas, memory, code)
    }
}

impl<'t, I: Interpreter, const AHEAD: usize> Cursor<'t, I, AHEAD> {
    #[inline(always)]
    fn slot(self) -> &'t Slot<I> {
        // SAFETY: the slot is in a table that outlives `'t`; it is only written through cells,
        // and not at all since it was published.
        unsafe { self.slot.as_ref() }
    }

    #[inline(always)]
    fn value(self) -> &'t Value<I> {
        // SAFETY: the slot is published: nothing writes its value any more.
        let value = unsafe { &*self.slot().value.get() };
        // SAFETY: the slot is published: its value is initialised.
        unsafe { value.assume_init_ref() }
    }

    /// The operands.
    #[inline(always)]
    #[must_use]
    pub fn operands(self) -> &'t I::Operands {
        &self.value().operands
    }

    /// The tag.
    #[inline(always)]
    #[must_use]
    pub fn tag(self) -> u32 {
        // SAFETY: the slot is published: nothing writes its tag any more.
        unsafe { *self.slot().tag.get() }
    }

    /// The cursor without what it knows of the slots after its own.
    #[inline(always)]
    #[must_use]
    pub fn alone(self) -> Cursor<'t, I> {
        Cursor { slot: self.slot, table: PhantomData }
    }

    /// Distance in octets to the slot that the link leads to.
    #[inline(always)]
    fn distance(self) -> isize {
        // SAFETY: the slot is published: nothing writes its link any more. (Compilers do less with
        // atomic reads.)
        let link = unsafe { self.slot().link.as_ptr().read() };
        // The flag is set: taking it off by subtraction becomes part of an address.
        link as isize - PUBLISHED as isize
    }

    /// The slot after this one, if it is filled.
    #[inline(always)]
    #[must_use]
    pub fn next(self) -> Option<Cursor<'t, I>> {
        // SAFETY: a published slot is not the last of its table.
        let slot = unsafe { self.slot.add(1) };
        // SAFETY: the slot is in this one's table, which outlives `'t`.
        unsafe { Cursor::if_published(slot) }
    }

    /// The slot that this one's link leads to, if it is filled.
    #[inline(always)]
    #[must_use]
    pub fn target(self) -> Option<Cursor<'t, I>> {
        // SAFETY: a published slot's link leads to a slot of the same table.
        let slot = unsafe { self.slot.byte_offset(self.distance()) };
        // SAFETY: as above, and the table outlives `'t`.
        unsafe { Cursor::if_published(slot) }
    }

    /// The index of this slot in its table, which must be `slots`.
    #[must_use]
    pub fn index_in(self, slots: &Slots<I>) -> usize {
        let start = slots.slots.as_ptr().addr();
        self.slot.addr().get().wrapping_sub(start) / size_of::<Slot<I>>()
    }

    /// The index of the slot that this one's link leads to, in its table, which must be `slots`.
    #[must_use]
    pub fn target_index_in(self, slots: &Slots<I>) -> usize {
        let slots_away = self.distance() / size_of::<Slot<I>>() as isize;
        self.index_in(slots).wrapping_add_signed(slots_away)
    }
}

impl<'t, I: Interpreter> Cursor<'t, I, 1> {
    /// The slot after this one.
    #[inline(always)]
    #[must_use]
    pub fn following(self) -> Cursor<'t, I> {
        // SAFETY: a slot is filled after this one: it is of the same table.
        Cursor { slot: unsafe { self.slot.add(1) }, table: PhantomData }
    }
}

impl<'t, I: Interpreter> Cursor<'t, I, 2> {
    /// The slot after this one.
    #[inline(always)]
    #[must_use]
    pub fn following(self) -> Cursor<'t, I, 1> {
        // SAFETY: two slots are filled after this one: both are of the same table.
        Cursor { slot: unsafe { self.slot.add(1) }, table: PhantomData }
    }
}
