//! `E`, `Q` and the queue from block to block, by the definitions of "History and Queuing".

use std::collections::{BTreeMap, BTreeSet};

use jambox_chain::accumulation::queue::{Arrivals, accumulatable};
use jambox_chain::accumulation::{AccumulationState, BlockContext, BlockOutcome, accumulate_block};
use jambox_types::{AccumulatedQueue, PerSlot, ReadyQueue, ReadyReport, TimeSlot, WorkReport};

use super::{BLOCK, Invoked, PARAMETERS, PROTOCOL, dependent, idle, package, report, state};

fn history(last: &[u8]) -> AccumulatedQueue {
    let mut history = PerSlot::from_fn(&PARAMETERS, |_| BTreeSet::new());
    history[11] = last.iter().map(|name| package(*name)).collect();
    history
}

fn queue(entries: &[(usize, WorkReport)]) -> ReadyQueue {
    let mut queue = PerSlot::from_fn(&PARAMETERS, |_| Vec::new());
    for (position, report) in entries {
        let dependencies = report.context.prerequisites.iter().copied().collect();
        queue[*position].push(ReadyReport { report: report.clone(), dependencies });
    }
    queue
}

fn names<'a>(reports: impl IntoIterator<Item = &'a WorkReport>) -> Vec<u8> {
    reports.into_iter().map(|report| report.availability.package_hash.0[0]).collect()
}

fn order(available: Vec<WorkReport>, ready: &ReadyQueue, slot: u32) -> Vec<u8> {
    let arrivals = Arrivals::new(available, &history(&[]));
    names(accumulatable(&arrivals, ready, TimeSlot(slot)))
}

fn block(prior: AccumulationState, slot: u32, available: Vec<WorkReport>) -> AccumulationState {
    let invoke = |call| -> Invoked { Ok(idle(call)) };
    let context = BlockContext { slot: TimeSlot(slot), ..BLOCK };
    let outcome = accumulate_block(prior, context, available, &PROTOCOL, invoke);
    let BlockOutcome { state, .. } = outcome.unwrap();
    state
}

fn prior(slot: u32, ready: ReadyQueue, accumulated: AccumulatedQueue) -> AccumulationState {
    AccumulationState { slot: TimeSlot(slot), state: state([]), ready, accumulated }
}

#[test]
fn arrivals_are_told_apart_by_their_dependencies() {
    let mut by_segments = report(4, &[]);
    by_segments.segment_roots = BTreeMap::from([(package(9), package(0))]);
    let reports = vec![report(1, &[]), dependent(2, &[9]), dependent(3, &[8, 9]), by_segments];
    let arrivals = Arrivals::new(reports, &history(&[8]));
    assert_eq!(names(&arrivals.immediate), [1]);
    assert_eq!(names(arrivals.queued.iter().map(|ready| &ready.report)), [2, 3, 4]);
    for ready in &arrivals.queued {
        assert_eq!(ready.dependencies, BTreeSet::from([package(9)]), "8 was accumulated");
    }
}

#[test]
fn what_was_accumulated_is_not_queued_again() {
    let arrivals = Arrivals::new(vec![dependent(2, &[9])], &history(&[2]));
    assert!(arrivals.queued.is_empty());
}

#[test]
fn dependencies_come_first_and_then_the_oldest() {
    // Slot 14 is position 2 of an epoch of 12: positions 2, 3, .. are older than 0 and 1.
    let ready = queue(&[
        (1, dependent(1, &[20])),
        (3, dependent(3, &[20])),
        (2, dependent(2, &[3])),
        (11, dependent(11, &[99])),
    ]);
    let available = vec![dependent(21, &[1]), report(20, &[])];
    assert_eq!(order(available, &ready, 14), [20, 3, 1, 2, 21]);
}

#[test]
fn circles_are_never_released() {
    let ready = queue(&[(0, dependent(1, &[2])), (1, dependent(2, &[1])), (2, dependent(3, &[3]))]);
    assert!(order(vec![], &ready, 30).is_empty());
}

#[test]
fn a_report_in_the_queue_twice_is_released_once() {
    let ready = queue(&[(0, dependent(1, &[9])), (5, dependent(1, &[9]))]);
    let order = order(vec![report(9, &[])], &ready, 24);
    // Both are free at once: `Q` takes all free reports before it edits.
    assert_eq!(order, [9, 1, 1]);
}

#[test]
fn the_queue_forgets_what_waited_for_an_epoch() {
    let ready = queue(&[
        (0, dependent(1, &[90])),
        (1, dependent(2, &[91])),
        (2, dependent(3, &[90, 92])),
        (3, dependent(4, &[93])),
    ]);
    // From slot 24 (position 0) to slot 27 (position 3): positions 1, 2 and 3 are dropped.
    let available = vec![report(90, &[]), dependent(5, &[94])];
    let after = block(prior(24, ready, history(&[])), 27, available);
    let left: Vec<Vec<u8>> =
        after.ready.iter().map(|slot| names(slot.iter().map(|ready| &ready.report))).collect();
    assert_eq!(left[3], [5]);
    assert_eq!(left.iter().flatten().count(), 1, "{left:?}");
}

#[test]
fn the_queue_keeps_what_is_younger_less_what_was_accumulated() {
    let ready =
        queue(&[(0, dependent(1, &[90])), (0, dependent(2, &[90, 91])), (5, dependent(3, &[92]))]);
    let after = block(prior(24, ready, history(&[])), 25, vec![report(90, &[])]);
    assert_eq!(names(after.ready[0].iter().map(|ready| &ready.report)), [2]);
    assert_eq!(after.ready[0][0].dependencies, BTreeSet::from([package(91)]));
    assert_eq!(names(after.ready[5].iter().map(|ready| &ready.report)), [3]);
    assert_eq!(after.accumulated[11], BTreeSet::from([package(1), package(90)]));
}

#[test]
fn the_queue_is_empty_after_an_epoch_without_blocks() {
    let ready = queue(&[(0, dependent(1, &[90])), (7, dependent(2, &[91]))]);
    let after = block(prior(24, ready, history(&[])), 24 + 12, vec![]);
    assert!(after.ready.iter().all(Vec::is_empty));
}

#[test]
fn the_history_moves_on_by_one_each_block() {
    let after = block(prior(24, queue(&[]), history(&[7])), 30, vec![report(1, &[])]);
    assert_eq!(after.accumulated[10], BTreeSet::from([package(7)]));
    assert_eq!(after.accumulated[11], BTreeSet::from([package(1)]));
    assert!(after.accumulated[..10].iter().all(BTreeSet::is_empty));
}
