//! Memory from the host, in the way of the revision.

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

    /// Adds `size` octets: gives where they start, and where the heap ends now.
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

    /// Pages asked for at once: a call costs as much as two pages.
    const PAGES: usize = 8;

    /// What the host, asked for an end, says the end is: a page's index.
    fn end(wanted: usize) -> usize {
        host_call!(GrowHeap, Argument::number(wanted as u64)).0 as usize
    }

    /// Adds at least `size` octets: gives where they start, and where the heap ends now.
    ///
    /// An inner machine gets what it is made for by whoever runs it; an answer that is no end of a
    /// heap is none.
    pub fn grow(size: usize) -> Option<(usize, usize)> {
        let from = end(0);
        let wanted = from.checked_add(size.div_ceil(PAGE).max(PAGES))?;
        if from == 0 || wanted > u32::MAX as usize / PAGE || end(wanted) != wanted {
            return None;
        }
        Some((from * PAGE, wanted * PAGE))
    }
}
