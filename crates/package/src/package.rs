//! Packages, resolved.

use std::collections::BTreeMap;
use std::path::PathBuf;
use std::sync::Arc;

use jambox_state::{Blob, PartialState};
use jambox_symbols::Symbols;
use jambox_types::{CoreIndex, Hash, Protocol, ServiceId, TimeSlot, WorkPackage};

use crate::manifest::Manifest;

/// A package file, resolved: all inputs of a run.
#[derive(Clone, Debug)]
pub struct Package {
    /// The switches. The caller's take precedence over the file's.
    pub protocol: Protocol,
    /// The core of the package.
    pub core: CoreIndex,
    /// The slot of the block that accumulates the report.
    pub slot: TimeSlot,
    /// Slot of the block before it; `None` unless the package starts from a state.
    pub prior_slot: Option<TimeSlot>,
    /// The entropy accumulator after that block.
    pub entropy: Hash,
    /// The state before that block.
    pub state: PartialState,
    /// The services' names in the file, for people to read.
    pub names: BTreeMap<ServiceId, String>,
    /// The work package.
    pub work_package: WorkPackage,
    /// Extrinsics of each item.
    pub extrinsics: Vec<Vec<Blob>>,
    /// Segments for imports, by segment root.
    pub exported: BTreeMap<Hash, Vec<Blob>>,
    /// Segment roots of packages, by package hash, for imports.
    pub segment_roots: BTreeMap<Hash, Hash>,
    /// Source locations of the programs' instructions, by code hash; for people.
    pub symbols: BTreeMap<Hash, Symbols>,
    /// The package file, for pointing at problems.
    pub source: Source,
}

/// The text of a package file and its model.
#[derive(Clone, Debug)]
pub struct Source {
    /// The file.
    pub path: PathBuf,
    /// Text of the package file.
    pub text: Arc<str>,
    /// The file's model, with places.
    pub manifest: Manifest,
}
