//! SDK of JAM services in Rust.
//!
//! **Contents.** Entry points ([`entry_points!`]) and the contexts that they receive: all requests
//! that a service can make of its host, typed, with an error for every result code. The same
//! service is compiled for the PVM (`jambox build`) and runs natively under `cargo test`, on the
//! real host's handlers (`jambox-sdk-testing`).
//!
//! **Not here.** No engine and no host function. Natively, calls go to a [`native::Host`]; in the
//! PVM they are instructions. The same source works under either revision of the paper: the builder
//! chooses it, natively the host does ([`revision`]).
//!
//! **Invariants.** Host-call numbers, result codes and fetch kinds come from `jambox-hostcall`.
//! Octets from outside are decoded, never trusted: wrong encodings are an [`Error`]. `unsafe` is
//! found only in `guest`, which is compiled for the PVM only.
//!
//! # Example
//!
//! A service that counts how often each payload was seen:
//!
//! ```
//! use jambox_sdk::prelude::*;
//!
//! fn refine(_: &RefineContext, arguments: RefineArguments) -> Hash {
//!     blake2b_256(&arguments.payload)
//! }
//!
//! fn accumulate(ctx: &AccumulateContext, _: AccumulateArguments) -> Result<(), Error> {
//!     for input in ctx.fetcher().inputs()? {
//!         let AccumulateInput::Operand(operand) = input else { continue };
//!         let Ok(hash) = operand.result.0 else { continue };
//!         let seen: u64 = ctx.storage().load(&hash)?.unwrap_or(0);
//!         ctx.storage().store(&hash, &(seen + 1))?;
//!     }
//!     Ok(())
//! }
//!
//! entry_points! { refine = refine, accumulate = accumulate }
//! # fn main() {}
//! ```
//!
//! # Features
//!
//! `log-off`, `log-error`, `log-warn`, `log-info`, `log-debug`: log lines above that level are not
//! compiled in. Without any of them, all lines are compiled in.
#![no_std]

extern crate alloc;
#[cfg(not(target_env = "polkavm"))]
extern crate std;
// The derive macros name this crate by its name, inside it too.
extern crate self as jambox_sdk;

pub mod accumulate;
mod context;
pub mod describe;
mod ecalli;
mod entry;
mod error;
mod event;
mod fetch;
#[cfg(target_env = "polkavm")]
mod guest;
mod hash;
pub mod log;
mod machine;
#[cfg(not(target_env = "polkavm"))]
pub mod native;
mod nested;
mod preimages;
mod revision;
mod row;
mod service;
mod storage;
pub mod stored;

pub use context::{
    AccumulateArguments, AccumulateContext, AuthorizeArguments, AuthorizeContext, NewService,
    RefineArguments, RefineContext,
};
pub use describe::Describe;
pub use entry::{Entry, Output, Placed, Service};
pub use error::Error;
pub use event::{Event, emit};
pub use fetch::{
    AccumulateFetcher, AuthorizeFetcher, ItemSummary, RefineFetcher, fetch, fetch_part,
};
pub use hash::blake2b_256;
pub use jambox_codec as codec;
pub use jambox_hostcall::{FetchKind, Interface, LogLevel, Revision};
pub use jambox_sdk_macros::{Decode, Describe, Encode, Event, Key};
pub use jambox_types as types;
pub use machine::{ExitReason, FIRST_PAGE, InvokeIo, Machine, PAGE_SIZE, PageAccess};
pub use nested::{
    Flow, InnerHost, NestedPvm, SPI_ARGUMENTS_START, SPI_MAX_ARGUMENTS, SPI_READ_ONLY_START,
    SPI_RETURN_ADDRESS, SPI_SEGMENT_SIZE, SPI_STACK_END, SpiError,
};
pub use preimages::{Preimages, RefinePreimages, Request};
pub use revision::revision;
pub use service::{ServiceInfo, ServiceRef};
pub use storage::{Key, Storage};

#[cfg(target_env = "polkavm")]
#[doc(hidden)]
pub use guest::entry as __entry;

#[doc(hidden)]
pub use alloc::borrow::Cow as __Cow;

#[doc(hidden)]
pub mod __run {
    pub use crate::entry::{accumulate, is_authorized, refine};
}

/// Items that most services use.
pub mod prelude {
    pub use alloc::boxed::Box;
    pub use alloc::format;
    pub use alloc::string::{String, ToString};
    pub use alloc::vec;
    pub use alloc::vec::Vec;

    pub use jambox_codec::{decode_all, encode};
    pub use jambox_types::{
        AccumulateInput, Balance, CoreIndex, DeferredTransfer, Gas, Hash, Memo, Operand, ServiceId,
        TimeSlot, WorkError,
    };

    pub use crate::stored::{Counter, IndexedMap, List, Map, Set, Value};
    pub use crate::{
        AccumulateArguments, AccumulateContext, AuthorizeArguments, AuthorizeContext, Decode,
        Describe, Encode, Error, Event, ExitReason, Key, NestedPvm, NewService, Output, PageAccess,
        Placed, RefineArguments, RefineContext, ServiceRef, Storage, blake2b_256, debug, emit,
        entry_points, error, info, layout, library, trace, warn,
    };
}
