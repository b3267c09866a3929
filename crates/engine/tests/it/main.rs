//! Behaviour of the engine, on every backend.

mod backends;
mod behaviour;
mod differential;
mod generator;
mod hostile;
mod memory;
mod vectors;
