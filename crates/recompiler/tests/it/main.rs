//! Native code against the exact interpreter.

mod differential;
mod scenario;
