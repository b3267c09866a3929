//! Rounds of accumulation against `eq:accseq`, `eq:accpar` and `eq:accone` over plain maps. The
//! services make every change to the state that code could make, and others.

use std::collections::{BTreeMap, BTreeSet};
use std::sync::Arc;

use jambox_chain::accumulation::accumulate_reports;
use jambox_invocation::{AccumulateCall, Accumulated};
use jambox_state::{AccountInfo, Blob, PartialState, RequestHistory, RequestKey, StateError};
use jambox_types::{
    Balance, Gas, Hash, PerCore, PerQueuePosition, PerValidator, Privileges, Revision, Rules,
    ServiceId, ValidatorKey, ValidatorMetadata, WorkReport,
};
use proptest::prelude::*;

use super::{BLOCK, Invoked, PARAMETERS, PROTOCOL, SLOT, idle, report, state, transfer};

const SERVICES: std::ops::RangeInclusive<u32> = 1..=6;
/// Blobs that services request and receive, by index.
const BLOBS: [&[u8]; 2] = [b"one", b"other"];

/// One change by a service in an accumulation.
#[derive(Clone, Debug)]
enum Act {
    Balance(u64),
    Request(usize),
    Create(u32, u64),
    Remove(u32),
    Provide(u32, usize),
    Transfer(u32, u64),
    Yield(u8),
    /// Manager, assigners, delegator, registrar, one service that always accumulates.
    Bless([u32; 6]),
    Assign(usize, u8, u32),
    Designate(u8),
    UseGas,
}

fn act() -> impl Strategy<Value = Act> {
    let id = 1..9u32;
    prop_oneof![
        2 => (0..99u64).prop_map(Act::Balance),
        2 => (0..2usize).prop_map(Act::Request),
        1 => (6..12u32, 0..99u64).prop_map(|(service, balance)| Act::Create(service, balance)),
        1 => id.clone().prop_map(Act::Remove),
        2 => (id.clone(), 0..2usize).prop_map(|(service, blob)| Act::Provide(service, blob)),
        2 => (id.clone(), 0..40u64).prop_map(|(service, gas)| Act::Transfer(service, gas)),
        1 => any::<u8>().prop_map(Act::Yield),
        1 => prop::array::uniform6(id.clone()).prop_map(Act::Bless),
        2 => (0..2usize, any::<u8>(), id)
            .prop_map(|(core, mark, next)| Act::Assign(core, mark, next)),
        2 => any::<u8>().prop_map(Act::Designate),
        1 => Just(Act::UseGas),
    ]
}

/// Changes by a service and the number of its accumulation: first, second, ..
type Script = BTreeMap<(u32, usize), Vec<Act>>;

#[derive(Clone, Debug, PartialEq)]
struct Account {
    balance: u64,
    /// Requests of the blobs; `None` for no request.
    requests: [Option<Vec<u32>>; 2],
}

/// `eq:partialstate`. Keys and queues are reduced to a mark.
#[derive(Clone, Debug, PartialEq)]
struct Model {
    accounts: BTreeMap<u32, Account>,
    staging: u8,
    queues: [u8; 2],
    manager: u32,
    assigners: [u32; 2],
    delegator: u32,
    registrar: u32,
    always: BTreeMap<u32, u64>,
}

/// `eq:acconeout`.
#[derive(Clone)]
struct Outcome {
    post: Model,
    transfers: Vec<(u32, u64)>,
    yielded: Option<u8>,
    gas_used: u64,
    provisions: BTreeSet<(u32, usize)>,
}

/// `eq:accone`, and the service's code.
fn single(model: &Model, acts: &[Act], service: u32, gas: u64) -> Outcome {
    let (transfers, provisions) = (Vec::new(), BTreeSet::new());
    let post = model.clone();
    let mut outcome = Outcome { post, transfers, yielded: None, gas_used: 0, provisions };
    for act in acts {
        let post = &mut outcome.post;
        let own = post.accounts.get_mut(&service);
        match *act {
            Act::Balance(balance) => drop(own.map(|own| own.balance = balance)),
            Act::Request(blob) => drop(own.map(|own| own.requests[blob] = Some(vec![]))),
            Act::Create(id, balance) => {
                let account = Account { balance, requests: [None, None] };
                post.accounts.entry(id).or_insert(account);
            }
            Act::Remove(id) if id != service => drop(post.accounts.remove(&id)),
            Act::Remove(_) => {}
            Act::Provide(to, blob) => drop(outcome.provisions.insert((to, blob))),
            Act::Transfer(to, gas) => outcome.transfers.push((to, gas)),
            Act::Yield(mark) => outcome.yielded = Some(mark),
            Act::Bless([manager, first, second, delegator, registrar, always]) => {
                post.manager = manager;
                post.assigners = [first, second];
                (post.delegator, post.registrar) = (delegator, registrar);
                post.always = BTreeMap::from([(always, 5)]);
            }
            Act::Assign(core, mark, next) => {
                (post.queues[core], post.assigners[core]) = (mark, next);
            }
            Act::Designate(mark) => post.staging = mark,
            Act::UseGas => outcome.gas_used = gas,
        }
    }
    outcome
}

