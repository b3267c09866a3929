//! The file of a node's chain, with all that the node must not forget: the state after the last
//! block, as the commands of `jambox state` read it, segments that packages exported, and beside
//! it, as records, the blocks, the packages, and the packages and preimages that wait.
//!
//! Each thing that happens is one commit, there whole or not at all; nothing is acknowledged
//! before.

mod resume;

use std::path::Path;
use std::sync::Arc;

use jambox_chain::ExportedSegments;
use jambox_codec::{
    Decode, DecodeError, decode_all, decode_all_with, encode, encode_with, impl_codec,
};
use jambox_state::{Blob, Changes, StateError, StateKey};
use jambox_store::{Batch, Exports, FileState, FileStore, Record, StoreError};
use jambox_types::{CoreIndex, Hash, Protocol, ServiceId};
use serde_json::Value;

use crate::genesis::Genesis;
use crate::ledger::{Descriptor, Entry, Input, Ledger, Oldest, PackageRecord, Stage, Summary};

/// The note that holds the header which the next block descends from.
const HEADER: &str = "header";
/// Octets of memory for what was read or written last: the states in use are in memory anyway.
const AT_HAND: usize = 8 << 20;

/// Kind of a record, the first octet of its key.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum Kind {
    /// The head of the chain.
    Head,
    /// A block, by its number.
    Block,
    /// The number of a block, by its hash.
    Number,
    /// The input of a package and its result in core, by its hash.
    Package,
    /// The progress of a package, by its hash.
    Progress,
    /// The hash of a package, by its place in the order.
    Order,
    /// The hash of a package that is under way, by its place in the order.
    UnderWay,
    /// The hash of a package, by the hash of its report.
    Report,
    /// A preimage that waits, by the hash of all that it is.
    Preimage,
}

impl Kind {
    /// The key of a record with a hash.
    fn of(self, hash: &Hash) -> StateKey {
        let mut key = [0; 31];
        let octets = std::iter::once(self as u8).chain(hash.0);
        key.iter_mut().zip(octets).for_each(|(to, from)| *to = from);
        StateKey(key)
    }

    /// The key of a record with a number, in whose order the keys are.
    fn at(self, number: u64) -> StateKey {
        let mut hash = Hash::ZERO;
        hash.0.iter_mut().zip(number.to_be_bytes()).for_each(|(to, from)| *to = from);
        self.of(&hash)
    }
}

