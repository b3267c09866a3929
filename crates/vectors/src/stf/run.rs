//! Runs of the state-transition vectors: transitions by the invocation crate, compared with the
//! vectors.

use std::collections::BTreeMap;
use std::path::Path;
use std::sync::Arc;

use jambox_chain::accumulation::preimages::{PreimagesError, check, integrate};
use jambox_chain::accumulation::statistics::of_services;
use jambox_chain::accumulation::{
    AccumulationState, AccumulationStatistics, BlockContext, BlockOutcome, accumulate_block,
    output_root,
};
use jambox_codec::{Decode, Encode};
use jambox_invocation::{Env, HostError, Observer, accumulate as accumulate_service};
use jambox_state::{
    AccountInfo, Accounts, Base, Blob, MemoryAccount, MemoryBase, PartialState, RequestKey,
};
use jambox_types::{Hash, PerCore, PerQueuePosition, PerValidator, Protocol, Rules, ValidatorKey};

use serde_json::{Value, json};

use super::case::{AccountEntry, EXPECTED, PreimageEntry, RequestEntry, read_json};
use super::preimages::Invalid;
use super::{accumulate, preimages};
use crate::campaign::whole;
use crate::environments::Environments;
use crate::json::{FromJson, ToJson, first_difference};
use crate::{Campaign, Error, Outcome, Report, codec, files};

/// Runs every case under a folder. The transition of a file, `accumulate` or `preimages`, is the
/// name of a folder above it. Each case runs under the revision of its form. A case is an encoding
/// with its JSON form beside it, or its JSON form alone.
///
/// All of the case's state after and output is compared. The environment chooses the backend and
/// the parameters.
///
/// # Errors
///
/// When the folder cannot be read or holds no case.
pub fn run(folder: &Path, env: &Env) -> Result<Report, Error> {
    whole(|campaign| run_part(folder, env, campaign))
}

/// [`run`], as a part of a campaign.
///
/// # Errors
///
/// As [`run`].
pub fn run_part(folder: &Path, env: &Env, campaign: &mut Campaign<'_>) -> Result<(), Error> {
    let environments = Environments::like(env);
    let mut files = files::files_under(folder, &["bin", "json"], EXPECTED)?;
    files.retain(|file| {
        file.extension().is_none_or(|it| it == "bin") || !file.with_extension("bin").is_file()
    });
    for file in files {
        if !campaign.wants(&files::stem(&file)) {
            continue;
        }
        let is_under = |name: &str| {
            let mut folders = file.ancestors().skip(1).filter_map(Path::file_name);
            folders.any(|folder| folder == name)
        };
        let checked = if is_under("accumulate") {
            let file = File::read(&file)?;
            environments.find(|protocol| file.decode(protocol)).and_then(|(env, (case, extra))| {
                campaign.report.revisions.insert(env.protocol().revision);
                let outcome = accumulated(&case, env, &mut ())?;
                extra.map_or(Ok(()), |extra| check_extra(&extra, &case, &outcome, env))
            })
        } else if is_under("preimages") {
            let file = File::read(&file)?;
            environments.find(|protocol| file.decode(protocol)).and_then(|(env, (case, _))| {
                campaign.report.revisions.insert(env.protocol().revision);
                check_preimages(&case, env.protocol().rules())
            })
        } else {
            let reason = "under no folder named `accumulate` or `preimages`";
            campaign.add(files::stem(&file), Outcome::Skipped(reason.into()));
            continue;
        };
        let outcome = checked.map_or_else(Outcome::Failed, |()| Outcome::Passed);
        campaign.add(files::stem(&file), outcome);
    }
    Ok(())
}

/// Content of a case's files.
struct File {
    encoding: Option<Vec<u8>>,
    json: Vec<u8>,
}

impl File {
    fn read(file: &Path) -> Result<Self, Error> {
        let is_encoding = file.extension().is_some_and(|extension| extension == "bin");
        let encoding = is_encoding.then(|| files::read(file)).transpose()?;
        Ok(Self { encoding, json: files::read(&file.with_extension("json"))? })
    }

