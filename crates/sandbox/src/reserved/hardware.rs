//! The protection of a memory's pages, as the hardware has it.

use core::ops::Range;

use crate::page::Access;

/// Pages of equal access.
pub(super) type Run = (Range<u32>, Access);

/// Protection that the hardware gives.
pub(super) enum Hardware {
    /// Everything.
    Open,
    /// These runs, in order, and nothing else.
    Runs {
        runs: Vec<Run>,
        /// True if the runs are what the permission table says; otherwise they allow at least that.
        is_exact: bool,
    },
    /// Everything, for good.
    Refused,
}
