//! Ledger of the node: the blocks with their states, and the packages with their stages. The last
//! states and the packages under way are in memory; the rest is read from the chain's file.

mod blocks;

use std::sync::Arc;

use imbl::{OrdMap, Vector};
use jambox_state::{Blob, Changes, StateError};
use jambox_store::{Exports, FileState};
use jambox_types::{Block, Hash, Header, Protocol, ServiceId};
use serde_json::Value;

use crate::archive::read::{self, ArchiveError};
use crate::genesis::Genesis;
use crate::origin::Origin;
use crate::records::{Descriptor, PackageRecord, Stage};
use crate::world::World;

/// Number of blocks whose states are kept, the last ones.
pub const KEPT_STATES: usize = 256;

/// A block with the state after it.
#[derive(Debug)]
pub struct Entry {
    /// Number of the block, the genesis being 0.
    pub number: u64,
    /// The hash and the slot.
    pub descriptor: Descriptor,
    /// Header of the block.
    pub header: Header,
    /// The whole block; the genesis has none.
    pub block: Option<Block>,
    /// The state after it.
    pub world: World,
    /// The account of its effects, for people and programs.
    pub account: Value,
}

/// All that the node knows; a clone costs O(1).
#[derive(Clone, Debug)]
pub struct Ledger {
    /// The protocol.
    pub protocol: Protocol,
    /// The blocks whose states are kept, oldest first.
    entries: Vector<Arc<Entry>>,
    /// Packages that wait to be reported, in the order in which they came.
    pub waiting: Vector<Hash>,
    /// Preimages that wait for services to want them.
    preimages: OrdMap<(ServiceId, Blob), ()>,
    /// The packages that are under way, and the ones not wholly in the file yet.
    packages: OrdMap<Hash, Arc<PackageRecord>>,
    /// The place of the next package in the order.
    pub(crate) next_order: u64,
    /// The oldest block and the oldest place in the order that the file has.
    pub(crate) oldest: Oldest,
    /// The chain's file as it was last written, with everything else.
    pub(crate) file: Option<Arc<FileState>>,
    /// Changes that are not in the file yet.
    pub(crate) unkept: Unkept,
}

/// The oldest block and package that the file has.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub(crate) struct Oldest {
    pub block: u64,
    pub order: u64,
}

/// Changes to be written with the next commit.
#[derive(Clone, Debug, Default)]
pub(crate) struct Unkept {
    /// Changes of the state.
    pub changes: Changes,
    /// The blocks from this number on; the head alone when only its state changed.
    pub blocks_from: Option<u64>,
    /// Packages, each with a flag: true if all of it is new, false if only its progress is.
    pub packages: OrdMap<Hash, bool>,
    /// Places in the order that are empty now.
    pub left: Vec<u64>,
    /// Exported segments of packages.
    pub exports: Vec<Exports>,
    /// Preimages that wait, or no longer do.
    pub preimages: OrdMap<(ServiceId, Blob), bool>,
}

impl Ledger {
    /// A chain of no block but one, on the state that it begins with.
    ///
    /// # Errors
    ///
    /// The state is another node's, and cannot be read.
    pub fn new(protocol: Protocol, genesis: Genesis) -> Result<Self, StateError> {
        let Genesis { changes, header, origin } = genesis;
        let descriptor = Descriptor { hash: header.hash(&protocol), slot: header.slot.0 };
        let world = World::beginning(&changes, origin)?;
        let account = Value::Null;
        let first = Entry { number: 0, descriptor, header, block: None, world, account };
        let mut ledger = Self::of(protocol, first, None);
        ledger.unkept.changes = changes;
        ledger.unkept.blocks_from = Some(0);
        Ok(ledger)
    }

    /// A ledger at first, of a node that goes on with a file.
    pub(crate) fn of(protocol: Protocol, head: Entry, file: Option<Arc<FileState>>) -> Self {
        Self {
            protocol,
            entries: [Arc::new(head)].into_iter().collect(),
            waiting: Vector::new(),
            preimages: OrdMap::new(),
            packages: OrdMap::new(),
            next_order: 0,
            oldest: Oldest::default(),
            file,
            unkept: Unkept::default(),
        }
    }

    /// Adds a block, which changes this of the state.
    pub fn push(&mut self, entry: Entry, changes: &Changes) {
        self.unkept.blocks_from.get_or_insert(entry.number);
        merge(&mut self.unkept.changes, changes);
        self.entries.push_back(Arc::new(entry));
        if self.entries.len() > KEPT_STATES {
            self.entries.pop_front();
        }
    }

    /// Changes the state after the last block by hand.
    ///
    /// # Errors
    ///
    /// The chain is a fork, and the state it was forked from cannot be read.
    pub fn amend(&mut self, changes: &Changes) -> Result<(), StateError> {
        let head = Arc::clone(self.head());
        let amended = Entry {
            number: head.number,
            descriptor: head.descriptor,
            header: head.header.clone(),
            block: head.block.clone(),
            world: head.world.after(changes)?,
            account: head.account.clone(),
        };
        self.unkept.blocks_from.get_or_insert(head.number);
        merge(&mut self.unkept.changes, changes);
        self.entries.pop_back();
        self.entries.push_back(Arc::new(amended));
        Ok(())
    }

