//! Runs services under `cargo test`: natively on the real host, or compiled on the engine.
//!
//! **Contents.** A [`Chain`] for tests: accounts, packages, operands and transfers by builders, and
//! for each run its result, its changes of the state and all of its host calls. A service runs as
//! Rust code that is linked into the test, or as its blob, depending on [`Mode`]. [`both_ways`]
//! runs a test in both modes and compares, and [`every_way`] under every revision of the paper.
//!
//! **Not here.** No host call: a native service's calls enter the handlers of `jambox-invocation`
//! through registers and a memory made of the octets that each call lends.
//!
//! **Invariants.** Natively, only host calls take gas: gas figures are real only when compiled.
//! Everything else is the same in both modes for a service that does not read its gas.
//!
//! # Example
//!
//! ```
//! use jambox_sdk::prelude::*;
//! use jambox_sdk_testing::{Chain, Code, Item, Mode};
//!
//! fn refine(_: &RefineContext, arguments: RefineArguments) -> Vec<u8> {
//!     arguments.payload.to_ascii_uppercase()
//! }
//!
//! fn accumulate(ctx: &AccumulateContext, _: AccumulateArguments) -> Result<(), Error> {
//!     for input in ctx.fetcher().inputs()? {
//!         let AccumulateInput::Operand(operand) = input else { continue };
//!         let Ok(shouted) = operand.result.0 else { continue };
//!         ctx.storage().set("last", shouted)?;
//!     }
//!     Ok(())
//! }
//!
//! entry_points! { refine = refine, accumulate = accumulate }
//!
//! # fn main() {
//! let mut chain = Chain::new(Mode::Native);
//! chain.service(7, &Code::native(SERVICE));
//! let processed = chain.process(&Item::new(7).payload("hello").into()).unwrap();
//! assert_eq!(processed.results(), [&Ok(b"HELLO".to_vec())]);
//! assert_eq!(chain.storage(7, "last").unwrap(), b"HELLO");
//! assert_eq!(processed.record.names(), ["fetch", "write"]);
//! # }
//! ```
#![cfg_attr(docsrs, feature(doc_cfg))]

mod account;
mod blessed;
mod block;
mod chain;
mod code;
mod effects;
mod failed;
mod fault;
mod inputs;
#[cfg(feature = "load")]
mod loaded;
mod measured;
mod native;
mod package;
mod record;
mod replay;
mod results;
mod snapshot;
mod stack;
#[cfg(feature = "proptest")]
pub mod strategies;
mod sweep;
mod symbols;
mod told;
mod watch;

use std::fmt::Debug;
use std::io::Write;
use std::sync::Once;

pub use account::AccountBuilder;
pub use chain::Chain;
pub use code::{Code, Mode, Way};
pub use effects::EffectSnapshot;
pub use failed::{Failed, Refused};
pub use inputs::{OperandBuilder, operand, transfer};
pub use jambox_engine::{Backend, Exit};
pub use jambox_hostcall::{HostCall, ResultCode, Revision};
pub use jambox_inspect::Explanation;
pub use jambox_invocation::{Cause, Failure};
pub use jambox_state::{Difference, Part, Place, RequestHistory, Value};
pub use package::{Item, Package};
pub use record::{CallRecord, LogRecord, Record};
pub use replay::{ReplayError, Replayed, replay, replay_main};
pub use results::{Accumulation, Authorization, Block, Outcome, Processed, Refinement};
pub use snapshot::GasSnapshot;
pub use stack::StackUse;
pub use sweep::Fault;

/// Environment variable: path of the blob just built from the crate under test. `jambox test` sets
/// it.
pub(crate) const BLOB_VARIABLE: &str = "JAMBOX_BLOB";

/// Environment variable: name of the revision under test. `jambox test` sets it.
const REVISION_VARIABLE: &str = "JAMBOX_REVISION";

