//! PVM invocations, host-call handlers, work reports and accumulation.
#![cfg_attr(
    not(test),
    deny(
        clippy::unwrap_used,
        clippy::expect_used,
        clippy::indexing_slicing,
        clippy::arithmetic_side_effects
    )
)]

mod accumulate;
pub mod accumulation;
mod context;
mod env;
mod failure;
mod guest;
mod handlers;
mod host;
mod is_authorized;
mod memory;
mod observer;
mod package;
mod refine;
mod runner;
mod stop;
mod work_report;

pub use accumulate::{AccumulateCall, Accumulated, NoCode, accumulate};
pub use env::{Env, Limits};
pub use failure::{Cause, End, Failure, MachineState};
pub use host::{CallSite, Host};
pub use is_authorized::{Authorized, is_authorized};
pub use memory::{GuestMemory, Inaccessible};
pub use observer::{
    CallEnded, CallStarted, Finished, Invocation, LogLine, Machine, Observer, Started,
};
pub use package::{ItemBlobs, PackageData};
pub use refine::{RefineCall, Refined, refine};
pub use runner::{EngineRunner, Job, Ran, Runner};
pub use stop::{HostError, Needed, PanicReason, Stop};
pub use work_report::{
    BadSegment, Computed, ExportedSegments, ItemOutcome, PackageError, ReportCall, ReportError,
    compute_report,
};
