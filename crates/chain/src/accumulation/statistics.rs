//! The services' part of a block's statistics (`sec:bookkeeping`, 0.7.2).

use jambox_types::{Preimage, ServiceStatistics, WorkReport};

use super::AccumulationStatistics;

/// Statistics of each service in a block, from the block's reports, its preimages and its
/// accumulation. Counts saturate.
#[must_use]
pub fn of_services<'a>(
    incoming: impl IntoIterator<Item = &'a WorkReport>,
    preimages: &[Preimage],
    accumulation: &AccumulationStatistics,
) -> ServiceStatistics {
    let mut statistics = ServiceStatistics::new();
    for digest in incoming.into_iter().flat_map(|report| &report.digests) {
        let record = statistics.entry(digest.service).or_default();
        let load = &digest.load;
        let gas = &mut record.refinement_gas_used.0;
        *gas = gas.saturating_add(load.gas_used.0);
        add(&mut record.refinement_count, 1);
        add(&mut record.imports, load.imports);
        add(&mut record.extrinsic_count, load.extrinsic_count);
        add(&mut record.extrinsic_size, load.extrinsic_size);
        add(&mut record.exports, load.exports);
    }
    for preimage in preimages {
        let record = statistics.entry(preimage.service).or_default();
        add(&mut record.provided_count, 1);
        add(&mut record.provided_size, preimage.data.len() as u64);
    }
    for (service, accumulation) in accumulation {
        let record = statistics.entry(*service).or_default();
        record.accumulate_count = accumulation.items;
        record.transfer_count = accumulation.transfers;
        record.accumulate_gas_used = accumulation.gas_used;
    }
    statistics
}

fn add(count: &mut u64, more: u64) {
    *count = count.saturating_add(more);
}
