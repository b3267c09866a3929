//! The state of a thread that a signal interrupted.

use core::arch::asm;

use super::frame;

/// The address of the instruction that was interrupted.
pub(in crate::native) fn interrupted_at(machine: &libc::mcontext_t) -> usize {
    machine.gregs[libc::REG_RIP as usize] as usize
}

/// Makes generated code that was interrupted go on at the exit for faults that its frame names,
/// with the address of the instruction in `rcx`.
///
/// # Safety
/// The instruction must be generated code.
pub(in crate::native) unsafe fn go_on_at_exit(machine: &mut libc::mcontext_t) {
    let stack = machine.gregs[libc::REG_RSP as usize] as *const u8;
    // SAFETY: the instruction is generated code, which runs with `rsp` at its frame.
    let exit = unsafe { stack.add(frame::EXIT_FAULT as usize) }.cast::<libc::greg_t>();
    machine.gregs[libc::REG_RCX as usize] = machine.gregs[libc::REG_RIP as usize];
    // SAFETY: as above.
    machine.gregs[libc::REG_RIP as usize] = unsafe { exit.read() };
}

/// The start of the guest memory that this thread's generated code accesses: the `gs` base, which
/// delivering a signal does not change.
///
/// # Safety
/// [`check_processor`](super::support::check_processor) must have succeeded.
pub(in crate::native) unsafe fn guest_base() -> u64 {
    let base: u64;
    // SAFETY: reads a register; the instruction was found to be allowed.
    unsafe { asm!("rdgsbase {}", out(reg) base, options(nomem, nostack, preserves_flags)) };
    base
}
