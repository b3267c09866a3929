//! What the chain remembers of its last blocks (`sec:recenthistory`, 0.7.2).

use alloc::collections::BTreeMap;
use alloc::vec::Vec;

use jambox_codec::impl_codec;

use crate::{Hash, Revised, TimeSlot};

/// A recent block (`eq:recenthistoryspec`).
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct RecentBlock {
    /// The hash of its header.
    pub header_hash: Hash,
    /// The root of the accumulation-output log after it.
    pub accumulation_root: Hash,
    /// The root of the state after it; zeros until the next block says it.
    pub state_root: Hash,
    /// Its slot; 0 under revisions whose history has none.
    pub slot: TimeSlot,
    /// The packages that it reported, with the roots of the segments that they exported.
    pub reported: BTreeMap<Hash, Hash>,
}

impl_codec!(RecentBlock for Revised {
    header_hash,
    accumulation_root,
    state_root,
    slot if slot_in_history,
    reported,
});

/// The recent blocks and the log of what accumulation yielded (`eq:recentspec`, 0.7.2).
#[derive(Debug, Clone, PartialEq, Eq, Default)]
pub struct RecentBlocks {
    /// The last blocks, oldest first.
    pub blocks: Vec<RecentBlock>,
    /// The peaks of the accumulation-output log, a Merkle mountain range.
    pub output_log: Vec<Option<Hash>>,
}

impl_codec!(RecentBlocks for Revised { blocks, output_log });
