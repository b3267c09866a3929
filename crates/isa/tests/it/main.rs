//! Checks of the instruction table and what expands from it.

mod arith;
mod decode;
mod table;
mod text;
