//! A work package from end to end: what happens in core, then what happens on chain.

use jambox_chain::accumulation::{AccumulationState, BlockContext};
use jambox_chain::{
    Alone, Computed, ExportedSegments, ReportCall, ReportError, SlotError, accumulate_alone,
    check_slot, compute_report, package_errors,
};
use jambox_invocation::{Env, HostError, Observer};
use jambox_package::Package;
use jambox_types::WorkReport;

use crate::diagnosis::Diagnosis;
use crate::engine::{Execution, environment};
use crate::invalid;
use crate::outcome::{Failure, Result};
use crate::protocol::interface;

/// What a package runs in, if its block may follow the state that it starts from.
pub fn env(package: &Package, execution: Execution) -> Result<Env> {
    if let Some(prior) = package.prior_slot {
        check_slot(prior, package.slot).map_err(|error| misplaced(error, package))?;
    }
    // An ABI without a single call would run, and answer WHAT to everything.
    interface(&package.protocol)?;
    environment(package.protocol, execution)
}

/// Why a package has no report although it is valid.
pub struct NotAuthorized(pub String);

/// Asks the authorizer and refines the items. A package that is not valid is bad input; one that is
/// not authorized is not.
pub fn in_core(
    env: &Env,
    package: &Package,
    observer: &mut dyn Observer,
) -> Result<std::result::Result<Computed, NotAuthorized>> {
    let parameters = &package.protocol.parameters;
    let sets = package.exported.iter().map(|(root, segments)| {
        ExportedSegments::new(segments.clone(), parameters).map(|set| (*root, set))
    });
    let exported: std::result::Result<_, _> = sets.collect();
    let exported = exported.map_err(|error| Diagnosis::new(error.to_string()))?;
    let call = ReportCall {
        package: &package.work_package,
        core: package.core,
        extrinsics: &package.extrinsics,
        exported: &exported,
        segment_roots: &package.segment_roots,
        accounts: &package.state.accounts,
        validators: package.protocol.validator_counts().max,
    };
    match compute_report(env, call, observer) {
        Ok(computed) => Ok(Ok(computed)),
        Err(ReportError::Package(_)) => {
            let errors = package_errors(env.protocol(), &call);
            let all = errors.iter().map(|error| invalid::diagnose(error, package));
            Err(Failure::Input(all.collect()))
        }
        Err(ReportError::Host(error)) => Err(host_failure(error)),
        Err(error @ (ReportError::NotAuthorized { .. } | ReportError::TraceTooLong { .. })) => {
            Ok(Err(NotAuthorized(error.to_string())))
        }
    }
}

/// Accumulates the report in a block of its own, upon what a chain remembers if there is one.
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

fn misplaced(error: SlotError, package: &Package) -> Diagnosis {
    let source = &package.source;
    let diagnosis = Diagnosis::new(error.to_string());
    match (error, &source.manifest.chain.slot) {
        (SlotError::NotAfter { .. }, Some(slot)) => diagnosis
            .at_text(&source.path, &source.text, slot.place.clone())
            .expected("a later slot")
            .help("without `slot` the block is in the slot after that of the state"),
        _ => diagnosis.in_file(&source.path).help("start from another state, or make a new chain"),
    }
}

fn host_failure(error: HostError) -> Failure {
    if error.is_limit() {
        let help =
            "it is the host's limit, not the guest's gas: --limit-memory and --timeout set some";
        return Failure::Limit(vec![Diagnosis::new(error.to_string()).help(help)]);
    }
    let help = "nothing is wrong with the input as such: something of this host's is";
    Diagnosis::new(format!("the host cannot go on: {error}")).help(help).into()
}
