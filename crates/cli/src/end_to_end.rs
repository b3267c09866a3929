//! A work package from end to end: first in core, then on chain.

use std::collections::BTreeMap;

use jambox_chain::accumulation::{AccumulationState, BlockContext};
use jambox_chain::{
    Alone, Computed, ExportedSegments, PackageError, ReportCall, ReportError, SlotError,
    accumulate_alone, check_slot, compute_report, package_errors,
};
use jambox_invocation::{Env, HostError, Observer};
use jambox_package::{Invalid, Package};
use jambox_types::{Hash, WorkReport};

use crate::diagnosis::Diagnosis;
use crate::engine::{Execution, environment};
use crate::invalid;
use crate::outcome::{Failure, Result};
use crate::protocol::interface;

/// Segments of earlier packages by their root.
type Exported = BTreeMap<Hash, ExportedSegments>;

/// The environment of a package's invocations. Errors: a block of the package may not follow the
/// state that it starts from; the ABI has no calls; the backend is missing.
pub fn env(package: &Package, execution: Execution) -> Result<Env> {
    if let Some(misplaced) = misplaced(package) {
        return Err(Failure::Input([vec![misplaced], limits(package)].concat()));
    }
    // An ABI without calls would run, and answer WHAT to every call.
    interface(&package.protocol)?;
    environment(package.protocol, execution)
}

/// Reason for the lack of a report of a valid package, in words.
pub struct NotAuthorized(pub String);

/// Runs the authorizer, and refines the items. An invalid package is bad input; an unauthorized one
/// is not.
pub fn in_core(
    env: &Env,
    package: &Package,
    observer: &mut dyn Observer,
) -> Result<std::result::Result<Computed, NotAuthorized>> {
    let exported = exported(package)?;
    let call = call(package, &exported);
    match compute_report(env, call, observer) {
        Ok(computed) => Ok(Ok(computed)),
        Err(ReportError::Package(_)) => {
            let errors = package_errors(&package.protocol, &call);
            let all = errors.iter().map(|error| invalid::diagnose(error, package));
            Err(Failure::Input(all.collect()))
        }
        Err(ReportError::Host(error)) => Err(host_failure(error)),
        Err(error @ (ReportError::NotAuthorized { .. } | ReportError::TraceTooLong { .. })) => {
            Ok(Err(NotAuthorized(error.to_string())))
        }
    }
}

/// Accumulates the report in a block of its own, after the history of a chain if there is one.
pub fn on_chain(
    env: &Env,
    package: &Package,
    report: &WorkReport,
    history: Option<AccumulationState>,
    observer: &mut dyn Observer,
) -> Result<Alone> {
    let parameters = &package.protocol.parameters;
    let state = package.state.clone();
    let prior = match history {
        Some(history) => AccumulationState { state, ..history },
        None => AccumulationState::without_history(state, package.slot, parameters),
    };
    let block = BlockContext { slot: package.slot, entropy: package.entropy };
    accumulate_alone(env, prior, block, report, observer).map_err(host_failure)
}

/// The segments that items can import, by their roots.
fn exported(package: &Package) -> Result<Exported> {
    let parameters = &package.protocol.parameters;
    let mut exported = Exported::new();
    for (root, segments) in &package.exported {
        let set = ExportedSegments::new(segments.clone(), parameters);
        exported.insert(*root, set.map_err(|error| Diagnosis::new(error.to_string()))?);
    }
    Ok(exported)
}

fn call<'a>(package: &'a Package, exported: &'a Exported) -> ReportCall<'a> {
    ReportCall {
        package: &package.work_package,
        core: package.core,
        extrinsics: &package.extrinsics,
        exported,
        segment_roots: &package.segment_roots,
        accounts: &package.state.accounts,
        validators: package.protocol.validator_counts().max,
    }
}

/// Further mistakes of a package that can be read in part, beyond the mistakes of reading.
fn further_mistakes(partial: &Package) -> Vec<Diagnosis> {
    misplaced(partial).into_iter().chain(limits(partial)).collect()
}

/// All mistakes of a package file: those of reading it, and limits that its readable part breaks.
pub fn mistakes(invalid: &Invalid) -> Vec<Diagnosis> {
    let further = invalid.partial.iter().flat_map(|partial| further_mistakes(partial));
    Diagnosis::of_reading(invalid).into_iter().chain(further).collect()
}

/// Limits that a package breaks, but for those that unreadable items or segments seem to break.
fn limits(package: &Package) -> Vec<Diagnosis> {
    let Ok(exported) = exported(package) else { return Vec::new() };
    let is_sure = |error: &PackageError| {
        !matches!(
            error,
            PackageError::UnknownImport { .. } | PackageError::ItemCount { count: 0, .. }
        )
    };
    let errors = package_errors(&package.protocol, &call(package, &exported));
    let errors = errors.iter().filter(|error| is_sure(error));
    errors.map(|error| invalid::diagnose(error, package)).collect()
}

/// Diagnosis of a block that does not come after the state; `None` for one that does.
fn misplaced(package: &Package) -> Option<Diagnosis> {
    let error = check_slot(package.prior_slot?, package.slot).err()?;
    let source = &package.source;
    let diagnosis = Diagnosis::new(error.to_string());
    Some(match (error, &source.manifest.chain.slot) {
        (SlotError::NotAfter { .. }, Some(slot)) => diagnosis
            .at_text(&source.path, &source.text, slot.place.clone())
            .expected("expected a later slot")
            .help("without `slot` the block is in the slot after that of the state"),
        _ => diagnosis.in_file(&source.path).help("start from another state, or make a new chain"),
    })
}

fn host_failure(error: HostError) -> Failure {
    if error.is_limit() {
        let help = "this limit is the host's, not the guest's gas: --limit-memory and --timeout set such limits";
        return Failure::Limit(vec![Diagnosis::new(error.to_string()).help(help)]);
    }
    let help = "the host failed, not the guest: the message names the part";
    Diagnosis::new(format!("the host cannot go on: {error}")).help(help).into()
}
