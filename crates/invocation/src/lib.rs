//! PVM invocations and host-call handlers.
//!
//! **What it is.** The paper's three invocations ([`is_authorized`], [`refine`], [`accumulate`];
//! `sec:virtualmachineinvocations`, 0.7.2) with every host call that each of them offers.
//!
//! **What it is not.** It knows no instruction (that is `jambox-engine`), no host-call number and
//! no register of one (`jambox-hostcall`), no way to keep state (`jambox-state`), no report and no
//! block (`jambox-chain`). It prints nothing: whoever wants to see what happens is an [`Observer`].
//!
//! # Invariants
//!
//! - Handlers take typed requests and give typed replies; none knows which ABI it serves. Only
//!   [`Host::serve`] does, and both the engine's host-call loop and native guests go through it.
//! - Three kinds of outcome are never mixed: how a guest ended ([`End`], an `Ok` value), result
//!   codes (in the guest's registers), failures of the host ([`HostError`]).
//! - Gas is charged before any effect; a call that stops its guest has had none.
//! - Whatever a guest claims as a length is checked against its memory before it is allocated.
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
pub use host::{CallSite, Host};
pub use is_authorized::{Authorized, is_authorized};
pub use limits::Limits;
pub use memory::{GuestMemory, Inaccessible};
pub use observer::{
    CallEnded, CallStarted, Finished, Invocation, LogLine, Machine, Observer, Started,
};
pub use package::{InCoreData, ItemBlobs, PackageData};
pub use refine::{RefineCall, Refined, Refinement, refine, refine_with};
pub use runner::{EngineRunner, Job, Ran, Runner, entry_pc};
pub use stop::{HostError, Needed, PanicReason, Stop};
