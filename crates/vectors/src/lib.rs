//! Loaders and runners for public test vectors.
//!
//! **Contents.** For each family of vectors a function that runs all cases of a folder and returns
//! a [`Report`]: [`codec`] for encodings, [`pvm`] for single programs, [`refine`] for refinements,
//! [`replay`] for host-call traces, [`stf`] for state transitions, [`traces`] for whole blocks,
//! [`trie`] for state roots, [`erasure`] for erasure coding. [`archive`] finds and unpacks the
//! public archive.
//!
//! **Not here.** Engine, codec and state are the other crates'; this crate feeds and compares them.
//! Nothing in the project outside of tests and the command depends on it.
//!
//! **Invariants.** A case passes only if all of the vector was compared; the outcome names the
//! parts left out. A vector that is known to be wrong is skipped by name, with the reason, in one
//! list.
//!
//! # Example
//!
//! ```
//! use jambox_types::Parameters;
//!
//! # let folder = concat!(env!("CARGO_MANIFEST_DIR"), "/../../testdata/codec/types");
//! let report = jambox_vectors::codec::run(folder.as_ref(), None, &Parameters::TINY)?;
//! assert_eq!(report.failed(), 0, "{}", report.remarks());
//! # Ok::<(), jambox_vectors::Error>(())
//! ```

pub mod archive;
mod campaign;
pub mod codec;
mod environments;
pub mod erasure;
mod error;
mod files;
pub mod json;
pub mod pvm;
pub mod refine;
pub mod replay;
mod report;
pub mod steps;
pub mod stf;
pub mod traces;
pub mod trie;

pub use campaign::{Campaign, NoShard, Shard};
pub use error::Error;
pub use report::{Case, Outcome, Report};
