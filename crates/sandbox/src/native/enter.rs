//! Entering generated code, and how it comes back.

use core::arch::naked_asm;
use core::mem::offset_of;

use super::program::{CodeAddress, NativeProgram};
use super::{frame, signals};
use crate::ReservedMemory;

/// The reason why generated code came back.
///
/// Registers and gas are then as before the instruction at the position, except where said.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum NativeExit {
    /// The instruction at this position has to be executed exactly.
    Step {
        /// The position in the program.
        pc: u32,
    },
    /// The gas that code takes at this position is not there; none of it is taken.
    Unpaid {
        /// The position in the program.
        pc: u32,
    },
    /// An `ecalli`, whose gas is charged.
    HostCall {
        /// The position of the `ecalli`.
        pc: u32,
        /// Number of the host call.
        number: i32,
        /// The address at which to go on after it.
        resume: CodeAddress,
    },
    /// There is no code yet for this position; its gas is not charged.
    Compile {
        /// The position in the program.
        pc: u32,
    },
    /// There is no code yet for this entry of the dispatch table. The jump is done but for that:
    /// its gas is charged, its register (if it sets one) is set.
    Dispatch {
        /// The index in the dispatch table.
        index: usize,
        /// The position of the jump.
        pc: u32,
    },
    /// An access to guest memory that the page does not allow, by the instruction of generated
    /// code at this address. Gas is charged up to the end of the segment.
    Fault {
        /// The instruction's address in the code space.
        at: CodeAddress,
    },
    /// Nothing was run: the address is another program's, the memory is not armed, or the process
    /// is a forked child.
    Refused,
}

const REASON_STEP: u32 = 0;
const REASON_HOST_CALL: u32 = 1;
const REASON_COMPILE: u32 = 2;
const REASON_DISPATCH: u32 = 3;
const REASON_FAULT: u32 = 4;
const REASON_UNPAID: u32 = 5;

/// The target of a dispatch table's entry that was not set: back as [`NativeExit::Dispatch`].
pub(super) fn exit_dispatch_address() -> u64 {
    exit_dispatch as *const () as u64
}

/// Memory shared by a run and the code that it enters.
#[repr(C)]
struct Context {
    regs: *mut [u64; 13],
    gas: u64,
    entry: u64,
    memory: u64,
    table: u64,
    /// Filled at exit: the value of `rcx`, which is a position or an address.
    value: u64,
    resume: u64,
    detail: u64,
}

impl NativeProgram {
    /// Enters this program's code at `entry` with the registers, gas and memory of a guest, and
    /// returns when it comes back.
    ///
    /// Nothing is run if the address is another program's, the memory is not
    /// [armed](ReservedMemory::arm), or the process is a forked child. From the first run of a
    /// memory on a thread on, `SIGSEGV` is not blocked there.
    #[inline]
    pub fn run(
        &self,
        regs: &mut [u64; 13],
        gas: &mut u64,
        memory: &mut ReservedMemory,
        entry: CodeAddress,
    ) -> NativeExit {
        let space = self.space();
        if !self.owns(entry) || !memory.is_armed() || !space.is_alive() {
            return NativeExit::Refused;
        }
        // Once for each thread that a memory is run by: asking the kernel at every entry would
        // cost more than the entry.
        if memory.note_thread(signals::thread_token()) {
            signals::unblock();
        }
        let mut context = Context {
            regs,
            gas: *gas,
            entry: space.address(entry.offset()),
            memory: memory.guest_base(),
            table: self.table(),
            value: 0,
            resume: 0,
            detail: 0,
        };
        // SAFETY: `entry` is the start of an instruction of this program, all of which is code
        // that keeps the rules of `Assembler`; the program is borrowed, so its code, slots and
        // table stay. The context and what it points to outlive the call. The memory is armed, so
        // what the code may touch of it is what the page protection says, and nobody else has it;
        // the handler is installed, and its signal not blocked.
        let reason = unsafe { enter(&raw mut context) };
        *gas = context.gas;
        self.stop(reason, &context)
    }

    #[inline]
    fn stop(&self, reason: u32, context: &Context) -> NativeExit {
        let pc = context.value as u32;
        // Both kinds of addresses are those of instructions of this program: the one that faulted
        // in it, and the one after a host call, which only its form of code sets.
        let address =
            |value| self.space().offset(value).map(|offset| CodeAddress::new(self.id(), offset));
        match reason {
            REASON_STEP => NativeExit::Step { pc },
            REASON_UNPAID => NativeExit::Unpaid { pc },
            REASON_COMPILE => NativeExit::Compile { pc },
            REASON_HOST_CALL => match address(context.resume) {
                Some(resume) => NativeExit::HostCall { pc, number: context.detail as i32, resume },
                None => NativeExit::Refused,
            },
            REASON_DISPATCH => {
                let index = (context.value.wrapping_sub(context.table) / 8) as usize;
                NativeExit::Dispatch { index, pc: context.detail as u32 }
            }
            _ => match address(context.value) {
                Some(at) => NativeExit::Fault { at },
                None => NativeExit::Refused,
            },
        }
    }
}

