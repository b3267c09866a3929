//! Places in the package file at which a package breaks the protocol's limits.

use jambox_chain::PackageError;
use jambox_package::manifest::Item;
use jambox_package::{Package, Place, Placed};

use crate::diagnosis::Diagnosis;

/// Diagnosis of an invalid package: at the one place of the mistake, or at the largest part of a
/// sum that is too large.
pub fn diagnose(error: &PackageError, package: &Package) -> Diagnosis {
    let source = &package.source;
    let diagnosis = Diagnosis::new(error.to_string());
    let diagnosis = match place(error, package) {
        Some(place) => diagnosis.at_text(&source.path, &source.text, place),
        None => diagnosis.in_file(&source.path),
    };
    let (expected, help) = advice(error);
    diagnosis.expected(expected).help(help)
}

fn place(error: &PackageError, package: &Package) -> Option<Place> {
    let manifest = &package.source.manifest;
    let items = &manifest.items;
    let whole = |item: usize| items.get(item).map(|item| item.place.clone());
    match error {
        PackageError::NoSuchCore { .. } => Some(manifest.chain.core.as_ref()?.place.clone()),
        PackageError::ItemCount { limit, .. } => whole(usize::from(*limit)),
        PackageError::TooMany { what: "exports", .. } => {
            let count = |item: &Item| item.export_count.as_ref().map_or(0, |count| count.value);
            let item = items.iter().max_by_key(|item| count(item))?;
            Some(item.export_count.as_ref()?.place.clone())
        }
        PackageError::TooMany { what: "imports", .. } => largest(items, |item| item.imports.len()),
        PackageError::TooMany { what: "extrinsics", .. } => {
            largest(items, |item| item.extrinsics.len())
        }
        PackageError::TooMany { .. } => Some(manifest.context.prerequisites.last()?.place.clone()),
        PackageError::BundleSize { .. } => bundle_part(package),
        PackageError::Gas { what, .. } => {
            let limit = |item: &Item| -> Placed<u64> {
                match *what {
                    "refine" => item.refine_gas_limit.clone(),
                    _ => item.accumulate_gas_limit.clone(),
                }
            };
            Some(items.iter().map(limit).max_by_key(|limit| limit.value)?.place)
        }
        PackageError::UnknownImport { item, index, .. } => {
            Some(items.get(*item)?.imports.get(*index)?.from.place.clone())
        }
        PackageError::NoSuchSegment { item, index, .. } => {
            Some(items.get(*item)?.imports.get(*index)?.index.place.clone())
        }
        PackageError::ExtrinsicLists { .. } => None,
        PackageError::ExtrinsicCount { item, .. }
        | PackageError::ExtrinsicMismatch { item, .. } => whole(*item),
    }
}

fn largest(items: &[Item], of: impl Fn(&Item) -> usize) -> Option<Place> {
    items.iter().max_by_key(|item| of(item)).map(|item| item.place.clone())
}

/// The largest part of the bundle: the payload or the rest of an item, the token or the
/// configuration.
fn bundle_part(package: &Package) -> Option<Place> {
    let manifest = &package.source.manifest;
    let work = &package.work_package;
    let footprint = package.protocol.parameters.segment_footprint();
    let mut parts = Vec::new();
    for (written, item) in manifest.items.iter().zip(&work.items) {
        if let Some(payload) = &written.payload {
            parts.push((item.payload.len() as u64, payload.place.clone()));
        }
        let imports = footprint.saturating_mul(item.imports.len() as u64);
        parts.push((imports, written.place.clone()));
        for (value, spec) in written.extrinsics.iter().zip(&item.extrinsics) {
            parts.push((spec.length.into(), value.place.clone()));
        }
    }
    let authorizer = &manifest.authorizer;
    let texts =
        [(&authorizer.token, &work.auth_token), (&authorizer.configuration, &work.auth_config)];
    for (written, octets) in texts {
        if let Some(written) = written {
            parts.push((octets.len() as u64, written.place.clone()));
        }
    }
    parts.into_iter().max_by_key(|(size, _)| *size).map(|(_, place)| place)
}

/// The expected input, and advice.
fn advice(error: &PackageError) -> (String, &'static str) {
    const SMALLER: &str =
        "make it smaller or split the package; the limits are the protocol's parameters";
    match error {
        PackageError::NoSuchCore { cores, .. } => {
            (format!("expected 0 to {}", cores.saturating_sub(1)), "choose a core that exists")
        }
        PackageError::ItemCount { limit, .. } => (format!("expected 1 to {limit} items"), SMALLER),
        PackageError::TooMany { limit, .. } => {
            (format!("expected at most {limit} in all"), SMALLER)
        }
        PackageError::BundleSize { limit, .. } => {
            (format!("this is the largest part; expected at most {limit} in all"), SMALLER)
        }
        PackageError::Gas { limit, .. } => (format!("expected at most {limit} in all"), SMALLER),
        PackageError::UnknownImport { .. } => (
            "expected segments that are given".to_owned(),
            "give the segments in a [segments.<name>] section",
        ),
        PackageError::NoSuchSegment { count, .. } => (
            format!("expected an index below {count}"),
            "add the segment to `data` of the [segments] section, or import another",
        ),
        PackageError::ExtrinsicLists { .. }
        | PackageError::ExtrinsicCount { .. }
        | PackageError::ExtrinsicMismatch { .. } => {
            ("expected the item's extrinsics".to_owned(), "check the item's `extrinsics`")
        }
    }
}
