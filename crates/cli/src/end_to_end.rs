//! A work package from end to end: what happens in core, then what happens on chain.

use std::collections::BTreeSet;

use jambox_chain::accumulation::{
    AccumulationState, BlockContext, BlockOutcome, accumulate_block, output_root,
};
use jambox_chain::{Computed, ExportedSegments, ReportCall, ReportError, compute_report};
use jambox_engine::Backend;
use jambox_invocation::{Accumulated, Env, HostError, NoCode, Observer, accumulate};
use jambox_package::Package;
use jambox_state::PartialState;
use jambox_types::{
    AccumulatedQueue, DeferredTransfer, Gas, Hash, PerSlot, ReadyQueue, ServiceId, TimeSlot,
    WorkReport,
};

use crate::diagnosis::Diagnosis;
use crate::engine::environment;
use crate::invalid;
use crate::outcome::{Failure, Result};
use crate::protocol::interface;

/// What a package runs in.
pub fn env(package: &Package, backend: Backend) -> Result<Env> {
    // An ABI without a single call would run, and answer WHAT to everything.
    interface(&package.protocol)?;
    environment(package.protocol, backend)
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
    };
    match compute_report(env, call, observer) {
        Ok(computed) => Ok(Ok(computed)),
        Err(ReportError::Package(error)) => Err(invalid::diagnose(&error, package).into()),
        Err(ReportError::Host(error)) => Err(host_failure(error)),
        Err(error @ (ReportError::NotAuthorized { .. } | ReportError::TraceTooLong { .. })) => {
            Ok(Err(NotAuthorized(error.to_string())))
        }
    }
}

/// What accumulation did.
pub struct OnChain {
    /// The accumulations in the order in which they ran.
    pub calls: Vec<ServiceCall>,
    pub transfers: Vec<DeferredTransfer>,
    pub outputs: Vec<(ServiceId, Hash)>,
    pub output_root: Hash,
    pub state: PartialState,
    /// What else the block leaves, for a chain that goes on.
    pub after: BlockOutcome,
}

/// What a chain remembers of the accumulation before.
pub struct History {
    pub slot: TimeSlot,
    pub ready: ReadyQueue,
    pub accumulated: AccumulatedQueue,
}

/// The accumulation of one service.
pub struct ServiceCall {
    pub service: ServiceId,
    pub gas: Gas,
    /// Why no code ran, if none did.
    pub no_code: Option<NoCode>,
    /// Whether no code ran, or the guest failed.
    pub failed: bool,
}

/// Accumulates the report in a block of its own. The packages that it depends on are taken for
/// accumulated.
pub fn on_chain(
    env: &Env,
    package: &Package,
    report: &WorkReport,
    history: Option<History>,
    observer: &mut dyn Observer,
) -> Result<OnChain> {
    let parameters = &package.protocol.parameters;
    let prerequisites = report.context.prerequisites.iter();
    let history = history.unwrap_or_else(|| History {
        slot: TimeSlot(package.slot.0.saturating_sub(1)),
        ready: PerSlot::from_fn(parameters, |_| Vec::new()),
        accumulated: AccumulatedQueue::from_fn(parameters, |_| BTreeSet::new()),
    });
    let History { slot, ready, mut accumulated } = history;
    let known: BTreeSet<Hash> = accumulated.iter().flatten().copied().collect();
    let dependencies = prerequisites.chain(report.segment_roots.keys()).copied();
    if let Some(latest) = accumulated.last_mut() {
        latest.extend(dependencies.filter(|package| !known.contains(package)));
    }
    let prior = AccumulationState { slot, state: package.state.clone(), ready, accumulated };
    let block = BlockContext { slot: package.slot, entropy: package.entropy };
    let (mut calls, mut transfers) = (Vec::new(), Vec::new());
    let outcome = accumulate_block(prior, block, vec![report.clone()], parameters, |call| {
        let (service, gas) = (call.service, call.gas);
        let accumulated = accumulate(env, call, observer)?;
        let no_code = accumulated.no_code;
        let failed = no_code.is_some() || accumulated.failure.is_some();
        calls.push(ServiceCall { service, gas, no_code, failed });
        transfers.extend(accumulated.transfers.iter().cloned());
        Ok::<Accumulated, HostError>(accumulated)
    });
    let outcome = outcome.map_err(host_failure)?;
    Ok(OnChain {
        calls,
        transfers,
        output_root: output_root(&outcome.outputs),
        outputs: outcome.outputs.iter().copied().collect(),
        state: outcome.state.state.clone(),
        after: outcome,
    })
}

fn host_failure(error: HostError) -> Failure {
    let help = "nothing is wrong with the input as such: this host has reached a limit of its own";
    Diagnosis::new(format!("the host cannot go on: {error}")).help(help).into()
}
