//! Native code: entry, exit, faults, and the duties to the host.

use core::sync::atomic::{AtomicBool, AtomicUsize, Ordering};
use std::process::{Command, ExitStatus};
use std::sync::{Arc, LazyLock};

use jambox_engine::{Backend, Config, Engine, Exit, Instance, Module};
use jambox_isa::{Instruction, InstructionSet, Reg, Revision};
use jambox_program::{JumpTable, ProgramBlob};
use jambox_sandbox::native::asm::{Assembler, Place, Unfit};
use jambox_sandbox::native::x86_64::{Condition, Gpr, Mem, Size};
use jambox_sandbox::native::{
    CHUNK_CODE, CodeAddress, NativeExit, NativeProgram, Room, Unsupported,
};
use jambox_sandbox::{Access, GuestMemory, Pool, PoolLimits, ReservedMemory};

/// The pool of all memories here.
static POOL: LazyLock<Arc<Pool>> = LazyLock::new(|| Pool::new(PoolLimits::default()));

/// Code that reads guest memory at `r7` into `r8`, adds 1 to `r0`, and leaves with position 77.
fn reader() -> (NativeProgram, CodeAddress) {
    let program = program();
    let mut asm = program.assembler();
    let entry = append(&program, &mut asm, |asm| {
        asm.load_u64(Gpr::Rsi, Mem::Guest(Some(Gpr::Rdi), 0));
        asm.add_imm(Size::S64, Gpr::R14, 1);
        asm.exit_step(77);
    });
    (program, entry)
}

fn program() -> NativeProgram {
    NativeProgram::new(&POOL, 4, 1 << 20).expect("a platform that runs native code")
}

/// Makes a unit code, and returns its address.
fn append(
    program: &NativeProgram,
    asm: &mut Assembler,
    write: impl FnOnce(&mut Assembler),
) -> CodeAddress {
    assert!(program.begin(asm, Room { octets: 4096, slots: 8 }), "room");
    let entry = asm.here();
    write(asm);
    program.append(asm).expect("it is fit");
    program.address(asm, entry).expect("it is code")
}

/// Runs code that touches no memory; returns the stop and `r0`.
fn run(program: &NativeProgram, entry: CodeAddress) -> (NativeExit, u64) {
    let mut regs = [0; 13];
    let stop = program.run(&mut regs, &mut 0, &mut armed(), entry);
    (stop, regs[0])
}

fn armed() -> ReservedMemory {
    let mut memory = ReservedMemory::new(&POOL).expect("address space");
    memory.set_access(16, 1, Access::ReadOnly);
    memory.write_raw(0x1_0000, &0x1122_3344_5566_7788_u64.to_le_bytes());
    assert!(memory.arm());
    memory
}

/// Runs the reader at an address.
fn read(at: u64, memory: &mut ReservedMemory) -> (NativeExit, [u64; 13], CodeAddress) {
    let (program, entry) = reader();
    let mut regs: [u64; 13] = core::array::from_fn(|index| 100 + index as u64);
    regs[7] = at;
    let mut gas = 1 << 63;
    let stop = program.run(&mut regs, &mut gas, memory, entry);
    assert_eq!(gas, 1 << 63);
    (stop, regs, entry)
}

#[test]
fn code_says_that_its_gas_is_not_there() {
    let program = program();
    let entry = append(&program, &mut program.assembler(), |asm| {
        asm.sub_amount(Size::S64, Gpr::R15, false);
        asm.fill(3);
        let unpaid = asm.jcc(Condition::Below);
        asm.exit_step(1);
        asm.aim_here(unpaid);
        asm.add_imm(Size::S64, Gpr::R15, 3);
        asm.exit_unpaid(2);
    });
    let run = |mut gas| (program.run(&mut [0; 13], &mut gas, &mut armed(), entry), gas);
    assert_eq!(run(3), (NativeExit::Step { pc: 1 }, 0));
    assert_eq!(run(2), (NativeExit::Unpaid { pc: 2 }, 2));
}

#[test]
fn registers_go_in_and_come_out() {
    // The upper half of the address must not matter.
    let (stop, regs, _) = read(0xffff_ffff_0001_0000, &mut armed());
    assert_eq!(stop, NativeExit::Step { pc: 77 });
    let mut expected: [u64; 13] = core::array::from_fn(|index| 100 + index as u64);
    (expected[0], expected[7]) = (101, 0xffff_ffff_0001_0000);
    expected[8] = 0x1122_3344_5566_7788;
    assert_eq!(regs, expected);
}

