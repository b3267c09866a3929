//! Faults of guests and of others, and the handler that tells them apart.

use core::sync::atomic::{AtomicUsize, Ordering};
use std::process::{Command, ExitStatus};

use jambox_sandbox::native::NativeExit;

use super::{armed, read};

#[test]
fn threads_fault_at_the_same_time() {
    std::thread::scope(|scope| {
        for _ in 0..4 {
            scope.spawn(|| {
                let mut memory = armed();
                for round in 0..200 {
                    let at = if round % 2 == 0 { 0x1_0000 } else { 0x9_0000 };
                    let (stop, _, entry) = read(at, &mut memory);
                    let expected = match round % 2 {
                        0 => NativeExit::Step { pc: 77 },
                        _ => NativeExit::Fault { at: entry },
                    };
                    assert_eq!(stop, expected);
                }
            });
        }
    });
}

#[test]
fn a_thread_without_an_alternate_stack_gets_one() {
    std::thread::spawn(|| {
        let none =
            libc::stack_t { ss_sp: core::ptr::null_mut(), ss_flags: libc::SS_DISABLE, ss_size: 0 };
        // SAFETY: no signal handler of this thread is running.
        assert_eq!(unsafe { libc::sigaltstack(&raw const none, core::ptr::null_mut()) }, 0);
        assert!(matches!(read(0x9_0000, &mut armed()).0, NativeExit::Fault { .. }));
        let mut present = none;
        // SAFETY: only asks for the present stack.
        unsafe { libc::sigaltstack(core::ptr::null(), &raw mut present) };
        assert_eq!(present.ss_flags & libc::SS_DISABLE, 0);
    })
    .join()
    .expect("the thread's assertions hold");
}

/// Blocks every signal in this thread, as worker pools do.
fn block_all_signals() {
    let mut set = core::mem::MaybeUninit::<libc::sigset_t>::zeroed();
    // SAFETY: the call fills the set.
    unsafe { libc::sigfillset(set.as_mut_ptr()) };
    // SAFETY: the set is initialised; the thread is the test's own.
    unsafe { libc::pthread_sigmask(libc::SIG_SETMASK, set.as_ptr(), core::ptr::null_mut()) };
}

#[test]
fn a_thread_that_blocks_all_signals_survives_a_guests_faults() {
    let thread = std::thread::spawn(|| {
        block_all_signals();
        assert!(matches!(read(0x9_0000, &mut armed()).0, NativeExit::Fault { .. }));
        // Again, though the thread is known by now.
        block_all_signals();
        assert!(matches!(read(0x9_0000, &mut armed()).0, NativeExit::Fault { .. }));
    });
    thread.join().expect("the thread's assertions hold");
}

/// Runs one of the tests below as a process of its own.
fn process(test: &str) -> ExitStatus {
    let this = std::env::current_exe().expect("a test binary");
    let arguments = ["--ignored", "--exact", test, "--test-threads=1"];
    Command::new(this).args(arguments).status().expect("a process")
}

extern "C" fn leave_with_42(_signal: i32) {
    // SAFETY: ends the process, which a handler may do.
    unsafe { libc::_exit(42) };
}

/// An access that no guest makes.
fn fault_of_the_host() {
    let nowhere = core::hint::black_box(8) as *const u64;
    // SAFETY: there is none: the access is meant to fault.
    let value = unsafe { core::ptr::read_volatile(nowhere) };
    panic!("page 0 is mapped, and holds {value}");
}

#[test]
#[ignore = "ends its process, see `faults_that_are_not_ours_go_to_the_previous_handler`"]
fn chains_to_a_handler() {
    let handler = leave_with_42 as *const () as libc::sighandler_t;
    // SAFETY: the handler does nothing but end the process.
    unsafe { libc::signal(libc::SIGSEGV, handler) };
    assert!(matches!(read(0x9_0000, &mut armed()).0, NativeExit::Fault { .. }));
    fault_of_the_host();
}

