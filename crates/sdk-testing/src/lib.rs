//! Runs services under `cargo test`: natively on the real host, or compiled on the engine.