/// The revision that `jambox test` names, or else the default.
///
/// # Panics
///
/// When there is no revision of that name.
#[must_use]
pub fn revision_under_test() -> Revision {
    match std::env::var(REVISION_VARIABLE) {
        Ok(name) => name.parse().unwrap_or_else(|error| panic!("{REVISION_VARIABLE}: {error}")),
        Err(_) => Revision::default(),
    }
}

/// As [`both_ways`] under `jambox test`, which has just built the blob. Under plain `cargo test` it
/// runs natively only, with one message about it on standard error.
///
/// # Panics
///
/// As [`both_ways`].
pub fn both_ways_if_built<E: PartialEq + Debug>(test: impl Fn(Way) -> E) -> E {
    if std::env::var_os(BLOB_VARIABLE).is_some() {
        return both_ways(test);
    }
    static ONCE: Once = Once::new();
    ONCE.call_once(|| {
        // Not by `eprintln`, whose output is shown only for tests that fail.
        let told = "natively only: `jambox test` builds the blob that the compiled half needs\n";
        let _ = std::io::stderr().write_all(told.as_bytes());
    });
    test(Mode::Native.into())
}

/// Runs a test natively and compiled, on every backend of this machine, under the revision under
/// test, and gives the test's result if it is always the same. Standard error says it when a
/// service has used most of its stack.
///
/// # Panics
///
/// When the results differ, or when the test panics.
pub fn both_ways<E: PartialEq + Debug>(test: impl Fn(Way) -> E) -> E {
    both_ways_under(revision_under_test(), test)
}

/// As [`both_ways`], under a given revision.
///
/// # Panics
///
/// As [`both_ways`].
pub fn both_ways_under<E: PartialEq + Debug>(revision: Revision, test: impl Fn(Way) -> E) -> E {
    let test = |mode: Mode| test(mode.under(revision));
    let native = stack::as_half(|| test(Mode::Native));
    let compiled = test(Mode::Compiled);
    assert_eq!(
        native, compiled,
        "the service does not do the same natively (left) and compiled, under {revision}"
    );
    for backend in Backend::all_here() {
        // These two are for tests of the engine itself.
        if !matches!(backend, Backend::Stepper | Backend::LoopedInterpreter) {
            let found = measured::again(|| test(Mode::CompiledOn(backend)));
            assert_eq!(
                compiled, found,
                "backends differ under {revision}, the right one being {backend:?}"
            );
        }
    }
    native
}

/// Runs a test both ways under every revision of the paper, and gives the test's result if it is
/// always the same. The service needs a blob for each revision.
///
/// # Panics
///
/// When the results differ, or when the test panics.
pub fn every_way<S: PartialEq + Debug>(test: impl Fn(Way) -> S) -> S {
    every_way_with(|way| (test(way), ()))
}

/// As [`every_way`], for a test with two results. The first must be the same under every revision.
/// The second must only be the same both ways under each: a record, for instance, which contains
/// gas of inner machines and sizes of blobs.
///
/// # Panics
///
/// As [`every_way`].
pub fn every_way_with<S: PartialEq + Debug, E: PartialEq + Debug>(
    test: impl Fn(Way) -> (S, E),
) -> S {
    let [first, others @ ..] = Revision::ALL;
    let (expected, _) = both_ways_under(first, &test);
    for revision in others {
        let (found, _) = both_ways_under(revision, &test);
        assert_eq!(
            expected, found,
            "the service does not do the same under {first} (left) and under {revision}"
        );
    }
    expected
}

/// The examples of the book, compiled and run.
#[cfg(doctest)]
mod book {
    #[doc = include_str!("../book/deploying.md")]
    mod deploying {}
    #[doc = include_str!("../book/first-service.md")]
    mod first_service {}
    #[doc = include_str!("../book/inner-machines.md")]
    mod inner_machines {}
    #[doc = include_str!("../book/sdk.md")]
    mod sdk {}
    #[doc = include_str!("../book/testing.md")]
    mod testing {}
}
