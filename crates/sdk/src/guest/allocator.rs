//! The heap: blocks whose sizes are powers of two, cut from unused memory and kept in lists when
//! freed.
//!
//! Unused memory is at first a static area of the program, which becomes heap pages of the blob: it
//! costs no gas, and an inner machine has it, too. When it is used up, the host gives more.

use core::alloc::{GlobalAlloc, Layout};
use core::cell::UnsafeCell;
use core::ptr::{null_mut, with_exposed_provenance_mut};

use super::growth::grow;

/// The smallest block and the alignment of every block.
const SMALLEST: usize = 16;

/// One list for each power of two.
const LISTS: usize = 32;

/// Octets of the area, set by the builder.
const AREA: usize = match option_env!("JAMBOX_HEAP") {
    Some(text) => number(text),
    None => 64 << 10,
};

/// Reads a number in decimal.
const fn number(text: &str) -> usize {
    let (mut value, mut index) = (0, 0);
    while index < text.len() {
        let digit = text.as_bytes()[index];
        assert!(digit.is_ascii_digit(), "JAMBOX_HEAP is a number of octets");
        value = value * 10 + (digit - b'0') as usize;
        index += 1;
    }
    value
}

/// Memory for blocks; only the heap refers to it.
#[repr(align(16))]
struct Area(UnsafeCell<[u8; AREA]>);

// SAFETY: the PVM has one thread.
unsafe impl Sync for Area {}

static OWN: Area = Area(UnsafeCell::new([0; AREA]));

struct State {
    /// The first free block of each size; a free block begins with the address of the next.
    free: [*mut u8; LISTS],
    /// First octet that was never part of a block, and end of the octets that can be; both 0 at
    /// first, for the static area.
    fresh: usize,
    end: usize,
}

struct Heap(UnsafeCell<State>);

// SAFETY: the PVM has one thread.
unsafe impl Sync for Heap {}

#[global_allocator]
static HEAP: Heap = Heap(UnsafeCell::new(State { free: [null_mut(); LISTS], fresh: 0, end: 0 }));

/// The size of the block for a layout.
fn block(layout: Layout) -> usize {
    layout.size().max(layout.align()).max(SMALLEST).next_power_of_two()
}

impl State {
    /// Takes a free block; `None` if none is aligned for the layout.
    fn reuse(&mut self, size: usize, layout: Layout) -> Option<*mut u8> {
        if layout.align() > SMALLEST {
            return None;
        }
        let first = self.free.get_mut(size.trailing_zeros() as usize)?;
        if first.is_null() {
            return None;
        }
        let taken = *first;
        // SAFETY: a free block holds the address of the next one.
        *first = unsafe { taken.cast::<*mut u8>().read() };
        Some(taken)
    }

    /// Takes unused memory, which holds zeros. Null if there is no more.
    fn extend(&mut self, size: usize, layout: Layout) -> *mut u8 {
        if self.end == 0 {
            self.fresh = OWN.0.get().expose_provenance();
            self.end = self.fresh + AREA;
        }
        let align = layout.align().max(SMALLEST);
        loop {
            let start = self.fresh.next_multiple_of(align);
            let after = start.checked_add(size);
            if let Some(after) = after.filter(|after| *after <= self.end) {
                self.fresh = after;
                return with_exposed_provenance_mut(start);
            }
            let Some((from, to)) = grow(size + align) else { return null_mut() };
            if from != self.end {
                self.fresh = from;
            }
            self.end = to;
        }
    }
}

// SAFETY: a block is as large and as aligned as its layout asks, and is in one place only: with its
// owner or in the list of its size.
unsafe impl GlobalAlloc for Heap {
    unsafe fn alloc(&self, layout: Layout) -> *mut u8 {
        let size = block(layout);
        // SAFETY: one thread, and no reference to the state is kept.
        let state = unsafe { &mut *self.0.get() };
        state.reuse(size, layout).unwrap_or_else(|| state.extend(size, layout))
    }

    unsafe fn alloc_zeroed(&self, layout: Layout) -> *mut u8 {
        let size = block(layout);
        // SAFETY: one thread, and no reference to the state is kept.
        let state = unsafe { &mut *self.0.get() };
        match state.reuse(size, layout) {
            Some(taken) => {
                // SAFETY: a block is no smaller than its layout.
                unsafe { taken.write_bytes(0, layout.size()) };
                taken
            }
            None => state.extend(size, layout),
        }
    }

    unsafe fn dealloc(&self, pointer: *mut u8, layout: Layout) {
        // SAFETY: one thread, and no reference to the state is kept.
        let state = unsafe { &mut *self.0.get() };
        if let Some(first) = state.free.get_mut(block(layout).trailing_zeros() as usize) {
            // SAFETY: the block is the caller's to give back, and no smaller than a pointer.
            unsafe { pointer.cast::<*mut u8>().write(*first) };
            *first = pointer;
        }
    }

    unsafe fn realloc(&self, pointer: *mut u8, layout: Layout, size: usize) -> *mut u8 {
        // SAFETY: the caller upholds that the size does not overflow when rounded up.
        let wanted = unsafe { Layout::from_size_align_unchecked(size, layout.align()) };
        if block(wanted) == block(layout) {
            return pointer;
        }
        // SAFETY: a new block, then the old one's octets that fit, then the old one goes back.
        unsafe {
            let moved = self.alloc(wanted);
            if !moved.is_null() {
                moved.copy_from_nonoverlapping(pointer, layout.size().min(size));
                self.dealloc(pointer, layout);
            }
            moved
        }
    }
}
