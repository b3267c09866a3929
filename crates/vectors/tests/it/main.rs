//! The public vectors, if present, and the project's own cases.

mod archive;
mod codec;
mod environment;
mod erasure;
mod failures;
mod pvm;
mod recorded;
mod refine;
mod replay;
mod steps;
mod stf;
mod traces;
mod trie;
mod values;
