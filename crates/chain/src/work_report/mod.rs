//! Computing a work report (`sec:computeworkreport`, 0.7.2).

mod availability;
mod check;
mod segments;

pub use availability::specify_availability;
pub use check::{PackageError, package_errors};
pub use segments::{BadSegment, ExportedSegments};

use std::collections::BTreeMap;
use std::sync::Arc;

use jambox_codec::{Encode, encode_natural};
use jambox_state::{Accounts, Blob};
use jambox_types::{
    CoreIndex, Gas, Hash, ImportSource, ImportSpec, RefineLoad, WorkDigest, WorkError, WorkItem,
    WorkPackage, WorkReport, WorkResult,
};

use jambox_invocation::{
    Env, Failure, HostError, ItemBlobs, Observer, PackageData, RefineCall, is_authorized, refine,
};

/// A work package with all inputs of its evaluation.
#[derive(Clone, Copy, Debug)]
pub struct ReportCall<'a> {
    /// The package.
    pub package: &'a WorkPackage,
    /// The core of the evaluation.
    pub core: CoreIndex,
    /// Blobs of each item's extrinsics.
    pub extrinsics: &'a [Vec<Blob>],
    /// Segments for imports, by segment root.
    pub exported: &'a BTreeMap<Hash, ExportedSegments>,
    /// Segment roots of packages, by package hash, for imports.
    pub segment_roots: &'a BTreeMap<Hash, Hash>,
    /// The accounts in which code and preimages are looked up.
    pub accounts: &'a Accounts,
    /// Number of validators, each with a chunk of the data.
    pub validators: usize,
}

/// A work report with its data.
#[derive(Clone, Debug)]
pub struct Computed {
    /// The report.
    pub report: WorkReport,
    /// Results of the items, in order.
    pub items: Vec<ItemOutcome>,
    /// Segments of all items, with zero segments for items that failed.
    pub exports: Vec<Blob>,
    /// The auditors' bundle: package, extrinsics, imports and their justifications.
    pub bundle: Vec<u8>,
}

/// Result of an item beyond its digest.
#[derive(Clone, Debug)]
pub struct ItemOutcome {
    /// Number of segments exported, independent of the declared number.
    pub exported: usize,
    /// Result of refine before the limits of the report: the length of its output, or the error.
    pub refined: Result<usize, WorkError>,
    /// Failure of the guest, if it ran and failed.
    pub failure: Option<Box<Failure>>,
}

