//! Native code against the exact interpreter.

mod bounds;
mod differential;
mod logs;
mod scenario;
