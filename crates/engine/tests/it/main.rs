//! Behaviour of the engine, on every backend.

mod backends;
mod behaviour;
mod blocks;
mod differential;
mod generator;
mod hostile;
mod memory;
mod snapshots;
mod vectors;
