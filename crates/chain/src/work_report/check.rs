//! Validity of a work package before its evaluation (`sec:packagesanditems`, 0.7.2).

use std::collections::BTreeSet;

use jambox_state::Blob;
use jambox_types::{Hash, ImportSource, ImportSpec, Parameters, Protocol, WorkItem, WorkPackage};

use super::{ReportCall, source};
use jambox_invocation::{ItemBlobs, PackageData};

/// Reason for refusing a work package.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
pub enum PackageError {
    /// The core does not exist.
    #[error("core {core} does not exist: expected a core below {cores}")]
    NoSuchCore {
        /// Index of the core.
        core: u16,
        /// Number of cores.
        cores: u16,
    },
    /// The package has no items, or too many (`eq:workpackage`).
    #[error("the package has {count} items: expected 1 to {limit}")]
    ItemCount {
        /// Number of items.
        count: usize,
        /// Largest number allowed.
        limit: u16,
    },
    /// A sum over all items exceeds its limit (`eq:limitworkpackagebandwidth`).
    #[error("the package has {count} {what}: expected at most {limit}")]
    TooMany {
        /// The quantity.
        what: &'static str,
        /// The sum.
        count: u64,
        /// Largest sum allowed.
        limit: u64,
    },
    /// The bundle is too large (`eq:checkextractsize`).
    #[error(
        "token, configuration, payloads, extrinsics and imports take {size} octets: \
         expected at most {limit}"
    )]
    BundleSize {
        /// Size of the bundle, in octets.
        size: u64,
        /// Largest size, in octets.
        limit: u64,
    },
    /// The sum of the items' gas limits is too large (`eq:wplimits`).
    #[error("the items ask for {sum} gas to {what}: expected at most {limit}")]
    Gas {
        /// The invocation.
        what: &'static str,
        /// The sum.
        sum: u128,
        /// Largest sum allowed.
        limit: u64,
    },
    /// The number of lists of blobs is not the number of items.
    #[error("extrinsics are given for {given} items: expected {items}, the items of the package")]
    ExtrinsicLists {
        /// Number of lists.
        given: usize,
        /// Number of items.
        items: usize,
    },
    /// The number of blobs is not the number of an item's extrinsics.
    #[error("item {item}: {given} extrinsics are given: expected {named}, those that it names")]
    ExtrinsicCount {
        /// Index of the item.
        item: usize,
        /// Number of blobs.
        given: usize,
        /// Number of extrinsics.
        named: usize,
    },
    /// A blob does not match an extrinsic's hash and length.
    #[error("item {item}: extrinsic {index} has {what}")]
    ExtrinsicMismatch {
        /// Index of the item.
        item: usize,
        /// Index of the extrinsic in the item.
        index: usize,
        /// Description of the mismatch.
        what: String,
    },
    /// The segments of an import are missing.
    #[error("item {item}: the segments of import {index}, {name}, are not given")]
    UnknownImport {
        /// Index of the item.
        item: usize,
        /// Index of the import in the item.
        index: usize,
        /// Identification of the segments in the import.
        name: String,
    },
    /// An import's index is beyond the last segment.
    #[error("item {item}: import {index} is segment {segment} of {count}")]
    NoSuchSegment {
        /// Index of the item.
        item: usize,
        /// Index of the import in the item.
        index: usize,
        /// Index of the segment.
        segment: u16,
        /// Number of segments.
        count: usize,
    },
}

/// All faults of a package, in the order of the checks; empty for a valid package.
#[must_use]
pub fn package_errors(protocol: &Protocol, call: &ReportCall<'_>) -> Vec<PackageError> {
    match load(protocol, call) {
        Ok(_) => Vec::new(),
        Err((first, others)) => std::iter::once(first).chain(others).collect(),
    }
}

/// Checks a package and collects the blobs it refers to. Fails with the first fault, which refuses
/// the package, and the others.
pub(super) fn load(
    protocol: &Protocol,
    call: &ReportCall<'_>,
) -> Result<PackageData, (PackageError, Vec<PackageError>)> {
    let Protocol { parameters, revision, .. } = protocol;
    let package = call.package;
    let mut errors = Vec::new();
    if call.core.0 >= parameters.cores {
        errors.push(PackageError::NoSuchCore { core: call.core.0, cores: parameters.cores });
    }
    errors.extend(limits(parameters, package).into_iter().filter_map(Result::err));
    let (given, items) = (call.extrinsics.len(), package.items.len());
    if given != items {
        errors.push(PackageError::ExtrinsicLists { given, items });
    }
    let mut blobs = Vec::new();
    for (index, (item, given)) in package.items.iter().zip(call.extrinsics).enumerate() {
        errors.extend(check_extrinsics(index, item, given).err());
        match imports(call, index, item) {
            Ok(imports) => blobs.push(ItemBlobs { extrinsics: given.clone(), imports }),
            Err(error) => errors.push(error),
        }
    }
    let mut errors = errors.into_iter();
    match errors.next() {
        None => Ok(PackageData::new(package.clone(), blobs, *revision)),
        Some(first) => Err((first, errors.collect())),
    }
}

