//! PVM program blobs, standard programs, metadata containers and basic blocks.
//!
//! **Contents.** The formats of programs, parsed and encoded as the paper defines them, and the
//! structure of code: positions of instructions and basic blocks, entries of jump tables, gas of
//! blocks.
//!
//! **Not here.** Instructions are decoded by `jambox-isa`, and run by `jambox-engine`.
//!
//! **Invariants.**
//!
//! - A [`ProgramBlob`] is accepted by `deblob`, a [`StandardProgram`] by `Y`.
//! - A parsed program encodes to the octets it was parsed from.
//! - Parsing allocates no more than a small multiple of its input.
//!
//! ```
//! use jambox_isa::{InstructionSet, Revision};
//! use jambox_program::ProgramBlob;
//!
//! let set = InstructionSet::of(Revision::GrayPaper072);
//! // load_imm r7, 5; jump @0; trap
//! let program = ProgramBlob::parse(&[0, 1, 6, 51, 7, 5, 40, 0xfd, 0, 0b10_1001])?;
//! let text: Vec<_> =
//!     program.instructions(set).map(|located| located.instruction.to_string()).collect();
//! assert_eq!(text, ["load_imm r7, 5", "jump @0", "trap"]);
//! assert_eq!(program.basic_blocks(set).collect::<Vec<_>>(), [0..5, 5..6]);
//! assert!(program.is_block_start(set, 5) && !program.is_block_start(set, 3));
//! # Ok::<(), jambox_program::ProgramError>(())
//! ```

#![no_std]
#![cfg_attr(
    not(test),
    deny(
        clippy::unwrap_used,
        clippy::expect_used,
        clippy::indexing_slicing,
        clippy::arithmetic_side_effects
    )
)]

extern crate alloc;

mod bitmask;
mod blob;
mod container;
mod error;
mod gas;
mod instructions;
mod jump;
mod jump_table;
mod metadata;
#[expect(
    clippy::indexing_slicing,
    clippy::arithmetic_side_effects,
    reason = "places are below 32, registers below 16; instructions are fewer than 2^32"
)]
mod pipeline;
mod reader;
mod revision;
mod rules;
mod standard;
mod validity;

pub use bitmask::Bitmask;
pub use blob::ProgramBlob;
pub use container::{Container, Form, ProgramKind, UnknownForm, join_metadata, split_metadata};
pub use error::{ErrorKind, Part, ProgramError};
pub use gas::{GasPlan, Segment};
pub use instructions::Located;
pub use jump::Jump;
pub use jump_table::JumpTable;
pub use metadata::CrateInfo;
pub use revision::{OtherRevision, Sign};
pub use rules::CodeRules;
pub use standard::{Layout, StandardProgram};
pub use validity::{InvalidProgram, ValidityRule};

/// Size of a memory page, in octets.
pub const PAGE_SIZE: u64 = 1 << 12;

/// Size of a zone, in octets: sections of a standard program start at multiples of it.
pub const ZONE_SIZE: u64 = 1 << 16;

/// Largest length of a standard program's arguments, in octets.
pub const MAX_ARGUMENTS: u64 = 1 << 24;
