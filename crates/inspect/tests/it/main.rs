//! Runs measured, explained and compared: profiles, coverage, call stacks, first differences.

mod coverage;
mod difference;
mod profile;
mod program;
mod stacks;
