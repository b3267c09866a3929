//! Native code against the exact interpreter.

mod bounds;
mod differential;
mod listing;
mod logs;
mod scenario;
