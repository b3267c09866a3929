//! Work reports, accumulation of reports, and blocks applied to states.
//!
//! **Contents.** The steps from a work package and a state to a block and the state after it:
//! [`compute_report`] for a work package, [`accumulation`] for a set of reports, [`block`] for a
//! whole block, and [`accumulate_alone`] for a report without a block.
//!
//! **Not here.** Programs are run and host calls answered by `jambox-invocation`; state is kept by
//! `jambox-state` and `jambox-store`.
//!
//! # Invariants
//!
//! - Each rule is written once. The command, tests of services and vectors all use this crate for
//!   packages, reports and blocks.
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
mod components;
mod time;
mod work_report;

pub use alone::{Alone, ServiceCall, accumulate_alone};
pub use time::{SlotError, advance_entropy, check_slot, next_slot};
pub use work_report::{
    BadSegment, Computed, ExportedSegments, ItemOutcome, PackageError, ReportCall, ReportError,
    compute_report, package_errors, specify_availability,
};