/// Reason for a missing report.
#[derive(Clone, Debug, thiserror::Error)]
pub enum ReportError {
    /// The package is invalid, or its data is missing or does not match.
    #[error(transparent)]
    Package(#[from] PackageError),
    /// The authorizer did not authorize the package.
    #[error("the package is not authorized: {error}")]
    NotAuthorized {
        /// The authorizer's error.
        error: WorkError,
        /// Gas used by the authorizer.
        gas_used: Gas,
        /// Failure of the authorizer, if it ran.
        failure: Option<Box<Failure>>,
    },
    /// The authorizer's output alone exceeds the size of a report.
    #[error("the authorizer returned {length} octets: a report holds at most {limit}")]
    TraceTooLong {
        /// Length of the output, in octets.
        length: usize,
        /// Largest size of a report's outputs, in octets.
        limit: u32,
    },
    /// The host cannot go on.
    #[error(transparent)]
    Host(#[from] HostError),
}

/// Computes the work report of a package: runs the authorizer, then refines the items in order
/// (`eq:workdigestfunction`, 0.7.2).
///
/// # Errors
///
/// When the package is invalid or not authorized, or the host cannot go on. A failed item is no
/// error: its digest has the reason.
pub fn compute_report(
    env: &Env,
    call: ReportCall<'_>,
    observer: &mut dyn Observer,
) -> Result<Computed, ReportError> {
    let data = check::load(env.protocol(), &call).map_err(|(first, _)| first)?;
    let authorized = is_authorized(env, &data, call.core, call.accounts, observer)?;
    let (gas_used, failure) = (authorized.gas_used, authorized.failure);
    let trace = match authorized.result {
        Ok(trace) => trace,
        Err(error) => return Err(ReportError::NotAuthorized { error, gas_used, failure }),
    };
    let limit = env.parameters().max_report_variable_size;
    if trace.len() > limit as usize {
        return Err(ReportError::TraceTooLong { length: trace.len(), limit });
    }
    let work = refine_items(env, &call, &data, &trace, observer)?;
    let bundle = bundle(&call, &data);
    let (hash, protocol) = (data.hash(), env.protocol());
    let exports = ExportedSegments::of_size(work.exports.clone());
    let availability = specify_availability(hash, &bundle, &exports, call.validators, protocol);
    let availability = availability.map_err(HostError::from)?;
    let report = WorkReport {
        availability,
        context: call.package.context.clone(),
        core: call.core,
        authorizer: call.package.authorizer(),
        auth_gas_used: gas_used,
        auth_trace: trace,
        segment_roots: needed_roots(&call),
        digests: work.digests,
    };
    Ok(Computed { report, items: work.items, exports: work.exports, bundle })
}

/// Results of all items.
struct Work {
    digests: Vec<WorkDigest>,
    items: Vec<ItemOutcome>,
    exports: Vec<Blob>,
}

fn refine_items(
    env: &Env,
    call: &ReportCall<'_>,
    data: &PackageData,
    trace: &[u8],
    observer: &mut dyn Observer,
) -> Result<Work, HostError> {
    let limit = env.parameters().max_report_variable_size as usize;
    let zero_segment: Blob = vec![0; env.parameters().segment_size()].into();
    let shared_trace = Blob::from(trace);
    let mut size = trace.len();
    let mut work = Work { digests: Vec::new(), items: Vec::new(), exports: Vec::new() };
    for (index, item) in call.package.items.iter().enumerate() {
        let refined = refine(
            env,
            RefineCall {
                package: data,
                item: index,
                core: call.core,
                trace: &shared_trace,
                export_offset: work.exports.len() as u64,
                accounts: call.accounts,
            },
            observer,
        )?;
        let declared = usize::from(item.export_count);
        work.items.push(ItemOutcome {
            exported: refined.exports.len(),
            refined: refined.result.as_ref().map(Vec::len).map_err(|error| *error),
            failure: refined.failure,
        });
        let result = limited(refined.result, refined.exports.len(), declared, size, limit);
        match &result {
            Ok(output) => {
                size = size.saturating_add(output.len());
                work.exports.extend(refined.exports);
            }
            Err(_) => work.exports.extend(vec![Arc::clone(&zero_segment); declared]),
        }
        work.digests.push(digest(item, WorkResult(result), refined.gas_used));
    }
    Ok(work)
}

/// Result of an item within the limits of its report (`I` in `sec:computeworkreport`, 0.7.2).
///
/// The order is the paper's: an item that failed and declared exports has bad exports, since it
/// made none.
fn limited(
    result: Result<Vec<u8>, WorkError>,
    exported: usize,
    declared: usize,
    size: usize,
    limit: usize,
) -> Result<Vec<u8>, WorkError> {
    let length = result.as_ref().map_or(0, Vec::len);
    if length.saturating_add(size) > limit {
        return Err(WorkError::Oversize);
    }
    if exported != declared {
        return Err(WorkError::BadExports);
    }
    result
}

/// Digest of an item (`C` in `sec:packagesanditems`, 0.7.2).
fn digest(item: &WorkItem, result: WorkResult, gas_used: Gas) -> WorkDigest {
    let sizes = item.extrinsics.iter().map(|spec| u64::from(spec.length));
    WorkDigest {
        service: item.service,
        code_hash: item.code_hash,
        payload_hash: Hash::blake2b(&item.payload),
        accumulate_gas_limit: item.accumulate_gas_limit,
        result,
        load: RefineLoad {
            gas_used,
            imports: item.imports.len() as u64,
            extrinsic_count: item.extrinsics.len() as u64,
            extrinsic_size: sizes.fold(0, u64::saturating_add),
            exports: item.export_count.into(),
        },
    }
}

/// Segment roots of the packages that imports name by hash.
fn needed_roots(call: &ReportCall<'_>) -> BTreeMap<Hash, Hash> {
    let imports = call.package.items.iter().flat_map(|item| &item.imports);
    let by_package = imports.filter_map(|import| match import.source() {
        ImportSource::WorkPackage(hash) => Some((hash, *call.segment_roots.get(&hash)?)),
        ImportSource::SegmentRoot(_) => None,
    });
    by_package.collect()
}

/// The segments of an import; `None` if they are unknown.
fn source<'a>(call: &ReportCall<'a>, import: &ImportSpec) -> Option<&'a ExportedSegments> {
    let root = match import.source() {
        ImportSource::SegmentRoot(root) => root,
        ImportSource::WorkPackage(hash) => *call.segment_roots.get(&hash)?,
    };
    call.exported.get(&root)
}

/// The bundle: the package, then the extrinsics, the imports and the imports' justifications of all
/// items. Only justifications are preceded by their lengths.
fn bundle(call: &ReportCall<'_>, data: &PackageData) -> Vec<u8> {
    let mut bundle = data.encoded().to_vec();
    data.blobs().flat_map(|blobs| &blobs.extrinsics).for_each(|blob| bundle.extend(&**blob));
    data.blobs().flat_map(|blobs: &ItemBlobs| &blobs.imports).for_each(|blob| {
        bundle.extend(&**blob);
    });
    for import in call.package.items.iter().flat_map(|item| &item.imports) {
        let path = source(call, import).map(|source| source.justification(import.index()));
        let path = path.unwrap_or_default();
        encode_natural(path.len() as u64, &mut bundle);
        Hash::encode_slice(&path, &mut bundle, &());
    }
    bundle
}