#[test]
#[ignore = "ends its process, see `faults_that_are_not_ours_go_to_the_previous_handler`"]
fn chains_to_the_default() {
    // SAFETY: restores the default action.
    unsafe { libc::signal(libc::SIGSEGV, libc::SIG_DFL) };
    assert!(matches!(read(0x9_0000, &mut armed()).0, NativeExit::Fault { .. }));
    fault_of_the_host();
}

#[test]
#[ignore = "ends its process, see `faults_that_are_not_ours_go_to_the_previous_handler`"]
fn chains_when_sent() {
    let handler = leave_with_42 as *const () as libc::sighandler_t;
    // SAFETY: the handler does nothing but end the process.
    unsafe { libc::signal(libc::SIGSEGV, handler) };
    assert!(matches!(read(0x9_0000, &mut armed()).0, NativeExit::Fault { .. }));
    // SAFETY: sends the signal to this thread.
    unsafe { libc::raise(libc::SIGSEGV) };
}

#[test]
#[ignore = "ends its process, see `faults_that_are_not_ours_go_to_the_previous_handler`"]
fn chains_to_the_default_when_sent() {
    // SAFETY: restores the default action.
    unsafe { libc::signal(libc::SIGSEGV, libc::SIG_DFL) };
    assert!(matches!(read(0x9_0000, &mut armed()).0, NativeExit::Fault { .. }));
    // SAFETY: sends the signal to this thread.
    unsafe { libc::raise(libc::SIGSEGV) };
}

#[test]
#[ignore = "ignores a signal, see `faults_that_are_not_ours_go_to_the_previous_handler`"]
fn chains_to_nothing_when_sent() {
    // SAFETY: ignores the signal.
    unsafe { libc::signal(libc::SIGSEGV, libc::SIG_IGN) };
    assert!(matches!(read(0x9_0000, &mut armed()).0, NativeExit::Fault { .. }));
    // SAFETY: sends the signal to this thread.
    unsafe { libc::raise(libc::SIGSEGV) };
    assert!(matches!(read(0x9_0000, &mut armed()).0, NativeExit::Fault { .. }), "still handled");
}

static CHAINED: AtomicUsize = AtomicUsize::new(0);

extern "C" fn count(_signal: i32) {
    CHAINED.fetch_add(1, Ordering::Relaxed);
}

/// The signals of others and the faults of guests at the same time, each to whom they belong.
#[test]
#[ignore = "takes a signal over, see `faults_that_are_not_ours_go_to_the_previous_handler`"]
fn chains_while_guests_fault() {
    const ROUNDS: usize = 500;
    let handler = count as *const () as libc::sighandler_t;
    // SAFETY: the handler does nothing but add to an atomic.
    unsafe { libc::signal(libc::SIGSEGV, handler) };
    std::thread::scope(|scope| {
        for thread in 0..4 {
            scope.spawn(move || {
                let mut memory = armed();
                for _ in 0..ROUNDS {
                    let (stop, _, entry) = read(0x9_0000, &mut memory);
                    assert_eq!(stop, NativeExit::Fault { at: entry });
                    if thread % 2 == 0 {
                        // SAFETY: sends the signal to this thread.
                        unsafe { libc::raise(libc::SIGSEGV) };
                    }
                }
            });
        }
    });
    assert_eq!(CHAINED.load(Ordering::Relaxed), 2 * ROUNDS);
}

#[test]
fn faults_that_are_not_ours_go_to_the_previous_handler() {
    use std::os::unix::process::ExitStatusExt;
    assert_eq!(process("native::signals::chains_to_a_handler").code(), Some(42));
    assert_eq!(process("native::signals::chains_when_sent").code(), Some(42));
    assert_eq!(process("native::signals::chains_to_the_default").signal(), Some(libc::SIGSEGV));
    let default = process("native::signals::chains_to_the_default_when_sent");
    assert_eq!(default.signal(), Some(libc::SIGSEGV));
    assert_eq!(process("native::signals::chains_to_nothing_when_sent").code(), Some(0));
    assert_eq!(process("native::signals::chains_while_guests_fault").code(), Some(0));
}
