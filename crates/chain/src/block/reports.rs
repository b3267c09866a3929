//! Reports pending availability (`sec:reporting`, 0.7.2).

use std::collections::{BTreeMap, BTreeSet};

use jambox_types::{
    Block, CoreIndex, CoreRecord, Hash, Parameters, PendingReport, PerCore, Protocol, WorkReport,
    super_majority,
};

use super::Refusal;
use super::header::ValidatorCounts;

/// Reports pending availability, core by core.
pub(super) type Pending = PerCore<Option<PendingReport>>;

/// Reports pending before a block, after its assurances.
pub(super) struct Reports {
    /// Newly available reports, in the order of their cores.
    pub available: Vec<WorkReport>,
    /// Reports still pending, without those of the block.
    pending: Pending,
}

impl Reports {
    /// Removes reports that became available (`eq:availableworkreports`) and reports that timed out
    /// (`eq:reportspostguaranteesdef`, 0.7.2). `validators` is the number of validators. A block
    /// that changes the number times out every report.
    pub fn advance(
        mut pending: Pending,
        block: &Block,
        validators: ValidatorCounts,
        protocol: &Protocol,
    ) -> Self {
        let mut available = Vec::new();
        for (core, entry) in (0..).map(CoreIndex).zip(pending.iter_mut()) {
            let assurances = block.extrinsic.assurances.iter();
            let count =
                assurances.filter(|assurance| assurance.availabilities.is_set(core)).count();
            if count >= super_majority(validators.before) {
                available.extend(entry.take().map(|pending| pending.report));
            }
            let timeout = u32::from(protocol.parameters.assurance_timeout);
            let end = |pending: &PendingReport| pending.reported.0.saturating_add(timeout);
            let is_late = entry.as_ref().is_some_and(|it| block.header.slot.0 >= end(it));
            if is_late || validators.before != validators.after {
                *entry = None;
            }
        }
        Self { available, pending }
    }

    /// True if a report is still pending on the core.
    pub fn is_engaged(&self, core: CoreIndex) -> bool {
        self.pending.get(usize::from(core.0)).is_some_and(Option::is_some)
    }

    /// Reports pending after the block, those of the block included.
    pub fn pending_after(&self, block: &Block) -> Pending {
        let mut pending = self.pending.clone();
        for guarantee in &block.extrinsic.guarantees {
            let core = usize::from(guarantee.report.core.0);
            if let Some(entry) = pending.get_mut(core) {
                let guarantee = guarantee.clone();
                *entry = Some(PendingReport {
                    report: guarantee.report,
                    guaranteed: guarantee.slot,
                    credentials: guarantee.credentials,
                    reported: block.header.slot,
                });
            }
        }
        pending
    }

    /// Statistics of each core in the block (`sec:bookkeeping`, 0.7.2). Counts saturate.
    pub fn core_records(&self, block: &Block, parameters: &Parameters) -> PerCore<CoreRecord> {
        let mut records: BTreeMap<u16, CoreRecord> = BTreeMap::new();
        for guarantee in &block.extrinsic.guarantees {
            let report = &guarantee.report;
            let record = records.entry(report.core.0).or_default();
            add_incoming(record, report);
        }
        for report in &self.available {
            let record = records.entry(report.core.0).or_default();
            record.data_load = record.data_load.saturating_add(data_load(report, parameters));
        }
        PerCore::from_fn(parameters, |core| {
            let index = u16::try_from(core).unwrap_or(u16::MAX);
            let assurances = block.extrinsic.assurances.iter();
            let assured =
                |core| assurances.filter(|assurance| assurance.availabilities.is_set(core)).count();
            let popularity = assured(CoreIndex(index)) as u64;
            CoreRecord { popularity, ..records.get(&index).copied().unwrap_or_default() }
        })
    }
}

fn add_incoming(record: &mut CoreRecord, report: &WorkReport) {
    let length = report.availability.bundle_length;
    record.bundle_size = record.bundle_size.saturating_add(length.into());
    for digest in &report.digests {
        let load = &digest.load;
        record.imports = record.imports.saturating_add(load.imports);
        record.extrinsic_count = record.extrinsic_count.saturating_add(load.extrinsic_count);
        record.extrinsic_size = record.extrinsic_size.saturating_add(load.extrinsic_size);
        record.exports = record.exports.saturating_add(load.exports);
        record.gas_used.0 = record.gas_used.0.saturating_add(load.gas_used.0);
    }
}

/// Octets put into the data lakes by a report that became available: its bundle, and its segments
/// with a page of proofs for every 64 of them.
fn data_load(report: &WorkReport, parameters: &Parameters) -> u64 {
    let segments = u64::from(report.availability.segment_count).saturating_mul(65).div_ceil(64);
    let octets = segments.saturating_mul(parameters.segment_size() as u64);
    octets.saturating_add(report.availability.bundle_length.into())
}

/// Reports still pending after removing those judged other than good (`eq:removenonpositive`).
pub(super) fn judged(mut pending: Pending, block: &Block, protocol: &Protocol) -> Pending {
    let not_good = not_good(block);
    for entry in pending.iter_mut() {
        if entry.as_ref().is_some_and(|it| not_good.contains(&it.report.hash(protocol))) {
            *entry = None;
        }
    }
    pending
}

/// Reports that the block's verdicts judge other than good.
fn not_good(block: &Block) -> BTreeSet<Hash> {
    let verdicts = block.extrinsic.disputes.verdicts.iter();
    verdicts
        .filter(|verdict| verdict.judgments.iter().any(|judgment| !judgment.is_valid))
        .map(|verdict| verdict.report_hash)
        .collect()
}

/// Fails on the first rule broken by an assurance (`sec:reporting`).
pub(super) fn check_assurances(
    pending: &Pending,
    block: &Block,
    validators: usize,
) -> Result<(), Refusal> {
    let mut before = None;
    for (index, assurance) in block.extrinsic.assurances.iter().enumerate() {
        if assurance.anchor != block.header.parent {
            return Err(Refusal::AssuranceAnchor { index });
        }
        let assurer = assurance.assurer;
        if before >= Some(assurer) || usize::from(assurer.0) >= validators {
            return Err(Refusal::AssuranceOrder { index });
        }
        before = Some(assurer);
        for (core, entry) in (0..).map(CoreIndex).zip(pending.iter()) {
            if entry.is_none() && assurance.availabilities.is_set(core) {
                return Err(Refusal::AssuranceOfNothing { index, core });
            }
        }
    }
    Ok(())
}