#[test]
fn a_fault_comes_back_with_the_state_before_it() {
    // Inaccessible, straddling into the next page, below 2^16, and around the end of the space.
    for at in [0x5_0000, 0x1_0ffc, 0xfffc, 0, 0xffff_fffc, u64::MAX] {
        let (stop, regs, entry) = read(at, &mut armed());
        assert_eq!(stop, NativeExit::Fault { at: entry }, "{at:#x}");
        assert_eq!((regs[0], regs[7], regs[8]), (100, at, 108), "{at:#x}");
    }
}

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

#[test]
fn an_unarmed_memory_is_refused() {
    let mut memory = ReservedMemory::new(&POOL).expect("address space");
    assert_eq!(read(0x1_0000, &mut memory).0, NativeExit::Refused);
}

#[test]
fn no_page_is_writable_and_executable() {
    let _ = read(0x1_0000, &mut armed());
    let maps = std::fs::read_to_string("/proc/self/maps").expect("Linux");
    let mut code = 0;
    for line in maps.lines() {
        let rights = line.split(' ').nth(1).expect("rights");
        assert!(!(rights.contains('w') && rights.contains('x')), "{line}");
        code += usize::from(line.contains("jambox-code") && rights.starts_with("r-x"));
    }
    assert_eq!(code, 1);
}

#[test]
fn a_program_has_no_more_code_than_it_may_and_no_unit_more_than_a_chunk() {
    let program =
        NativeProgram::new(&POOL, 1, 2 * CHUNK_CODE).expect("a platform that runs native code");
    let mut asm = program.assembler();
    let room = Room { octets: CHUNK_CODE, slots: 0 };
    let fill = |asm: &mut Assembler, octets: usize| {
        while asm.at() + 32 < octets {
            asm.mov_u64(Gpr::Rax, 7);
        }
        asm.exit_step(1);
    };
    for _ in 0..2 {
        assert!(program.begin(&mut asm, room));
        fill(&mut asm, CHUNK_CODE);
        assert_eq!(program.append(&mut asm), Ok(()));
    }
    assert!(!program.begin(&mut asm, room), "two chunks are all there may be");
    let small = Room { octets: 8, slots: 0 };
    assert!(program.begin(&mut asm, small), "what is left of the second");
    fill(&mut asm, 100);
    assert_eq!(program.append(&mut asm), Err(Unfit::TooLong));
    assert!(asm.octets_finished() > 2 * CHUNK_CODE - 100);
}

#[test]
fn code_runs_in_its_own_program_only() {
    let ((one, entry), (other, _)) = (reader(), reader());
    assert_eq!(run(&other, entry).0, NativeExit::Refused);
    drop(one);
    let (third, of_third) = reader();
    assert_eq!(run(&third, entry).0, NativeExit::Refused, "even in the place of its own program");
    // Nor does a table take it.
    other.set_entry(1, of_third);
    let mut asm = other.assembler();
    let jump = append(&other, &mut asm, |asm| {
        asm.mov_u32(Gpr::Rax, 2);
        let outside = asm.jmp_dispatch(5, Gpr::Rax, 0, None);
        asm.aim_here(outside);
        asm.exit_step(6);
    });
    assert_eq!(run(&other, jump).0, NativeExit::Dispatch { index: 1, pc: 5 });
}

#[test]
fn a_unit_becomes_code_only_where_it_was_begun() {
    let (one, other) = (program(), program());
    let room = Room { octets: 100, slots: 1 };
    let mut asm = one.assembler();
    assert_eq!(one.append(&mut asm), Err(Unfit::NotBegun), "nothing was begun");
    asm.exit_step(1);
    assert_eq!(one.append(&mut asm), Err(Unfit::NotBegun));
    assert!(one.begin(&mut asm, room));
    let entry = asm.here();
    asm.exit_step(1);
    assert!(one.address(&asm, entry).is_none(), "it is not code yet");
    // Another assembler's units go elsewhere.
    append(&one, &mut one.assembler(), |asm| asm.exit_step(2));
    assert_eq!(one.append(&mut asm), Ok(()));
    assert!(one.address(&asm, entry).is_some());
    assert_eq!(one.append(&mut asm), Err(Unfit::NotBegun), "once");
    assert!(!other.begin(&mut asm, room), "the assembler is of another program");
    assert_eq!(other.append(&mut asm), Err(Unfit::NotBegun));
    assert!(other.address(&asm, Place::of_number(0)).is_none());
    let mut looked_at = Assembler::to_look_at(1);
    looked_at.exit_step(1);
    assert_eq!(one.append(&mut looked_at), Err(Unfit::NotBegun));
}

