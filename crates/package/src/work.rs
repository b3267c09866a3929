//! The work package described by a package file.

use std::collections::{BTreeMap, BTreeSet};

use jambox_state::{Blob, merkle};
use jambox_types::{
    ExtrinsicSpec, Gas, Hash, ImportSource, ImportSpec, Parameters, Protocol, RefineContext,
    Revision, Rules, ServiceId, TimeSlot, WorkItem, WorkPackage,
};

use crate::accounts::Builder;
use crate::draft::Draft;
use crate::manifest::{Context, Import, Item, Manifest, Payload, Segments};
use crate::payload::Encoder;
use crate::placed::{Place, Placed};
use crate::problem::ProblemKind;
use crate::problems::Problems;
use crate::sources::Sources;
use crate::value::Value;

/// A work package with its data.
pub(crate) struct Work {
    pub(crate) package: WorkPackage,
    pub(crate) extrinsics: Vec<Vec<Blob>>,
    pub(crate) exported: BTreeMap<Hash, Vec<Blob>>,
    pub(crate) segment_roots: BTreeMap<Hash, Hash>,
}

/// Inputs of the work package from other sections of the file.
pub(crate) struct Surroundings {
    pub(crate) auth_code_host: ServiceId,
    pub(crate) auth_code_hash: Hash,
    /// Slot of the block, the default of the lookup anchor's slot.
    pub(crate) slot: TimeSlot,
    pub(crate) protocol: Protocol,
}

/// Source of the exports of earlier packages.
pub trait ExportsByHash {
    /// Exports of a package, by the package's hash or by the root of the segments; `None` if
    /// unknown.
    ///
    /// # Errors
    ///
    /// Reason for a failed search.
    fn find(&self, hash: &Hash) -> Result<Option<Stored>, String>;
}

/// Exports of a package.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Stored {
    /// The segments, concatenated.
    pub segments: Blob,
    /// Hash of the package, if the search was by it.
    pub package: Option<Hash>,
}

/// A source without exports.
pub(crate) struct NoExports;

impl ExportsByHash for NoExports {
    fn find(&self, _: &Hash) -> Result<Option<Stored>, String> {
        Ok(None)
    }
}

/// Segments of a `[segments.<name>]` section, or of a search by hash.
struct SegmentSet {
    segments: Vec<Blob>,
    root: Hash,
    package: Option<Hash>,
    /// Default of imports from it: by the package's hash if true, by the root otherwise.
    by_package: bool,
}

type SegmentSets = BTreeMap<String, SegmentSet>;

/// Segments that items can import.
struct Sets {
    known: SegmentSets,
    /// Names of those with a problem.
    lost: BTreeSet<String>,
    /// True if there may be segments of any name.
    may_be_there: bool,
}

/// Root of segments that have a problem.
const NOWHERE: Hash = Hash([0xff; 32]);

