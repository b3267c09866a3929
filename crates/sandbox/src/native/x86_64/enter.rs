//! The code that swaps the guest's registers in and out.

use core::arch::naked_asm;
use core::mem::offset_of;

use super::frame;
use crate::native::context::{
    Context, REASON_COMPILE, REASON_DISPATCH, REASON_FAULT, REASON_HOST_CALL, REASON_STEP,
    REASON_UNPAID,
};

/// The target of a dispatch table's entry that was not set: back as `NativeExit::Dispatch`.
pub(in crate::native) fn exit_dispatch_address() -> u64 {
    exit_dispatch as *const () as u64
}

/// Saves what the calling convention says to keep, makes the frame, swaps the guest's state in and
/// jumps to the entry. Generated code comes back by jumping to one of the exits below.
///
/// # Safety
/// The context's entry must be code that keeps the rules of `Assembler`, everything else in it must
/// be valid for as long as that runs.
#[unsafe(naked)]
pub(in crate::native) unsafe extern "sysv64" fn enter(context: *mut Context) -> u32 {
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
