//! Work reports, accumulation of reports, and blocks applied to states.
//!
//! **What it is.** The steps from a work package and a state to a block and the state after it:
//! [`compute_report`] for a work package, [`accumulation`] for a set of reports, [`block`] for a
//! whole block.
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
pub mod block;
mod work_report;

pub use work_report::{
    BadSegment, Computed, ExportedSegments, ItemOutcome, PackageError, ReportCall, ReportError,
    compute_report, specify_availability,
};
