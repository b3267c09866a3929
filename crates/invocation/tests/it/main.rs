//! Tests of invocations and host calls. Expected values are typed in from the Gray Paper (0.7.2).

#[macro_use]
mod outcome_tests;

mod backends;
mod costs;
mod fetch;
mod guest;
mod inner;
mod invocations;
mod matches;
mod outcomes;
mod prices;
mod program;
mod reference_page;
mod robustness;
mod seed_doc;
mod world;
