//! Native code: random programs, hosts, page maps and gas, step for step the same on every backend.
#![no_main]

use libfuzzer_sys::fuzz_target;

#[path = "../../crates/recompiler/tests/it/differential.rs"]
mod differential;
#[path = "../../crates/recompiler/tests/it/scenario.rs"]
mod scenario;
#[path = "../../crates/recompiler/tests/it/structured.rs"]
mod structured;

fuzz_target!(|input: &[u8]| {
    // Choices after the end of the input come from one seed, the same for all inputs.
    differential::check(input, 0);
});
