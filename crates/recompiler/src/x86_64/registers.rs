//! Host registers by their use while generated code runs.
//!
//! All thirteen guest registers live in host registers from entry to exit. That leaves `rsp` for
//! the frame, one register for the gas and one to work with: guest memory is reached through the
//! `gs` segment and needs none. The entry code in `jambox-sandbox` loads and saves the same map.

use jambox_isa::Reg;
use jambox_sandbox::native::x86_64::Gpr;

/// Holds the gas left.
pub(super) const GAS: Gpr = Gpr::R15;

/// Free for use within an instruction; carries the position at exits.
pub(super) const SCRATCH: Gpr = Gpr::Rcx;

/// The host register that holds a guest register.
///
/// The stack pointer and the argument registers, through which most memory is reached, get those
/// that need no extra octet as a base.
#[inline]
pub(super) const fn host(reg: Reg) -> Gpr {
    match reg {
        Reg::R0 => Gpr::R14,
        Reg::R1 => Gpr::Rbx,
        Reg::R2 => Gpr::R10,
        Reg::R3 => Gpr::R11,
        Reg::R4 => Gpr::R12,
        Reg::R5 => Gpr::Rbp,
        Reg::R6 => Gpr::R13,
        Reg::R7 => Gpr::Rdi,
        Reg::R8 => Gpr::Rsi,
        Reg::R9 => Gpr::Rdx,
        Reg::R10 => Gpr::Rax,
        Reg::R11 => Gpr::R8,
        Reg::R12 => Gpr::R9,
    }
}
