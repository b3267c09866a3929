//! Packages as they are handed in: whether they can be worked on, and the work.

use std::collections::BTreeMap;
use std::sync::Arc;

use jambox_chain::{Computed, ExportedSegments, ReportCall, ReportError, compute_report};
use jambox_codec::{Reader, decode_all_with, encode_with};
use jambox_inspect::account::{Detail, Recorded};
use jambox_invocation::{Env, Observer};
use jambox_state::{Accounts, Blob, Component};
use jambox_types::{CoreIndex, Hash, ImportSource, PerCore, TimeSlot, WorkPackage};
use serde_json::Value;

use crate::account::{self, Handed, SymbolTable};
use crate::archive::read::ArchiveError;
use crate::ledger::{Entry, Ledger};
use crate::records::{Input, PackageRecord};

/// The reason why a package is refused.
#[derive(Clone, Debug, thiserror::Error)]
pub enum Refused {
    /// The octets are not the encoding of a package.
    #[error("the octets are not a work package: {0}")]
    Encoding(String),
    /// The number of extrinsics is not the number that the package names.
    #[error("{given} extrinsics are given: expected {named}, those that the package names")]
    ExtrinsicCount {
        /// Number of extrinsics given.
        given: usize,
        /// Number of extrinsics that the items name.
        named: usize,
    },
    /// A package of the same hash was handed in before.
    #[error("the package {0} was handed in before")]
    Known(Hash),
    /// The anchor is not among the recent blocks.
    #[error("the anchor {0} is not among the recent blocks")]
    Anchor(Hash),
    /// A root of the anchor is not the one that the package says.
    #[error("the anchor's {what} is {found}: the package says {said}")]
    AnchorRoot {
        /// The name of the root.
        what: &'static str,
        /// The root of the anchor.
        found: Hash,
        /// The root that the package says.
        said: Hash,
    },
    /// The anchor is in another slot.
    #[error("the anchor is of slot {found}: the package says {said}")]
    AnchorSlot {
        /// The slot of the anchor.
        found: TimeSlot,
        /// The slot that the package says.
        said: TimeSlot,
    },
    /// The lookup anchor is unknown, too old, in another slot, or of another state.
    #[error("the lookup anchor {hash} in slot {slot} {what}")]
    LookupAnchor {
        /// The block.
        hash: Hash,
        /// The slot.
        slot: u32,
        /// The fault of the lookup anchor.
        what: &'static str,
    },
    /// The authorizer may not use the core.
    #[error("the authorizer {authorizer} is not in the pool of core {core}")]
    Authorizer {
        /// The authorizer.
        authorizer: Hash,
        /// The core.
        core: u16,
    },
    /// The package cannot be worked on, or is not authorized.
    #[error(transparent)]
    Report(Arc<ReportError>),
    /// The chain's file cannot be read, so nothing can be told of the package.
    #[error(transparent)]
    Archive(Arc<ArchiveError>),
    /// More packages wait than the node keeps.
    #[error("{0} packages wait already: try again when some were reported")]
    TooMany(usize),
}

impl From<ArchiveError> for Refused {
    fn from(error: ArchiveError) -> Self {
        Self::Archive(Arc::new(error))
    }
}

/// A package that was worked on.
#[derive(Clone, Debug)]
pub struct Worked {
    /// The hash of the package.
    pub hash: Hash,
    /// The core.
    pub core: CoreIndex,
    /// The result of its run.
    pub computed: Computed,
    /// The account of its run in core, for people and programs.
    pub account: Value,
}

/// A package that was refused, with the account until then.
#[derive(Debug)]
pub struct Refusal {
    /// The hash of the package, where it could be told.
    pub hash: Option<Hash>,
    /// The reason.
    pub reason: Refused,
    /// The account of its run in core, for people and programs.
    pub account: Value,
}

