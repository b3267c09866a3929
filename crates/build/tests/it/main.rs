//! Building, and everything that can be wrong with what is to be built.
//!
//! Tests that compile take a guest toolchain; where there is none they say so and pass.

mod bad_input;
mod blobs;
mod compiled;
mod floats;
mod instructions;
mod links;
mod new;
mod panics;
