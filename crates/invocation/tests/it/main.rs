//! Tests of invocations and host calls. Expected values are typed in from the Gray Paper (0.7.2).

#[macro_use]
mod outcome_tests;

mod accumulation;
mod availability;
mod backends;
mod block;
mod fetch;
mod guest;
mod inner;
mod invocations;
mod model;
mod outcomes;
mod program;
mod reference_page;
mod reports;
mod robustness;
mod seed_doc;
mod world;
