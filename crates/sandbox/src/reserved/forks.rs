//! Noticing that the process was forked, in the parent as well as in the child, however that was
//! done.
//!
//! No handler of `pthread_atfork` learns of a child that was made by the system call itself, and
//! what the kernel offers (`MADV_WIPEONFORK`) tells the child alone. But both share a private page
//! until one of them writes it: the first write after a fork is a page fault, in either, and the
//! kernel counts the page faults of a thread. So a page that is written for nothing else tells.
//! A page fault for another reason, as when the page was swapped out, is taken for a fork.

use core::mem::MaybeUninit;
use core::ptr::{self, NonNull};
use std::sync::OnceLock;

use crate::page::PAGE_SIZE;

/// The page faults of this thread so far, if the kernel tells.
fn page_faults() -> Option<i64> {
    let mut usage = MaybeUninit::<libc::rusage>::zeroed();
    // SAFETY: the call writes at most the structure that it is given.
    if unsafe { libc::getrusage(libc::RUSAGE_THREAD, usage.as_mut_ptr()) } != 0 {
        return None;
    }
    // SAFETY: zeros are a valid structure, and so is what the kernel wrote.
    let usage = unsafe { usage.assume_init() };
    Some(usage.ru_minflt + usage.ru_majflt)
}

/// True if this process may have been forked, or be a fork, since the mark was last written here.
///
/// Another thread may fork it meanwhile: then the next call tells.
///
/// # Safety
/// The mark must be in a private page that can be written, and that nobody else uses.
pub(super) unsafe fn may_have_been(mark: NonNull<u8>) -> bool {
    let before = page_faults();
    // SAFETY: the caller's promise. Volatile, as nothing ever reads it.
    unsafe { mark.write_volatile(1) };
    before.is_none() || page_faults() != before
}

/// True if [`may_have_been`] can be relied on: not every kernel counts page faults.
pub(super) fn are_noticed() -> bool {
    static ARE_NOTICED: OnceLock<bool> = OnceLock::new();
    *ARE_NOTICED.get_or_init(|| {
        let length = PAGE_SIZE as usize;
        let (protection, flags) =
            (libc::PROT_READ | libc::PROT_WRITE, libc::MAP_PRIVATE | libc::MAP_ANONYMOUS);
        // SAFETY: a fresh mapping at an address of the kernel's choice.
        let page = unsafe { libc::mmap(ptr::null_mut(), length, protection, flags, -1, 0) };
        let Some(mark) = NonNull::new(page.cast::<u8>()).filter(|_| page != libc::MAP_FAILED)
        else {
            return false;
        };
        // SAFETY: the page was just made, and is this function's own. Its first write is a page
        // fault, as the first after a fork is.
        let is_counted = unsafe { may_have_been(mark) };
        // SAFETY: nothing refers to the page any more.
        unsafe { libc::munmap(page, length) };
        is_counted && page_faults().is_some()
    })
}
