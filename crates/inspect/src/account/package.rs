//! The account of a work package: its summary, invocations, report and effects on chain.

use std::collections::BTreeMap;

#[cfg(feature = "serde")]
use serde::Serialize;

use jambox_codec::encode_with;
use jambox_hostcall::Interface;
use jambox_invocation::Invocation as Which;
use jambox_types::{
    CoreIndex, Gas as GasAmount, Parameters, Preset, Protocol, ServiceId, TimeSlot, WorkDigest,
    WorkItem, WorkPackage, WorkReport as Report,
};

use super::{Change, Invocation, Names, Outcome, Service, Transfer, What, Yielded};
use crate::Octets;
#[cfg(feature = "serde")]
use crate::wide;

/// Summary of a package and of the protocol that it runs under.
#[derive(Clone, Debug)]
#[cfg_attr(feature = "serde", derive(Serialize))]
pub struct PackageSummary {
    /// The package file; `None` for a package that was submitted to a node.
    #[cfg_attr(feature = "serde", serde(skip_serializing_if = "Option::is_none"))]
    pub file: Option<String>,
    /// The hash of the package.
    pub hash: String,
    /// The size of the encoded package, in octets.
    pub octets: usize,
    /// The number of its items.
    pub items: usize,
    /// The core of the package.
    pub core: u16,
    /// The slot of the state that it runs on.
    pub slot: u32,
    /// The revision of the Gray Paper.
    pub revision: &'static str,
    /// The host-call ABI.
    pub abi: &'static str,
    /// True for an ABI that nodes agree on.
    pub consensus: bool,
    /// The name of the parameters: a preset's, or `custom`.
    pub parameters: String,
}

impl PackageSummary {
    /// The summary of a package for a core, on the state of a slot.
    #[must_use]
    pub fn new(
        package: &WorkPackage,
        core: CoreIndex,
        slot: TimeSlot,
        protocol: &Protocol,
    ) -> Self {
        Self {
            file: None,
            hash: package.hash(protocol).to_string(),
            octets: encode_with(package, protocol).len(),
            items: package.items.len(),
            core: core.0,
            slot: slot.0,
            revision: protocol.revision.name(),
            abi: protocol.abi.name(),
            consensus: Interface { abi: protocol.abi, revision: protocol.revision }.is_consensus(),
            parameters: parameters_name(protocol).to_owned(),
        }
    }
}

fn parameters_name(protocol: &Protocol) -> &'static str {
    let under = |parameters: Parameters| parameters.under(protocol.revision);
    let is_ours =
        |preset: &Preset| under(Parameters::preset(*preset)) == under(protocol.parameters);
    Preset::ALL.into_iter().find(is_ours).map_or("custom", Preset::name)
}

/// Account of a package in core.
#[derive(Clone, Debug, Default)]
#[cfg_attr(feature = "serde", derive(Serialize))]
pub struct InCore {
    /// The authorizer's invocation; `None` if the run ended before it.
    pub is_authorized: Option<Invocation>,
    /// The refinements, item by item.
    pub refine: Vec<Invocation>,
    /// The work report; `None` if the package was not authorized.
    pub work_report: Option<WorkReport>,
}

/// Account of a block on chain, or of a package in a block of its own.
#[derive(Clone, Debug, Default)]
#[cfg_attr(feature = "serde", derive(Serialize))]
pub struct OnChain {
    /// The accumulations, in the order in which they ran.
    pub accumulate: Vec<Invocation>,
    /// The deferred transfers, in the order in which they were made.
    pub transfers: Vec<Transfer>,
    /// The yields of services.
    pub outputs: Vec<Yielded>,
    /// The commitment to the outputs; `None` without outputs.
    pub output_root: Option<String>,
    /// The changes of the state.
    pub state: Vec<Change>,
}

/// The work report.
#[derive(Clone, Debug)]
#[cfg_attr(feature = "serde", derive(Serialize))]
pub struct WorkReport {
    /// Hash of the report.
    pub hash: String,
    /// The hash of the package.
    pub package_hash: String,
    /// The hash of the authorizer: of its code hash and configuration.
    pub authorizer: String,
    /// The authorizer trace: the authorizer's output.
    pub authorizer_trace: Octets,
    /// The size of the bundle, in octets.
    pub bundle_octets: usize,
    /// The erasure root.
    pub erasure_root: String,
    /// The segment root.
    pub segment_root: String,
    /// The number of exported segments.
    pub segments: usize,
    /// The digest of each item.
    pub digests: Vec<Digest>,
}

