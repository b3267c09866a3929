//! Runs measured and compared: profiles, coverage, first differences.

mod coverage;
mod difference;
mod profile;
mod program;
