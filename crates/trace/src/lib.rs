//! Host-call traces: a text with an execution's program, its start, every host call with the host's
//! actions, and its end. Any PVM can replay it without a host.
//!
//! **Contents.** The JIP-7 text form, read ([`Reader`]) and written ([`write_execution`], and
//! `Recorder` with the feature `recording`); its [`replay`] on the engine; and [`compare`], which
//! reports a difference with its line and step.
//!
//! **Not here.** There is no host: correct results of a call are not known, only the results in a
//! trace.
//!
//! **Invariants.** Reading holds one execution at a time and never more than its [`Limits`]. A
//! written execution reads back as the same, apart from the order of the host's actions in one
//! call, which JIP-7 fixes. A replay with the result [`Replayed::Same`] has compared all of the
//! machine that the trace shows.
//!
//! # Example
//!
//! ```
//! use jambox_engine::{Config, Engine};
//! use jambox_trace::{Reader, Replayed, replay};
//!
//! // add_imm_64 r7, r7, 5; ecalli 3; then the end of the code, a trap.
//! let trace = "\
//! Hello from a node; what follows is written by its logger:
//! [trace] program 0x0000059577050a0309
//! [trace] start pc=0 gas=10 r07=0x25
//! [trace] ecalli=3 pc=3 gas=8 r07=0x2a
//! [trace] setreg r07 <- 0x1
//! [trace] setgas <- 5
//! [trace] PANIC=0 pc=5 gas=4 r07=0x1
//! ";
//! let revision = jambox_engine::Revision::GrayPaper072;
//! let engine = Engine::new(Config { revision, ..Config::default() })?;
//! for execution in Reader::new(trace.as_bytes()) {
//!     assert_eq!(replay(&execution?, &engine)?, Replayed::Same);
//! }
//! # Ok::<(), Box<dyn std::error::Error>>(())
//! ```
#![cfg_attr(docsrs, feature(doc_cfg))]
#![cfg_attr(
    not(test),
    deny(
        clippy::unwrap_used,
        clippy::expect_used,
        clippy::indexing_slicing,
        clippy::arithmetic_side_effects
    )
)]

mod difference;
mod error;
mod execution;
mod line;
mod read;
#[cfg(feature = "recording")]
mod recorder;
#[cfg(feature = "recording")]
mod recording;
mod replay;
mod write;

pub use difference::{Compared, Difference, DifferenceKind, Event, Step, compare};
pub use error::{Error, SyntaxError};
pub use execution::{Action, Block, Call, End, EndKind, Execution, TracedState};
pub use line::begins_trace;
pub use read::{Limits, Reader};
#[cfg(feature = "recording")]
pub use recorder::Recorder;
#[cfg(feature = "recording")]
pub use recording::Recording;
pub use replay::{Replayed, Watch, replay, replay_watched};
pub use write::write_execution;
