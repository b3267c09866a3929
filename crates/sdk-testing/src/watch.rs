//! Observation of invocations: the record that tests compare, and the account of failures.

use std::collections::{BTreeMap, VecDeque};

use jambox_inspect::account::{self, Detail, Invocation, Names, Service, Setting, What};
use jambox_invocation::{Failure, Finished, Invocation as Which, Observer};
use jambox_sdk::types::{Gas, Protocol, ServiceId, TimeSlot};

use crate::measured;
use crate::record::{Record, Recorder};
use crate::symbols::KnownSymbols;
use crate::{Chain, Failed};

/// Services have no names in tests.
static NO_NAMES: Names = BTreeMap::new();

/// Detail of an invocation's account, as failures need it.
const DETAIL: Detail = Detail { calls: false, segments: false, events: 1000, octets: 1 << 20 };

/// Observers of invocations.
pub(crate) type Watch<'a> = (Recorder, (account::Recorder<'a>, Ends));

/// Failures of invocations, in order; `None` for those that succeeded.
#[derive(Debug, Default)]
pub(crate) struct Ends(Vec<Option<Box<Failure>>>);

impl Observer for Ends {
    fn invocation_ended(&mut self, finished: &Finished<'_>) {
        self.0.push(finished.end.failure().cloned().map(Box::new));
    }
}

/// The parts of a chain that observers need, separate from it, so that the chain can change.
pub(crate) struct Watcher {
    protocol: Protocol,
    slot: TimeSlot,
}

impl Watcher {
    pub fn of(chain: &Chain) -> Self {
        let (protocol, slot) = (chain.protocol, chain.slot);
        Self { protocol, slot }
    }

    pub fn watch(&self, recorder: Recorder) -> Watch<'_> {
        let Self { protocol, slot } = self;
        let setting = Setting { protocol, slot: *slot, names: &NO_NAMES, symbols: &KnownSymbols };
        (recorder, (account::Recorder::new(setting, DETAIL), Ends::default()))
    }
}

/// Results of observation.
pub(crate) struct Seen {
    pub record: Record,
    invocations: VecDeque<(Which, Invocation, Option<Box<Failure>>)>,
}

impl Seen {
    pub fn of((recorder, (account, Ends(ends))): Watch<'_>) -> Self {
        if let Some(instruments) = &recorder.instruments {
            measured::keep(instruments, recorder.revision);
        }
        let told = account.finish().into_iter();
        let invocations = told.zip(ends).map(|((which, told), why)| (which, told, why)).collect();
        Self { record: recorder.record, invocations }
    }

    /// The failure of the authorizer, which is the first to run.
    pub fn authorizer(&mut self) -> Option<Failed> {
        self.next(|which| matches!(which, Which::IsAuthorized { .. }))
            .and_then(|(_, told, why)| Failed::of(None, why, told))
    }

    /// The failure of an item's refine, in the order of items. An error without a failure is of
    /// missing code, or of a result that a report may not hold.
    pub fn refine(
        &mut self,
        item: usize,
        service: ServiceId,
        error: Option<&jambox_sdk::types::WorkError>,
    ) -> Option<Failed> {
        let is_it = |which: &Which| matches!(which, Which::Refine { item: it, .. } if *it == item);
        let Some((_, mut told, why)) = self.next(is_it) else {
            let error = error?.to_string();
            let service_told = Some(Service::new(service, &NO_NAMES));
            let told = Invocation::not_run(What::Refine, service_told, 0, error);
            return Failed::of(Some(service), None, Invocation { item: Some(item), ..told });
        };
        if let (Some(error), account::Outcome::Halt) = (error, told.outcome) {
            told.refuse(error.to_string());
        }
        Failed::of(Some(service), why, told)
    }

    /// The failure of a service's accumulation, in the order of accumulation.
    pub fn accumulate(
        &mut self,
        service: ServiceId,
        gas: Gas,
        no_code: Option<jambox_invocation::NoCode>,
    ) -> Option<Failed> {
        if let Some(reason) = no_code {
            let service_told = Some(Service::new(service, &NO_NAMES));
            let reason = reason.to_string();
            let told = Invocation::not_run(What::Accumulate, service_told, gas.0, reason);
            return Failed::of(Some(service), None, told);
        }
        let is_it = |which: &Which| matches!(which, Which::Accumulate { .. });
        let (_, told, why) = self.next(is_it)?;
        Failed::of(Some(service), why, told)
    }

    fn next(
        &mut self,
        is_it: impl Fn(&Which) -> bool,
    ) -> Option<(Which, Invocation, Option<Box<Failure>>)> {
        let first = self.invocations.front().is_some_and(|(which, ..)| is_it(which));
        first.then(|| self.invocations.pop_front()).flatten()
    }
}