/// Takes a bundle apart: the package and the extrinsics that follow it. Imported segments come
/// after them; the node has its own.
///
/// # Errors
///
/// The octets are no bundle.
pub fn unbundle(bundle: &[u8], ledger: &Ledger) -> Result<(Vec<u8>, Vec<Blob>), Refused> {
    let mut reader = Reader::new(bundle);
    let wrong = |error: jambox_codec::DecodeError| Refused::Encoding(error.to_string());
    let package = <WorkPackage as jambox_codec::Decode<_>>::decode(&mut reader, &ledger.protocol);
    let package = package.map_err(wrong)?;
    let mut extrinsics = Vec::new();
    for spec in package.items.iter().flat_map(|item| &item.extrinsics) {
        let octets = reader.take(usize::try_from(spec.length).unwrap_or(usize::MAX));
        extrinsics.push(Blob::from(octets.map_err(wrong)?));
    }
    Ok((encode_with(&package, &ledger.protocol), extrinsics))
}

/// Checks a package against the chain's head, asks its authorizer and refines its items.
///
/// # Errors
///
/// The package is refused.
pub fn work(
    env: &Env,
    ledger: &Ledger,
    symbols: &SymbolTable,
    core: CoreIndex,
    encoded: &[u8],
    extrinsics: &[Blob],
) -> Result<Worked, Box<Refusal>> {
    let refuse = |hash, reason| Box::new(Refusal { hash, reason, account: Value::Null });
    let package: WorkPackage = decode_all_with(encoded, &ledger.protocol)
        .map_err(|error| refuse(None, Refused::Encoding(error.to_string())))?;
    let hash = package.hash(&ledger.protocol);
    let slot = TimeSlot(ledger.head().descriptor.slot);
    let handed = Handed { package: &package, core, slot, protocol: &ledger.protocol };
    let refused = |reason: Refused, recorded| {
        let account = handed.refused(&reason.to_string(), recorded);
        Box::new(Refusal { hash: Some(hash), reason, account })
    };
    let lists = check(ledger, core, &package, hash, extrinsics)
        .map_err(|reason| refused(reason, Recorded::default()))?;
    let mut recorder = account::recorder(&ledger.protocol, slot, symbols, Detail::KEPT);
    let on = (ledger, &**ledger.head());
    let computed = report(env, on, core, (&package, &lists), &mut recorder);
    let recorded = Recorded::new(recorder.finish());
    match computed {
        Ok(computed) => {
            let account = handed.accepted(&computed, recorded);
            Ok(Worked { hash, core, computed, account })
        }
        Err(reason) => Err(refused(reason, recorded)),
    }
}

/// Asks the authorizer of a package and refines its items, on the state after a block.
fn report(
    env: &Env,
    (ledger, at): (&Ledger, &Entry),
    core: CoreIndex,
    (package, extrinsics): (&WorkPackage, &[Vec<Blob>]),
    observer: &mut dyn Observer,
) -> Result<Computed, Refused> {
    let accounts = Accounts::new(Arc::clone(&at.world.values) as Arc<dyn jambox_state::Base>);
    let (exported, segment_roots) = imports(ledger, package)?;
    let call = ReportCall {
        package,
        core,
        extrinsics,
        exported: &exported,
        segment_roots: &segment_roots,
        accounts: &accounts,
        validators: ledger.protocol.validator_counts().max,
    };
    compute_report(env, call, observer).map_err(|error| Refused::Report(Arc::new(error)))
}

/// Runs a package once more, for an observer.
///
/// # Errors
///
/// The host cannot go on, or the input is not as it was.
pub fn watch(
    env: &Env,
    (ledger, at): (&Ledger, &Entry),
    record: &PackageRecord,
    observer: &mut dyn Observer,
) -> Result<(), Refused> {
    let Input { package, extrinsics, .. } = &*record.input;
    let package: WorkPackage = decode_all_with(package, &ledger.protocol)
        .map_err(|error| Refused::Encoding(error.to_string()))?;
    let extrinsics = extrinsics.iter().map(|extrinsic| Blob::from(extrinsic.as_slice()));
    let lists = by_item(&package, extrinsics);
    match report(env, (ledger, at), record.core, (&package, &lists), observer) {
        // The refusal by the authorizer is the very result that was to be observed.
        Err(Refused::Report(error)) if is_of_the_authorizer(&error) => Ok(()),
        done => done.map(drop),
    }
}

