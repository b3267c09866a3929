//! From what the libraries say of a run to its report.

use std::collections::BTreeMap;

use jambox_chain::accumulation::output_root;
use jambox_chain::{Alone, Computed, ServiceCall};
use jambox_codec::encode_with;
use jambox_hostcall::Interface;
use jambox_inspect::Octets;
use jambox_inspect::account::{
    Change, Invocation, Names, Outcome, Service, Transfer, What, Yielded,
};
use jambox_invocation::Invocation as Which;
use jambox_package::Package;
use jambox_types::{Parameters, Preset, Protocol};

use crate::diagnosis::Diagnosis;
use crate::end_to_end::NotAuthorized;
use crate::outcome::Result;

use super::model::{Digest, DigestResult, PackageSummary, RunReport, WorkReport};

/// Builds the report of a run from what was recorded and what came of it.
pub fn summarize(
    package: &Package,
    recorded: Vec<(Which, Invocation)>,
    computed: &std::result::Result<Computed, NotAuthorized>,
    on_chain: Option<&Alone>,
) -> Result<RunReport> {
    let names = &package.names;
    let Sorted { is_authorized, mut refined, accumulated } = sort(recorded);
    let mut failures = Vec::new();
    if let Err(NotAuthorized(reason)) = computed {
        failures.push(reason.clone());
    }
    let computed = computed.as_ref().ok();
    let refine = computed.map(|computed| refine(package, computed, &mut refined));
    let refine = refine.unwrap_or_default();
    failures.extend(refine.iter().filter_map(Invocation::failed));
    let mut report = RunReport {
        package: describe(package),
        is_authorized,
        refine,
        work_report: computed.map(|computed| work_report(computed, names, &package.protocol)),
        accumulate: Vec::new(),
        transfers: Vec::new(),
        outputs: Vec::new(),
        output_root: None,
        state: Vec::new(),
        chain: None,
        coverage: None,
        failures,
    };
    if let Some(on_chain) = on_chain {
        add_on_chain(&mut report, package, on_chain, accumulated)?;
    }
    Ok(report)
}

fn add_on_chain(
    report: &mut RunReport,
    package: &Package,
    on_chain: &Alone,
    accumulated: Vec<Invocation>,
) -> Result<()> {
    let names = &package.names;
    // Every accumulation with code was recorded, in the same order.
    let mut accumulated = accumulated.into_iter();
    let not_run = |call: &ServiceCall, reason: String| {
        let service = Some(Service::new(call.service, names));
        Invocation::not_run(What::Accumulate, service, call.gas.0, reason)
    };
    let invocation = |call: &ServiceCall| match call.no_code {
        Some(reason) => not_run(call, reason.to_string()),
        None => accumulated.next().unwrap_or_else(|| not_run(call, String::new())),
    };
    report.accumulate = on_chain.calls.iter().map(invocation).collect();
    report.failures.extend(report.accumulate.iter().filter_map(Invocation::failed));
    report.transfers = on_chain.transfers.iter().map(|it| Transfer::new(it, names)).collect();
    let outputs = &on_chain.after.outputs;
    report.output_root = (!outputs.is_empty()).then(|| output_root(outputs).to_string());
    let outputs = outputs.iter().map(|(service, hash)| Yielded {
        service: Service::new(*service, names),
        hash: hash.to_string(),
    });
    report.outputs = outputs.collect();
    let differences = package.state.diff(&on_chain.after.state.state);
    let differences = differences.map_err(|error| Diagnosis::new(error.to_string()))?;
    report.state = differences.iter().map(|it| Change::new(it, names)).collect();
    Ok(())
}

/// What was recorded, by kind of invocation.
#[derive(Default)]
struct Sorted {
    is_authorized: Option<Invocation>,
    refined: BTreeMap<usize, Invocation>,
    accumulated: Vec<Invocation>,
}

fn sort(recorded: Vec<(Which, Invocation)>) -> Sorted {
    let mut sorted = Sorted::default();
    for (which, invocation) in recorded {
        match which {
            Which::IsAuthorized { .. } => sorted.is_authorized = Some(invocation),
            Which::Refine { item, .. } => {
                sorted.refined.insert(item, invocation);
            }
            Which::Accumulate { .. } => sorted.accumulated.push(invocation),
        }
    }
    sorted
}

/// One invocation for each item, also for those that had no code to run, with what the report made
/// of it.
fn refine(
    package: &Package,
    computed: &Computed,
    refined: &mut BTreeMap<usize, Invocation>,
) -> Vec<Invocation> {
    let items = package.work_package.items.iter().zip(&computed.report.digests).enumerate();
    items
        .map(|(index, (item, digest))| {
            let error = digest.result.0.as_ref().err();
            let Some(mut invocation) = refined.remove(&index) else {
                let service = Service::new(item.service, &package.names);
                let reason = error.map(ToString::to_string).unwrap_or_default();
                let limit = item.refine_gas_limit.0;
                let not_run = Invocation::not_run(What::Refine, Some(service), limit, reason);
                return Invocation { item: Some(index), ..not_run };
            };
            if let (Some(error), Outcome::Halt) = (error, &invocation.outcome) {
                invocation.refuse(error.to_string());
            }
            invocation
        })
        .collect()
}

fn describe(package: &Package) -> PackageSummary {
    let protocol = &package.protocol;
    let encoded = encode_with(&package.work_package, protocol);
    PackageSummary {
        file: package.source.path.display().to_string(),
        hash: package.work_package.hash(protocol).to_string(),
        octets: encoded.len(),
        items: package.work_package.items.len(),
        core: package.core.0,
        slot: package.slot.0,
        revision: protocol.revision.name(),
        abi: protocol.abi.name(),
        consensus: Interface { abi: protocol.abi, revision: protocol.revision }.is_consensus(),
        parameters: parameters_name(protocol),
    }
}

fn parameters_name(protocol: &Protocol) -> String {
    let under = |parameters: Parameters| parameters.under(protocol.revision);
    let is_ours =
        |preset: &Preset| under(Parameters::preset(*preset)) == under(protocol.parameters);
    Preset::ALL.into_iter().find(is_ours).map_or("custom", Preset::name).to_owned()
}

fn work_report(computed: &Computed, names: &Names, protocol: &Protocol) -> WorkReport {
    let report = &computed.report;
    let digests = report.digests.iter().map(|digest| Digest {
        service: Service::new(digest.service, names),
        code_hash: digest.code_hash.to_string(),
        payload_hash: digest.payload_hash.to_string(),
        result: match &digest.result.0 {
            Ok(output) => DigestResult::Output(Octets::new(output.as_slice())),
            Err(error) => DigestResult::Error(error.to_string()),
        },
        gas_used: digest.load.gas_used.0,
        imports: digest.load.imports,
        extrinsics: digest.load.extrinsic_count,
        extrinsic_octets: digest.load.extrinsic_size,
        exports: digest.load.exports,
    });
    WorkReport {
        hash: report.hash(protocol).to_string(),
        package_hash: report.availability.package_hash.to_string(),
        authorizer: report.authorizer.to_string(),
        authorizer_trace: Octets::new(report.auth_trace.as_slice()),
        bundle_octets: computed.bundle.len(),
        erasure_root: report.availability.erasure_root.to_string(),
        segment_root: report.availability.segment_root.to_string(),
        segments: computed.exports.len(),
        digests: digests.collect(),
    }
}
