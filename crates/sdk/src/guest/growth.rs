//! Growth of the heap, by the revision's instruction or host call.

pub(super) use way::grow;

/// The instruction `sbrk` moves the end of the heap by octets.
#[cfg(jambox_revision = "0.7.2")]
mod way {
    use core::arch::asm;

    /// Moves the end of the heap and gives the new one; 0 if memory ends before it.
    fn moved(size: usize) -> usize {
        let end;
        // SAFETY: `sbrk` makes memory accessible and changes no memory that is in use.
        unsafe {
            asm!(".insn r 0xb, 1, 0, {end}, {size}, zero",
                size = in(reg) size, end = lateout(reg) end)
        };
        end
    }

    /// Adds `size` octets: gives their first address, and the new end of the heap.
    pub fn grow(size: usize) -> Option<(usize, usize)> {
        match moved(size) {
            0 => None,
            end => Some((end - size, end)),
        }
    }
}

/// The host call `grow_heap` moves the end of the heap to a page.
#[cfg(not(jambox_revision = "0.7.2"))]
mod way {
    use crate::ecalli::{Argument, host_call};

    /// Octets in a page.
    const PAGE: usize = 4096;

    /// Pages requested at once: a call costs as much as two pages.
    const PAGES: usize = 8;

    /// End of the heap after a request for one, as a page's index.
    fn end(wanted: usize) -> usize {
        host_call!(GrowHeap, Argument::number(wanted as u64)).0 as usize
    }

    /// Adds at least `size` octets: gives their first address, and the new end of the heap.
    ///
    /// In an inner machine the answer comes from its creator; an answer that cannot be the end of a
    /// heap is `None`.
    pub fn grow(size: usize) -> Option<(usize, usize)> {
        let from = end(0);
        let wanted = from.checked_add(size.div_ceil(PAGE).max(PAGES))?;
        if from == 0 || wanted > u32::MAX as usize / PAGE || end(wanted) != wanted {
            return None;
        }
        Some((from * PAGE, wanted * PAGE))
    }
}
