//! Comparison of one package under two revisions.

mod align;
mod text;

use std::collections::VecDeque;

use serde::Serialize;

use jambox_chain::{Alone, Computed};
use jambox_inspect::account::{
    Change, Event, Gas, HostCall, Invocation, Outcome, PackageSummary, Service, Transfer,
};
use jambox_inspect::hostcalls::{Argument, MemoryDirection};
use jambox_inspect::{Octets, wide};
use jambox_package::Package;
use jambox_state::Difference;

use crate::diagnosis::Diagnosis;
use crate::end_to_end::NotAuthorized;
use crate::outcome::Result;
use crate::output::Report;

use super::model::RunReport;

/// A value of each of the two revisions, in their order.
type Pair<T> = [T; 2];

/// Results of a run under one of the revisions.
pub struct Side {
    report: RunReport,
    /// Changes of the state by the run. The report has them in words, which may be shortened.
    changed: Vec<(Difference, Change)>,
    /// Other results, by name.
    results: Vec<(&'static str, Option<String>)>,
}

impl Side {
    /// Takes the report of a run, and its results in full.
    pub fn new(
        package: &Package,
        report: RunReport,
        computed: &std::result::Result<Computed, NotAuthorized>,
        on_chain: Option<&Alone>,
    ) -> Result<Self> {
        let changed = match on_chain {
            Some(on_chain) => {
                let differences = package.state.diff(&on_chain.after.state.state);
                differences.map_err(|error| Diagnosis::new(error.to_string()))?
            }
            None => Vec::new(),
        };
        let change = |it: Difference| (it.clone(), Change::new(&it, &package.names));
        let changed = changed.into_iter().map(change).collect();
        let exports = computed.as_ref().ok().map(|computed| {
            let root = computed.report.availability.segment_root;
            format!("{} segments, root {root}", computed.exports.len())
        });
        let transfers = (!report.on_chain.transfers.is_empty())
            .then(|| report.on_chain.transfers.iter().map(transfer).collect::<Vec<_>>().join("; "));
        let results = vec![
            ("trace", report.in_core.work_report.as_ref().map(|it| whole(&it.authorizer_trace))),
            ("exports", exports),
            ("transfers", transfers),
            ("outputs", report.on_chain.output_root.clone()),
        ];
        Ok(Self { report, changed, results })
    }
}

/// Octets in full: a comparison needs all of them.
fn whole(octets: &Octets) -> String {
    const_hex::encode_prefixed(&octets.0)
}

fn transfer(transfer: &Transfer) -> String {
    let Transfer { from, to, amount, gas, memo } = transfer;
    format!("{amount} from {from} to {to}, gas {gas}, memo {}", whole(memo))
}

/// Two runs of a package side by side.
#[derive(Serialize)]
pub struct Comparison {
    packages: Pair<PackageSummary>,
    invocations: Vec<Invoked>,
    results: Vec<Outcomes>,
    state: State,
    /// Failures of each, a line each.
    pub failures: Pair<Vec<String>>,
}

/// An invocation under both.
#[derive(Serialize)]
struct Invoked {
    what: &'static str,
    #[serde(skip_serializing_if = "Option::is_none")]
    service: Option<Service>,
    #[serde(skip_serializing_if = "Option::is_none")]
    item: Option<usize>,
    /// `None` where the invocation did not take place.
    outcome: Pair<Option<Outcome>>,
    output: Pair<Option<Octets>>,
    gas: Pair<Option<Gas>>,
    failure: Pair<Option<String>>,
    host_calls: Calls,
}

/// The host calls of an invocation under both.
#[derive(Serialize)]
struct Calls {
    /// Number of calls that could be compared.
    counts: Pair<usize>,
    /// Number of calls that are the same in both.
    same: usize,
    /// Number of events that were dropped, because there were too many, and are not compared.
    events_dropped: Pair<u64>,
    differences: Vec<CallDifference>,
}

/// A host call that only one of the two makes, or that both make and that differs.
#[derive(Serialize)]
struct CallDifference {
    calls: Pair<Option<Call>>,
    /// True if the memory that it read or wrote differs, of which the texts may show only a part.
    memory_differs: bool,
}

/// A host call, as one revision has it.
#[derive(Serialize)]
struct Call {
    /// Number of the invocation's calls before this one.
    index: usize,
    #[serde(serialize_with = "wide::number")]
    number: u64,
    name: Option<&'static str>,
    arguments: Vec<Argument>,
    result: String,
}

/// A result of the package under both.
#[derive(Serialize)]
struct Outcomes {
    what: &'static str,
    values: Pair<Option<String>>,
}

/// Changes of the state by the runs.
#[derive(Serialize)]
struct State {
    /// Number of changes that are the same in both.
    same: usize,
    differences: Vec<StateDifference>,
}

/// A place of the state that the runs changed differently; `None` for a run that left it unchanged.
#[derive(Serialize)]
struct StateDifference {
    changes: Pair<Option<Change>>,
}

impl Comparison {
    /// The comparison at a level of detail.
    pub fn shown(&self, verbosity: u8) -> impl Report {
        text::Shown { comparison: self, verbosity }
    }

