//! x86-64: forms of instructions, entry and exit, the state that a signal interrupts.
//!
//! The rules of a fit [`Assembler`](super::asm::Assembler) unit hold here because of these means:
//!
//! - The base of guest memory is the `gs` base, and every form that names guest memory has the
//!   address-size prefix, so that the sum of a register and a displacement is taken modulo 2^32.
//! - The frame is at `rsp`, which no operand can name and no form changes. No form calls, and none
//!   changes a segment base or the direction flag.
//! - A slot and the dispatch table are reached through a distance from `rip` and a field of the
//!   frame.

mod asm;
mod enter;
mod frame;
mod signals;
mod support;

pub use asm::{Condition, Gpr, Mem, Size, Spill};

pub(super) use asm::Buffer;
pub(super) use enter::{enter, exit_dispatch_address};
pub(super) use signals::{go_on_at_exit, guest_base, interrupted_at};
pub(super) use support::check_processor;
