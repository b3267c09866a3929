//! The file of a node's chain, with all that the node must not forget: the state after the last
//! block, as the commands of `jambox state` read it, segments that packages exported, and beside
//! it, as records, the blocks, the packages, and the packages and preimages that wait.
//!
//! Each thing that happens is one commit, there whole or not at all; nothing is acknowledged
//! before.

pub mod read;
mod resume;

use std::path::Path;

use jambox_codec::{encode, encode_with};
use jambox_state::{Blob, Changes};
use jambox_store::{Batch, Exports, FileStore, Record, StoreError};
use jambox_types::{Hash, Protocol};
use serde_json::Value;

use self::read::{
    ArchiveError, BlockRecord, HEADER, HeadRecord, Kind, PackageBody, Progress, Waiting, at_order,
    block, read,
};
use crate::genesis::Genesis;
use crate::ledger::{Entry, Ledger, Oldest};
use crate::records::{Input, PackageRecord, Stage, Summary};

/// Size of the cache, in octets. It is small: the states in use are in memory anyway.
const AT_HAND: usize = 8 << 20;

/// The file of a chain, or the memory that stands for one.
pub struct Archive {
    store: FileStore,
}

impl Archive {
    /// Opens the chain in the file. If there is none, a chain begins with `genesis`, in the file if
    /// one is named, in memory otherwise.
    ///
    /// # Errors
    ///
    /// The file cannot be used, is of another protocol, or has blocks that no node made.
    pub fn open<E: From<ArchiveError>>(
        path: Option<&Path>,
        protocol: &Protocol,
        genesis: impl FnOnce() -> Result<Genesis, E>,
    ) -> Result<(Self, Ledger), E> {
        let of_store = |error: StoreError| ArchiveError::Store(error);
        let store = match path {
            Some(path) if path.exists() => FileStore::open(path),
            Some(path) => FileStore::create(path, protocol),
            None => FileStore::in_memory(protocol),
        };
        let store = store.map_err(of_store)?;
        let expected = store.read().expect(Some(protocol.revision), Some(&protocol.parameters));
        expected.map_err(of_store)?;
        store.limit_memory(AT_HAND);
        let archive = Self { store };
        if !archive.store.read().is_empty() {
            let ledger = archive.ledger(protocol)?;
            return Ok((archive, ledger));
        }
        // An empty file: a process was killed between its creation and the first commit.
        let genesis = genesis()?;
        let mut ledger = Ledger::new(*protocol, genesis).map_err(ArchiveError::State)?;
        archive.keep(&mut ledger)?;
        Ok((archive, ledger))
    }

    /// The ledger of a node that goes on with the file.
    fn ledger(&self, protocol: &Protocol) -> Result<Ledger, ArchiveError> {
        let file = self.store.read();
        let mut ledger = match file.record(&Kind::Head.of(&Hash::ZERO))? {
            Some(head) => resume::of_node(&file, &read("the head", &head)?, protocol)?,
            None => resume::of_state(&file, protocol)?,
        };
        if ledger.unkept.blocks_from.is_some() {
            self.keep(&mut ledger)?;
        }
        Ok(ledger)
    }

    /// Commits the changes of the ledger. They are on disk when this returns.
    ///
    /// # Errors
    ///
    /// The file cannot be written; it is then as it was, and so is the ledger.
    pub fn keep(&self, ledger: &mut Ledger) -> Result<(), ArchiveError> {
        let records = records(ledger);
        let header = encode_with(&ledger.head().header, &ledger.protocol);
        self.store.write_all(&Batch {
            changes: &ledger.unkept.changes,
            exports: &ledger.unkept.exports,
            forgotten: &[],
            notes: &[(HEADER, header)],
            records: &records,
        })?;
        ledger.kept(self.store.read());
        Ok(())
    }

    /// Keeps octets that are no longer in use, so that [`revert`](Self::revert) can go back to
    /// them; `false` ends that.
    pub fn hold(&self, is_held: bool) {
        self.store.leave_uncompacted(is_held);
    }

    /// Goes back to the commit that a ledger was read from.
    ///
    /// # Errors
    ///
    /// The file cannot be written.
    pub fn revert(&self, ledger: &mut Ledger) -> Result<(), ArchiveError> {
        if let Some(file) = &ledger.file {
            self.store.revert(file)?;
        }
        ledger.file = Some(self.store.read());
        Ok(())
    }

    /// The whole chain, to be carried elsewhere.
    ///
    /// # Errors
    ///
    /// The file cannot be read.
    pub fn octets(&self) -> Result<Vec<u8>, ArchiveError> {
        Ok(self.store.octets()?)
    }

    /// Replaces the chain by another one, whose file's octets these are.
    ///
    /// # Errors
    ///
    /// The octets are no chain, one of another protocol, or damaged. The chain stays as it was.
    pub fn replace(&self, octets: Vec<u8>, protocol: &Protocol) -> Result<Ledger, ArchiveError> {
        let tried = Self { store: FileStore::in_memory(protocol)? };
        tried.store.replace_by(octets)?;
        tried.ledger(protocol)?;
        self.store.replace_by(tried.octets()?)?;
        self.ledger(protocol)
    }