    /// The state that the chain was forked from.
    #[must_use]
    pub fn origin(&self) -> Option<&Arc<Origin>> {
        self.head().world.values.origin()
    }

    /// Takes note of a package that was handed in. One that was refused before may come again.
    ///
    /// # Errors
    ///
    /// The file cannot be read.
    pub fn hand_in(
        &mut self,
        package: Hash,
        mut record: PackageRecord,
        exports: Option<Exports>,
    ) -> Result<(), ArchiveError> {
        if let Some(before) = self.package(&package)? {
            self.unkept.left.push(before.order);
        }
        record.order = self.next_order;
        self.next_order = self.next_order.saturating_add(1);
        if matches!(record.stage, Stage::Submitted) {
            self.waiting.push_back(package);
        }
        self.unkept.exports.extend(exports);
        self.unkept.packages.insert(package, true);
        self.packages.insert(package, Arc::new(record));
        Ok(())
    }

    /// Puts a package back among those under way, as the file has it.
    pub(crate) fn restore(&mut self, package: Hash, record: PackageRecord) {
        if matches!(record.stage, Stage::Submitted) {
            self.waiting.push_back(package);
        }
        self.packages.insert(package, Arc::new(record));
    }

    /// Changes how far a package is; one that nobody handed in here is passed over.
    ///
    /// # Errors
    ///
    /// The file cannot be read.
    pub fn update(
        &mut self,
        package: &Hash,
        change: impl FnOnce(&mut PackageRecord),
    ) -> Result<(), ArchiveError> {
        let Some(mut record) = self.package(package)? else { return Ok(()) };
        change(Arc::make_mut(&mut record));
        self.packages.insert(*package, record);
        let is_new = self.unkept.packages.get(package).copied().unwrap_or(false);
        self.unkept.packages.insert(*package, is_new);
        Ok(())
    }

    /// The record of a package; `None` if it was not handed in here.
    ///
    /// # Errors
    ///
    /// The file cannot be read.
    pub fn package(&self, package: &Hash) -> Result<Option<Arc<PackageRecord>>, ArchiveError> {
        if let Some(record) = self.packages.get(package) {
            return Ok(Some(Arc::clone(record)));
        }
        let Some(file) = &self.file else { return Ok(None) };
        Ok(read::package(file, package, &self.protocol)?.map(Arc::new))
    }

    /// The packages that were handed in last, the latest first, at most so many.
    ///
    /// # Errors
    ///
    /// The file cannot be read.
    pub fn latest(&self, count: usize) -> Result<Vec<Hash>, ArchiveError> {
        let Some(file) = &self.file else { return Ok(Vec::new()) };
        let mut latest = Vec::new();
        for order in (self.oldest.order..self.next_order).rev() {
            if latest.len() >= count {
                break;
            }
            latest.extend(read::at_order(file, order)?);
        }
        Ok(latest)
    }

    /// The package that a report is of.
    ///
    /// # Errors
    ///
    /// The file cannot be read.
    pub fn package_of(&self, report: &Hash) -> Result<Option<Hash>, ArchiveError> {
        self.file.as_ref().map_or(Ok(None), |file| read::package_of(file, report))
    }

    /// The preimages that wait for services to want them.
    pub fn preimages(&self) -> impl Iterator<Item = &(ServiceId, Blob)> {
        self.preimages.keys()
    }

    /// Number of preimages that wait.
    #[must_use]
    pub fn preimage_count(&self) -> usize {
        self.preimages.len()
    }

    /// Has a preimage wait; false when it does already.
    pub fn provide(&mut self, service: ServiceId, data: Blob) -> bool {
        let key = (service, data);
        let is_new = self.preimages.insert(key.clone(), ()).is_none();
        if is_new {
            self.unkept.preimages.insert(key, true);
        }
        is_new
    }

    /// Has a preimage wait that the file says does.
    pub(crate) fn restore_preimage(&mut self, service: ServiceId, data: Blob) {
        self.preimages.insert((service, data), ());
    }

    /// Takes a preimage that came into a block from those that wait.
    pub fn take_preimage(&mut self, service: ServiceId, data: Blob) {
        let key = (service, data);
        if self.preimages.remove(&key).is_some() {
            self.unkept.preimages.insert(key, false);
        }
    }

    /// Takes note that all of it is in the file.
    pub(crate) fn kept(&mut self, file: Arc<FileState>) {
        for package in self.unkept.packages.keys() {
            if self.packages.get(package).is_some_and(|record| !record.is_under_way()) {
                self.packages.remove(package);
            }
        }
        self.unkept = Unkept::default();
        self.file = Some(file);
    }

    /// The packages that are under way, in no order.
    pub(crate) fn under_way(&self) -> impl Iterator<Item = (&Hash, &Arc<PackageRecord>)> {
        self.packages.iter()
    }

    /// A package that is under way, or of which something is not in the file yet.
    pub(crate) fn in_memory(&self, package: &Hash) -> Option<&Arc<PackageRecord>> {
        self.packages.get(package)
    }
}

/// Adds later changes to earlier ones.
fn merge(all: &mut Changes, later: &Changes) {
    for (key, change) in later.iter() {
        match &change.meaning {
            Some(meaning) => all.set(meaning.clone(), change.value.clone()),
            None => all.set_key(*key, change.value.clone()),
        }
    }
}
