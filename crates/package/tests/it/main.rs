//! Tests of the package file: what is read, what is refused and where.

mod chain_spec;
mod docs;
mod loading;
mod memory;
mod mistakes;
mod parameters;
mod payloads;
mod robustness;
mod state_file;
