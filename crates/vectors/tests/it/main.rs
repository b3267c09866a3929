//! The public vectors, where they are, and the project's own cases.

mod codec;
mod pvm;
mod replay;
mod steps;
mod stf;
mod traces;
mod trie;