impl WorkReport {
    /// The account of a report; `bundle_octets` is the size of the bundle, `segments` the number of
    /// exported segments.
    #[must_use]
    pub fn new(
        report: &Report,
        (bundle_octets, segments): (usize, usize),
        names: &Names,
        protocol: &Protocol,
    ) -> Self {
        Self {
            hash: report.hash(protocol).to_string(),
            package_hash: report.availability.package_hash.to_string(),
            authorizer: report.authorizer.to_string(),
            authorizer_trace: Octets::new(report.auth_trace.as_slice()),
            bundle_octets,
            erasure_root: report.availability.erasure_root.to_string(),
            segment_root: report.availability.segment_root.to_string(),
            segments,
            digests: report.digests.iter().map(|digest| Digest::new(digest, names)).collect(),
        }
    }
}

/// The work digest of an item.
#[derive(Clone, Debug)]
#[cfg_attr(feature = "serde", derive(Serialize))]
pub struct Digest {
    /// The service.
    pub service: Service,
    /// The hash of its code.
    pub code_hash: String,
    /// The hash of the payload.
    pub payload_hash: String,
    /// The result of refinement.
    pub result: DigestResult,
    /// The gas of refinement.
    #[cfg_attr(feature = "serde", serde(serialize_with = "wide::number"))]
    pub gas_used: u64,
    /// The number of imported segments.
    pub imports: u64,
    /// The number of extrinsics.
    pub extrinsics: u64,
    /// The size of all extrinsics, in octets.
    pub extrinsic_octets: u64,
    /// The number of exported segments.
    pub exports: u64,
}

/// Result of an item's refinement.
#[derive(Clone, Debug)]
#[cfg_attr(feature = "serde", derive(Serialize))]
#[cfg_attr(feature = "serde", serde(rename_all = "kebab-case"))]
pub enum DigestResult {
    /// The output.
    Output(Octets),
    /// The work error.
    Error(String),
}

impl Digest {
    fn new(digest: &WorkDigest, names: &Names) -> Self {
        Self {
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
        }
    }
}

/// A service that took part in accumulation, its gas, and the reason why its code did not run;
/// `None` if it ran.
pub type Call = (ServiceId, GasAmount, Option<String>);

/// The record of a [`Recorder`](super::Recorder), by kind of invocation.
#[derive(Clone, Debug, Default)]
pub struct Recorded {
    /// The authorizer's invocation.
    pub is_authorized: Option<Invocation>,
    refined: BTreeMap<usize, Invocation>,
    accumulated: Vec<Invocation>,
}

impl Recorded {
    /// Sorts the result of [`Recorder::finish`](super::Recorder::finish) by kind.
    #[must_use]
    pub fn new(all: Vec<(Which, Invocation)>) -> Self {
        let mut recorded = Self::default();
        for (which, invocation) in all {
            match which {
                Which::IsAuthorized { .. } => recorded.is_authorized = Some(invocation),
                Which::Refine { item, .. } => {
                    recorded.refined.insert(item, invocation);
                }
                Which::Accumulate { .. } => recorded.accumulated.push(invocation),
            }
        }
        recorded
    }

    /// One invocation for each item, also for items without code to run, with the result in the
    /// report.
    #[must_use]
    pub fn refine(
        &mut self,
        items: &[WorkItem],
        digests: &[WorkDigest],
        names: &Names,
    ) -> Vec<Invocation> {
        let items = items.iter().zip(digests).enumerate();
        let invocation = |(index, (item, digest)): (usize, (&WorkItem, &WorkDigest))| {
            let error = digest.result.0.as_ref().err();
            let Some(mut invocation) = self.refined.remove(&index) else {
                let service = Service::new(item.service, names);
                let reason = error.map(ToString::to_string).unwrap_or_default();
                let limit = item.refine_gas_limit.0;
                let not_run = Invocation::not_run(What::Refine, Some(service), limit, reason);
                return Invocation { item: Some(index), ..not_run };
            };
            if let (Some(error), Outcome::Halt) = (error, &invocation.outcome) {
                invocation.refuse(error.to_string());
            }
            invocation
        };
        items.map(invocation).collect()
    }

    /// The refinements that ran of a package without a report.
    #[must_use]
    pub fn refined(&mut self) -> Vec<Invocation> {
        std::mem::take(&mut self.refined).into_values().collect()
    }

    /// One invocation for each service that took part in accumulation, also for services without
    /// code to run.
    #[must_use]
    pub fn accumulate(
        &mut self,
        calls: impl IntoIterator<Item = Call>,
        names: &Names,
    ) -> Vec<Invocation> {
        // Every accumulation with code was recorded, in the same order.
        let mut accumulated = std::mem::take(&mut self.accumulated).into_iter();
        let not_run = |service, gas: GasAmount, reason| {
            let service = Some(Service::new(service, names));
            Invocation::not_run(What::Accumulate, service, gas.0, reason)
        };
        let invocation = |(service, gas, no_code): Call| match no_code {
            Some(reason) => not_run(service, gas, reason),
            None => accumulated.next().unwrap_or_else(|| not_run(service, gas, String::new())),
        };
        calls.into_iter().map(invocation).collect()
    }
}
