//! Runs services under `cargo test`: natively on the real host, or compiled on the engine.
//!
//! **What it is.** A [`Chain`] for tests: accounts, packages, operands and transfers by builders,
//! and for each run what it gave, what it changed and every host call it made. A service runs as
//! the Rust code that the test is linked with, or as its blob, as [`Mode`] says; [`both_ways`] runs
//! a test in both modes and compares, and [`every_way`] under every revision of the paper.
//!
//! **What it is not.** It implements no host call: a native service's calls enter the handlers of
//! `jambox-invocation` through registers and a memory made of the octets that each call lends.
//!
//! **Invariants.** Natively, gas counts host calls only: figures of gas mean something compiled.
//! Everything else is the same in both modes for a service that does not look at its gas.
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
mod native;
mod package;
mod record;
mod results;
mod snapshot;
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
pub use jambox_engine::Backend;
pub use jambox_hostcall::{HostCall, ResultCode, Revision};
pub use jambox_inspect::Explanation;
pub use jambox_invocation::{Cause, Failure};
pub use jambox_state::{Difference, Part, Place, RequestHistory, Value};
pub use package::{Item, Package};
pub use record::{CallRecord, LogRecord, Record};
pub use results::{Accumulation, Authorization, Block, Outcome, Processed, Refinement};
pub use snapshot::GasSnapshot;
pub use sweep::Fault;

/// Names the blob that the crate under test was just compiled to; `jambox test` sets it.
pub(crate) const BLOB_VARIABLE: &str = "JAMBOX_BLOB";

/// Names the revision to test under; `jambox test` sets it.
const REVISION_VARIABLE: &str = "JAMBOX_REVISION";

/// The revision that `jambox test` names, else the default.
///
/// # Panics
///
/// When there is no such revision.
#[must_use]
pub fn revision_under_test() -> Revision {
    match std::env::var(REVISION_VARIABLE) {
        Ok(name) => name.parse().unwrap_or_else(|error| panic!("{REVISION_VARIABLE}: {error}")),
        Err(_) => Revision::default(),
    }
}

/// As [`both_ways`] under `jambox test`, which has just built the blob; natively only, and saying
/// so once on standard error, under plain `cargo test`.
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
        // Not by `eprintln`, which tests show only when they fail.
        let told = "natively only: `jambox test` builds the blob that the compiled half needs\n";
        let _ = std::io::stderr().write_all(told.as_bytes());
    });
    test(Mode::Native.into())
}

/// Runs a test natively and compiled, in every way that this machine can execute programs in, under
/// the revision under test, and gives what it returned if that is the same.
///
/// # Panics
///
/// When it is not, or when the test panics.
pub fn both_ways<E: PartialEq + Debug>(test: impl Fn(Way) -> E) -> E {
    both_ways_under(revision_under_test(), test)
}

/// As [`both_ways`], under a revision.
///
/// # Panics
///
/// As [`both_ways`].
pub fn both_ways_under<E: PartialEq + Debug>(revision: Revision, test: impl Fn(Way) -> E) -> E {
    let test = |mode: Mode| test(mode.under(revision));
    let native = test(Mode::Native);
    let compiled = test(Mode::Compiled);
    assert_eq!(
        native, compiled,
        "the service does not do the same natively (left) and compiled, under {revision}"
    );
    for backend in Backend::all_here() {
        // Those two are for tests of the engine itself.
        if !matches!(backend, Backend::Stepper | Backend::LoopedInterpreter) {
            let found = test(Mode::CompiledOn(backend));
            assert_eq!(
                compiled, found,
                "backends differ under {revision}, the right one being {backend:?}"
            );
        }
    }
    native
}

/// Runs a test both ways under every revision of the paper, and gives what it returned if that is
/// the same. The service takes a blob for each.
///
/// # Panics
///
/// When it is not, or when the test panics.
pub fn every_way<S: PartialEq + Debug>(test: impl Fn(Way) -> S) -> S {
    every_way_with(|way| (test(way), ()))
}

/// As [`every_way`], for a test that returns two things: what must be the same under every
/// revision, and what need only be the same both ways under each, such as records, in which gas of
/// inner machines and the sizes of blobs stand.
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
    #[doc = include_str!("../../../docs/deploying.md")]
    mod deploying {}
    #[doc = include_str!("../../../docs/first-service.md")]
    mod first_service {}
    #[doc = include_str!("../../../docs/inner-machines.md")]
    mod inner_machines {}
    #[doc = include_str!("../../../docs/sdk.md")]
    mod sdk {}
    #[doc = include_str!("../../../docs/testing.md")]
    mod testing {}
}
