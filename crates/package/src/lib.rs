//! The package file: a work package and the services it names, written in TOML.
//!
//! One file says everything that an end-to-end run of a work package needs: the protocol's
//! switches, the services with code and state, the authorizer, the refinement context and the work
//! items. The format is described in `docs/package-file.md`.
//!
//! It is not a network format (a package file holds data that a node gets from elsewhere), and
//! nothing here runs a program.
//!
//! Invariants:
//!
//! - reading reports every problem at once, each with its place, what was expected there and what
//!   to do;
//! - a key that nothing reads is an error, never ignored;
//! - a length is checked before anything of that length is allocated, and only regular files are
//!   opened.

#![cfg_attr(
    not(test),
    deny(
        clippy::unwrap_used,
        clippy::expect_used,
        clippy::indexing_slicing,
        clippy::arithmetic_side_effects
    )
)]

mod accounts;
mod code;
mod files;
mod load;
pub mod manifest;
mod problem;
mod reader;
mod sources;
mod state_file;
mod switches;
mod value;
mod work;

pub use code::{assemble, host_calls, is_assembly};
pub use files::{Disk, Files};
pub use load::{Package, Source, load, load_on_chain};
pub use manifest::Manifest;
pub use problem::{Invalid, Place, Problem, ProblemKind, TextFile, line_and_column, suggest};
pub use reader::Placed;
pub use state_file::{Snapshot, load as load_state, parse as parse_state};
pub use switches::{Switches, load_parameters};
pub use value::{Value, ValueError};
pub use work::{ExportsByHash, Stored};
