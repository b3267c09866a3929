//! Behaviour of the engine, on every backend.

mod backends;
mod behaviour;
mod blocks;
mod differential;
mod examples;
mod generator;
mod hostile;
mod limits;
mod memory;
mod pairs;
mod snapshots;
mod vectors;
