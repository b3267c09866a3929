//! Runs as data and as text.
//!
//! **Contents.** The account of a run ([`account`]), made by one observer for every program that
//! runs guests. The explanation of a failure ([`Explanation`]): the instruction, the rule it broke,
//! the address of its access and the region there ([`Regions`]), its function and source line. Both
//! have fields for programs, and [`Display`](std::fmt::Display) for people. Gas by call stack
//! ([`profile`]) and counts of lines and functions ([`coverage`]), both from an observer of
//! invocations ([`Instruments`]). The first difference between two runs ([`difference`]).
//!
//! **Not here.** This crate changes no run and decides nothing about one. It prints nothing and
//! knows no colours; the programs that show an explanation do. Texts from files, such as the names
//! of functions, are given as they are: a program that writes to a terminal escapes them.
//!
//! # Invariants
//!
//! - An explanation is derived from a machine as it stopped. The engine keeps no reasons: every run
//!   would pay for them, and only a failed one needs them.
//! - The same machine gives the same explanation, on every backend, and the same run the same
//!   profile and the same counts. Gas is counted where it is charged; none is left out.
//!
//! # Example
//!
//! ```
//! use jambox_engine::{Config, Engine, Instance, Module};
//! use jambox_inspect::{Explanation, Regions};
//! use jambox_program::ProgramBlob;
//!
//! // load_ind_u8 r1, [r0 + 2], twice; trap: no jump table, eight octets of code.
//! let code = [124, 0x01, 2, 124, 0x01, 2, 0];
//! let blob = ProgramBlob::parse(&[&[0, 0, 7][..], &code, &[0b100_1001]].concat())?;
//! let mut instance = Instance::new(&Module::new(&Engine::new(Config::default())?, blob)?)?;
//! instance.set_gas(1000);
//! instance.regs_mut()[0] = 0x20000;
//!
//! let exit = instance.run();
//! let explanation = Explanation::of(&instance, exit, &Regions::default()).unwrap();
//! let access = explanation.access.unwrap();
//! assert_eq!((access.address, access.length, access.writes), (0x20002, 1, false));
//! assert_eq!(
//!     explanation.rule,
//!     "the instruction reads a page that does not allow it: page fault at 0x20000"
//! );
//! # Ok::<(), Box<dyn std::error::Error>>(())
//! ```
#![cfg_attr(docsrs, feature(doc_cfg))]
#![cfg_attr(
    not(test),
    deny(
        clippy::unwrap_used,
        clippy::expect_used,
        clippy::indexing_slicing,
        clippy::arithmetic_side_effects
    )
)]

mod access;
pub mod account;
mod calls;
pub mod coverage;
pub mod difference;
mod explanation;
mod figures;
pub mod hostcalls;
mod instruments;
mod octets;
pub mod profile;
mod region;
mod revision;
pub mod stack;
mod steps;
#[cfg(feature = "serde")]
pub mod wide;
mod words;

pub use access::MemoryAccess;
pub use explanation::{Block, Explanation, Listed};
pub use figures::{FigureChange, FiguresError, GasFigures};
pub use instruments::Instruments;
pub use octets::{Octets, Shown};
pub use region::Regions;
pub use revision::of_another_revision;
pub use steps::{InstructionLog, UnknownInvocation, Which, changed_registers};
pub use words::count;
