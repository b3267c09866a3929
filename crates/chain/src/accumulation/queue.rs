//! Reports that wait for others: which can be accumulated now, and what becomes of the rest.

use std::collections::BTreeSet;

use jambox_types::{AccumulatedQueue, Hash, ReadyQueue, ReadyReport, TimeSlot, WorkReport};

/// A block's newly available reports, told apart by whether they depend on others.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Arrivals {
    /// Those without dependencies, to be accumulated at once.
    pub immediate: Vec<WorkReport>,
    /// Those with dependencies, less what was accumulated before.
    pub queued: Vec<ReadyReport>,
}

impl Arrivals {
    /// Tells `reports` apart, given the history of accumulated packages.
    #[must_use]
    pub fn new(reports: Vec<WorkReport>, history: &AccumulatedQueue) -> Self {
        let accumulated: BTreeSet<Hash> = history.iter().flatten().copied().collect();
        let mut immediate = Vec::new();
        let mut queued = Vec::new();
        for report in reports {
            let dependencies = dependencies(&report);
            if dependencies.is_empty() {
                immediate.push(report);
            } else {
                queued.push(ReadyReport { report, dependencies });
            }
        }
        queued.retain_mut(|ready| edit(&ready.report, &mut ready.dependencies, &accumulated));
        Self { immediate, queued }
    }
}

/// The packages that must be accumulated before the report is (function `D`).
fn dependencies(report: &WorkReport) -> BTreeSet<Hash> {
    report.context.prerequisites.iter().chain(report.segment_roots.keys()).copied().collect()
}

/// One entry of the queue-editing function `E`: removes dependencies that have been accumulated,
/// and says whether the report itself has not.
fn edit(
    report: &WorkReport,
    dependencies: &mut BTreeSet<Hash>,
    accumulated: &BTreeSet<Hash>,
) -> bool {
    dependencies.retain(|dependency| !accumulated.contains(dependency));
    !accumulated.contains(&report.availability.package_hash)
}

/// The reports that can be accumulated in a block at `slot`, in order: the immediate ones, then
/// those of the queue, oldest first, that need nothing but what stands before them.
#[must_use]
pub fn accumulatable<'a>(
    arrivals: &'a Arrivals,
    ready: &'a ReadyQueue,
    slot: TimeSlot,
) -> Vec<&'a WorkReport> {
    let mut order: Vec<&WorkReport> = arrivals.immediate.iter().collect();
    let (newer, older) = ready.split_at(position(slot, ready.len()));
    let waiting = older.iter().chain(newer).flatten().chain(&arrivals.queued);
    let mut waiting: Vec<(&WorkReport, BTreeSet<Hash>)> =
        waiting.map(|ready| (&ready.report, ready.dependencies.clone())).collect();
    let mut accumulated = package_hashes(order.iter().copied());
    loop {
        waiting.retain_mut(|(report, dependencies)| edit(report, dependencies, &accumulated));
        let free = waiting.iter().filter(|(_, dependencies)| dependencies.is_empty());
        let free: Vec<&WorkReport> = free.map(|(report, _)| *report).collect();
        if free.is_empty() {
            return order;
        }
        accumulated = package_hashes(free.iter().copied());
        order.extend(free);
    }
}

/// The hashes of the reports' packages (function `P`).
pub(super) fn package_hashes<'a>(
    reports: impl IntoIterator<Item = &'a WorkReport>,
) -> BTreeSet<Hash> {
    reports.into_iter().map(|report| report.availability.package_hash).collect()
}

/// Brings the history forward by one block that accumulated `packages`.
pub(super) fn record(history: &mut AccumulatedQueue, packages: BTreeSet<Hash>) {
    history.rotate_left(1);
    if let Some(last) = history.last_mut() {
        *last = packages;
    }
}

/// Brings the queue forward from the prior block's slot to `slot`: what waited for a whole epoch
/// is dropped, what was accumulated is taken out, what arrived is put in.
pub(super) fn advance(
    ready: &mut ReadyQueue,
    queued: Vec<ReadyReport>,
    packages: &BTreeSet<Hash>,
    prior: TimeSlot,
    slot: TimeSlot,
) {
    let length = ready.len();
    let now = position(slot, length);
    let elapsed = slot.0.saturating_sub(prior.0) as usize;
    let mut queued = Some(queued);
    for (at, reports) in ready.iter_mut().enumerate() {
        let age = now.saturating_add(length).saturating_sub(at).checked_rem(length).unwrap_or(0);
        if age == 0 {
            *reports = queued.take().unwrap_or_default();
        } else if age < elapsed {
            reports.clear();
        }
        reports.retain_mut(|ready| edit(&ready.report, &mut ready.dependencies, packages));
    }
}

/// The position of a slot in an epoch of `length` slots.
fn position(slot: TimeSlot, length: usize) -> usize {
    (slot.0 as usize).checked_rem(length).unwrap_or(0)
}