    /// Forgets all blocks but the last, and the packages that are not under way.
    ///
    /// # Errors
    ///
    /// The file cannot be read or written.
    pub fn prune(&self, ledger: &mut Ledger) -> Result<(), ArchiveError> {
        let file = self.store.read();
        let mut records: Vec<Record> = Vec::new();
        let head = ledger.head().number;
        for number in ledger.oldest.block..head {
            let Some(block) = block(&file, number)? else { continue };
            records.push((Kind::Block.at(number), None));
            records.push((Kind::Number.of(&block.descriptor.hash), None));
        }
        let is_used = |package: &Hash| ledger.in_memory(package).is_some();
        for order in ledger.oldest.order..ledger.next_order {
            let Some(package) = at_order(&file, order)?.filter(|package| !is_used(package)) else {
                continue;
            };
            let record = read::package(&file, &package, &ledger.protocol)?;
            records.push((Kind::Order.at(order), None));
            records.push((Kind::Package.of(&package), None));
            records.push((Kind::Progress.of(&package), None));
            if let Some(record) = record {
                records.push((Kind::Report.of(&record.report_hash), None));
            }
        }
        let exports = file.packages()?;
        let used = |root: &Hash| exports.iter().any(|(package, of)| of == root && is_used(package));
        let forgotten: Vec<(Hash, Hash)> = exports
            .iter()
            .filter(|(package, root)| !is_used(package) && !used(root))
            .map(|(package, root)| (*package, *root))
            .collect();
        let orders = ledger.under_way().map(|(_, record)| record.order);
        let order = orders.min().unwrap_or(ledger.next_order);
        ledger.oldest = Oldest { block: head, order };
        records.push(head_record(ledger));
        self.store.write_all(&Batch {
            changes: &Changes::default(),
            exports: &[],
            forgotten: &forgotten,
            notes: &[],
            records: &records,
        })?;
        self.store.compact()?;
        ledger.file = Some(self.store.read());
        Ok(())
    }
}

/// The head of the chain as a record.
fn head_record(ledger: &Ledger) -> Record {
    let head = ledger.head();
    let record = HeadRecord {
        number: head.number,
        root: head.world.root,
        next_order: ledger.next_order,
        oldest_block: ledger.oldest.block,
        oldest_order: ledger.oldest.order,
    };
    (Kind::Head.of(&Hash::ZERO), Some(encode(&record)))
}

/// Records of everything that is not in the file yet.
fn records(ledger: &Ledger) -> Vec<Record> {
    let mut records = vec![head_record(ledger)];
    let new = ledger.unkept.blocks_from.into_iter();
    let new = new.flat_map(|first| first..=ledger.head().number).filter_map(|it| ledger.at(it));
    for entry in new {
        let block = encode(&block_record(ledger, entry));
        records.push((Kind::Block.at(entry.number), Some(block)));
        let number = encode(&entry.number);
        records.push((Kind::Number.of(&entry.descriptor.hash), Some(number)));
    }
    for order in &ledger.unkept.left {
        records.push((Kind::Order.at(*order), None));
        records.push((Kind::UnderWay.at(*order), None));
    }
    for (package, is_new) in &ledger.unkept.packages {
        let Some(record) = ledger.in_memory(package) else { continue };
        if *is_new {
            records.extend(new_package(package, record, &ledger.protocol));
        }
        records.push((Kind::Progress.of(package), Some(encode(&progress(record)))));
        let under_way = record.is_under_way().then(|| encode(package));
        records.push((Kind::UnderWay.at(record.order), under_way));
    }
    for ((service, data), waits) in &ledger.unkept.preimages {
        let waiting = encode(&Waiting { service: *service, data: data.to_vec() });
        let key = Kind::Preimage.of(&Hash::blake2b(&waiting));
        records.push((key, waits.then_some(waiting)));
    }
    records
}

/// A block as a record.
fn block_record(ledger: &Ledger, entry: &Entry) -> BlockRecord {
    let Summary { descriptor, root, accumulation_root, .. } = ledger.summary_of(entry);
    let protocol = &ledger.protocol;
    let (header, block) = match &entry.block {
        Some(block) => (Vec::new(), encode_with(block, protocol)),
        None => (encode_with(&entry.header, protocol), Vec::new()),
    };
    let has_extrinsic = entry.block.as_ref().is_some_and(|it| it.extrinsic != Default::default());
    let ran = entry.account.get("accumulate").and_then(Value::as_array);
    let is_quiet = !has_extrinsic && ran.is_none_or(Vec::is_empty);
    let account = if is_quiet { Vec::new() } else { entry.account.to_string().into_bytes() };
    BlockRecord { descriptor, root, accumulation_root, header, block, account }
}

fn new_package(package: &Hash, record: &PackageRecord, protocol: &Protocol) -> Vec<Record> {
    let body = PackageBody {
        core: record.core.0,
        report: record.report.as_ref().map(|report| encode_with(&**report, protocol)),
        account: record.in_core.to_string().into_bytes(),
        input: Input::clone(&record.input),
    };
    let mut records = vec![
        (Kind::Package.of(package), Some(encode(&body))),
        (Kind::Order.at(record.order), Some(encode(package))),
    ];
    if record.report.is_some() {
        records.push((Kind::Report.of(&record.report_hash), Some(encode(package))));
    }
    records
}

fn progress(record: &PackageRecord) -> Progress {
    let (reported, ready) = match record.stage {
        Stage::Reported(reported) => (Some(reported), None),
        Stage::Ready { reported, ready } => (Some(reported), Some(ready)),
        Stage::Submitted | Stage::Failed(_) => (None, None),
    };
    let failed = match &record.stage {
        Stage::Failed(reason) => Some(reason.clone().into_bytes()),
        Stage::Submitted | Stage::Reported(_) | Stage::Ready { .. } => None,
    };
    Progress { order: record.order, reported, ready, accumulated: record.accumulated, failed }
}

/// Exported segments of a package, as the file keeps them; `None` if there are none.
pub(crate) fn exports(package: Hash, root: Hash, segments: &[Blob]) -> Option<Exports> {
    let all: Vec<u8> = segments.concat();
    (!segments.is_empty()).then(|| Exports { package, root, segments: all.into() })
}
