//! The pools of authorizers (`sec:authorization`, 0.7.2).

use jambox_state::AuthorizerQueue;
use jambox_types::{Block, Hash, Parameters, PerCore};

/// For each core, the authorizers allowed for its packages, oldest first.
pub(super) type Pools = PerCore<Vec<Hash>>;

/// The pools after a block: each core's pool loses the authorizer used by a report on the core, and
/// gains the authorizer at the slot's position in the core's queue after accumulation.
pub(super) fn advance(
    mut pools: Pools,
    block: &Block,
    queues: &PerCore<AuthorizerQueue>,
    parameters: &Parameters,
) -> Pools {
    for guarantee in &block.extrinsic.guarantees {
        let report = &guarantee.report;
        let Some(pool) = pools.get_mut(usize::from(report.core.0)) else { continue };
        if let Some(used) = pool.iter().position(|hash| *hash == report.authorizer) {
            pool.remove(used);
        }
    }
    for (pool, queue) in pools.iter_mut().zip(queues.iter()) {
        let turn = (block.header.slot.0 as usize).checked_rem(queue.len());
        pool.extend(turn.and_then(|turn| queue.get(turn)));
        let excess = pool.len().saturating_sub(parameters.auth_pool_size.into());
        pool.drain(..excess);
    }
    pools
}
