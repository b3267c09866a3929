//! The package file: a work package and the services it names, written in TOML.
//!
//! One file describes all inputs of an end-to-end run of a work package: the protocol's switches,
//! the services with code and state, the authorizer, the refinement context and the work items. The
//! format is described in `docs/package-file.md`.
//!
//! It is not a network format (a package file holds data that a node gets from elsewhere), and this
//! crate runs no program.
//!
//! Invariants:
//!
//! - reading reports all problems at once, each with its place, the expected value and the next
//!   step;
//! - an unknown key is an error, never ignored;
//! - lengths are checked before allocation, and only regular files are opened.
//!
//! ```
//! use std::path::Path;
//! use jambox_package::{Files, Switches, load};
//!
//! struct Memory;
//!
//! impl Files for Memory {
//!     fn read(&self, path: &Path, _limit: u64) -> Result<Vec<u8>, String> {
//!         match path.to_str() {
//!             Some("package.toml") => Ok(br#"
//!                 [services.greeter]
//!                 id = 42
//!                 code = "file:greeter.asm"
//!                 balance = 10_000
//!                 [authorizer]
//!                 host = "greeter"
//!                 code = "file:greeter.asm"
//!                 [[items]]
//!                 service = "greeter"
//!                 payload = "text:hello"
//!                 refine_gas_limit = 1_000
//!                 accumulate_gas_limit = 1_000
//!             "#.to_vec()),
//!             Some("greeter.asm") => Ok(b".code\n jump_ind ra".to_vec()),
//!             _ => Err("there is no such file".to_owned()),
//!         }
//!     }
//! }
//!
//! let package = load(&Memory, Path::new("package.toml"), &Switches::default(), None)?;
//! assert_eq!(package.work_package.items[0].payload, b"hello");
//! # Ok::<(), jambox_package::Invalid>(())
//! ```

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
mod capsule;
mod chain_spec;
mod code;
mod description;
mod draft;
mod files;
mod load;
pub mod manifest;
mod package;
mod payload;
mod placed;
mod problem;
mod problems;
mod reader;
mod sources;
mod state_file;
mod switches;
mod symbols;
mod value;
mod work;
mod written;

pub use capsule::{Capsule, CapsuleError};
pub use chain_spec::{ChainSpec, ChainSpecError};
pub use code::{assemble, host_calls, is_assembly};
pub use files::{Disk, Files};
pub use load::{load, load_on_chain};
pub use manifest::Manifest;
pub use package::{Package, Source};
pub use placed::{Place, Placed};
pub use problem::{Problem, ProblemKind, TextFile};
pub use problems::{Invalid, line_and_column};
pub use state_file::{Snapshot, load as load_state, parse as parse_state};
pub use switches::{Switches, load_parameters};
pub use symbols::{symbols_beside, symbols_in, symbols_of_assembly};
pub use value::{Value, ValueError};
pub use work::{ExportsByHash, Stored};
pub use written::Written;
