//! Tests of reports, accumulation and blocks. Expected values are typed in from the Gray Paper
//! (0.7.2).

mod accumulation;
mod availability;
mod block;
mod examples;
mod model;
mod reports;

// Parts shared with the tests of invocations.
#[path = "../../../invocation/tests/it/backends.rs"]
mod backends;
#[path = "../../../invocation/tests/it/guest.rs"]
#[expect(dead_code, reason = "the tests of invocations use more of it")]
mod guest;
#[path = "../../../invocation/tests/it/matches.rs"]
#[expect(dead_code, reason = "the tests of invocations use more of it")]
mod matches;
#[path = "../../../invocation/tests/it/prices.rs"]
mod prices;
#[path = "../../../invocation/tests/it/program.rs"]
#[expect(dead_code, reason = "the tests of invocations use more of it")]
mod program;
#[path = "../../../invocation/tests/it/world.rs"]
#[expect(dead_code, reason = "the tests of invocations use more of it")]
mod world;
