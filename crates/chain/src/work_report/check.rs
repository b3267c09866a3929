//! What a work package must be before any of it runs (`sec:packagesanditems`, 0.7.2).

use std::collections::BTreeSet;

use jambox_state::Blob;
use jambox_types::{Hash, ImportSource, ImportSpec, Parameters, Protocol, WorkItem, WorkPackage};

use super::{ReportCall, source};
use jambox_invocation::{ItemBlobs, PackageData};

/// Why a work package cannot be worked on.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
pub enum PackageError {
    /// There is no such core.
    #[error("core {core} does not exist: there are {cores}")]
    NoSuchCore {
        /// The core asked for.
        core: u16,
        /// How many there are.
        cores: u16,
    },
    /// The package has no item, or too many (`eq:workpackage`).
    #[error("the package has {count} items: expected 1 to {limit}")]
    ItemCount {
        /// How many it has.
        count: usize,
        /// How many it may have.
        limit: u16,
    },
    /// All items together have too many of something (`eq:limitworkpackagebandwidth`).
    #[error("the package has {count} {what}: expected at most {limit}")]
    TooMany {
        /// What there is too much of.
        what: &'static str,
        /// How many there are.
        count: u64,
        /// How many there may be.
        limit: u64,
    },
    /// The bundle would be too large (`eq:checkextractsize`).
    #[error(
        "token, configuration, payloads, extrinsics and imports take {size} octets: \
         expected at most {limit}"
    )]
    BundleSize {
        /// Its size in octets.
        size: u64,
        /// The most octets.
        limit: u64,
    },
    /// The items ask for too much gas (`eq:wplimits`).
    #[error("the items ask for {sum} gas to {what}: expected at most {limit}")]
    Gas {
        /// For what.
        what: &'static str,
        /// How much.
        sum: u128,
        /// The most that they may ask for.
        limit: u64,
    },
    /// Blobs were given for fewer or more items than there are.
    #[error("extrinsics are given for {given} items: the package has {items}")]
    ExtrinsicLists {
        /// How many lists were given.
        given: usize,
        /// How many items there are.
        items: usize,
    },
    /// An item has fewer or more extrinsics than were given.
    #[error("item {item}: {given} extrinsics are given, the item names {named}")]
    ExtrinsicCount {
        /// The item's index.
        item: usize,
        /// How many were given.
        given: usize,
        /// How many it names.
        named: usize,
    },
    /// An extrinsic is not the blob that the item names.
    #[error("item {item}: extrinsic {index} has {what}")]
    ExtrinsicMismatch {
        /// The item's index.
        item: usize,
        /// The extrinsic's index within it.
        index: usize,
        /// What differs, and how.
        what: String,
    },
    /// The segments of an import are not given.
    #[error("item {item}: the segments of import {index}, {name}, are not given")]
    UnknownImport {
        /// The item's index.
        item: usize,
        /// The import's index within it.
        index: usize,
        /// How the import names its segments.
        name: String,
    },
    /// An import names a segment beyond the last.
    #[error("item {item}: import {index} is segment {segment} of {count}")]
    NoSuchSegment {
        /// The item's index.
        item: usize,
        /// The import's index within it.
        index: usize,
        /// The segment's index.
        segment: u16,
        /// How many segments there are.
        count: usize,
    },
}

/// Everything that makes a package invalid, in the order in which it is checked; nothing if it is
/// valid.
#[must_use]
pub fn package_errors(protocol: &Protocol, call: &ReportCall<'_>) -> Vec<PackageError> {
    match load(protocol, call) {
        Ok(_) => Vec::new(),
        Err((first, others)) => std::iter::once(first).chain(others).collect(),
    }
}

/// Checks a package and gathers the blobs that it refers to; or the first thing that is wrong with
/// it, which refuses it, and the others.
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

/// The formula of `eq:wplimits` asks for less, the sentence before it for at most that much; see
/// `docs/readings.md`.
fn gas_at_most(what: &'static str, sum: u128, limit: u64) -> Result<(), PackageError> {
    if sum > u128::from(limit) { Err(PackageError::Gas { what, sum, limit }) } else { Ok(()) }
}

/// The packages that imports name by hash, each once.
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
