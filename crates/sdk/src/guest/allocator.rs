//! The heap: blocks of powers of two, cut from the end of memory and kept in lists when freed.

use core::alloc::{GlobalAlloc, Layout};
use core::arch::asm;
use core::cell::UnsafeCell;
use core::ptr::null_mut;

/// The smallest block and the alignment of every block.
const SMALLEST: usize = 16;

/// One list for each power of two.
const LISTS: usize = 32;

struct Heap {
    /// The first free block of each size; a free block begins with the address of the next.
    free: UnsafeCell<[*mut u8; LISTS]>,
}

// SAFETY: the PVM has one thread.
unsafe impl Sync for Heap {}

#[global_allocator]
static HEAP: Heap = Heap { free: UnsafeCell::new([null_mut(); LISTS]) };

/// The size of the block for a layout.
fn block(layout: Layout) -> usize {
    layout.size().max(layout.align()).max(SMALLEST).next_power_of_two()
}

/// Moves the end of the heap and gives the new one, or null if memory ends before it.
fn extend(size: usize) -> *mut u8 {
    let end;
    // SAFETY: `sbrk` makes memory accessible and changes no memory that is in use.
    unsafe {
        asm!(".insn r 0xb, 1, 0, {end}, {size}, zero", size = in(reg) size, end = lateout(reg) end)
    };
    end
}

// SAFETY: a block is as large and as aligned as its layout asks, and is in one place only: with its
// owner or in the list of its size.
unsafe impl GlobalAlloc for Heap {
    unsafe fn alloc(&self, layout: Layout) -> *mut u8 {
        let size = block(layout);
        if layout.align() <= SMALLEST {
            // SAFETY: one thread, and no reference into the lists is kept.
            let lists = unsafe { &mut *self.free.get() };
            if let Some(first) = lists.get_mut(size.trailing_zeros() as usize) {
                if !first.is_null() {
                    let taken = *first;
                    // SAFETY: a free block holds the address of the next one.
                    *first = unsafe { taken.cast::<*mut u8>().read() };
                    return taken;
                }
            }
        }
        let end = extend(0);
        let padding = end.align_offset(layout.align().max(SMALLEST));
        if extend(padding + size).is_null() {
            return null_mut();
        }
        end.wrapping_add(padding)
    }

    unsafe fn alloc_zeroed(&self, layout: Layout) -> *mut u8 {
        let end = extend(0);
        // SAFETY: the caller's layout.
        let taken = unsafe { self.alloc(layout) };
        // The machine makes memory accessible with zeros in it; only what was freed has others.
        if !taken.is_null() && taken < end {
            // SAFETY: a block is no smaller than its layout.
            unsafe { taken.write_bytes(0, layout.size()) };
        }
        taken
    }

    unsafe fn dealloc(&self, pointer: *mut u8, layout: Layout) {
        // SAFETY: one thread, and no reference into the lists is kept.
        let lists = unsafe { &mut *self.free.get() };
        if let Some(first) = lists.get_mut(block(layout).trailing_zeros() as usize) {
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