    /// Compares two runs.
    pub fn of([older, newer]: Pair<Side>) -> Self {
        let results = older.results.into_iter().zip(newer.results);
        let results =
            results.map(|((what, one), (_, other))| Outcomes { what, values: [one, other] });
        let results = results.filter(|it| it.values != [None, None]).collect();
        let state = State::of(older.changed, newer.changed);
        let (older, newer) = (older.report, newer.report);
        let authorized = (older.in_core.is_authorized, newer.in_core.is_authorized);
        let mut invocations = Vec::new();
        if authorized.0.is_some() || authorized.1.is_some() {
            invocations.push(Invoked::of("is-authorized", authorized.into()));
        }
        let items = older.in_core.refine.len().max(newer.in_core.refine.len());
        let mut refined = [older.in_core.refine.into_iter(), newer.in_core.refine.into_iter()];
        for _ in 0..items {
            let [one, other] = &mut refined;
            invocations.push(Invoked::of("refine", [one.next(), other.next()]));
        }
        let accumulated = pair_by_service(older.on_chain.accumulate, newer.on_chain.accumulate);
        invocations.extend(accumulated.into_iter().map(|pair| Invoked::of("accumulate", pair)));
        Self {
            packages: [older.package, newer.package],
            invocations,
            results,
            state,
            failures: [older.failures, newer.failures],
        }
    }
}

/// A service accumulates more than once where transfers call it again. Its first invocations are
/// paired, then its second, and so on.
fn pair_by_service(
    older: Vec<Invocation>,
    newer: Vec<Invocation>,
) -> Vec<Pair<Option<Invocation>>> {
    let id = |invocation: &Invocation| invocation.service.as_ref().map(|service| service.id);
    let mut newer: VecDeque<_> = newer.into();
    let mut pairs = Vec::new();
    for one in older {
        let partner = newer.iter().position(|other| id(other) == id(&one));
        let partner = partner.and_then(|index| newer.remove(index));
        pairs.push([Some(one), partner]);
    }
    pairs.extend(newer.into_iter().map(|other| [None, Some(other)]));
    pairs
}

impl Invoked {
    fn of(what: &'static str, mut pair: Pair<Option<Invocation>>) -> Self {
        let calls = pair.each_mut().map(|it| it.as_mut().map(take_calls).unwrap_or_default());
        let dropped =
            pair.each_ref().map(|it| it.as_ref().map_or(0, |invocation| invocation.events_dropped));
        let either = pair.iter().flatten().next();
        Self {
            what,
            service: either.and_then(|it| it.service.clone()),
            item: either.and_then(|it| it.item),
            outcome: pair.each_ref().map(|it| it.as_ref().map(|it| it.outcome)),
            gas: pair.each_ref().map(|it| it.as_ref().map(|it| it.gas)),
            failure: pair.each_ref().map(|it| {
                it.as_ref().and_then(|it| it.failure.as_ref()).map(|failure| failure.reason.clone())
            }),
            output: pair.map(|it| it.and_then(|it| it.output)),
            host_calls: Calls::of(calls, dropped),
        }
    }
}

fn take_calls(invocation: &mut Invocation) -> Vec<HostCall> {
    let events = std::mem::take(&mut invocation.events).into_iter();
    let calls = events.filter_map(|event| match event {
        Event::HostCall(call) => Some(call),
        _ => None,
    });
    calls.collect()
}

impl Calls {
    fn of([older, newer]: Pair<Vec<HostCall>>, events_dropped: Pair<u64>) -> Self {
        // The same call has another number in another revision.
        let key = |call: &HostCall| (call.name, call.name.map_or(call.number, |_| 0));
        let keys = [&older, &newer].map(|calls| calls.iter().map(key).collect::<Vec<_>>());
        let counts = [older.len(), newer.len()];
        let mut calls = [older, newer].map(|calls| calls.into_iter().map(Some).collect::<Vec<_>>());
        let (mut same, mut differences) = (0, Vec::new());
        for places in align::align(&keys[0], &keys[1]) {
            let pair: Pair<Option<HostCall>> = std::array::from_fn(|side| {
                places[side].and_then(|index| calls[side][index].take())
            });
            let mut memory_differs = false;
            if let [Some(one), Some(other)] = &pair {
                memory_differs = touched(one).ne(touched(other));
                if !memory_differs && told(one) == told(other) {
                    same += 1;
                    continue;
                }
            }
            let mut places = places.into_iter();
            let calls = pair.map(|call| {
                let index = places.next().flatten();
                call.zip(index).map(|(call, index)| Call {
                    index,
                    number: call.number,
                    name: call.name,
                    arguments: call.arguments,
                    result: call.result,
                })
            });
            differences.push(CallDifference { calls, memory_differs });
        }
        Self { counts, same, events_dropped, differences }
    }
}

/// Arguments and result of a call, without the addresses that builds choose.
fn told(call: &HostCall) -> (Vec<(&'static str, &str)>, &str) {
    let arguments = call.arguments.iter().map(|it| (it.name, it.apart_from_address()));
    (arguments.collect(), &call.result)
}

/// Memory that a call read and wrote.
fn touched(call: &HostCall) -> impl Iterator<Item = (MemoryDirection, usize, &[u8])> {
    call.memory.iter().map(|event| (event.access, event.length, event.octets.0.as_slice()))
}

impl State {
    fn of(older: Vec<(Difference, Change)>, newer: Vec<(Difference, Change)>) -> Self {
        let (mut same, mut differences) = (0, Vec::new());
        // Both are in the order of places.
        let (mut older, mut newer) = (older.into_iter().peekable(), newer.into_iter().peekable());
        loop {
            let order = match (older.peek(), newer.peek()) {
                (None, None) => break,
                (Some(_), None) => std::cmp::Ordering::Less,
                (None, Some(_)) => std::cmp::Ordering::Greater,
                (Some((one, _)), Some((other, _))) => one.place.cmp(&other.place),
            };
            let one = older.next_if(|_| order.is_le());
            let other = newer.next_if(|_| order.is_ge());
            if one.as_ref().map(|it| &it.0) == other.as_ref().map(|it| &it.0) {
                same += 1;
                continue;
            }
            let changes = [one, other].map(|change| change.map(|(_, change)| change));
            differences.push(StateDifference { changes });
        }
        Self { same, differences }
    }
}
