//! Tests of the command as a person or a script meets it.

mod bad_input;
mod chains;
mod commands;
mod exec;
mod guests;
mod jambox;
mod readme;
mod seed_doc;
