//! Copies and fills of memory, eight octets at a time at any alignment.
//!
//! The PVM reads and writes words at any address for the price of one instruction. The compiler's
//! own functions use aligned words only, and pay for the alignment in gas.

use alloc::vec::Vec;
use core::arch::asm;

/// Octets in a word.
const WORD: usize = 8;

/// Octets with unspecified contents.
pub(crate) fn unspecified(length: usize) -> Vec<u8> {
    let mut octets = Vec::with_capacity(length);
    // The empty instruction may have written everything that the pointer reaches: for the compiler
    // the octets are initialised. In the PVM they are, for its memory always has values.
    unsafe {
        asm!("", in("a0") octets.as_mut_ptr(), options(nostack, preserves_flags));
        octets.set_len(length);
    }
    octets
}

/// Copies a word. The compiler recognises no `memcpy` in a loop of this.
#[inline(always)]
unsafe fn copy_word(to: *mut u8, from: *const u8) {
    // SAFETY: the caller upholds that there are eight octets to read and to write.
    unsafe {
        asm!("ld {word}, 0({from})", "sd {word}, 0({to})",
            word = out(reg) _, from = in(reg) from, to = in(reg) to, options(nostack));
    }
}

/// Copies an octet.
#[inline(always)]
unsafe fn copy_octet(to: *mut u8, from: *const u8) {
    // SAFETY: the caller upholds that there is an octet to read and to write.
    unsafe {
        asm!("lbu {octet}, 0({from})", "sb {octet}, 0({to})",
            octet = out(reg) _, from = in(reg) from, to = in(reg) to, options(nostack));
    }
}

/// Copies memory; the compiler emits calls of this function.
#[unsafe(no_mangle)]
unsafe extern "C" fn memcpy(to: *mut u8, from: *const u8, count: usize) -> *mut u8 {
    let mut at = 0;
    // SAFETY: as C has it: both are valid for `count` octets, and do not overlap.
    unsafe {
        if count < WORD {
            while at < count {
                copy_octet(to.add(at), from.add(at));
                at += 1;
            }
            return to;
        }
        // The last word ends with the memory, and may overlap the one before.
        let last = count - WORD;
        while at < last {
            copy_word(to.add(at), from.add(at));
            at += WORD;
        }
        copy_word(to.add(last), from.add(last));
    }
    to
}

/// Fills memory with an octet; the compiler emits calls of this function.
#[unsafe(no_mangle)]
unsafe extern "C" fn memset(to: *mut u8, octet: i32, count: usize) -> *mut u8 {
    let word = u64::from(octet as u8) * 0x0101_0101_0101_0101;
    let mut at = 0;
    // SAFETY: as C has it: `to` is valid for `count` octets.
    unsafe {
        if count < WORD {
            while at < count {
                asm!("sb {}, 0({})", in(reg) word, in(reg) to.add(at), options(nostack));
                at += 1;
            }
            return to;
        }
        let last = count - WORD;
        while at < last {
            asm!("sd {}, 0({})", in(reg) word, in(reg) to.add(at), options(nostack));
            at += WORD;
        }
        asm!("sd {}, 0({})", in(reg) word, in(reg) to.add(last), options(nostack));
    }
    to
}
