//! The recent history (`sec:recenthistory`, 0.7.2).

use jambox_state::merkle;
use jambox_types::{Block, Hash, Protocol, RecentBlock, RecentBlocks};

use super::Refusal;
use crate::accumulation::{Outputs, output_root};

/// Records the state root of the block before, which a block's header names
/// (`eq:correctlaststateroot`, 0.7.2).
pub(super) fn take_header(
    recent: &mut RecentBlocks,
    block: &Block,
    is_checked: bool,
) -> Result<(), Refusal> {
    let Some(last) = recent.blocks.last_mut() else { return Ok(()) };
    if is_checked && last.header_hash != block.header.parent {
        return Err(Refusal::Parent);
    }
    last.state_root = block.header.parent_state_root;
    Ok(())
}

/// Adds a block and its accumulation outputs (`eq:recenthistorydef`, 0.7.2).
pub(super) fn add(
    mut recent: RecentBlocks,
    block: &Block,
    outputs: &Outputs,
    protocol: &Protocol,
) -> RecentBlocks {
    merkle::append(&mut recent.output_log, output_root(outputs), Hash::keccak);
    let specs = block.extrinsic.guarantees.iter().map(|guarantee| &guarantee.report.availability);
    recent.blocks.push(RecentBlock {
        header_hash: block.header.hash(protocol),
        accumulation_root: merkle::super_peak(&recent.output_log),
        state_root: Hash::ZERO,
        slot: block.header.slot,
        reported: specs.map(|spec| (spec.package_hash, spec.segment_root)).collect(),
    });
    let excess = recent.blocks.len().saturating_sub(protocol.parameters.recent_blocks.into());
    recent.blocks.drain(..excess);
    recent
}
