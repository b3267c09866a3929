//! State transitions of the vectors, made by the invocation crate and compared with what the
//! vectors say.

use std::collections::BTreeMap;
use std::path::Path;
use std::sync::Arc;

use jambox_chain::accumulation::preimages::{PreimagesError, check, integrate};
use jambox_chain::accumulation::statistics::of_services;
use jambox_chain::accumulation::{
    AccumulationState, AccumulationStatistics, BlockContext, accumulate_block, output_root,
};
use jambox_invocation::{Env, HostError, Observer, accumulate as accumulate_service};
use jambox_state::{
    AccountInfo, Accounts, Base, Blob, MemoryAccount, MemoryBase, PartialState, RequestKey,
};
use jambox_types::{Hash, PerCore, PerQueuePosition, PerValidator, Protocol, Rules, ValidatorKey};

use super::preimages::Invalid;
use super::{
    AccountEntry, EXPECTED, Loaded, PreimageEntry, RequestEntry, accumulate, load_file, preimages,
};
use crate::json::{ToJson, first_difference};
use crate::{Error, Outcome, Report, files};

/// Runs every case under a folder: a file belongs to the transition that one of the folders
/// above it is named after, `accumulate` or `preimages`.
///
/// Compared is everything that a case says of the state after and of the output. The environment
/// decides what executes the services.
///
/// # Errors
///
/// When the folder cannot be read or holds no case.
pub fn run(folder: &Path, env: &Env) -> Result<Report, Error> {
    let mut report = Report::default();
    for file in files::files_under(folder, &["bin"], EXPECTED)? {
        let is_under = |name: &str| {
            let mut folders = file.ancestors().skip(1).filter_map(Path::file_name);
            folders.any(|folder| folder == name)
        };
        let outcome = if is_under("accumulate") {
            judge(load_file(&file, env.protocol())?, |case| check_accumulate(case, env, &mut ()))
        } else if is_under("preimages") {
            let rules = env.protocol().rules();
            judge(load_file(&file, env.protocol())?, |case| check_preimages(case, rules))
        } else {
            Outcome::Skipped("under no folder named `accumulate` or `preimages`".into())
        };
        report.add(files::stem(&file), outcome);
    }
    Ok(report)
}

fn judge<T>(loaded: Loaded<T>, check: impl FnOnce(&T) -> Result<(), String>) -> Outcome {
    match loaded.case.and_then(|case| check(&case)) {
        Ok(()) => Outcome::Passed,
        Err(difference) => Outcome::Failed(difference),
    }
}

/// Runs one case of the accumulate vectors, watched by an observer.
///
/// # Errors
///
/// The first difference, or why there is no state after.
pub fn check_accumulate(
    case: &accumulate::Case,
    env: &Env,
    observer: &mut dyn Observer,
) -> Result<(), String> {
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
    let found = outcome.state;
    same("output", &case.output.0, &output_root(&outcome.outputs), rules)?;
    same("slot", &after.slot, &found.slot, rules)?;
    same("entropy", &after.entropy, &before.entropy, rules)?;
    same("ready queue", &after.ready_queue, &found.ready, rules)?;
    same("accumulated", &after.accumulated, &found.accumulated, rules)?;
    same("privileges", &after.privileges, &*found.state.privileges, rules)?;
    same("statistics", &after.statistics, &statistics, rules)?;
    same_accounts(&accounts(&base, &after.accounts), &found.state.accounts)
}

/// The state of a case with neither accounts nor what the vectors leave out.
fn blank_state(
    state: &accumulate::State,
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
    let load = |state: &preimages::State| {
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