    /// The case, and members of its JSON form beside it.
    fn decode<T>(&self, protocol: &Protocol) -> Result<(T, Option<Value>), String>
    where
        T: Decode<Protocol> + Encode<Protocol> + ToJson + FromJson,
    {
        match &self.encoding {
            Some(octets) => {
                codec::decode_checked(octets, &self.json, protocol).map(|case| (case, None))
            }
            None => read_json(&self.json, protocol),
        }
    }
}

/// Checks the members of generated cases beyond the schema: the services' yields, the cores whose
/// queues changed, and the staging set if it changed.
fn check_extra(
    extra: &Value,
    case: &accumulate::Case,
    outcome: &BlockOutcome,
    env: &Env,
) -> Result<(), String> {
    let base: Arc<dyn Base> = Arc::new(MemoryBase::default());
    let before = blank_state(&case.pre_state, env.protocol(), &base);
    let after = &outcome.state.state;
    let yields = outcome.outputs.iter().map(|(service, hash)| json!([service.0, hash.to_string()]));
    let queues = before.authorizer_queues.iter().zip(after.authorizer_queues.iter());
    let changed = queues.enumerate().filter(|(_, (before, after))| before != after);
    let staging_set = (before.staging_set != after.staging_set).then_some("changed");
    let found = json!({
        "authorizer_queues_changed": changed.map(|(core, _)| core).collect::<Vec<_>>(),
        "staging_set": staging_set,
        "yields": yields.collect::<Vec<_>>(),
    });
    match first_difference(extra, &found) {
        Some(difference) => Err(format!("extra{difference}")),
        None => Ok(()),
    }
}

/// Runs one case of the accumulate vectors with an observer.
///
/// # Errors
///
/// The first difference, or the reason for a missing state after.
pub fn check_accumulate(
    case: &accumulate::Case,
    env: &Env,
    observer: &mut dyn Observer,
) -> Result<(), String> {
    accumulated(case, env, observer).map(drop)
}

/// Runs one case of the accumulate vectors and returns the result, if it is as expected.
fn accumulated(
    case: &accumulate::Case,
    env: &Env,
    observer: &mut dyn Observer,
) -> Result<BlockOutcome, String> {
    let protocol = env.protocol();
    let base: Arc<dyn Base> = Arc::new(MemoryBase::default());
    let (before, after) = (&case.pre_state, &case.post_state);
    let rules = protocol.rules();
    let prior = AccumulationState {
        slot: before.slot,
        state: PartialState {
            accounts: accounts(&base, &before.accounts),
            ..blank_state(before, protocol, &base)
        },
        ready: before.ready_queue.clone(),
        accumulated: before.accumulated.clone(),
    };
    let block = BlockContext { slot: case.input.slot, entropy: before.entropy };
    let reports = case.input.reports.clone();
    let invoke = |call| -> Result<_, HostError> { accumulate_service(env, call, observer) };
    let outcome = accumulate_block(prior, block, reports, protocol, invoke)
        .map_err(|error| format!("no outcome: {error}"))?;

    let statistics = of_services([], &[], &outcome.statistics);
    let found = &outcome.state;
    same("output", &case.output.0, &output_root(&outcome.outputs), rules)?;
    same("slot", &after.slot, &found.slot, rules)?;
    same("entropy", &after.entropy, &before.entropy, rules)?;
    same("ready queue", &after.ready_queue, &found.ready, rules)?;
    same("accumulated", &after.accumulated, &found.accumulated, rules)?;
    same("privileges", &after.privileges, &*found.state.privileges, rules)?;
    same("statistics", &after.statistics, &statistics, rules)?;
    same_accounts(&accounts(&base, &after.accounts), &found.state.accounts)?;
    Ok(outcome)
}