#[test]
fn slots_lead_out_until_they_are_set() {
    let program = program();
    let mut asm = program.assembler();
    let mut slot = None;
    let from = append(&program, &mut asm, |asm| {
        slot = asm.jump_slot();
        asm.exit_compile(5);
    });
    let slot = slot.expect("room for it");
    assert_eq!(run(&program, from).0, NativeExit::Compile { pc: 5 });
    let mut target = Place::of_number(9);
    program.set_slot(&asm, slot, target);
    assert_eq!(run(&program, from).0, NativeExit::Compile { pc: 5 }, "there is no such place");
    append(&program, &mut asm, |asm| {
        asm.mov_u32(Gpr::R14, 9);
        target = asm.here();
        asm.add_imm(Size::S64, Gpr::R14, 1);
        asm.exit_step(6);
    });
    program.set_slot(&program.assembler(), slot, target);
    assert_eq!(
        run(&program, from).0,
        NativeExit::Compile { pc: 5 },
        "no place of that assembler's"
    );
    program.set_slot(&asm, slot, target);
    assert_eq!(run(&program, from), (NativeExit::Step { pc: 6 }, 1));
    // Slots of a chunk that was another program's lead nowhere but out.
    drop(program);
    for _ in 0..3 {
        let next = self::program();
        let mut asm = next.assembler();
        let from = append(&next, &mut asm, |asm| {
            assert!(asm.jump_slot().is_some());
            asm.exit_compile(7);
        });
        assert_eq!(run(&next, from).0, NativeExit::Compile { pc: 7 });
    }
}

#[test]
fn a_host_call_goes_on_after_itself() {
    let program = program();
    let mut asm = program.assembler();
    let entry = append(&program, &mut asm, |asm| {
        asm.mov_u32(Gpr::R14, 3);
        asm.exit_host_call(10, -4);
        asm.add_imm(Size::S64, Gpr::R14, 1);
        asm.exit_step(11);
    });
    let (stop, r0) = run(&program, entry);
    let NativeExit::HostCall { pc: 10, number: -4, resume } = stop else { panic!("{stop:?}") };
    assert_eq!(r0, 3);
    assert_eq!(run(&program, resume), (NativeExit::Step { pc: 11 }, 1));
}

/// Makes a child with the result of `fork`, has it check that it runs no native code, and waits.
fn fork_refuses(fork: impl FnOnce() -> libc::pid_t) {
    let mut memory = armed();
    assert_eq!(read(0x1_0000, &mut memory).0, NativeExit::Step { pc: 77 });
    let (program, entry) = reader();
    let child = fork();
    if child == 0 {
        let (mut regs, mut gas) = ([0x1_0000; 13], 5);
        let stop = program.run(&mut regs, &mut gas, &mut memory, entry);
        let none = NativeProgram::new(&POOL, 1, 1 << 20).err();
        let refused = stop == NativeExit::Refused && none == Some(Unsupported::Forked);
        // SAFETY: ends the child at once.
        unsafe { libc::_exit(if refused { 42 } else { 1 }) };
    }
    let mut status = 0;
    // SAFETY: waits for the child just made.
    assert_eq!(unsafe { libc::waitpid(child, &raw mut status, 0) }, child);
    assert!(libc::WIFEXITED(status) && libc::WEXITSTATUS(status) == 42, "status {status:#x}");
    drop(program);
    assert_eq!(read(0x1_0000, &mut memory).0, NativeExit::Step { pc: 77 }, "the parent goes on");
}

#[test]
fn a_forked_child_runs_no_native_code() {
    // SAFETY: the child only calls what follows, and leaves without running destructors.
    fork_refuses(|| unsafe { libc::fork() });
}

#[test]
fn a_child_that_no_library_knows_of_runs_no_native_code() {
    // SAFETY: as above. The C library is not told, but the child asks nothing of it that would
    // need to know.
    fork_refuses(|| unsafe { libc::syscall(libc::SYS_fork) as libc::pid_t });
}

