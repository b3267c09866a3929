//! The traces (`traces/*/NNNNNNNN.bin`): what accumulation and preimages make of the state, block
//! by block.
//!
//! Compared are the components that service execution changes, and every key of every service.
//! What consensus alone changes is taken as given.

use std::collections::{BTreeMap, BTreeSet};
use std::path::Path;
use std::sync::Arc;

use jambox_codec::{Decode, decode_all_with, encode};
use jambox_invocation::accumulation::preimages::{check, integrate};
use jambox_invocation::accumulation::statistics::of_services;
use jambox_invocation::accumulation::{
    AccumulationState, BlockContext, BlockOutcome, accumulate_block,
};
use jambox_invocation::{Env, HostError, Observer, accumulate};
use jambox_state::{Accounts, Blob, KeyKind, KeyedBase, PartialState, StateKey};
use jambox_types::{
    Block, CoreIndex, Hash, Parameters, PerCore, PerQueuePosition, Protocol, ServiceId, Statistics,
    TimeSlot, WorkReport,
};

use crate::steps::{self, RawState, Step};
use crate::{Error, Outcome, Report, files};

/// Chapters of the state's components (`sec:statemerklization`, 0.7.2).
mod chapter {
    pub const AUTHORIZER_QUEUES: u8 = 2;
    pub const ENTROPY: u8 = 6;
    pub const STAGING_SET: u8 = 7;
    pub const PENDING_REPORTS: u8 = 10;
    pub const SLOT: u8 = 11;
    pub const PRIVILEGES: u8 = 12;
    pub const STATISTICS: u8 = 13;
    pub const READY_QUEUE: u8 = 14;
    pub const ACCUMULATED: u8 = 15;
    pub const OUTPUTS: u8 = 16;
}

/// Runs every step under a folder, each from the state before it that its file holds.
///
/// A step that changes nothing is a block that was refused; it is skipped, for the reasons for
/// which blocks are refused are mostly those of consensus.
///
/// # Errors
///
/// When the folder cannot be read or holds no step.
pub fn run(folder: &Path, protocol: Protocol) -> Result<Report, Error> {
    let mut report = Report::default();
    for file in steps::files(folder)? {
        let outcome = match steps::load(&file, &protocol.parameters)? {
            Err(error) => Outcome::Failed(error.to_string()),
            Ok(step) if step.pre_state.root == step.post_state.root => {
                Outcome::Skipped("the block was refused".into())
            }
            Ok(step) => {
                let checked = check_step(&step, protocol, &mut ());
                checked.map_or_else(Outcome::Failed, |()| Outcome::Passed)
            }
        };
        let trace = file.parent().map(files::stem).unwrap_or_default();
        report.add(format!("{trace}/{}", files::stem(&file)), outcome);
    }
    Ok(report)
}

/// Runs one step, watched by an observer.
///
/// # Errors
///
/// The first difference, or why there is no state after.
pub fn check_step(
    step: &Step,
    protocol: Protocol,
    observer: &mut dyn Observer,
) -> Result<(), String> {
    let parameters = &protocol.parameters;
    let before = State { values: keyed(&step.pre_state), parameters };
    let after = State { values: keyed(&step.post_state), parameters };
    let block = &step.block;
    let ((entropy, _), _): ((Hash, Hash), (Hash, Hash)) = after.component(chapter::ENTROPY)?;
    let context = BlockContext { slot: block.header.slot, entropy };
    let prior = before.accumulation()?;
    let prior_accounts = prior.state.accounts.clone();
    let given = &block.extrinsic.preimages;
    check(&prior_accounts, given).map_err(|error| error.to_string())?;

    let env = Env::new(protocol).map_err(|error| error.to_string())?;
    let invoke = |call| -> Result<_, HostError> { accumulate(&env, call, observer) };
    let available = available(&before, block)?;
    let outcome = accumulate_block(prior, context, available, parameters, invoke);
    let mut outcome = outcome.map_err(|error| format!("no outcome: {error}"))?;
    let accounts = &mut outcome.state.state.accounts;
    integrate(accounts, given, context.slot).map_err(|error| error.to_string())?;

    let statistics = of_services(
        block.extrinsic.guarantees.iter().map(|guarantee| &guarantee.report),
        given,
        &outcome.statistics,
    );
    let expected: Statistics = after.component(chapter::STATISTICS)?;
    if expected.services != statistics {
        return Err(format!("statistics: {:?} expected, {statistics:?} found", expected.services));
    }
    same_components(&after, &outcome)?;
    same_services(before.values, &outcome.state.state.accounts, &after.values)
}

/// A whole state, and what decodes it.
struct State<'a> {
    values: KeyedBase,
    parameters: &'a Parameters,
}

fn keyed(state: &RawState) -> KeyedBase {
    let leaves = state.leaves.iter();
    leaves.map(|leaf| (StateKey(leaf.key), Blob::from(leaf.value.as_slice()))).collect()
}

