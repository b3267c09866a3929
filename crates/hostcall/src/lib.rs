//! The host-call table: names, numbers, arguments, results and gas per ABI.
//!
//! **Contents.** One table ([`for_each_host_call!`]) of every call between a guest and its host.
//! From it expand the names ([`HostCall`]), the typed requests ([`Request`]) and their decoders,
//! the numbers, prices and contexts per ABI and revision ([`Form`]), and the possible outcomes of
//! each call ([`Outcome`]). Smaller tables are beside it: result codes, exits of inner machines,
//! kinds of `fetch`, log levels.
//!
//! **Not here.** Nothing is executed and no guest memory is read: a pointer in a request is a claim
//! of the guest. Handlers live in `jambox-invocation`. They take requests, return a [`Reply`], and
//! do not depend on the ABI.
//!
//! **Invariants.** Within an interface and a context a number names at most one call. A request
//! can be decoded from any registers. Gas formulas saturate, they never wrap.
//!
//! # Example
//!
//! ```
//! use jambox_hostcall::{Context, HostCall, Interface, Request, ServiceRef, Slice, Window};
//! use jambox_types::Revision;
//!
//! let interface = Interface::gray_paper(Revision::GrayPaper072);
//! let form = interface.form(Context::Accumulate, 3).unwrap();
//! assert_eq!(form.call, HostCall::Read);
//! assert!(interface.form(Context::Refine, 3).is_none());
//!
//! let mut registers = [0; 13];
//! registers[7..13].copy_from_slice(&[u64::MAX, 0x1_0000, 4, 0x2_0000, 1, 10]);
//! let parameters = jambox_types::Parameters::FULL;
//! assert_eq!(form.price(interface.revision).upfront(&registers, &parameters), 10);
//! let Request::Read(read) = form.decode(interface.abi, Context::Accumulate, &registers) else {
//!     unreachable!()
//! };
//! assert_eq!(read.service, ServiceRef::Own);
//! assert_eq!(read.key, Slice { address: 0x1_0000, length: 4 });
//! assert_eq!(read.out, Window { address: 0x2_0000, offset: 1, length: 10 });
//! ```
#![no_std]
#![cfg_attr(
    not(test),
    deny(
        clippy::unwrap_used,
        clippy::expect_used,
        clippy::indexing_slicing,
        clippy::arithmetic_side_effects
    )
)]

extern crate alloc;

mod argument;
mod call;
mod code;
mod context;
mod fetch;
mod gas;
mod interface;
mod log;
mod matched;
mod reply;
mod table;

pub use argument::{
    Argument, ArgumentInfo, ArgumentKind, Decoder, FixedKey, HashPointer, LowHigh, Output, Pointer,
    ServiceRef, Slice, Window,
};
pub use call::{FORMS, Form, HostCall, Outcome, OutcomeKind, Request, request};
pub use code::{InnerExit, ResultCode};
pub use context::{Context, ContextSet};
pub use fetch::FetchKind;
pub use gas::{Price, Quantity, Registers, Sum, Term};
pub use interface::Interface;
pub use jambox_types::{Abi, Revision};
pub use log::LogLevel;
pub use matched::{CodedOutcome, Matched};
pub use reply::{AccountRecord, Delivery, History, MemoryWrite, Reply, Told};
