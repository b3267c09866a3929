//! Behaviour of the engine, on every backend.

mod backends;
mod behaviour;
mod differential;
mod generator;
mod memory;
mod vectors;
