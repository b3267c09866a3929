//! Behaviour of the engine, on every backend.

mod vectors;
