//! Questions to the ledger: its blocks, their effects, and the fate of packages by then.

use std::sync::Arc;

use jambox_chain::ExportedSegments;
use jambox_state::{Blob, Component, Values};
use jambox_types::{Hash, RecentBlocks};
use serde_json::Value;

use super::{Entry, Ledger};
use crate::archive::read::{self, ArchiveError};
use crate::records::{Descriptor, Stage, Status, Summary};

impl Ledger {
    /// The last block. There always is one: the genesis is never dropped without a successor.
    #[must_use]
    pub fn head(&self) -> &Arc<Entry> {
        // `of` puts one in, and `push` drops only states beyond `KEPT_STATES`.
        match self.entries.last() {
            Some(entry) => entry,
            None => unreachable!("a ledger has a head"),
        }
    }

    /// The blocks whose states are kept, oldest first.
    pub fn entries(&self) -> impl DoubleEndedIterator<Item = &Arc<Entry>> {
        self.entries.iter()
    }

    /// A block whose state is kept.
    #[must_use]
    pub fn entry(&self, hash: &Hash) -> Option<&Arc<Entry>> {
        self.entries.iter().rev().find(|entry| entry.descriptor.hash == *hash)
    }

    /// A block whose state is kept, by its number.
    #[must_use]
    pub fn at(&self, number: u64) -> Option<&Arc<Entry>> {
        let first = self.entries.front()?.number;
        self.entries.get(usize::try_from(number.checked_sub(first)?).ok()?)
    }

    /// A block, be its state kept or not.
    ///
    /// # Errors
    ///
    /// The file cannot be read.
    pub fn summary(&self, hash: &Hash) -> Result<Option<Summary>, ArchiveError> {
        match (self.entry(hash), &self.file) {
            (Some(entry), _) => Ok(Some(self.summary_of(entry))),
            (None, Some(file)) => read::summary(file, hash),
            (None, None) => Ok(None),
        }
    }

    /// A block whose state is kept, without it.
    #[must_use]
    pub fn summary_of(&self, entry: &Entry) -> Summary {
        let log = self.recent(entry).blocks.last().map(|last| last.accumulation_root);
        Summary {
            number: entry.number,
            descriptor: entry.descriptor,
            root: entry.world.root,
            accumulation_root: log.unwrap_or_default(),
        }
    }

    /// The parent of a block.
    ///
    /// # Errors
    ///
    /// The file cannot be read.
    pub fn parent(&self, hash: &Hash) -> Result<Option<Descriptor>, ArchiveError> {
        let number = self.summary(hash)?.and_then(|block| block.number.checked_sub(1));
        let Some(number) = number else { return Ok(None) };
        self.numbered(number)
    }

    /// A block by its number, be its state kept or not.
    ///
    /// # Errors
    ///
    /// The file cannot be read.
    pub fn numbered(&self, number: u64) -> Result<Option<Descriptor>, ArchiveError> {
        match (self.at(number), &self.file) {
            (Some(entry), _) => Ok(Some(entry.descriptor)),
            (None, Some(file)) => {
                Ok(read::block(file, number)?.map(|block| block.summary(number).descriptor))
            }
            (None, None) => Ok(None),
        }
    }

    /// The account of a block's effects, for people and programs; `None` for a block that did
    /// nothing and whose state is not kept any more.
    ///
    /// # Errors
    ///
    /// The file cannot be read.
    pub fn account(&self, hash: &Hash) -> Result<Option<Value>, ArchiveError> {
        if let Some(entry) = self.entry(hash) {
            return Ok(Some(entry.account.clone()));
        }
        let Some(file) = &self.file else { return Ok(None) };
        let Some(summary) = read::summary(file, hash)? else { return Ok(None) };
        let account = read::block(file, summary.number)?.map(|block| block.account());
        Ok(account.transpose()?.flatten())
    }

    /// The block that the chain begins with here.
    ///
    /// # Errors
    ///
    /// The file cannot be read.
    pub fn first(&self) -> Result<Option<Descriptor>, ArchiveError> {
        self.numbered(self.oldest.block)
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

    /// Number of blocks after an entry's in which a package with this anchor can be reported;
    /// `None` when the anchor is no recent block.
    #[must_use]
    pub fn remaining(&self, entry: &Entry, anchor: &Hash) -> Option<u16> {
        let recent = self.recent(entry);
        let place = recent.blocks.iter().position(|block| block.header_hash == *anchor)?;
        let limit = usize::from(self.protocol.parameters.recent_blocks);
        let room = limit.saturating_sub(recent.blocks.len());
        u16::try_from(place.saturating_add(room).saturating_add(1)).ok()
    }

    /// The status of a package after a block.
    ///
    /// # Errors
    ///
    /// The file cannot be read.
    pub fn status(
        &self,
        entry: &Entry,
        package: &Hash,
        anchor: &Hash,
    ) -> Result<Status, ArchiveError> {
        let is_past = |descriptor: &Descriptor| descriptor.slot <= entry.descriptor.slot;
        if let Some(record) = self.package(package)? {
            let (core, report) = (record.core, record.report_hash);
            match &record.stage {
                Stage::Ready { reported, ready } if is_past(ready) => {
                    let (reported, ready) = (*reported, *ready);
                    return Ok(Status::Ready { reported, core, report, ready });
                }
                Stage::Ready { reported, .. } | Stage::Reported(reported) if is_past(reported) => {
                    return Ok(Status::Reported { reported: *reported, core, report });
                }
                Stage::Failed(reason) => return Ok(Status::Failed(reason.clone())),
                Stage::Submitted | Stage::Reported(_) | Stage::Ready { .. } => {}
            }
        }
        Ok(match self.remaining(entry, anchor) {
            Some(blocks) => Status::Reportable(blocks),
            None => Status::Failed("the anchor is not among the recent blocks".to_owned()),
        })
    }

    /// The value under a state key of a component, after a block.
    #[must_use]
    pub fn component(entry: &Entry, component: Component) -> Option<Blob> {
        let key = jambox_state::Meaning::Component(component).key();
        entry.world.values.value(&key).ok().flatten()
    }

    /// The segments that a package exported, or those of a segment root.
    ///
    /// # Errors
    ///
    /// The file cannot be read.
    pub fn segments(&self, hash: &Hash) -> Result<Option<ExportedSegments>, ArchiveError> {
        let Some(file) = &self.file else { return Ok(None) };
        read::segments(file, hash, &self.protocol)
    }
}
