//! One test for each outcome of each host call, named as the table names it.
//!
//! The registry below is what `docs/host-calls.md` names tests from; an outcome without a test, or
//! a test without an outcome, fails.

use jambox_hostcall::HostCall;

/// Declares the tests of one call's outcomes and remembers their names.
macro_rules! outcomes {
    ($call:ident in $module:ident { $($name:ident $body:block)* }) => {
        pub mod $module {
            use super::*;

            pub const TESTED: crate::outcomes::Tested = crate::outcomes::Tested {
                call: jambox_hostcall::HostCall::$call,
                path: module_path!(),
                outcomes: &[$(stringify!($name)),*],
            };

            $(
                #[test]
                fn $name() $body
            )*
        }
    };
}

mod general;
mod machines;
mod preimages;
mod privileges;
mod refining;
mod services;
mod storage;
mod transfers;

/// The outcomes of a call that have tests.
pub struct Tested {
    pub call: HostCall,
    /// The module of the tests, each named after its outcome.
    pub path: &'static str,
    pub outcomes: &'static [&'static str],
}

/// Every call's tests.
pub const TESTED: &[Tested] = &[
    general::gas::TESTED,
    general::fetch::TESTED,
    preimages::lookup::TESTED,
    storage::read::TESTED,
    storage::write::TESTED,
    general::info::TESTED,
    preimages::historical_lookup::TESTED,
    refining::export::TESTED,
    machines::machine::TESTED,
    machines::peek::TESTED,
    machines::poke::TESTED,
    machines::pages::TESTED,
    machines::invoke::TESTED,
    machines::expunge::TESTED,
    privileges::bless::TESTED,
    privileges::assign::TESTED,
    privileges::designate::TESTED,
    general::checkpoint::TESTED,
    services::new::TESTED,
    services::upgrade::TESTED,
    transfers::transfer::TESTED,
    services::eject::TESTED,
    preimages::query::TESTED,
    preimages::solicit::TESTED,
    preimages::forget::TESTED,
    general::yield_hash::TESTED,
    preimages::provide::TESTED,
    general::log::TESTED,
];

/// The outcome that every call has: its gas is not covered.
pub const OUT_OF_GAS: &str = "out_of_gas";

#[test]
fn every_outcome_of_every_call_has_its_test() {
    let calls: Vec<_> = TESTED.iter().map(|tested| tested.call).collect();
    assert_eq!(calls, HostCall::ALL);
    for tested in TESTED {
        let mut expected: Vec<_> =
            tested.call.outcomes().iter().map(|outcome| outcome.name).collect();
        expected.push(OUT_OF_GAS);
        assert_eq!(tested.outcomes, expected, "{}", tested.call.name());
    }
}
