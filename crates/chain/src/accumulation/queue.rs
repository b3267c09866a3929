//! Dependencies of reports: selection of reports without unmet dependencies, and the queue of the
//! others.

use std::collections::BTreeSet;

use jambox_types::{AccumulatedQueue, Hash, ReadyQueue, ReadyReport, TimeSlot, WorkReport};

/// A block's newly available reports, with and without dependencies.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Arrivals {
    /// Reports without dependencies, accumulated at once.
    pub immediate: Vec<WorkReport>,
    /// Reports with dependencies, less the packages accumulated before.
    pub queued: Vec<ReadyReport>,
}

impl Arrivals {
    /// Sorts `reports`, given the history of accumulated packages.
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

/// Packages to be accumulated before the report (function `D`).
fn dependencies(report: &WorkReport) -> BTreeSet<Hash> {
    report.context.prerequisites.iter().chain(report.segment_roots.keys()).copied().collect()
}

/// One entry of the queue-editing function `E`: removes accumulated packages from the dependencies.
/// Returns false if the report's own package has been accumulated.
fn edit(
    report: &WorkReport,
    dependencies: &mut BTreeSet<Hash>,
    accumulated: &BTreeSet<Hash>,
) -> bool {
    dependencies.retain(|dependency| !accumulated.contains(dependency));
    !accumulated.contains(&report.availability.package_hash)
}

/// The reports that can be accumulated in a block at `slot`, in order: the immediate ones, then
/// queued reports, oldest first, whose dependencies are all before them.
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

/// Package hashes of reports (function `P`).
pub(super) fn package_hashes<'a>(
    reports: impl IntoIterator<Item = &'a WorkReport>,
) -> BTreeSet<Hash> {
    reports.into_iter().map(|report| report.availability.package_hash).collect()
}

/// Adds a block with the accumulated `packages` to the history.
pub(super) fn record(history: &mut AccumulatedQueue, packages: BTreeSet<Hash>) {
    history.rotate_left(1);
    if let Some(last) = history.last_mut() {
        *last = packages;
    }
}

/// Updates the queue from the prior block's slot to `slot`: reports queued for a whole epoch are
/// dropped, accumulated reports are removed, new reports are added.
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
