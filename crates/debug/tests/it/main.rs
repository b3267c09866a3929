//! Recordings are revisited exactly.

mod conditions;
mod revisiting;
