//! One test for each outcome of each host call, with the outcome's name in the table.
//!
//! `docs/host-calls.md` names tests from the registry below. An outcome without a test, or a test
//! without an outcome, fails.

use jambox_hostcall::HostCall;

use crate::outcome_tests::Tested;

mod general;
mod machines;
mod preimages;
mod privileges;
mod refining;
mod services;
mod storage;
mod transfers;

/// The tests of every call of the Gray Paper.
pub const TESTED: &[Tested] = &[
    general::gas::TESTED,
    general::grow_heap::TESTED,
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

#[test]
fn every_outcome_of_every_call_has_its_test() {
    let calls: Vec<_> = TESTED.iter().map(|tested| tested.call).collect();
    // One call is in the seed document only: see `seed_doc`.
    let expected = HostCall::ALL.iter().filter(|call| **call != HostCall::InvokeChild);
    assert_eq!(calls, expected.copied().collect::<Vec<_>>());
    TESTED.iter().for_each(Tested::check);
}