/// The reason why a chain's file cannot be used.
#[derive(Debug, thiserror::Error)]
pub enum ArchiveError {
    /// The file cannot be read or written, is of another protocol, or is damaged.
    #[error(transparent)]
    Store(#[from] StoreError),
    /// The state in it cannot be read.
    #[error(transparent)]
    State(#[from] StateError),
    /// The contents of a record are not as a node writes them.
    #[error("the chain is no chain of a node of this version: {what}: {error}")]
    Record {
        /// The record or part that cannot be read.
        what: &'static str,
        /// The decoder's reason.
        error: DecodeError,
    },
    /// Something that a record names is not there.
    #[error("the chain is no chain of a node of this version: {0} is missing")]
    Missing(&'static str),
    /// Something else added blocks to it.
    #[error("the chain's last block is {0}, whose header is not in the file")]
    UnknownHead(Hash),
}

fn read<T: Decode<()>>(what: &'static str, octets: &[u8]) -> Result<T, ArchiveError> {
    decode_all(octets).map_err(|error| ArchiveError::Record { what, error })
}

fn read_with<T: Decode<Protocol>>(
    what: &'static str,
    octets: &[u8],
    protocol: &Protocol,
) -> Result<T, ArchiveError> {
    decode_all_with(octets, protocol).map_err(|error| ArchiveError::Record { what, error })
}

/// The head of the chain.
struct HeadRecord {
    number: u64,
    root: Hash,
    next_order: u64,
    oldest_block: u64,
    oldest_order: u64,
}

/// A block.
pub(crate) struct BlockRecord {
    descriptor: Descriptor,
    root: Hash,
    accumulation_root: Hash,
    /// The header of a block that has no more.
    header: Vec<u8>,
    /// The whole block, if it has more than a header; else empty.
    block: Vec<u8>,
    /// The account of its effects; empty for a block that did nothing.
    account: Vec<u8>,
}

/// The input of a package, and its result in core.
struct PackageBody {
    core: u16,
    report: Option<Vec<u8>>,
    account: Vec<u8>,
    input: Input,
}

/// The progress of a package.
struct Progress {
    order: u64,
    reported: Option<Descriptor>,
    ready: Option<Descriptor>,
    accumulated: Option<Descriptor>,
    failed: Option<Vec<u8>>,
}

/// A preimage that waits.
struct Waiting {
    service: ServiceId,
    data: Vec<u8>,
}

impl_codec!(HeadRecord { number, root, next_order, oldest_block, oldest_order });
impl_codec!(BlockRecord { descriptor, root, accumulation_root, header, block, account });
impl_codec!(PackageBody { core, report, account, input });
impl_codec!(Progress { order, reported, ready, accumulated, failed });
impl_codec!(Waiting { service, data });

impl BlockRecord {
    fn new(ledger: &Ledger, entry: &Entry) -> Self {
        let Summary { descriptor, root, accumulation_root, .. } = ledger.summary_of(entry);
        let protocol = &ledger.protocol;
        let (header, block) = match &entry.block {
            Some(block) => (Vec::new(), encode_with(block, protocol)),
            None => (encode_with(&entry.header, protocol), Vec::new()),
        };
        let has_extrinsic =
            entry.block.as_ref().is_some_and(|it| it.extrinsic != Default::default());
        let ran = entry.account.get("accumulate").and_then(Value::as_array);
        let is_quiet = !has_extrinsic && ran.is_none_or(Vec::is_empty);
        let account = if is_quiet { Vec::new() } else { entry.account.to_string().into_bytes() };
        Self { descriptor, root, accumulation_root, header, block, account }
    }

    pub(crate) const fn summary(&self, number: u64) -> Summary {
        let Self { descriptor, root, accumulation_root, .. } = *self;
        Summary { number, descriptor, root, accumulation_root }
    }

    /// The account of the block's effects; `None` if it did nothing.
    pub(crate) fn account(&self) -> Result<Option<Value>, ArchiveError> {
        if self.account.is_empty() { Ok(None) } else { json_of(&self.account).map(Some) }
    }
}

fn json_of(octets: &[u8]) -> Result<Value, ArchiveError> {
    serde_json::from_slice(octets).map_err(|_| ArchiveError::Missing("an account"))
}

/// The block of a number.
pub(crate) fn block(file: &FileState, number: u64) -> Result<Option<BlockRecord>, ArchiveError> {
    let octets = file.record(&Kind::Block.at(number))?;
    octets.map(|octets| read("a block", &octets)).transpose()
}

/// The block of a hash.
pub(crate) fn summary(file: &FileState, hash: &Hash) -> Result<Option<Summary>, ArchiveError> {
    let Some(octets) = file.record(&Kind::Number.of(hash))? else { return Ok(None) };
    let number: u64 = read("the number of a block", &octets)?;
    let block = block(file, number)?.ok_or(ArchiveError::Missing("a block"))?;
    Ok(Some(block.summary(number)).filter(|summary| summary.descriptor.hash == *hash))
}

/// A package that was handed in.
pub(crate) fn package(
    file: &FileState,
    package: &Hash,
    protocol: &Protocol,
) -> Result<Option<PackageRecord>, ArchiveError> {
    let Some(body) = file.record(&Kind::Package.of(package))? else { return Ok(None) };
    let body: PackageBody = read("a package", &body)?;
    let progress = file.record(&Kind::Progress.of(package))?;
    let progress = progress.ok_or(ArchiveError::Missing("how far a package is"))?;
    let progress: Progress = read("how far a package is", &progress)?;
    let report: Option<jambox_types::WorkReport> =
        body.report.map(|octets| read_with("a report", &octets, protocol)).transpose()?;
    let stage = match (progress.failed, progress.reported, progress.ready) {
        (Some(reason), ..) => Stage::Failed(String::from_utf8_lossy(&reason).into_owned()),
        (None, Some(reported), Some(ready)) => Stage::Ready { reported, ready },
        (None, Some(reported), None) => Stage::Reported(reported),
        (None, None, _) => Stage::Submitted,
    };
    Ok(Some(PackageRecord {
        core: CoreIndex(body.core),
        stage,
        report_hash: report.as_ref().map_or(Hash::ZERO, |report| report.hash(protocol)),
        report: report.map(Arc::new),
        in_core: Arc::new(json_of(&body.account)?),
        input: Arc::new(body.input),
        accumulated: progress.accumulated,
        order: progress.order,
    }))
}

/// The package at a place in the order.
pub(crate) fn at_order(file: &FileState, order: u64) -> Result<Option<Hash>, ArchiveError> {
    let octets = file.record(&Kind::Order.at(order))?;
    octets.map(|octets| read("a package in the order", &octets)).transpose()
}

/// The package of a report.
pub(crate) fn package_of(file: &FileState, report: &Hash) -> Result<Option<Hash>, ArchiveError> {
    let octets = file.record(&Kind::Report.of(report))?;
    octets.map(|octets| read("the package of a report", &octets)).transpose()
}

/// The segments that a package exported, or those of a segment root.
pub(crate) fn segments(
    file: &FileState,
    hash: &Hash,
    protocol: &Protocol,
) -> Result<Option<ExportedSegments>, ArchiveError> {
    let root = file.segment_root(hash)?.unwrap_or(*hash);
    let Some(all) = file.exports(&root)? else { return Ok(None) };
    let size = protocol.parameters.segment_size();
    let segments = all.chunks(size.max(1)).map(Blob::from).collect();
    let segments = ExportedSegments::new(segments, &protocol.parameters);
    segments.map(Some).map_err(|_| ArchiveError::Missing("a part of what a package exported"))
}

/// The file of a chain, or the memory that stands for one.
pub struct Archive {
    store: FileStore,
}

impl Archive {
    /// A chain: the one in the file if it is there, else the one that begins with `genesis`, kept
    /// in the file if one is named.
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
        // A file in which nothing is yet is what a process left that was killed before it began.
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

    /// Writes down what happened; it lasts when this returns.
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

    /// Has what is not in use any more stay, so that ledgers can be come back to; or not any more.
    pub fn hold(&self, is_held: bool) {
        self.store.leave_uncompacted(is_held);
    }

    /// Goes back to what a ledger was made of.
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

    /// Puts a chain that was carried here in the place of all that there is.
    ///
    /// # Errors
    ///
    /// It is no chain, one of another protocol, or damaged; the own one then stays.
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
            let record = self::package(&file, &package, &ledger.protocol)?;
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
        let block = encode(&BlockRecord::new(ledger, entry));
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