/// True if a package came to nothing because of its authorizer's answer.
const fn is_of_the_authorizer(error: &ReportError) -> bool {
    matches!(error, ReportError::NotAuthorized { .. } | ReportError::TraceTooLong { .. })
}

/// The extrinsics of each item.
fn by_item(package: &WorkPackage, mut all: impl Iterator<Item = Blob>) -> Vec<Vec<Blob>> {
    let of_item = |count: usize| all.by_ref().take(count).collect();
    package.items.iter().map(|item| item.extrinsics.len()).map(of_item).collect()
}

/// Checks all that costs nothing to check; gives the extrinsics item by item.
fn check(
    ledger: &Ledger,
    core: CoreIndex,
    package: &WorkPackage,
    hash: Hash,
    extrinsics: &[Blob],
) -> Result<Vec<Vec<Blob>>, Refused> {
    if ledger.package(&hash)?.is_some_and(|record| record.report.is_some()) {
        return Err(Refused::Known(hash));
    }
    let named = package.items.iter().map(|item| item.extrinsics.len()).sum();
    if named != extrinsics.len() {
        return Err(Refused::ExtrinsicCount { given: extrinsics.len(), named });
    }
    check_context(ledger, package)?;
    let pools = Component::AuthorizerPools.read(&*ledger.head().world.values, &ledger.protocol);
    let pools: Option<PerCore<Vec<Hash>>> = pools.ok();
    let pool = pools.as_ref().and_then(|pools| pools.get(usize::from(core.0)));
    let authorizer = package.authorizer();
    if pool.is_some_and(|pool| !pool.contains(&authorizer)) {
        return Err(Refused::Authorizer { authorizer, core: core.0 });
    }
    Ok(by_item(package, extrinsics.iter().cloned()))
}

fn check_context(ledger: &Ledger, package: &WorkPackage) -> Result<(), Refused> {
    let (context, head) = (&package.context, ledger.head());
    let recent = ledger.recent(head);
    let anchor = recent.blocks.iter().find(|block| block.header_hash == context.anchor);
    let anchor = anchor.ok_or(Refused::Anchor(context.anchor))?;
    for (what, found, said) in [
        ("state root", anchor.state_root, context.state_root),
        ("accumulation root", anchor.accumulation_root, context.accumulation_root),
    ] {
        if found != said {
            return Err(Refused::AnchorRoot { what, found, said });
        }
    }
    let rules = ledger.protocol.rules();
    if rules.anchor_slot_in_context && anchor.slot != context.anchor_slot {
        return Err(Refused::AnchorSlot { found: anchor.slot, said: context.anchor_slot });
    }
    let (hash, slot) = (context.lookup_anchor, context.lookup_anchor_slot);
    let wrong = |what| Err(Refused::LookupAnchor { hash, slot: slot.0, what });
    let age = ledger.protocol.parameters.max_lookup_anchor_age;
    match ledger.summary(&hash)? {
        None => wrong("is unknown"),
        Some(block) if block.descriptor.slot != slot.0 => wrong("is in another slot"),
        Some(_) if slot.0 < head.descriptor.slot.saturating_sub(age) => wrong("is too long ago"),
        Some(block)
            if rules.lookup_state_root_in_context
                && block.root != context.lookup_anchor_state_root =>
        {
            wrong("left another state root")
        }
        Some(_) => Ok(()),
    }
}

/// Segments by their roots, and the roots by the packages that exported them.
type Imports = (BTreeMap<Hash, ExportedSegments>, BTreeMap<Hash, Hash>);

/// The segments that a package imports from, as far as the node has them.
fn imports(ledger: &Ledger, package: &WorkPackage) -> Result<Imports, ArchiveError> {
    let (mut exported, mut segment_roots) = (BTreeMap::new(), BTreeMap::new());
    for import in package.items.iter().flat_map(|item| &item.imports) {
        let hash = match import.source() {
            ImportSource::SegmentRoot(hash) | ImportSource::WorkPackage(hash) => hash,
        };
        let Some(segments) = ledger.segments(&hash)? else { continue };
        if let ImportSource::WorkPackage(package) = import.source() {
            segment_roots.insert(package, segments.root());
        }
        exported.insert(segments.root(), segments);
    }
    Ok((exported, segment_roots))
}
