//! Ledger of a node that goes on with a file.

use std::sync::Arc;

use jambox_state::{Changes, Component, Values};
use jambox_store::FileState;
use jambox_types::{Block, Hash, Header, Protocol, RecentBlocks};
use serde_json::Value;

use super::read::{
    ArchiveError, HEADER, HeadRecord, Kind, Waiting, block, package, read, read_with,
};
use crate::genesis::{self, Genesis};
use crate::ledger::{Entry, Ledger, Oldest};
use crate::records::Descriptor;
use crate::world::World;

/// All values of a file, with the meanings of their keys.
fn values(file: &FileState) -> Result<Changes, ArchiveError> {
    let mut keys = Vec::new();
    let visited = file.for_each(&mut |key, value| {
        keys.push((key, value));
        Ok(())
    });
    visited?;
    let mut changes = Changes::default();
    for (key, value) in keys {
        match file.meaning(&key)? {
            Some(meaning) => changes.set(meaning, Some(value)),
            None => changes.set_key(key, Some(value)),
        }
    }
    Ok(changes)
}

/// The header that the file says the next block descends from.
fn noted_header(file: &FileState, protocol: &Protocol) -> Result<Option<Header>, ArchiveError> {
    let note = file.note(HEADER)?;
    note.map(|octets| read_with("the header", &octets, protocol)).transpose()
}

/// The hash of the last block that a state knows.
fn last_recent(values: &impl Values, protocol: &Protocol) -> Option<Hash> {
    let recent: RecentBlocks = Component::RecentBlocks.read(values, protocol).ok()?;
    recent.blocks.last().map(|last| last.header_hash)
}

/// A chain that a node made.
pub(super) fn of_node(
    file: &Arc<FileState>,
    head: &HeadRecord,
    protocol: &Protocol,
) -> Result<Ledger, ArchiveError> {
    let record = block(file, head.number)?.ok_or(ArchiveError::Missing("the last block"))?;
    let block: Option<Block> = match record.block.as_slice() {
        [] => None,
        octets => Some(read_with("the last block", octets, protocol)?),
    };
    let header = match &block {
        Some(block) => block.header.clone(),
        None => read_with("the last header", &record.header, protocol)?,
    };
    let world = World::new(&values(file)?)?;
    let last = last_recent(&*world.values, protocol);
    let is_changed = world.root != head.root;
    let account = record.account()?.unwrap_or_default();
    let entry =
        Entry { number: head.number, descriptor: record.descriptor, header, block, world, account };
    let mut ledger = Ledger::of(*protocol, entry, Some(Arc::clone(file)));
    ledger.next_order = head.next_order;
    ledger.oldest = Oldest { block: head.oldest_block, order: head.oldest_order };
    for (_, octets) in file.records(&[Kind::UnderWay as u8])? {
        let hash: Hash = read("a package under way", &octets)?;
        let record = package(file, &hash, protocol)?;
        ledger.restore(hash, record.ok_or(ArchiveError::Missing("a package under way"))?);
    }
    for (_, octets) in file.records(&[Kind::Preimage as u8])? {
        let Waiting { service, data } = read("a preimage", &octets)?;
        ledger.restore_preimage(service, data.into());
    }
    if is_changed {
        // Another command went on with the state. It is the state after the last block, changed by
        // hand, or that after blocks that were applied to it.
        ledger.amend(&Changes::default())?;
        if let Some(last) = last.filter(|last| *last != ledger.head().descriptor.hash) {
            let header = noted_header(file, protocol)?.filter(|it| it.hash(protocol) == last);
            let header = header.ok_or(ArchiveError::UnknownHead(last))?;
            follow(&mut ledger, header);
        }
    }
    Ok(ledger)
}

/// Adds a block to the ledger. The state has it already, and its header is all that is known.
fn follow(ledger: &mut Ledger, header: Header) {
    let number = ledger.head().number.saturating_add(1);
    let descriptor = Descriptor { hash: header.hash(&ledger.protocol), slot: header.slot.0 };
    let (world, account) = (ledger.head().world.clone(), Value::Null);
    let entry = Entry { number, descriptor, header, block: None, world, account };
    ledger.push(entry, &Changes::default());
}

/// A chain that has a state and no block of a node.
pub(super) fn of_state(file: &Arc<FileState>, protocol: &Protocol) -> Result<Ledger, ArchiveError> {
    let mut changes = values(file)?;
    let header = noted_header(file, protocol)?.unwrap_or_else(|| {
        let slot = Component::Slot.read(&**file, protocol).ok();
        Header { slot: slot.unwrap_or_default(), ..genesis::header(protocol) }
    });
    match last_recent(&**file, protocol) {
        None => genesis::begin_history(&mut changes, &header, protocol),
        Some(last) if last != header.hash(protocol) => {
            return Err(ArchiveError::UnknownHead(last));
        }
        Some(_) => {}
    }
    Ok(Ledger::new(*protocol, Genesis { changes, header, origin: None })?)
}
