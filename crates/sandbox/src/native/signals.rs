//! The handler that turns a forbidden access of generated code into a return value.

use core::cell::Cell;
use core::ffi::c_void;
use core::mem::MaybeUninit;
use core::ops::Range;
use core::ptr;
use core::sync::atomic::{AtomicU64, Ordering};
use std::sync::OnceLock;

use super::support::{Unsupported, last_error};
use super::target;
use crate::reserved::GUEST_SPACE;

/// Facts that the handler needs, set before it is installed.
struct Handling {
    code: Range<usize>,
    previous: libc::sigaction,
}

static HANDLING: OnceLock<Handling> = OnceLock::new();

/// Installs the handler for faults of instructions in `code`.
pub(super) fn install(code: Range<usize>) -> Result<(), Unsupported> {
    let mut previous = MaybeUninit::<libc::sigaction>::zeroed();
    // SAFETY: without a new action the call only writes the present one to `previous`.
    if unsafe { libc::sigaction(libc::SIGSEGV, ptr::null(), previous.as_mut_ptr()) } != 0 {
        return Err(Unsupported::Signals(last_error()));
    }
    // SAFETY: the call filled it, and all zeros is a valid value too.
    let previous = unsafe { previous.assume_init() };
    // Another thread that sets a handler between these two calls loses it; nothing can be done.
    let _ = HANDLING.set(Handling { code, previous });
    let mut action = previous;
    action.sa_sigaction = handle as *const () as usize;
    // On the alternate stack, because a fault of the host's may be an overflow of the other one;
    // not deferred, because a handler that ours calls may never come back.
    action.sa_flags = libc::SA_SIGINFO | libc::SA_ONSTACK | libc::SA_NODEFER;
    // SAFETY: the call initialises the set.
    unsafe { libc::sigemptyset(&raw mut action.sa_mask) };
    // SAFETY: `handle` has the signature that `SA_SIGINFO` asks for, and does nothing but read and
    // write the interrupted thread's state or call the previous handler.
    if unsafe { libc::sigaction(libc::SIGSEGV, &raw const action, ptr::null_mut()) } != 0 {
        return Err(Unsupported::Signals(last_error()));
    }
    Ok(())
}

/// Our faults continue at the exit in the frame, with the address of the instruction; all others
/// go to whoever handled them before.
///
/// # Safety
/// Only the kernel may call this, as a handler installed with `SA_SIGINFO`.
unsafe extern "C" fn handle(signal: i32, info: *mut libc::siginfo_t, context: *mut c_void) {
    let Some(handling) = HANDLING.get() else { return };
    // SAFETY: the kernel gives a handler that is installed with `SA_SIGINFO` a valid context.
    let machine = unsafe { &mut (*context.cast::<libc::ucontext_t>()).uc_mcontext };
    let at = target::interrupted_at(machine);
    // SAFETY: as above, for the information about the signal.
    if handling.code.contains(&at) && unsafe { is_guest_access(info) } {
        // SAFETY: the instruction is generated code, which runs on its frame.
        unsafe { target::go_on_at_exit(machine) };
        return;
    }
    // SAFETY: the arguments are those that the kernel gave us.
    unsafe { chain(&handling.previous, signal, info, context) };
}

/// True if the fault is an access to the guest memory of the thread's generated code.
/// Signals that were sent (by `kill`) carry no address; they are not ours.
///
/// # Safety
/// The information must be what the kernel gives a handler.
unsafe fn is_guest_access(info: *const libc::siginfo_t) -> bool {
    const SEGV_MAPERR: i32 = 1;
    const SEGV_ACCERR: i32 = 2;
    // SAFETY: the caller's pointer is valid.
    let info = unsafe { &*info };
    if info.si_code != SEGV_MAPERR && info.si_code != SEGV_ACCERR {
        return false;
    }
    // SAFETY: with these codes the kernel fills in the address.
    let address = unsafe { info.si_addr() } as u64;
    // SAFETY: the handler is installed only where generated code can run.
    let base = unsafe { target::guest_base() };
    address.wrapping_sub(base) < GUEST_SPACE as u64
}

