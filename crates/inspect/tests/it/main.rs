//! Runs measured: profiles and coverage.

mod coverage;
mod profile;
mod program;
