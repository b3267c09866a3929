//! Native code against the exact interpreter.
#![cfg(all(target_arch = "x86_64", target_os = "linux"))]

mod bounds;
mod differential;
mod listing;
mod logs;
mod scenario;
mod structured;
mod traces;
