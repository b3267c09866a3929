//! PVM invocations and host-call handlers.
//!
//! **Contents.** The paper's three invocations ([`is_authorized`], [`refine`], [`accumulate`];
//! `sec:virtualmachineinvocations`, 0.7.2) with every host call that each of them offers.
//!
//! **Not here.** Instructions are `jambox-engine`'s, numbers and registers of host calls
//! `jambox-hostcall`'s, state `jambox-state`'s, reports and blocks `jambox-chain`'s. Nothing is
//! printed: events are reported to an [`Observer`].
//!
//! # Invariants
//!
//! - Handlers take typed requests and return typed replies, and do not depend on the ABI. Only
//!   [`Host::serve`] does; the engine's host-call loop and native guests both call it.
//! - Three kinds of result are kept apart: ends of guests ([`End`], an `Ok` value), result codes
//!   (in the guest's registers), failures of the host ([`HostError`]).
//! - Gas is charged before any effect; a call that stops its guest has had no effect.
//! - Lengths claimed by a guest are checked against its memory before allocation.
//! - The same inputs give the same outputs, gas included.
//!
//! # Example
//!
//! A service whose code halts at once: its output is then its arguments.
//!
//! ```
//! use std::sync::Arc;
//! use jambox_invocation::{Env, ItemBlobs, PackageData, RefineCall, refine};
//! use jambox_program::{StandardProgram, join_metadata};
//! use jambox_state::{AccountInfo, Accounts, Blob, Footprint, MemoryBase};
//! use jambox_state::{RequestHistory, RequestKey};
//! use jambox_types::{
//!     Balance, CoreIndex, Gas, Hash, Parameters, Protocol, RefineContext, Revision, ServiceId,
//!     TimeSlot, WorkItem, WorkPackage,
//! };
//!
//! // A program blob of one instruction, `jump_ind r0`, in a standard program without data.
//! let program = StandardProgram::new([], [], 0, 0, [0, 0, 2, 50, 0, 1])?;
//! let code = Blob::from(join_metadata(b"", &program.encode()));
//! let hash = Hash::blake2b(&code);
//!
//! let mut accounts = Accounts::new(Arc::new(MemoryBase::default()));
//! let service = ServiceId(7);
//! accounts.create(service, AccountInfo {
//!     code_hash: hash,
//!     balance: Balance(1000),
//!     min_accumulate_gas: Gas(0),
//!     min_memo_gas: Gas(0),
//!     gratis: Balance(0),
//!     created: TimeSlot(0),
//!     last_accumulation: TimeSlot(0),
//!     parent: service,
//!     footprint: Footprint::default(),
//! })?;
//! let key = RequestKey { hash, length: code.len() as u32 };
//! accounts.set_request(service, key, Some(RequestHistory::Available(TimeSlot(0))))?;
//! accounts.set_preimage(service, hash, Some(code))?;
//!
//! let item = WorkItem {
//!     service,
//!     code_hash: hash,
//!     refine_gas_limit: Gas(100),
//!     accumulate_gas_limit: Gas(0),
//!     export_count: 0,
//!     payload: b"hi".to_vec(),
//!     imports: Vec::new(),
//!     extrinsics: Vec::new(),
//! };
//! let package = WorkPackage {
//!     auth_code_host: service,
//!     auth_code_hash: hash,
//!     context: RefineContext::default(),
//!     auth_token: Vec::new(),
//!     auth_config: Vec::new(),
//!     items: vec![item],
//! };
//! let package = PackageData::new(package, vec![ItemBlobs::default()], Revision::GrayPaper072);
//!
//! let env = Env::new(Protocol::new(Revision::GrayPaper072, Parameters::FULL))?;
//! let call = RefineCall {
//!     package: &package,
//!     item: 0,
//!     core: CoreIndex(3),
//!     trace: &Blob::from([]),
//!     export_offset: 0,
//!     accounts: &accounts,
//! };
//! let refined = refine(&env, call, &mut ())?;
//! // Core 3, item 0, service 7, two octets of payload, the package's hash.
//! let expected = [&[3, 0, 7, 2, b'h', b'i'][..], &package.hash().0].concat();
//! assert_eq!(refined.result, Ok(expected));
//! assert_eq!(refined.gas_used, Gas(1));
//! # Ok::<(), Box<dyn std::error::Error>>(())
//! ```
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
mod context;
mod dispatch;
mod env;
mod failure;
mod guest;
mod handlers;
mod host;
mod inputs;
mod is_authorized;
mod limits;
mod memory;
mod observer;
mod package;
mod program_cache;
mod refine;
mod runner;
mod stop;

pub use accumulate::{AccumulateCall, Accumulated, NoCode, accumulate};
pub use env::Env;
pub use failure::{Cause, End, Failure, MachineState};
pub use host::{Answers, CallSite, Host};
pub use is_authorized::{Authorized, is_authorized};
pub use limits::Limits;
pub use memory::{CallerMemory, Inaccessible};
pub use observer::{
    CallEnded, CallStarted, Finished, Invocation, LogLine, Machine, Observer, Started,
};
pub use package::{InCoreData, ItemBlobs, PackageData};
pub use refine::{RefineCall, Refined, Refinement, refine, refine_with};
pub use runner::{EngineRunner, Job, Ran, Runner, entry_pc};
pub use stop::{HostError, Needed, PanicReason, Stop};