/// The function `R`.
fn changed<T: PartialEq>(o: T, a: T, b: T) -> T {
    if a == o { b } else { a }
}

/// The services' scripts, with the number of runs of each.
struct Chain<'a> {
    revision: Revision,
    script: &'a Script,
    runs: BTreeMap<u32, usize>,
}

type Rounds = (usize, Model, BTreeSet<(u32, u8)>, Vec<(u32, u64)>);

impl Chain<'_> {
    /// The services of a round (`s` of `eq:accpar`), with their results.
    fn outcomes(
        &mut self,
        model: &Model,
        transfers: &[(u32, u64)],
        reports: &[WorkReport],
        free: &BTreeMap<u32, u64>,
    ) -> BTreeMap<u32, Outcome> {
        let digests = || reports.iter().flat_map(|report| &report.digests);
        let services: BTreeSet<u32> = digests()
            .map(|digest| digest.service.0)
            .chain(free.keys().copied())
            .chain(transfers.iter().map(|(to, _)| *to))
            .collect();
        let mut outcomes = BTreeMap::new();
        for service in services {
            let own = digests().filter(|digest| digest.service.0 == service);
            let gas = free.get(&service).copied().unwrap_or(0)
                + transfers
                    .iter()
                    .filter(|(to, _)| *to == service)
                    .map(|(_, gas)| gas)
                    .sum::<u64>()
                + own.map(|digest| digest.accumulate_gas_limit.0).sum::<u64>();
            let run = self.runs.entry(service).or_default();
            let acts = self.script.get(&(service, *run)).map_or(&[][..], Vec::as_slice);
            *run += 1;
            outcomes.insert(service, single(model, acts, service, gas));
        }
        outcomes
    }

    /// `eq:accpar`. `None` when two services contribute the same index.
    fn parallel(
        &mut self,
        model: &Model,
        transfers: &[(u32, u64)],
        reports: &[WorkReport],
        free: &BTreeMap<u32, u64>,
    ) -> Option<(Model, BTreeMap<u32, Outcome>)> {
        let outcomes = self.outcomes(model, transfers, reports, free);
        // Without gas and inputs nothing changes.
        let post = |service: u32| outcomes.get(&service).map_or(model, |outcome| &outcome.post);
        let manager = post(model.manager);
        let (mut n, mut m) = (BTreeMap::new(), BTreeSet::<u32>::new());
        for (service, outcome) in &outcomes {
            let after = &outcome.post.accounts;
            for (id, account) in after {
                let is_new = !model.accounts.contains_key(id) || id == service;
                if is_new && n.insert(*id, account.clone()).is_some() {
                    return None;
                }
            }
            m.extend(model.accounts.keys().filter(|id| !after.contains_key(id)));
        }
        let mut accounts = model.accounts.clone();
        accounts.extend(n);
        accounts.retain(|id, _| !m.contains(id));
        for (service, blob) in outcomes.values().flat_map(|outcome| &outcome.provisions) {
            let request = accounts.get_mut(service).map(|account| &mut account.requests[*blob]);
            if let Some(Some(request)) = request
                && request.is_empty()
            {
                request.push(SLOT.0);
            }
        }
        let assigner = |core: usize| {
            let holder = post(model.assigners[core]).assigners[core];
            changed(model.assigners[core], manager.assigners[core], holder)
        };
        let (delegator, registrar) = (post(model.delegator), post(model.registrar));
        let after = Model {
            accounts,
            staging: delegator.staging,
            queues: [0, 1].map(|core| post(model.assigners[core]).queues[core]),
            manager: manager.manager,
            assigners: [0, 1].map(assigner),
            delegator: changed(model.delegator, manager.delegator, delegator.delegator),
            registrar: changed(model.registrar, manager.registrar, registrar.registrar),
            always: manager.always.clone(),
        };
        Some((after, outcomes))
    }

    /// `eq:accseq`.
    fn sequential(
        &mut self,
        gas: u64,
        transfers: &[(u32, u64)],
        reports: &[WorkReport],
        model: &Model,
        free: &BTreeMap<u32, u64>,
    ) -> Option<Rounds> {
        let cost = |report: &WorkReport| -> u64 {
            report.digests.iter().map(|digest| digest.accumulate_gas_limit.0).sum()
        };
        let transferred = |transfers: &[(u32, u64)]| transfers.iter().map(|(_, gas)| gas).sum();
        // The sums beside the digests' are of 0.8.0, as is the choice of no report if these sums
        // alone exceed the gas.
        let beside: u64 = match self.revision {
            Revision::GrayPaper072 => 0,
            Revision::GrayPaper080 => {
                let transferred: u64 = transferred(transfers);
                transferred + free.values().sum::<u64>()
            }
        };
        let is_covered = |i: &usize| reports[..*i].iter().map(cost).sum::<u64>() + beside <= gas;
        let i = (0..=reports.len()).rev().find(is_covered).unwrap_or(0);
        if transfers.len() + i + free.len() == 0 {
            return Some((0, model.clone(), BTreeSet::new(), Vec::new()));
        }
        let (after, outcomes) = self.parallel(model, transfers, &reports[..i], free)?;
        let used: u64 = outcomes.values().map(|outcome| outcome.gas_used).sum();
        let next: Vec<_> =
            outcomes.values().flat_map(|outcome| outcome.transfers.clone()).collect();
        let gas = gas
            + match self.revision {
                Revision::GrayPaper072 => transferred(transfers),
                Revision::GrayPaper080 => transferred(&next),
            };
        let none = BTreeMap::new();
        let left = gas.saturating_sub(used);
        let (j, after, outputs, rest) =
            self.sequential(left, &next, &reports[i..], &after, &none)?;
        let yielded = outcomes.iter().filter_map(|(service, it)| Some((*service, it.yielded?)));
        let gas_used = outcomes.iter().map(|(service, outcome)| (*service, outcome.gas_used));
        let outputs = outputs.into_iter().chain(yielded).collect();
        Some((i + j, after, outputs, gas_used.chain(rest).collect()))
    }
}

