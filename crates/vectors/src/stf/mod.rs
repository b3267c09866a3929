//! State-transition vectors: input, state before, output and state after, typed.
//!
//! A case is decoded, encoded again and compared with the JSON file beside it, so that a runner
//! works on the values intended by the vector's authors.

pub mod accumulate;
mod case;
pub mod preimages;
mod run;

pub use case::{AccountEntry, Case, Loaded, PreimageEntry, RequestEntry, RequestKey};
pub use run::{check_accumulate, check_preimages, run, run_part};
