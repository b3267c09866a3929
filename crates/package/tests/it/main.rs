//! Tests of the package file: accepted files, refused files, and the places of problems.

mod chain_spec;
mod docs;
mod loading;
mod memory;
mod mistakes;
mod parameters;
mod payloads;
mod robustness;
mod schema;
mod state_file;
