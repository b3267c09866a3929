//! Blocks and packages as the ledger knows them when their states are gone.

use std::sync::Arc;

use jambox_codec::impl_codec;
use jambox_types::{CoreIndex, Hash, WorkReport};
use serde_json::Value;

/// A block by its hash and slot.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Descriptor {
    /// The hash of the header.
    pub hash: Hash,
    /// The slot.
    pub slot: u32,
}

impl_codec!(Descriptor { hash, slot });

/// A block whose state need not be there any more.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Summary {
    /// Number of the block, the genesis being 0.
    pub number: u64,
    /// The hash and the slot.
    pub descriptor: Descriptor,
    /// The root of the state after it.
    pub root: Hash,
    /// The root of the log of accumulation outputs after it.
    pub accumulation_root: Hash,
}

/// The stage that a package has come to.
#[derive(Clone, Debug)]
pub enum Stage {
    /// The package waits to be reported.
    Submitted,
    /// A block reported it.
    Reported(Descriptor),
    /// The data of the report became available.
    Ready {
        /// The block that reported it.
        reported: Descriptor,
        /// The block at which its data became available.
        ready: Descriptor,
    },
    /// The package will not get any further.
    Failed(String),
}

/// The input of a package, as it was handed in.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Input {
    /// The encoded package.
    pub package: Vec<u8>,
    /// The extrinsics, item by item.
    pub extrinsics: Vec<Vec<u8>>,
    /// The block that was the last one then.
    pub head: Hash,
}

impl_codec!(Input { package, extrinsics, head });

/// A package that was handed in.
#[derive(Clone, Debug)]
pub struct PackageRecord {
    /// The core that it is for.
    pub core: CoreIndex,
    /// The stage that it has come to.
    pub stage: Stage,
    /// Report of the package; none for a package that was refused.
    pub report: Option<Arc<WorkReport>>,
    /// The hash of the report.
    pub report_hash: Hash,
    /// The account of its run in core, for people and programs.
    pub in_core: Arc<Value>,
    /// The input that was handed in.
    pub input: Arc<Input>,
    /// The block that accumulated it.
    pub accumulated: Option<Descriptor>,
    /// Place among all packages in the order in which they were last handed in.
    pub order: u64,
}

impl PackageRecord {
    /// True if blocks will look at it again.
    pub(crate) const fn is_under_way(&self) -> bool {
        matches!(self.stage, Stage::Submitted | Stage::Reported(_))
    }
}

/// A package's status after a block.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Status {
    /// The package can still be reported, in the next blocks; their number.
    Reportable(u16),
    /// The package was reported.
    Reported {
        /// The block that reported it.
        reported: Descriptor,
        /// The core.
        core: CoreIndex,
        /// The report.
        report: Hash,
    },
    /// The data of the report are available.
    Ready {
        /// The block that reported it.
        reported: Descriptor,
        /// The core.
        core: CoreIndex,
        /// The report.
        report: Hash,
        /// The block at which the data became available.
        ready: Descriptor,
    },
    /// The package cannot get any further.
    Failed(String),
}
