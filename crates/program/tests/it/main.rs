//! Checks of the program formats.

mod blob;
mod code;
mod container;
mod revision;
mod standard;
