//! Builds, and the faults of sources and settings.
//!
//! Tests that compile take a guest toolchain; where there is none they print that and pass.

mod bad_input;
mod blobs;
mod compiled;
mod floats;
mod instructions;
mod links;
mod new;
mod panics;