pub(crate) fn build(
    draft: &Draft,
    builder: &Builder<'_>,
    surroundings: &Surroundings,
    (sources, exports): (&Sources<'_>, &dyn ExportsByHash),
) -> Work {
    let manifest = &draft.manifest;
    let (protocol, parameters) = (&surroundings.protocol, &surroundings.protocol.parameters);
    let mut sets = Sets {
        known: SegmentSets::new(),
        lost: draft.gaps.segments.clone(),
        may_be_there: draft.gaps.any_segments,
    };
    sets.read(&manifest.segments, parameters, sources);
    add_stored(&mut sets.known, manifest, parameters, (sources, exports));
    let authorizer = &manifest.authorizer;
    let octets = |value: &Option<Placed<Value>>| {
        sources.octets_or_empty(value.as_ref()).map_or_else(Vec::new, |octets| octets.to_vec())
    };
    let known = sets.known.values();
    let mut work = Work {
        package: WorkPackage {
            auth_code_host: surroundings.auth_code_host,
            auth_code_hash: surroundings.auth_code_hash,
            context: context(&manifest.context, surroundings.slot, protocol, sources.problems),
            auth_token: octets(&authorizer.token),
            auth_config: octets(&authorizer.configuration),
            items: Vec::new(),
        },
        extrinsics: Vec::new(),
        segment_roots: known.filter_map(|set| Some((set.package?, set.root))).collect(),
        exported: BTreeMap::new(),
    };
    for item in &manifest.items {
        let (item, extrinsics) = build_item(item, builder, &sets, sources);
        work.package.items.push(item);
        work.extrinsics.push(extrinsics);
    }
    work.exported = sets.known.into_values().map(|set| (set.root, set.segments)).collect();
    work
}

/// True for a revision with the key.
type Known = fn(&Rules) -> bool;

/// The refine context. Fields that the revision lacks are refused.
fn context(
    written: &Context,
    slot: TimeSlot,
    protocol: &Protocol,
    problems: &Problems,
) -> RefineContext {
    let hash = |written: &Option<Placed<[u8; 32]>>| {
        written.as_ref().map_or(Hash::ZERO, |placed| Hash(placed.value))
    };
    let (rules, anchor_slot) = (Rules::of(protocol.revision), written.anchor_slot.as_ref());
    let lookup_anchor_slot = written.lookup_anchor_slot.as_ref();
    let foreign: [(&str, Option<&Place>, Known); 2] = [
        ("anchor_slot", anchor_slot.map(|placed| &placed.place), |it| it.anchor_slot_in_context),
        (
            "lookup_anchor_state_root",
            written.lookup_anchor_state_root.as_ref().map(|placed| &placed.place),
            |it| it.lookup_state_root_in_context,
        ),
    ];
    for (key, place, is_known) in foreign {
        let Some(place) = place.filter(|_| !is_known(rules)) else { continue };
        let mut others = Revision::ALL.into_iter().filter(|other| is_known(Rules::of(*other)));
        if let Some(known_to) = others.next() {
            let kind = ProblemKind::ForeignKey { key, known_to, wanted: protocol.revision };
            problems.add(place.clone(), kind);
        }
    }
    RefineContext {
        anchor: hash(&written.anchor),
        anchor_slot: match rules.anchor_slot_in_context {
            true => anchor_slot.map_or(slot, |placed| TimeSlot(placed.value)),
            false => TimeSlot(0),
        },
        state_root: hash(&written.state_root),
        accumulation_root: hash(&written.accumulation_root),
        lookup_anchor: hash(&written.lookup_anchor),
        lookup_anchor_slot: lookup_anchor_slot.map_or(slot, |placed| TimeSlot(placed.value)),
        lookup_anchor_state_root: hash(&written.lookup_anchor_state_root),
        prerequisites: written.prerequisites.iter().map(|hash| Hash(hash.value)).collect(),
    }
}

fn build_item(
    written: &Item,
    builder: &Builder<'_>,
    sets: &Sets,
    sources: &Sources<'_>,
) -> (WorkItem, Vec<Blob>) {
    let service = builder.existing_service(&written.service);
    let payload = payload(written, service, builder, sources).unwrap_or_default();
    let imports = written.imports.iter().filter_map(|written| import(written, sets, sources));
    let imports = imports.collect();
    let extrinsic = |value: &Placed<Value>| sources.octets(value).unwrap_or_else(|| [].into());
    let extrinsics: Vec<_> = written.extrinsics.iter().map(extrinsic).collect();
    let own_code = || service.map_or(Hash::ZERO, |service| builder.code_hash(service));
    let item = WorkItem {
        service: service.unwrap_or_default(),
        code_hash: written.code_hash.as_ref().map_or_else(own_code, |hash| Hash(hash.value)),
        refine_gas_limit: Gas(written.refine_gas_limit.value),
        accumulate_gas_limit: Gas(written.accumulate_gas_limit.value),
        export_count: written.export_count.as_ref().map_or(0, |count| count.value),
        payload,
        imports,
        extrinsics: extrinsics.iter().map(extrinsic_spec).collect(),
    };
    (item, extrinsics)
}

/// Octets of a payload in either spelling.
fn payload(
    written: &Item,
    service: Option<ServiceId>,
    builder: &Builder<'_>,
    sources: &Sources<'_>,
) -> Option<Vec<u8>> {
    let Some(Placed { value, place }) = &written.payload else { return Some(Vec::new()) };
    match value {
        Payload::Octets(value) => {
            let value = Placed { value: value.clone(), place: place.clone() };
            sources.octets(&value).map(|octets| octets.to_vec())
        }
        Payload::Typed(value) => {
            let kind = builder.description(service?, place)?;
            let value = Placed { value: value.clone(), place: place.clone() };
            Encoder::encode(sources, &kind, &value)
        }
    }
}

fn extrinsic_spec(data: &Blob) -> ExtrinsicSpec {
    let length = u32::try_from(data.len()).unwrap_or(u32::MAX);
    ExtrinsicSpec { hash: Hash::blake2b(data), length }
}

fn import(written: &Import, sets: &Sets, sources: &Sources<'_>) -> Option<ImportSpec> {
    let problems = sources.problems;
    let from = &written.from;
    let Some(set) = sets.known.get(&from.value) else {
        if sets.may_be_there || sets.lost.contains(&from.value) {
            // Some segment: the limits count it.
            return ImportSpec::new(ImportSource::SegmentRoot(NOWHERE), 0);
        }
        let known = sets.known.keys().cloned().collect();
        let found = from.value.clone();
        let kind = ProblemKind::UnknownWord { what: "[segments] section", found, known };
        problems.add(from.place.clone(), kind);
        return None;
    };
    let index = written.index.value;
    let source = match written.by.as_ref().map(|by| (by.value.as_str(), by)) {
        None if set.by_package => ImportSource::WorkPackage(set.package.unwrap_or_default()),
        None | Some(("root", _)) => ImportSource::SegmentRoot(set.root),
        Some(("package", by)) => {
            let Some(package) = set.package else {
                let reason = format!("[segments.{}] names no `package` to import by", from.value);
                problems.add(by.place.clone(), ProblemKind::Conflict(reason));
                return None;
            };
            ImportSource::WorkPackage(package)
        }
        Some((found, by)) => {
            let known = vec!["root".to_owned(), "package".to_owned()];
            let found = found.to_owned();
            let kind = ProblemKind::UnknownWord { what: "way to import", found, known };
            problems.add(by.place.clone(), kind);
            return None;
        }
    };
    let spec = ImportSpec::new(source, index);
    if spec.is_none() {
        let (key, found) = ("index".to_owned(), index.to_string());
        let kind = ProblemKind::OutOfRange { key, found, maximum: (1 << 15) - 1 };
        problems.add(written.index.place.clone(), kind);
    }
    spec
}

impl Sets {
    /// Reads `[segments.<name>]` sections.
    fn read(
        &mut self,
        sections: &[(Placed<String>, Segments)],
        parameters: &Parameters,
        sources: &Sources<'_>,
    ) {
        let mut packages = BTreeSet::new();
        for (name, section) in sections {
            let package = section.package.as_ref();
            if let Some(hash) = package.filter(|hash| !packages.insert(hash.value)) {
                let reason = "two [segments] sections are of the same package".to_owned();
                sources.problems.add(hash.place.clone(), ProblemKind::Conflict(reason));
            }
            let data: Vec<_> = section.data.iter().map(|value| sources.octets(value)).collect();
            let Some(data) = data.into_iter().collect::<Option<Vec<_>>>() else {
                self.lost.insert(name.value.clone());
                continue;
            };
            let segments = data.iter().flat_map(|octets| cut(octets, parameters.segment_size()));
            let segments: Vec<Blob> = segments.collect();
            let (found, limit) = (segments.len() as u64, u64::from(parameters.max_package_exports));
            if found > limit {
                let what = format!("the number of segments of `{}`", name.value);
                sources.problems.add(name.place.clone(), ProblemKind::Limit { what, found, limit });
                self.lost.insert(name.value.clone());
            }
            if self.lost.contains(&name.value) {
                continue;
            }
            let root = merkle::constant_depth(&segments, Hash::blake2b);
            let package = package.map(|hash| Hash(hash.value));
            let set = SegmentSet { segments, root, package, by_package: false };
            self.known.insert(name.value.clone(), set);
        }
    }
}

/// Adds the segments that items import by a hash that no section has.
fn add_stored(
    sets: &mut SegmentSets,
    manifest: &Manifest,
    parameters: &Parameters,
    (sources, exports): (&Sources<'_>, &dyn ExportsByHash),
) {
    for written in manifest.items.iter().flat_map(|item| &item.imports) {
        let from = &written.from;
        let Ok(hash) = from.value.parse::<Hash>() else { continue };
        if sets.contains_key(&from.value) {
            continue;
        }
        match exports.find(&hash) {
            Ok(None) => {}
            Ok(Some(Stored { segments, package })) => {
                let segments = cut(&segments, parameters.segment_size());
                let root = merkle::constant_depth(&segments, Hash::blake2b);
                let by_package = package.is_some();
                let set = SegmentSet { segments, root, package, by_package };
                sets.insert(from.value.clone(), set);
            }
            Err(reason) => sources.problems.add(from.place.clone(), ProblemKind::State(reason)),
        }
    }
}

/// Cuts octets into segments of `size`, the last padded with zeros. Empty octets are one segment of
/// zeros.
fn cut(octets: &[u8], size: usize) -> Vec<Blob> {
    let padded = |octets: &[u8]| {
        let mut segment = octets.to_vec();
        segment.resize(size, 0);
        Blob::from(segment)
    };
    if octets.is_empty() {
        return vec![padded(&[])];
    }
    octets.chunks(size.max(1)).map(padded).collect()
}