fn keys(mark: u8) -> Arc<PerValidator<ValidatorKey>> {
    let metadata = ValidatorMetadata([mark; 128]);
    let key = ValidatorKey { metadata, ..ValidatorKey::default() };
    Arc::new(PerValidator::from_fn(&PROTOCOL, |_| key))
}

fn queue(mark: u8) -> Arc<PerQueuePosition<Hash>> {
    Arc::new(PerQueuePosition::from_fn(&PARAMETERS, |_| Hash([mark; 32])))
}

fn key(blob: usize) -> RequestKey {
    RequestKey { hash: Hash::blake2b(BLOBS[blob]), length: BLOBS[blob].len() as u32 }
}

/// [`single`], on the state of the implementation.
fn perform(acts: &[Act], call: AccumulateCall) -> Invoked {
    let (service, gas) = (call.service, call.gas);
    let mut outcome: Accumulated = idle(call);
    let mut provisions = BTreeSet::new();
    for act in acts {
        let state = &mut outcome.state;
        let exists = state.accounts.contains(service)?;
        match *act {
            Act::Balance(balance) if exists => {
                state.accounts.update(service, |own| own.balance = Balance(balance))?;
            }
            Act::Request(blob) if exists => {
                let requested = Some(RequestHistory::Requested);
                state.accounts.set_request(service, key(blob), requested)?;
            }
            Act::Balance(_) | Act::Request(_) => {}
            Act::Create(id, balance) => {
                if !state.accounts.contains(ServiceId(id))? {
                    let balance = Balance(balance);
                    let info = AccountInfo { balance, ..AccountInfo::default() };
                    state.accounts.create(ServiceId(id), info)?;
                }
            }
            Act::Remove(id) if id != service.0 => state.accounts.remove(ServiceId(id))?,
            Act::Remove(_) => {}
            Act::Provide(to, blob) => drop(provisions.insert((ServiceId(to), blob))),
            Act::Transfer(to, gas) => outcome.transfers.push(transfer(service, to, 1, gas)),
            Act::Yield(mark) => outcome.yielded = Some(Hash([mark; 32])),
            Act::Bless([manager, first, second, delegator, registrar, always]) => {
                let assigners = [first, second].map(ServiceId);
                state.privileges = Arc::new(Privileges {
                    manager: ServiceId(manager),
                    assigners: PerCore::from_fn(&PARAMETERS, |core| assigners[core]),
                    delegator: ServiceId(delegator),
                    registrar: ServiceId(registrar),
                    always_accumulate: BTreeMap::from([(ServiceId(always), Gas(5))]),
                });
            }
            Act::Assign(core, mark, next) => {
                Arc::make_mut(&mut state.authorizer_queues)[core] = queue(mark);
                Arc::make_mut(&mut state.privileges).assigners[core] = ServiceId(next);
            }
            Act::Designate(mark) => state.staging_set = keys(mark),
            Act::UseGas => outcome.gas_used = gas,
        }
    }
    let provisions = provisions.into_iter().map(|(to, blob)| (to, Blob::from(BLOBS[blob])));
    outcome.provisions = provisions.collect();
    Ok(outcome)
}

