//! What the node knows: the blocks with their states, and the packages with what became of them.

use std::sync::Arc;

use imbl::{OrdMap, Vector};
use jambox_chain::ExportedSegments;
use jambox_state::{Blob, Changes, Component, Values};
use jambox_types::{Block, CoreIndex, Hash, Header, Protocol, RecentBlocks, ServiceId, WorkReport};
use serde_json::Value;

use crate::journal::Input;
use crate::world::World;

/// How many blocks' states are kept, the last ones.
pub const KEPT_STATES: usize = 256;

/// A block by its hash and slot.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Descriptor {
    /// The hash of the header.
    pub hash: Hash,
    /// The slot.
    pub slot: u32,
}

/// A block with the state after it.
#[derive(Debug)]
pub struct Entry {
    /// Its number, the genesis being 0.
    pub number: u64,
    /// The hash and the slot.
    pub descriptor: Descriptor,
    /// Its header.
    pub header: Header,
    /// The whole block; the genesis has none.
    pub block: Option<Block>,
    /// The state after it.
    pub world: World,
    /// What it did, for people and programs.
    pub account: Value,
}

/// Where a package has come to.
#[derive(Clone, Debug)]
pub enum Stage {
    /// It waits to be reported.
    Submitted,
    /// A block reported it.
    Reported(Descriptor),
    /// Its data became available.
    Ready {
        /// Where it was reported.
        reported: Descriptor,
        /// Where it became ready.
        ready: Descriptor,
    },
    /// It will not get any further.
    Failed(String),
}

/// A package that was handed in.
#[derive(Clone, Debug)]
pub struct PackageRecord {
    /// The core that it is for.
    pub core: CoreIndex,
    /// Where it has come to.
    pub stage: Stage,
    /// Its report; none for one that was refused.
    pub report: Option<Arc<WorkReport>>,
    /// The hash of the report.
    pub report_hash: Hash,
    /// What happened in core, for people and programs.
    pub in_core: Arc<Value>,
    /// What was handed in.
    pub input: Arc<Input>,
    /// The block that accumulated it.
    pub accumulated: Option<Descriptor>,
}

/// What a package's status is after a block.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Status {
    /// It can still be reported in so many blocks.
    Reportable(u16),
    /// It was reported.
    Reported {
        /// In which block.
        reported: Descriptor,
        /// On which core.
        core: CoreIndex,
        /// The report.
        report: Hash,
    },
    /// Its data are available.
    Ready {
        /// In which block it was reported.
        reported: Descriptor,
        /// On which core.
        core: CoreIndex,
        /// The report.
        report: Hash,
        /// In which block the data became available.
        ready: Descriptor,
    },
    /// It cannot get any further.
    Failed(String),
}

/// All that the node knows; a clone costs O(1).
#[derive(Clone, Debug)]
pub struct Ledger {
    /// The protocol.
    pub protocol: Protocol,
    /// The blocks whose states are kept, oldest first.
    entries: Vector<Arc<Entry>>,
    /// Descriptors of all blocks by number, the genesis first.
    descriptors: Vector<Descriptor>,
    numbers: OrdMap<Hash, u64>,
    /// The packages.
    pub packages: OrdMap<Hash, PackageRecord>,
    /// All packages, in the order in which they were last handed in.
    pub order: Vector<Hash>,
    /// Packages that wait to be reported, in the order in which they came.
    pub waiting: Vector<Hash>,
    /// Preimages that wait for services to want them.
    pub preimages: OrdMap<(ServiceId, Blob), ()>,
    /// What packages exported, by segment root.
    pub exports: OrdMap<Hash, Arc<ExportedSegments>>,
    /// Packages by the hash of their report.
    pub reports: OrdMap<Hash, Hash>,
}

impl Ledger {
    /// A chain of no block but its genesis.
    #[must_use]
    pub fn new(protocol: Protocol, header: Header, world: World) -> Self {
        let descriptor = Descriptor { hash: header.hash(&protocol), slot: header.slot.0 };
        let mut ledger = Self {
            protocol,
            entries: Vector::new(),
            descriptors: Vector::new(),
            numbers: OrdMap::new(),
            packages: OrdMap::new(),
            order: Vector::new(),
            waiting: Vector::new(),
            preimages: OrdMap::new(),
            exports: OrdMap::new(),
            reports: OrdMap::new(),
        };
        ledger.push(Entry {
            number: 0,
            descriptor,
            header,
            block: None,
            world,
            account: Value::Null,
        });
        ledger
    }

    /// Adds a block.
    pub fn push(&mut self, entry: Entry) {
        self.numbers.insert(entry.descriptor.hash, entry.number);
        self.descriptors.push_back(entry.descriptor);
        self.entries.push_back(Arc::new(entry));
        if self.entries.len() > KEPT_STATES {
            self.entries.pop_front();
        }
    }

