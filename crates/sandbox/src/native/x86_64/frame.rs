//! The frame that generated code runs on: fields at fixed distances from `rsp`.
//!
//! Entry fills it, generated code reads it and writes the scratch fields, exits read it.

/// Holds the address to jump to so that the interpreter executes the instruction whose position
/// is in `ecx`.
pub(super) const EXIT_STEP: i8 = 0;

/// Holds the address to jump to with the position of an `ecalli` in `ecx`, with [`RESUME`] and
/// [`DETAIL`] set.
pub(super) const EXIT_HOST_CALL: i8 = 8;

/// Holds the address to jump to so that code is made for the position in `ecx`, and entered.
pub(super) const EXIT_COMPILE: i8 = 16;

/// Holds the address of the dispatch table.
pub(super) const TABLE: i8 = 24;

/// Takes the address at which to go on after a host call.
pub(super) const RESUME: i8 = 32;

/// Takes the position of an indirect jump before it jumps, and the number of a host call.
pub(super) const DETAIL: i8 = 40;

/// Take whatever generated code wants to keep while it needs a register.
pub(super) const SPILL: [i8; 2] = [48, 56];

/// Holds where entry and exit keep the context.
pub(super) const CONTEXT: i8 = 64;

/// Holds the `gs` base of whoever entered.
pub(super) const OUTER_GS: i8 = 72;

/// Holds the address that the signal handler continues at.
pub(super) const EXIT_FAULT: i8 = 80;

/// Holds the address to jump to where the gas for the code at the position in `ecx` is not there.
pub(super) const EXIT_UNPAID: i8 = 88;

/// The size of the frame. Six saved registers and a return address above it make the stack
/// pointer a multiple of 16.
pub(super) const SIZE: usize = 104;
