//! Tests of invocations and host calls. Expected values are typed in from the Gray Paper (0.7.2).

mod accumulation;
mod availability;
mod fetch;
mod guest;
mod invocations;
mod outcomes;
mod program;
mod reference_page;
mod reports;
mod robustness;
mod world;
