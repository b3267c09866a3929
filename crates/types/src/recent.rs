//! The recent history (`sec:recenthistory`, 0.7.2).

use alloc::collections::BTreeMap;
use alloc::vec::Vec;

use jambox_codec::impl_codec;

use crate::{Hash, Revised, TimeSlot};

/// A recent block (`eq:recenthistoryspec`).
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct RecentBlock {
    /// Hash of the block's header.
    pub header_hash: Hash,
    /// Root of the accumulation-output log after the block.
    pub accumulation_root: Hash,
    /// Root of the state after the block; zeros until the next block names it.
    pub state_root: Hash,
    /// Slot of the block; 0 under revisions whose history has no slots.
    pub slot: TimeSlot,
    /// Packages reported in the block, with the roots of their exported segments.
    pub reported: BTreeMap<Hash, Hash>,
}

impl_codec!(RecentBlock for Revised {
    header_hash,
    accumulation_root,
    state_root,
    slot if slot_in_history,
    reported,
});

/// The recent blocks and the accumulation-output log (`eq:recentspec`, 0.7.2).
#[derive(Debug, Clone, PartialEq, Eq, Default)]
pub struct RecentBlocks {
    /// The last blocks, oldest first.
    pub blocks: Vec<RecentBlock>,
    /// The peaks of the accumulation-output log, a Merkle mountain range.
    pub output_log: Vec<Option<Hash>>,
}

impl_codec!(RecentBlocks for Revised { blocks, output_log });