/// State of a case, without accounts and components that the vectors lack.
fn blank_state(
    state: &accumulate::AccumulateState,
    protocol: &Protocol,
    base: &Arc<dyn Base>,
) -> PartialState {
    let parameters = &protocol.parameters;
    let queue = Arc::new(PerQueuePosition::from_fn(parameters, |_| Hash::ZERO));
    PartialState {
        accounts: Accounts::new(Arc::clone(base)),
        staging_set: Arc::new(PerValidator::from_fn(protocol, |_| ValidatorKey::default())),
        authorizer_queues: Arc::new(PerCore::from_fn(parameters, |_| Arc::clone(&queue))),
        privileges: Arc::new(state.privileges.clone()),
    }
}

/// Runs one case of the preimages vectors.
///
/// # Errors
///
/// The first difference.
pub fn check_preimages(case: &preimages::Case, rules: &Rules) -> Result<(), String> {
    let base: Arc<dyn Base> = Arc::new(MemoryBase::default());
    let load = |state: &preimages::PreimagesState| {
        let mut accounts = MemoryBase::default();
        for AccountEntry { id, account } in &state.accounts {
            let info = AccountInfo::default();
            accounts.insert(*id, self::account(info, &account.preimages, &account.requests));
        }
        accounts.over(Arc::clone(&base))
    };
    let mut accounts = load(&case.pre_state);
    let mut statistics = case.pre_state.statistics.clone();
    let given = &case.input.preimages;
    let output = match check(&accounts, given) {
        Ok(()) => {
            let taken = integrate(&mut accounts, given, case.input.slot);
            taken.map_err(|error| error.to_string())?;
            statistics = of_services([], given, &AccumulationStatistics::new());
            Ok(())
        }
        Err(PreimagesError::NotSortedUnique { .. }) => Err(Invalid::NotSortedUnique),
        Err(PreimagesError::Unneeded { .. }) => Err(Invalid::Unneeded),
        Err(PreimagesError::State(error)) => return Err(error.to_string()),
    };
    same("output", &case.output, &preimages::Output(output), rules)?;
    same("statistics", &case.post_state.statistics, &statistics, rules)?;
    same_accounts(&load(&case.post_state), &accounts)
}

fn accounts(base: &Arc<dyn Base>, entries: &[AccountEntry<accumulate::Account>]) -> Accounts {
    let mut accounts = MemoryBase::default();
    for AccountEntry { id, account } in entries {
        let storage = account.storage.iter().map(|item| (blob(&item.key), blob(&item.value)));
        let storage = storage.collect();
        let account = self::account(account.info, &account.preimages, &account.requests);
        accounts.insert(*id, MemoryAccount { storage, ..account });
    }
    accounts.over(Arc::clone(base))
}

fn account(
    info: AccountInfo,
    preimages: &[PreimageEntry],
    requests: &[RequestEntry],
) -> MemoryAccount {
    let request = |RequestEntry { key, history }: &RequestEntry| {
        (RequestKey { hash: key.hash, length: key.length }, *history)
    };
    MemoryAccount {
        info,
        storage: BTreeMap::new(),
        preimages: preimages.iter().map(|entry| (entry.hash, blob(&entry.blob))).collect(),
        requests: requests.iter().map(request).collect(),
    }
}

fn blob(octets: &[u8]) -> Blob {
    Blob::from(octets)
}

fn same<T: ToJson>(what: &str, expected: &T, found: &T, rules: &Rules) -> Result<(), String> {
    match first_difference(&expected.to_json(rules), &found.to_json(rules)) {
        Some(difference) => Err(format!("{what}{difference}")),
        None => Ok(()),
    }
}

fn same_accounts(expected: &Accounts, found: &Accounts) -> Result<(), String> {
    let differences = expected.diff(found).map_err(|error| error.to_string())?;
    let Some(first) = differences.first() else { return Ok(()) };
    let shown = |value: &Option<jambox_state::Value>| {
        value.as_ref().map_or("nothing".to_owned(), ToString::to_string)
    };
    let (expected, found) = (shown(&first.before), shown(&first.after));
    let more = differences.len().saturating_sub(1);
    Err(format!("{}: {expected} expected, {found} found (and {more} more)", first.place))
}
