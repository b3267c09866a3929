//! Running machine code that was generated for a guest, inside this process.
//!
//! Three parts: the code space, where generated code lives; entry and exit,
//! which swap the guest's registers in and out; and the signal handler, which turns a
//! forbidden memory access of generated code into an ordinary return value.
//!
//! # What is trusted
//!
//! Whoever appends octets to a [`Chunk`] says that they are code that keeps these rules:
//!
//! - it touches guest memory only through `gs` with 32-bit addresses, fields of its
//!   frame through `rsp`, and its slots, which it only reads;
//! - it leaves only by jumping to an address in its frame, a slot or the dispatch table;
//! - it never changes `rsp`, the segment bases or the direction flag, and makes no calls.
//!
//! In this workspace that is `jambox-recompiler` alone, in safe code, whose assembler has no form
//! that could break the first rule. What a guest does can then only be what those rules allow.

mod code_space;
mod enter;
pub mod frame;
mod signals;

pub use code_space::{CHUNK_CODE, CHUNK_SLOTS, Chunk, CodeAddress};
pub use enter::{DispatchTable, Stop, run};

/// Why this process cannot run generated code.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
pub enum Unsupported {
    /// The processor lacks an extension.
    #[error("the processor has no {0}")]
    Processor(&'static str),
    /// The kernel does not let programs set the `gs` base.
    #[error("the kernel does not enable rdgsbase and wrgsbase for programs")]
    SegmentBase,
    /// The kernel refuses memory that is executable through one mapping and writable through
    /// another, or the address space for it.
    #[error("no executable memory: {0}")]
    ExecutableMemory(String),
    /// The signal handler could not be installed.
    #[error("no signal handler: {0}")]
    Signals(String),
    /// The process is a fork of the one that set the code space up.
    #[error("the process was forked from one that runs generated code")]
    Forked,
}

/// Makes this process ready to run generated code, once; later calls return the first's result.
///
/// # Errors
/// When the platform cannot do it. Everything else of this crate works all the same.
pub fn prepare() -> Result<(), Unsupported> {
    code_space::space().map(|_| ())
}

fn check_processor() -> Result<(), Unsupported> {
    let needed = [
        (std::arch::is_x86_feature_detected!("bmi1"), "BMI1"),
        (std::arch::is_x86_feature_detected!("bmi2"), "BMI2"),
        (std::arch::is_x86_feature_detected!("lzcnt"), "LZCNT"),
        (std::arch::is_x86_feature_detected!("popcnt"), "POPCNT"),
    ];
    match needed.into_iter().find(|(there, _)| !there) {
        Some((_, name)) => Err(Unsupported::Processor(name)),
        None => Ok(()),
    }
}

/// Whether `rdgsbase` and `wrgsbase` work outside the kernel: the second bit of `AT_HWCAP2`.
fn check_segment_base() -> Result<(), Unsupported> {
    const HWCAP2_FSGSBASE: libc::c_ulong = 1 << 1;
    // SAFETY: `getauxval` reads a value that the kernel gave the process, nothing else.
    let capabilities = unsafe { libc::getauxval(libc::AT_HWCAP2) };
    if capabilities & HWCAP2_FSGSBASE == 0 { Err(Unsupported::SegmentBase) } else { Ok(()) }
}

fn last_error() -> String {
    std::io::Error::last_os_error().to_string()
}
