//! Tests of the command as a person or a script meets it.

mod backends;
mod bad_input;
mod bisect;
mod book;
mod capsule;
mod chains;
mod commands;
mod damage;
mod exec;
mod files;
mod gas;
mod guests;
mod help;
mod jambox;
mod limits;
mod pages;
mod picture;
mod pipes;
mod profile;
mod remote;
mod revisions;
mod schemas;
mod seed_doc;
mod steps;
mod symbols;
mod transcripts;
