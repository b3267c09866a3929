//! The agreement of a run with the entry code of a processor.

/// Memory shared by a run and the code that it enters.
#[repr(C)]
pub(super) struct Context {
    pub(super) regs: *mut [u64; 13],
    pub(super) gas: u64,
    pub(super) entry: u64,
    pub(super) memory: u64,
    pub(super) table: u64,
    /// Filled at exit: a position or an address.
    pub(super) value: u64,
    pub(super) resume: u64,
    pub(super) detail: u64,
}

// The reasons that the entry code returns.
pub(super) const REASON_STEP: u32 = 0;
pub(super) const REASON_HOST_CALL: u32 = 1;
pub(super) const REASON_COMPILE: u32 = 2;
pub(super) const REASON_DISPATCH: u32 = 3;
pub(super) const REASON_FAULT: u32 = 4;
pub(super) const REASON_UNPAID: u32 = 5;