/// Does as the previous action would have done.
///
/// # Safety
/// The arguments must be those of a handler that the kernel calls.
unsafe fn chain(
    previous: &libc::sigaction,
    signal: i32,
    info: *mut libc::siginfo_t,
    context: *mut c_void,
) {
    // SAFETY: the caller's pointer is valid.
    let is_sent = unsafe { (*info).si_code } <= 0;
    match previous.sa_sigaction {
        libc::SIG_IGN if is_sent => {}
        // A fault cannot be ignored: the instruction faults again, now without a handler, and the
        // process ends as it would have. A signal that was sent has to be sent again for that.
        libc::SIG_DFL | libc::SIG_IGN => {
            let mut default = *previous;
            default.sa_sigaction = libc::SIG_DFL;
            // SAFETY: restores the default action.
            unsafe { libc::sigaction(signal, &raw const default, ptr::null_mut()) };
            if is_sent {
                // SAFETY: a handler may send signals.
                unsafe { libc::raise(signal) };
            }
        }
        handler if previous.sa_flags & libc::SA_SIGINFO != 0 => {
            type Handler = unsafe extern "C" fn(i32, *mut libc::siginfo_t, *mut c_void);
            // SAFETY: whoever installed it with `SA_SIGINFO` gave it this signature.
            let handler = unsafe { core::mem::transmute::<usize, Handler>(handler) };
            // SAFETY: these are the arguments that the kernel gave us.
            unsafe { handler(signal, info, context) };
        }
        handler => {
            type Handler = unsafe extern "C" fn(i32);
            // SAFETY: whoever installed it without `SA_SIGINFO` gave it this signature.
            let handler = unsafe { core::mem::transmute::<usize, Handler>(handler) };
            // SAFETY: as above.
            unsafe { handler(signal) };
        }
    }
}

/// An alternate signal stack that a thread got from us.
struct AlternateStack {
    start: *mut c_void,
}

const ALTERNATE_STACK: usize = 64 << 10;

impl Drop for AlternateStack {
    fn drop(&mut self) {
        let disabled =
            libc::stack_t { ss_sp: ptr::null_mut(), ss_flags: libc::SS_DISABLE, ss_size: 0 };
        let mut present = disabled;
        // SAFETY: without a new stack the call only describes the present one.
        unsafe { libc::sigaltstack(ptr::null(), &raw mut present) };
        // The host may have set another meanwhile, which is none of ours.
        if present.ss_sp == self.start {
            // SAFETY: no handler runs on it: this is no handler, and those that were are over.
            unsafe { libc::sigaltstack(&raw const disabled, ptr::null_mut()) };
        }
        // SAFETY: the mapping is this value's own, and no signal uses it from here on.
        unsafe { libc::munmap(self.start, ALTERNATE_STACK) };
    }
}

thread_local! {
    static TOKEN: Cell<u64> = const { Cell::new(0) };
    static OWN_STACK: Cell<Option<AlternateStack>> = const { Cell::new(None) };
}

/// A number that no other thread has, and that is not 0. A thread's first call makes sure that
/// its signals have an alternate stack: threads of the standard library have one; those that a
/// host made otherwise may not.
#[inline]
pub(super) fn thread_token() -> u64 {
    match TOKEN.get() {
        0 => prepare_thread(),
        token => token,
    }
}

#[cold]
fn prepare_thread() -> u64 {
    static LAST: AtomicU64 = AtomicU64::new(0);
    give_alternate_stack();
    let token = LAST.fetch_add(1, Ordering::Relaxed) + 1;
    TOKEN.set(token);
    token
}

/// Lets this thread have `SIGSEGV`. A fault while the signal is blocked ends the process, whatever
/// handler there is, so whoever blocked it has nothing to lose.
#[cold]
pub(super) fn unblock() {
    let mut set = MaybeUninit::<libc::sigset_t>::zeroed();
    // SAFETY: the call initialises the set.
    unsafe { libc::sigemptyset(set.as_mut_ptr()) };
    // SAFETY: the set is initialised, and the signal exists.
    unsafe { libc::sigaddset(set.as_mut_ptr(), libc::SIGSEGV) };
    // SAFETY: the set is initialised. Fewer blocked signals break nothing: the handlers that run
    // are those of the host, or ours, which touches nothing but the interrupted state.
    unsafe { libc::pthread_sigmask(libc::SIG_UNBLOCK, set.as_ptr(), ptr::null_mut()) };
}

#[cold]
fn give_alternate_stack() {
    let mut present = libc::stack_t { ss_sp: ptr::null_mut(), ss_flags: 0, ss_size: 0 };
    // SAFETY: without a new stack the call only describes the present one.
    let result = unsafe { libc::sigaltstack(ptr::null(), &raw mut present) };
    if result != 0 || present.ss_flags & libc::SS_DISABLE == 0 {
        return;
    }
    // SAFETY: a fresh anonymous mapping at an address of the kernel's choice.
    let start = unsafe {
        libc::mmap(
            ptr::null_mut(),
            ALTERNATE_STACK,
            libc::PROT_READ | libc::PROT_WRITE,
            libc::MAP_PRIVATE | libc::MAP_ANONYMOUS | libc::MAP_STACK,
            -1,
            0,
        )
    };
    // Without an alternate stack the handler runs on the ordinary one, which is as good unless it
    // is about to overflow.
    if start == libc::MAP_FAILED {
        return;
    }
    let stack = libc::stack_t { ss_sp: start, ss_flags: 0, ss_size: ALTERNATE_STACK };
    // SAFETY: the mapping lives until the thread ends, see `AlternateStack`.
    unsafe { libc::sigaltstack(&raw const stack, ptr::null_mut()) };
    OWN_STACK.set(Some(AlternateStack { start }));
}