    /// Changes the state after the last block by hand.
    pub fn amend(&mut self, changes: &Changes) {
        let head = Arc::clone(self.head());
        let amended = Entry {
            number: head.number,
            descriptor: head.descriptor,
            header: head.header.clone(),
            block: head.block.clone(),
            world: head.world.after(changes),
            account: head.account.clone(),
        };
        self.entries.pop_back();
        self.entries.push_back(Arc::new(amended));
    }

    /// Takes note of a package that was handed in.
    pub fn hand_in(&mut self, package: Hash, record: PackageRecord) {
        if self.packages.insert(package, record).is_some() {
            self.order.retain(|other| *other != package);
        }
        self.order.push_back(package);
    }

    /// The last block. There always is one: the genesis is never dropped without a successor.
    #[must_use]
    pub fn head(&self) -> &Arc<Entry> {
        // `new` pushes the genesis and `push` drops only what is more than `KEPT_STATES`.
        match self.entries.last() {
            Some(entry) => entry,
            None => unreachable!("a ledger has a genesis"),
        }
    }

    /// The blocks whose states are kept, oldest first.
    pub fn entries(&self) -> impl DoubleEndedIterator<Item = &Arc<Entry>> {
        self.entries.iter()
    }

    /// A block whose state is kept.
    #[must_use]
    pub fn entry(&self, hash: &Hash) -> Option<&Arc<Entry>> {
        self.at(*self.numbers.get(hash)?)
    }

    /// A block whose state is kept, by its number.
    #[must_use]
    pub fn at(&self, number: u64) -> Option<&Arc<Entry>> {
        let first = self.entries.front()?.number;
        self.entries.get(usize::try_from(number.checked_sub(first)?).ok()?)
    }

    /// The parent of a block.
    #[must_use]
    pub fn parent(&self, hash: &Hash) -> Option<Descriptor> {
        let number = self.numbers.get(hash)?.checked_sub(1)?;
        self.descriptors.get(usize::try_from(number).ok()?).copied()
    }

    /// Whether there is such a block, be its state kept or not.
    #[must_use]
    pub fn knows(&self, hash: &Hash) -> bool {
        self.numbers.contains_key(hash)
    }

    /// The recent blocks as an entry's state has them, the last one's state root filled in.
    #[must_use]
    pub fn recent(&self, entry: &Entry) -> RecentBlocks {
        let values = &*entry.world.values;
        let recent = Component::RecentBlocks.read(values, &self.protocol);
        let mut recent: RecentBlocks = recent.unwrap_or_default();
        if let Some(last) = recent.blocks.last_mut() {
            last.state_root = entry.world.root;
        }
        recent
    }

    /// In how many blocks after an entry's a package with this anchor can be reported; none when
    /// the anchor is no recent block.
    #[must_use]
    pub fn remaining(&self, entry: &Entry, anchor: &Hash) -> Option<u16> {
        let recent = self.recent(entry);
        let place = recent.blocks.iter().position(|block| block.header_hash == *anchor)?;
        let limit = usize::from(self.protocol.parameters.recent_blocks);
        let room = limit.saturating_sub(recent.blocks.len());
        u16::try_from(place.saturating_add(room).saturating_add(1)).ok()
    }

    /// The status of a package after a block.
    #[must_use]
    pub fn status(&self, entry: &Entry, package: &Hash, anchor: &Hash) -> Status {
        let is_past = |descriptor: &Descriptor| descriptor.slot <= entry.descriptor.slot;
        if let Some(record) = self.packages.get(package) {
            let (core, report) = (record.core, record.report_hash);
            match &record.stage {
                Stage::Ready { reported, ready } if is_past(ready) => {
                    let (reported, ready) = (*reported, *ready);
                    return Status::Ready { reported, core, report, ready };
                }
                Stage::Ready { reported, .. } | Stage::Reported(reported) if is_past(reported) => {
                    return Status::Reported { reported: *reported, core, report };
                }
                Stage::Failed(reason) => return Status::Failed(reason.clone()),
                Stage::Submitted | Stage::Reported(_) | Stage::Ready { .. } => {}
            }
        }
        match self.remaining(entry, anchor) {
            Some(blocks) => Status::Reportable(blocks),
            None => Status::Failed("the anchor is not among the recent blocks".to_owned()),
        }
    }

    /// The value under a state key of a component, after a block.
    #[must_use]
    pub fn component(entry: &Entry, component: Component) -> Option<Blob> {
        let key = jambox_state::Meaning::Component(component).key();
        entry.world.values.value(&key).ok().flatten()
    }

    /// The segments that a package exported, or those of a segment root.
    #[must_use]
    pub fn segments(&self, hash: &Hash) -> Option<&Arc<ExportedSegments>> {
        let root = match self.packages.get(hash).and_then(|record| record.report.as_ref()) {
            Some(report) => report.availability.segment_root,
            None => *hash,
        };
        self.exports.get(&root)
    }
}
