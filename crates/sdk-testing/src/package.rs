//! Builders of work packages.

use std::collections::{BTreeMap, BTreeSet};

use jambox_chain::ExportedSegments;
use jambox_state::Blob;
use jambox_types::{
    ExtrinsicSpec, Gas, Hash, ImportSource, ImportSpec, Parameters, RefineContext, ServiceId,
    TimeSlot, WorkItem, WorkPackage,
};

/// Octets in a segment.
pub(crate) const SEGMENT: usize = 4104;

/// A segment to import.
#[derive(Clone, Debug)]
pub(crate) enum Import {
    /// A segment given by the test.
    Given(Blob),
    /// A segment exported by a package on the chain.
    Exported { package: Hash, index: u16 },
}

/// A work item with its extrinsics and imported segments.
#[derive(Clone, Debug)]
pub struct Item {
    pub(crate) service: ServiceId,
    pub(crate) payload: Vec<u8>,
    pub(crate) refine_gas: u64,
    pub(crate) accumulate_gas: u64,
    pub(crate) exports: u16,
    pub(crate) imports: Vec<Import>,
    pub(crate) extrinsics: Vec<Blob>,
}

impl Item {
    /// An item for a service, with an empty payload, 10,000,000 gas for refine and 1,000,000 for
    /// accumulate.
    #[must_use]
    pub fn new(service: u32) -> Self {
        Self {
            service: ServiceId(service),
            payload: Vec::new(),
            refine_gas: 10_000_000,
            accumulate_gas: 1_000_000,
            exports: 0,
            imports: Vec::new(),
            extrinsics: Vec::new(),
        }
    }

    /// Sets the payload.
    #[must_use]
    pub fn payload(self, payload: impl Into<Vec<u8>>) -> Self {
        Self { payload: payload.into(), ..self }
    }

    /// Sets the gas limits.
    #[must_use]
    pub fn gas(self, refine: u64, accumulate: u64) -> Self {
        Self { refine_gas: refine, accumulate_gas: accumulate, ..self }
    }

    /// Sets the number of segments that the item declares to export.
    #[must_use]
    pub fn exports(self, exports: u16) -> Self {
        Self { exports, ..self }
    }

    /// Adds a segment to import, padded with zeros.
    #[must_use]
    pub fn import(mut self, segment: &[u8]) -> Self {
        let mut segment = segment.to_vec();
        segment.resize(SEGMENT, 0);
        self.imports.push(Import::Given(segment.into()));
        self
    }

    /// Adds a segment exported by an earlier package on the chain, by that package's
    /// [hash](crate::Processed::package_hash). The accumulation of this package waits for that of
    /// the other.
    #[must_use]
    pub fn import_exported(mut self, package: Hash, index: u16) -> Self {
        self.imports.push(Import::Exported { package, index });
        self
    }

    /// Adds an extrinsic.
    #[must_use]
    pub fn extrinsic(mut self, extrinsic: &[u8]) -> Self {
        self.extrinsics.push(extrinsic.into());
        self
    }
}

/// A work package with its extrinsics and imported segments.
#[derive(Clone, Debug, Default)]
pub struct Package {
    pub(crate) items: Vec<Item>,
    pub(crate) authorizer: Option<ServiceId>,
    pub(crate) configuration: Vec<u8>,
    pub(crate) token: Vec<u8>,
    pub(crate) prerequisites: BTreeSet<Hash>,
}

impl Package {
    /// A package without items. Without an authorizer, everything is authorized.
    #[must_use]
    pub fn new() -> Self {
        Self::default()
    }

    /// Adds an item.
    #[must_use]
    pub fn item(mut self, item: Item) -> Self {
        self.items.push(item);
        self
    }

    /// Makes a service's own code the authorizer of the package.
    #[must_use]
    pub fn authorizer(self, service: u32) -> Self {
        Self { authorizer: Some(ServiceId(service)), ..self }
    }

    /// Sets the authorizer's configuration.
    #[must_use]
    pub fn configuration(self, configuration: impl Into<Vec<u8>>) -> Self {
        Self { configuration: configuration.into(), ..self }
    }

