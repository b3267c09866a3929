//! Summary of a run: from the libraries' results to the report.

use jambox_chain::accumulation::output_root;
use jambox_chain::{Alone, Computed, ServiceCall};
use jambox_inspect::account::{
    Call, Change, InCore, Invocation, OnChain, PackageSummary, Recorded, Service, Transfer,
    WorkReport, Yielded,
};
use jambox_invocation::Invocation as Which;
use jambox_package::Package;

use crate::diagnosis::Diagnosis;
use crate::end_to_end::NotAuthorized;
use crate::outcome::Result;

use super::model::RunReport;

/// Builds the report of a run from its recording and its results.
pub fn summarize(
    package: &Package,
    recorded: Vec<(Which, Invocation)>,
    computed: &std::result::Result<Computed, NotAuthorized>,
    on_chain: Option<&Alone>,
) -> Result<RunReport> {
    let mut recorded = Recorded::new(recorded);
    let mut failures = Vec::new();
    if let Err(NotAuthorized(reason)) = computed {
        failures.push(reason.clone());
    }
    let mut in_core = InCore { is_authorized: recorded.is_authorized.take(), ..InCore::default() };
    if let Ok(Computed { report, bundle, exports, .. }) = computed {
        let sizes = (bundle.len(), exports.len());
        let (items, names) = (&package.work_package.items, &package.names);
        in_core.refine = recorded.refine(items, &report.digests, names);
        in_core.work_report = Some(WorkReport::new(report, sizes, names, &package.protocol));
    }
    failures.extend(in_core.refine.iter().filter_map(Invocation::failed));
    let on_chain = match on_chain {
        Some(on_chain) => describe_on_chain(package, on_chain, &mut recorded)?,
        None => OnChain::default(),
    };
    failures.extend(on_chain.accumulate.iter().filter_map(Invocation::failed));
    let Package { work_package, core, slot, protocol, .. } = package;
    let file = Some(package.source.path.display().to_string());
    let package =
        PackageSummary { file, ..PackageSummary::new(work_package, *core, *slot, protocol) };
    Ok(RunReport { package, in_core, on_chain, chain: None, coverage: None, failures })
}

fn describe_on_chain(
    package: &Package,
    on_chain: &Alone,
    recorded: &mut Recorded,
) -> Result<OnChain> {
    let names = &package.names;
    let call = |call: &ServiceCall| -> Call {
        (call.service, call.gas, call.no_code.map(|reason| reason.to_string()))
    };
    let outputs = &on_chain.after.outputs;
    let differences = package.state.diff(&on_chain.after.state.state);
    let differences = differences.map_err(|error| Diagnosis::new(error.to_string()))?;
    let yielded = |(service, hash): &(_, jambox_types::Hash)| Yielded {
        service: Service::new(*service, names),
        hash: hash.to_string(),
    };
    Ok(OnChain {
        accumulate: recorded.accumulate(on_chain.calls.iter().map(call), names),
        transfers: on_chain.transfers.iter().map(|it| Transfer::new(it, names)).collect(),
        outputs: outputs.iter().map(yielded).collect(),
        output_root: (!outputs.is_empty()).then(|| output_root(outputs).to_string()),
        state: differences.iter().map(|it| Change::new(it, names)).collect(),
    })
}