impl State<'_> {
    fn component<T: Decode<Parameters>>(&self, chapter: u8) -> Result<T, String> {
        let value = self.values.get(&StateKey::component(chapter));
        let value = value.ok_or(format!("component {chapter} is missing"))?;
        let decoded = decode_all_with(value, self.parameters);
        decoded.map_err(|error| format!("component {chapter}: {error}"))
    }

    fn accumulation(&self) -> Result<AccumulationState, String> {
        let queues: PerCore<PerQueuePosition<Hash>> = self.component(chapter::AUTHORIZER_QUEUES)?;
        let queues = queues.into_vec().into_iter().map(Arc::new).collect();
        let queues = PerCore::new(queues, self.parameters);
        Ok(AccumulationState {
            slot: self.component(chapter::SLOT)?,
            state: PartialState {
                accounts: Accounts::new(Arc::new(self.values.clone())),
                staging_set: Arc::new(self.component(chapter::STAGING_SET)?),
                authorizer_queues: Arc::new(queues.map_err(|error| error.to_string())?),
                privileges: Arc::new(self.component(chapter::PRIVILEGES)?),
            },
            ready: self.component(chapter::READY_QUEUE)?,
            accumulated: self.component(chapter::ACCUMULATED)?,
        })
    }
}

/// The pending reports that a block's assurances make available: those not judged other than
/// good, of which more than two thirds of the validators hold their part
/// (`eq:availableworkreports`, 0.7.2).
fn available(before: &State<'_>, block: &Block) -> Result<Vec<WorkReport>, String> {
    let pending: PerCore<Option<(WorkReport, TimeSlot)>> =
        before.component(chapter::PENDING_REPORTS)?;
    let enough = before.parameters.super_majority();
    let verdicts = block.extrinsic.disputes.verdicts.iter();
    let not_good: BTreeSet<Hash> = verdicts
        .filter(|verdict| verdict.judgments.iter().filter(|judge| judge.is_valid).count() < enough)
        .map(|verdict| verdict.report_hash)
        .collect();
    let mut available = Vec::new();
    for (core, report) in (0..).map(CoreIndex).zip(pending.into_vec()) {
        let Some((report, _)) = report else { continue };
        let assurances = block.extrinsic.assurances.iter();
        let count = assurances.filter(|assurance| assurance.availabilities.is_set(core)).count();
        if count >= enough && !not_good.contains(&Hash::blake2b(&encode(&report))) {
            available.push(report);
        }
    }
    Ok(available)
}

fn same_components(after: &State<'_>, outcome: &BlockOutcome) -> Result<(), String> {
    let state = &outcome.state;
    let queues = state.state.authorizer_queues.iter().flat_map(|queue| encode(&**queue));
    let outputs: Vec<(ServiceId, Hash)> = outcome.outputs.iter().copied().collect();
    let found = [
        (chapter::AUTHORIZER_QUEUES, queues.collect()),
        (chapter::STAGING_SET, encode(&*state.state.staging_set)),
        (chapter::PRIVILEGES, encode(&*state.state.privileges)),
        (chapter::READY_QUEUE, encode(&state.ready)),
        (chapter::ACCUMULATED, encode(&state.accumulated)),
        (chapter::OUTPUTS, encode(&outputs)),
    ];
    for (chapter, found) in found {
        let expected = after.values.get(&StateKey::component(chapter));
        if expected.map(|value| &**value) != Some(found.as_slice()) {
            return Err(format!("component {chapter} differs"));
        }
    }
    Ok(())
}

/// Every key of every service, in the state as it should be and as it came out.
fn same_services(
    mut found: KeyedBase,
    accounts: &Accounts,
    expected: &KeyedBase,
) -> Result<(), String> {
    found.apply(accounts);
    let names = names(accounts);
    let keys: BTreeSet<&StateKey> =
        found.iter().chain(expected.iter()).map(|(key, _)| key).collect();
    for key in keys {
        if matches!(key.kind(), KeyKind::Component(_)) || found.get(key) == expected.get(key) {
            continue;
        }
        let name = names.get(key).cloned().unwrap_or_else(|| format!("{:?} {key}", key.kind()));
        let shown = |value: Option<&Blob>| match value {
            Some(value) => const_hex::encode_prefixed(value.get(..100).unwrap_or(value)),
            None => "nothing".into(),
        };
        let (expected, found) = (shown(expected.get(key)), shown(found.get(key)));
        return Err(format!("{name}: {expected} expected, {found} found"));
    }
    Ok(())
}

/// What the keys mean that were touched.
fn names(accounts: &Accounts) -> BTreeMap<StateKey, String> {
    let mut names = BTreeMap::new();
    for (service, change) in accounts.changes() {
        names.insert(StateKey::account(service), format!("account {service}"));
        let Some(change) = change else { continue };
        for (key, _) in change.storage() {
            let name = format!("storage {} of {service}", const_hex::encode(key));
            names.insert(StateKey::storage(service, key), name);
        }
        for (hash, _) in change.preimages() {
            names
                .insert(StateKey::preimage(service, hash), format!("preimage {hash} of {service}"));
        }
        for (key, _) in change.requests() {
            let name = format!("request {} ({}) of {service}", key.hash, key.length);
            names.insert(StateKey::request(service, key), name);
        }
    }
    names
}
