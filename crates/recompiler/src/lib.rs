//! Basic blocks of a PVM program to x86-64 code.
//!
//! **Contents.** An emitter that turns runs of guest instructions into host code, and
//! [`NativeCode`], the code of one program, made as it is reached. Nothing here is unsafe, or could
//! be: all code is written with the assembler of `jambox_sandbox::native`, and runs there.
//!
//! **Not here.** Instances, and everything but plain computation. Wherever a program traps, faults,
//! halts, grows its heap or runs out of gas, native code comes back as if the instruction had not
//! begun, and the exact interpreter of `jambox-engine` executes it.
//!
//! # Invariants
//!
//! - At every place where native code can come back, registers, memory and gas are those of the
//!   paper's single-step function before the instruction at the position it comes back with.
//! - Making code takes time and room linear in the code reached: no instruction is compiled
//!   twice, none becomes more than [`MAX_INSTRUCTION`] octets, and no program has more than
//!   [`MAX_CODE`].
//!
//! `docs/recompiler.md` explains the whole.

#![cfg_attr(docsrs, feature(doc_cfg))]
// Elsewhere the crate is empty, so that the workspace builds.
#![cfg(all(target_arch = "x86_64", target_os = "linux"))]
#![cfg_attr(not(test), deny(clippy::unwrap_used, clippy::expect_used))]

mod code;
mod emit;
mod entries;
#[cfg(feature = "listing")]
mod listing;
#[cfg(target_arch = "x86_64")]
mod x86_64;

pub use code::{Dispatch, MAX_CODE, MAX_INSTRUCTION, NativeCode, Origin, UNIT_BUDGET, Usage};
pub use emit::Tier;
#[cfg(feature = "listing")]
pub use listing::{Listing, listing};