/// The state as a model.
fn modelled(state: &PartialState) -> Model {
    let ids = (0..20).filter(|id| state.accounts.contains(ServiceId(*id)).unwrap());
    let account = |id: u32| {
        let request = |blob: usize| {
            let history = state.accounts.request(ServiceId(id), &key(blob)).unwrap();
            history.map(|history| history.slots().map(|slot| slot.0).collect())
        };
        let info = state.accounts.get(ServiceId(id)).unwrap().unwrap();
        Account { balance: info.balance.0, requests: [0, 1].map(request) }
    };
    let privileges = &state.privileges;
    let always = privileges.always_accumulate.iter();
    Model {
        accounts: ids.map(|id| (id, account(id))).collect(),
        staging: state.staging_set[0].metadata.0[0],
        queues: [0, 1].map(|core: usize| state.authorizer_queues[core][0].0[0]),
        manager: privileges.manager.0,
        assigners: [0, 1].map(|core: usize| privileges.assigners[core].0),
        delegator: privileges.delegator.0,
        registrar: privileges.registrar.0,
        always: always.map(|(service, gas)| (service.0, gas.0)).collect(),
    }
}

fn check(revision: Revision, gas: u64, reports: &[WorkReport], script: &Script, holders: [u32; 6]) {
    let mut before = state(SERVICES);
    let [manager, first, second, delegator, registrar, always] = holders.map(ServiceId);
    *Arc::make_mut(&mut before.privileges) = Privileges {
        manager,
        assigners: PerCore::from_fn(&PARAMETERS, |core| [first, second][core]),
        delegator,
        registrar,
        always_accumulate: BTreeMap::from([(always, Gas(7))]),
    };
    let model = modelled(&before);
    let mut chain = Chain { revision, script, runs: BTreeMap::new() };
    let expected = chain.sequential(gas, &[], reports, &model, &model.always);

    let mut runs: BTreeMap<u32, usize> = BTreeMap::new();
    let invoke = |call: AccumulateCall| -> Invoked {
        let run = runs.entry(call.service.0).or_default();
        let acts = script.get(&(call.service.0, *run)).map_or(&[][..], Vec::as_slice);
        *run += 1;
        perform(acts, call)
    };
    let reports: Vec<&WorkReport> = reports.iter().collect();
    match accumulate_reports(Gas(gas), BLOCK, &reports, before, Rules::of(revision), invoke) {
        Ok(outcome) => {
            let outputs = outcome.outputs.iter().map(|(service, hash)| (service.0, hash.0[0]));
            let gas_used = outcome.gas_used.iter().map(|(service, gas)| (service.0, gas.0));
            let (outputs, gas_used) = (outputs.collect(), gas_used.collect());
            let found = (outcome.accumulated, modelled(&outcome.state), outputs, gas_used);
            assert_eq!(Some(found), expected);
        }
        Err(StateError::CreatedTwice(_)) => assert_eq!(expected, None),
        Err(error) => panic!("{error}"),
    }
}

proptest! {
    #![proptest_config(ProptestConfig {
        cases: 200,
        failure_persistence: None,
        ..ProptestConfig::default()
    })]

    #[test]
    fn rounds_are_as_the_formulas_say(
        gas in 20..200u64,
        digests in prop::collection::vec(prop::collection::vec((1..9u32, 0..30u64), 0..5), 0..6),
        acts in prop::collection::btree_map(
            (1..9u32, prop::sample::select(vec![0, 0, 0, 1, 1, 2_usize])),
            prop::collection::vec(act(), 1..7),
            4..16,
        ),
        holders in prop::array::uniform6(1..8u32),
    ) {
        let reports = (1..).zip(&digests).map(|(name, digests)| report(name, digests));
        let reports = reports.collect::<Vec<_>>();
        for revision in Revision::ALL {
            check(revision, gas, &reports, &acts, holders);
        }
    }
}