fn limits(parameters: &Parameters, package: &WorkPackage) -> [Result<(), PackageError>; 8] {
    let items = &package.items;
    let (count, limit) = (items.len(), parameters.max_package_items);
    let item_count = match count {
        count if count == 0 || count > usize::from(limit) => {
            Err(PackageError::ItemCount { count, limit })
        }
        _ => Ok(()),
    };
    let sum = |of: fn(&WorkItem) -> u64| items.iter().map(of).fold(0, u64::saturating_add);
    let exports = sum(|item| u64::from(item.export_count));
    let imports = sum(|item| item.imports.len() as u64);
    let extrinsics = sum(|item| item.extrinsics.len() as u64);
    let dependencies = dependencies(package).saturating_add(package.context.prerequisites.len());
    let named = "prerequisites and packages to import from";
    let gas = |of: fn(&WorkItem) -> u64| items.iter().map(|item| u128::from(of(item))).sum();
    let accumulate = gas(|item| item.accumulate_gas_limit.0);
    let refine = gas(|item| item.refine_gas_limit.0);
    [
        item_count,
        at_most("exports", exports, parameters.max_package_exports.into()),
        at_most("imports", imports, parameters.max_package_imports.into()),
        at_most("extrinsics", extrinsics, parameters.max_package_extrinsics.into()),
        at_most(named, dependencies as u64, parameters.max_report_dependencies.into()),
        check_size(parameters, package),
        gas_at_most("accumulate", accumulate, parameters.report_accumulate_gas),
        gas_at_most("refine", refine, parameters.refine_gas),
    ]
}

fn at_most(what: &'static str, count: u64, limit: u64) -> Result<(), PackageError> {
    if count > limit { Err(PackageError::TooMany { what, count, limit }) } else { Ok(()) }
}

/// By the formula of `eq:wplimits` the sum is less than the limit, by the sentence before it at
/// most the limit; see `docs/readings.md`.
fn gas_at_most(what: &'static str, sum: u128, limit: u64) -> Result<(), PackageError> {
    if sum > u128::from(limit) { Err(PackageError::Gas { what, sum, limit }) } else { Ok(()) }
}

/// Number of packages that imports name by hash.
fn dependencies(package: &WorkPackage) -> usize {
    let imports = package.items.iter().flat_map(|item| &item.imports);
    let by_package = imports.filter_map(|import| match import.source() {
        ImportSource::WorkPackage(hash) => Some(hash),
        ImportSource::SegmentRoot(_) => None,
    });
    by_package.collect::<BTreeSet<Hash>>().len()
}

fn check_size(parameters: &Parameters, package: &WorkPackage) -> Result<(), PackageError> {
    let footprint = parameters.segment_footprint();
    let fixed = (package.auth_token.len() as u64).saturating_add(package.auth_config.len() as u64);
    let size = package.items.iter().fold(fixed, |size, item| {
        let imports = (item.imports.len() as u64).saturating_mul(footprint);
        let extrinsics = item.extrinsics.iter().map(|spec| u64::from(spec.length));
        let extrinsics = extrinsics.fold(0, u64::saturating_add);
        [item.payload.len() as u64, imports, extrinsics].into_iter().fold(size, u64::saturating_add)
    });
    let limit = u64::from(parameters.max_bundle_size);
    if size > limit { Err(PackageError::BundleSize { size, limit }) } else { Ok(()) }
}

fn check_extrinsics(item: usize, named: &WorkItem, given: &[Blob]) -> Result<(), PackageError> {
    if given.len() != named.extrinsics.len() {
        let (given, named) = (given.len(), named.extrinsics.len());
        return Err(PackageError::ExtrinsicCount { item, given, named });
    }
    for (index, (spec, blob)) in named.extrinsics.iter().zip(given).enumerate() {
        let mismatch = |what| Err(PackageError::ExtrinsicMismatch { item, index, what });
        if blob.len() as u64 != u64::from(spec.length) {
            return mismatch(format!("{} octets: expected {}", blob.len(), spec.length));
        }
        let hash = Hash::blake2b(blob);
        if hash != spec.hash {
            return mismatch(format!("the hash {hash}: expected {}", spec.hash));
        }
    }
    Ok(())
}

fn imports(
    call: &ReportCall<'_>,
    item: usize,
    named: &WorkItem,
) -> Result<Vec<Blob>, PackageError> {
    let import = |(index, import): (usize, &ImportSpec)| {
        let Some(source) = source(call, import) else {
            let name = match import.source() {
                ImportSource::SegmentRoot(root) => format!("of segment root {root}"),
                ImportSource::WorkPackage(hash) => format!("of work package {hash}"),
            };
            return Err(PackageError::UnknownImport { item, index, name });
        };
        let (segment, count) = (import.index(), source.len());
        source.get(segment).ok_or(PackageError::NoSuchSegment { item, index, segment, count })
    };
    named.imports.iter().enumerate().map(import).collect()
}
