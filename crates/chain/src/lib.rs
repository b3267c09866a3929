//! Work reports, accumulation of reports, and blocks applied to states.
//!
//! **What it is.** The steps from a work package and a state to a block and the state after it:
//! [`compute_report`] for a work package, [`accumulation`] for a set of reports, [`block`] for a
//! whole block, and [`accumulate_alone`] for a report where there are no blocks.
//!
//! **What it is not.** It runs no program and answers no host call (that is `jambox-invocation`),
//! and it keeps no state (`jambox-state`, `jambox-store`).
//!
//! # Invariants
//!
//! - The rules are each written once: whoever works on a package, a report or a block, be it the
//!   command, a test of a service or a vector, comes here.
//! - The same inputs give the same outputs, gas included.
#![cfg_attr(
    not(test),
    deny(
        clippy::unwrap_used,
        clippy::expect_used,
        clippy::indexing_slicing,
        clippy::arithmetic_side_effects
    )
)]

pub mod accumulation;
mod alone;
pub mod block;
mod time;
mod work_report;

pub use alone::{Alone, ServiceCall, accumulate_alone};
pub use time::{SlotError, advance_entropy, check_slot, next_slot};
pub use work_report::{
    BadSegment, Computed, ExportedSegments, ItemOutcome, PackageError, ReportCall, ReportError,
    compute_report, package_errors, specify_availability,
};
