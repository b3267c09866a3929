//! Rules of the protocol that differ between revisions of the paper: one row per revision.
//!
//! A handler or an encoding that depends on the revision reads a field here; it never compares
//! revisions. A new revision is a new row, and a new difference a new field. Opcodes and gas plans
//! have tables of their own (`isa`, `program`), as have the numbers and prices of host calls
//! (`hostcall`).

use jambox_isa::Revision;

/// The rules of one revision.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Rules {
    /// Whether only the manager may call `bless` (`HUH` for others).
    ///
    /// The tag 0.8.0 says so; the public vectors of 0.8.0 let every service call it, as 0.7.2 does
    /// (see `docs/readings.md`).
    pub bless_needs_manager: bool,
}

impl Rules {
    /// The row of a revision.
    #[must_use]
    pub const fn of(revision: Revision) -> &'static Self {
        match revision {
            Revision::GrayPaper072 => &GRAY_PAPER_072,
            Revision::GrayPaper080 => &GRAY_PAPER_080,
        }
    }
}

const GRAY_PAPER_072: Rules = Rules { bless_needs_manager: false };

const GRAY_PAPER_080: Rules = Rules { bless_needs_manager: false };