    /// Adds a prerequisite: accumulation waits for that of the given package.
    #[must_use]
    pub fn prerequisite(mut self, package: Hash) -> Self {
        self.prerequisites.insert(package);
        self
    }

    /// Sets the authorization token.
    #[must_use]
    pub fn token(self, token: impl Into<Vec<u8>>) -> Self {
        Self { token: token.into(), ..self }
    }
}

impl From<Item> for Package {
    fn from(item: Item) -> Self {
        Self::new().item(item)
    }
}

/// An encoded work package, with its data by hash.
pub(crate) struct Laid {
    pub package: WorkPackage,
    pub extrinsics: Vec<Vec<Blob>>,
    pub exported: BTreeMap<Hash, ExportedSegments>,
    /// Segment roots of the packages named by imports.
    pub segment_roots: BTreeMap<Hash, Hash>,
}

/// Segments exported by the packages of a chain, by the packages' hashes.
pub(crate) type Exports = BTreeMap<Hash, Vec<Blob>>;

impl Import {
    /// The segment.
    pub fn segment<'a>(&'a self, exports: &'a Exports) -> &'a Blob {
        match self {
            Self::Given(segment) => segment,
            Self::Exported { package, index } => {
                let exported = exports.get(package).and_then(|it| it.get(usize::from(*index)));
                exported.unwrap_or_else(|| {
                    panic!("no package {package} has exported a segment {index} on this chain")
                })
            }
        }
    }

    /// The segments that were exported together with this one; a given one is alone.
    fn exported_segments(&self, exports: &Exports, parameters: &Parameters) -> ExportedSegments {
        let segment = self.segment(exports);
        let all = match self {
            Self::Given(_) => None,
            Self::Exported { package, .. } => exports.get(package).cloned(),
        };
        ExportedSegments::new(all.unwrap_or_else(|| vec![segment.clone()]), parameters)
            .expect("imports are padded to the size of a segment")
    }

    /// The reference of a work item to the segment. `root` is that of its exported segments.
    fn spec(&self, root: Hash) -> ImportSpec {
        let (source, index) = match self {
            Self::Given(_) => (ImportSource::SegmentRoot(root), 0),
            Self::Exported { package, index } => (ImportSource::WorkPackage(*package), *index),
        };
        ImportSpec::new(source, index).expect("a segment that is there has an index")
    }
}

impl Package {
    /// Encodes the package. `code_hash` gives a service's code hash.
    pub(crate) fn lay_out(
        &self,
        authorizer: (ServiceId, Hash),
        slot: TimeSlot,
        parameters: &Parameters,
        exports: &Exports,
        code_hash: impl Fn(ServiceId) -> Hash,
    ) -> Laid {
        let mut exported = BTreeMap::new();
        let mut segment_roots = BTreeMap::new();
        let mut items = Vec::new();
        for item in &self.items {
            let imports = item.imports.iter().map(|import| {
                let set = import.exported_segments(exports, parameters);
                let spec = import.spec(set.root());
                if let Import::Exported { package, .. } = import {
                    segment_roots.insert(*package, set.root());
                }
                exported.insert(set.root(), set);
                spec
            });
            let specs = item.extrinsics.iter().map(|extrinsic| ExtrinsicSpec {
                hash: Hash::blake2b(extrinsic),
                length: u32::try_from(extrinsic.len()).expect("an extrinsic fits a package"),
            });
            items.push(WorkItem {
                service: item.service,
                code_hash: code_hash(item.service),
                refine_gas_limit: Gas(item.refine_gas),
                accumulate_gas_limit: Gas(item.accumulate_gas),
                export_count: item.exports,
                payload: item.payload.clone(),
                imports: imports.collect(),
                extrinsics: specs.collect(),
            });
        }
        let package = WorkPackage {
            auth_code_host: authorizer.0,
            auth_code_hash: authorizer.1,
            context: RefineContext {
                lookup_anchor_slot: slot,
                prerequisites: self.prerequisites.clone(),
                ..RefineContext::default()
            },
            auth_token: self.token.clone(),
            auth_config: self.configuration.clone(),
            items,
        };
        let extrinsics = self.items.iter().map(|item| item.extrinsics.clone()).collect();
        Laid { package, extrinsics, exported, segment_roots }
    }
}
