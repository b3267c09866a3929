//! Children of a process that has run native code.

use core::sync::atomic::{AtomicBool, Ordering};

use jambox_engine::{Backend, Config, Engine, Exit, Instance, Module};
use jambox_isa::{Instruction, InstructionSet, Reg, Revision};
use jambox_program::{JumpTable, ProgramBlob};
use jambox_sandbox::native::{NativeExit, NativeProgram, Unsupported};
use jambox_sandbox::{Access, GuestMemory, ReservedMemory};

use super::{POOL, armed, read, reader};

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
