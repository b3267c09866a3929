//! Tests of the state crate through its public interface.

mod account;
mod bases;
mod diff;
mod merge;
mod merkle;
mod model;
mod overlay;
mod trie;