#[test]
fn a_child_of_a_busy_process_has_guest_memory() {
    let is_over = AtomicBool::new(false);
    std::thread::scope(|scope| {
        for _ in 0..3 {
            scope.spawn(|| {
                while !is_over.load(Ordering::Relaxed) {
                    drop(armed());
                }
            });
        }
        for _ in 0..200 {
            // SAFETY: the child only uses guest memory, and leaves without running destructors.
            // It allocates a little, which the C library makes good for children.
            let child = unsafe { libc::fork() };
            if child == 0 {
                // SAFETY: ends the child by a signal if it hangs.
                unsafe { libc::alarm(10) };
                let mut memory = armed();
                let is_there = memory.load(0x1_0000) == Some([0x88, 0x77]);
                memory.set_access(16, 1, Access::ReadWrite);
                let is_written = memory.store(0x1_0000, [1]);
                drop(memory);
                let is_empty = ReservedMemory::new(&POOL).is_ok_and(|memory| {
                    let mut octets = [1; 16];
                    memory.read_raw(0x1_0000, &mut octets);
                    octets == [0; 16]
                });
                let is_good = is_there && is_written && is_empty;
                // SAFETY: ends the child at once.
                unsafe { libc::_exit(if is_good { 42 } else { 1 }) };
            }
            let mut status = 0;
            // SAFETY: waits for the child just made.
            assert_eq!(unsafe { libc::waitpid(child, &raw mut status, 0) }, child);
            if !(libc::WIFEXITED(status) && libc::WEXITSTATUS(status) == 42) {
                is_over.store(true, Ordering::Relaxed);
                panic!("status {status:#x}");
            }
        }
        is_over.store(true, Ordering::Relaxed);
    });
}

/// A program that counts `r7` to 3000, in code enough for many units.
fn counting() -> ProgramBlob {
    let set = InstructionSet::of(Revision::GrayPaper072);
    let (mut code, mut starts) = (Vec::new(), Vec::new());
    for index in 0..=3000 {
        let pc = code.len() as u32;
        let text = if index < 3000 { "add_imm_64 r7, r7, 1" } else { "ecalli 5" };
        let instruction: Instruction = text.parse().expect("an instruction");
        starts.push(pc);
        code.extend_from_slice(&instruction.encode(set, pc).expect("of the set"));
        if index % 10 == 0 && index < 3000 {
            let pc = code.len() as u32;
            let fall: Instruction = "fallthrough".parse().expect("an instruction");
            starts.push(pc);
            code.extend_from_slice(&fall.encode(set, pc).expect("of the set"));
        }
    }
    ProgramBlob::from_parts(&code, starts, JumpTable::new(&[])).expect("a program")
}

/// Runs it, and says whether it came to its end.
fn counts(module: &Module) -> bool {
    let Ok(mut instance) = Instance::new(module) else { return false };
    instance.memory_mut().set_access(16, 1, jambox_engine::Access::ReadWrite);
    instance.set_gas(10_000);
    instance.run() == Exit::HostCall(5) && instance.reg(Reg::R7) == 3000
}

#[test]
#[cfg_attr(feature = "portable-memory", ignore = "the engine of this build has no native code")]
fn a_child_interprets_the_module_that_another_thread_was_compiling() {
    let config = Config {
        backend: Backend::Recompiler,
        revision: Revision::GrayPaper072,
        ..Config::default()
    };
    let engine = Engine::new(config).expect("an engine");
    for _ in 0..60 {
        let is_begun = AtomicBool::new(false);
        let module = Module::new(&engine, counting()).expect("a module");
        std::thread::scope(|scope| {
            scope.spawn(|| {
                is_begun.store(true, Ordering::Relaxed);
                assert!(counts(&module));
            });
            while !is_begun.load(Ordering::Relaxed) {
                std::thread::yield_now();
            }
            // SAFETY: the child only runs a guest, and leaves without running destructors.
            let child = unsafe { libc::fork() };
            if child == 0 {
                // SAFETY: ends the child by a signal if it hangs.
                unsafe { libc::alarm(10) };
                // SAFETY: ends the child at once.
                unsafe { libc::_exit(if counts(&module) { 42 } else { 1 }) };
            }
            let mut status = 0;
            // SAFETY: waits for the child just made.
            assert_eq!(unsafe { libc::waitpid(child, &raw mut status, 0) }, child);
            let is_good = libc::WIFEXITED(status) && libc::WEXITSTATUS(status) == 42;
            assert!(is_good, "status {status:#x}");
        });
    }
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
    assert_eq!(process("native::chains_to_a_handler").code(), Some(42));
    assert_eq!(process("native::chains_when_sent").code(), Some(42));
    assert_eq!(process("native::chains_to_the_default").signal(), Some(libc::SIGSEGV));
    let default = process("native::chains_to_the_default_when_sent");
    assert_eq!(default.signal(), Some(libc::SIGSEGV));
    assert_eq!(process("native::chains_to_nothing_when_sent").code(), Some(0));
    assert_eq!(process("native::chains_while_guests_fault").code(), Some(0));
}