/// Saves what the calling convention says to keep, makes the frame, swaps the guest's state in and
/// jumps to the entry. Generated code comes back by jumping to one of the exits below.
///
/// # Safety
/// The context's entry must be code that keeps the rules of `Assembler`, everything else in it must
/// be valid for as long as that runs.
#[unsafe(naked)]
unsafe extern "sysv64" fn enter(context: *mut Context) -> u32 {
    naked_asm!(
        "push rbp",
        "push rbx",
        "push r12",
        "push r13",
        "push r14",
        "push r15",
        "sub rsp, {size}",
        "mov [rsp + {context}], rdi",
        "rdgsbase rax",
        "mov [rsp + {outer_gs}], rax",
        "mov rax, [rdi + {memory}]",
        "wrgsbase rax",
        "lea rax, [rip + {exit_step}]",
        "mov [rsp + {step_field}], rax",
        "lea rax, [rip + {exit_host_call}]",
        "mov [rsp + {host_call_field}], rax",
        "lea rax, [rip + {exit_compile}]",
        "mov [rsp + {compile_field}], rax",
        "lea rax, [rip + {exit_fault}]",
        "mov [rsp + {fault_field}], rax",
        "lea rax, [rip + {exit_unpaid}]",
        "mov [rsp + {unpaid_field}], rax",
        "mov rax, [rdi + {table}]",
        "mov [rsp + {table_field}], rax",
        "mov r15, [rdi + {gas}]",
        "mov rcx, [rdi + {entry}]",
        "mov rdi, [rdi + {regs}]",
        "mov r14, [rdi]",
        "mov rbx, [rdi + 8]",
        "mov r10, [rdi + 16]",
        "mov r11, [rdi + 24]",
        "mov r12, [rdi + 32]",
        "mov rbp, [rdi + 40]",
        "mov r13, [rdi + 48]",
        "mov rsi, [rdi + 64]",
        "mov rdx, [rdi + 72]",
        "mov rax, [rdi + 80]",
        "mov r8, [rdi + 88]",
        "mov r9, [rdi + 96]",
        "mov rdi, [rdi + 56]",
        "jmp rcx",
        size = const frame::SIZE,
        context = const frame::CONTEXT,
        outer_gs = const frame::OUTER_GS,
        step_field = const frame::EXIT_STEP,
        host_call_field = const frame::EXIT_HOST_CALL,
        compile_field = const frame::EXIT_COMPILE,
        fault_field = const frame::EXIT_FAULT,
        unpaid_field = const frame::EXIT_UNPAID,
        table_field = const frame::TABLE,
        memory = const offset_of!(Context, memory),
        table = const offset_of!(Context, table),
        gas = const offset_of!(Context, gas),
        entry = const offset_of!(Context, entry),
        regs = const offset_of!(Context, regs),
        exit_step = sym exit_step,
        exit_host_call = sym exit_host_call,
        exit_compile = sym exit_compile,
        exit_fault = sym exit_fault,
        exit_unpaid = sym exit_unpaid,
    )
}

/// An exit: notes the reason and goes on to [`leave`]. Only ever jumped to, from generated code.
macro_rules! exit {
    ($name:ident, $reason:expr) => {
        #[unsafe(naked)]
        unsafe extern "sysv64" fn $name() {
            naked_asm!(
                "mov [rsp + {spill}], rax",
                "mov eax, {reason}",
                "jmp {leave}",
                spill = const frame::SPILL[0],
                reason = const $reason,
                leave = sym leave,
            )
        }
    };
}

exit!(exit_step, REASON_STEP);
exit!(exit_host_call, REASON_HOST_CALL);
exit!(exit_compile, REASON_COMPILE);
exit!(exit_dispatch, REASON_DISPATCH);
exit!(exit_fault, REASON_FAULT);
exit!(exit_unpaid, REASON_UNPAID);

/// Swaps the guest's state out and returns from [`enter`]. The reason is in `eax`, the guest's
/// `rax` in the first spill field, the value for the context in `rcx`.
#[unsafe(naked)]
unsafe extern "sysv64" fn leave() {
    naked_asm!(
        "mov [rsp + {value_spill}], rdi",
        "mov rdi, [rsp + {context}]",
        "mov [rdi + {value}], rcx",
        "mov [rdi + {gas}], r15",
        "mov rcx, [rdi + {regs}]",
        "mov [rcx], r14",
        "mov [rcx + 8], rbx",
        "mov [rcx + 16], r10",
        "mov [rcx + 24], r11",
        "mov [rcx + 32], r12",
        "mov [rcx + 40], rbp",
        "mov [rcx + 48], r13",
        "mov [rcx + 64], rsi",
        "mov [rcx + 72], rdx",
        "mov [rcx + 88], r8",
        "mov [rcx + 96], r9",
        "mov rdx, [rsp + {spill}]",
        "mov [rcx + 80], rdx",
        "mov rdx, [rsp + {value_spill}]",
        "mov [rcx + 56], rdx",
        "mov rdx, [rsp + {resume_field}]",
        "mov [rdi + {resume}], rdx",
        "mov rdx, [rsp + {detail_field}]",
        "mov [rdi + {detail}], rdx",
        "mov rdx, [rsp + {outer_gs}]",
        "wrgsbase rdx",
        "add rsp, {size}",
        "pop r15",
        "pop r14",
        "pop r13",
        "pop r12",
        "pop rbx",
        "pop rbp",
        "ret",
        spill = const frame::SPILL[0],
        value_spill = const frame::SPILL[1],
        context = const frame::CONTEXT,
        value = const offset_of!(Context, value),
        gas = const offset_of!(Context, gas),
        regs = const offset_of!(Context, regs),
        resume_field = const frame::RESUME,
        resume = const offset_of!(Context, resume),
        detail_field = const frame::DETAIL,
        detail = const offset_of!(Context, detail),
        outer_gs = const frame::OUTER_GS,
        size = const frame::SIZE,
    )
}
