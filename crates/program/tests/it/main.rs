//! Checks of the program formats.

mod blob;
mod code;
mod container;
mod gas;
mod revision;
mod simulator;
mod standard;
mod validity;
