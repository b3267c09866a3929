//! Records of a chain's file, and reading them.

use std::sync::Arc;

use jambox_chain::ExportedSegments;
use jambox_codec::{Decode, DecodeError, decode_all, decode_all_with, impl_codec};
use jambox_state::{Blob, StateError, StateKey};
use jambox_store::{FileState, StoreError};
use jambox_types::{CoreIndex, Hash, Protocol, ServiceId};
use serde_json::Value;

use crate::records::{Descriptor, Input, PackageRecord, Stage, Summary};

/// The note that holds the header which the next block descends from.
pub(super) const HEADER: &str = "header";
/// Kind of a record, the first octet of its key.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Kind {
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
    pub(super) fn of(self, hash: &Hash) -> StateKey {
        let mut key = [0; 31];
        let octets = std::iter::once(self as u8).chain(hash.0);
        key.iter_mut().zip(octets).for_each(|(to, from)| *to = from);
        StateKey(key)
    }

    /// The key of a record with a number, in whose order the keys are.
    pub(super) fn at(self, number: u64) -> StateKey {
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
    #[error("the file is not a chain of a node of this version: {what}: {error}")]
    Record {
        /// The record or part that cannot be read.
        what: &'static str,
        /// The decoder's reason.
        error: DecodeError,
    },
    /// Something that a record names is not there.
    #[error("the file is not a chain of a node of this version: {0} is missing")]
    Missing(&'static str),
    /// Something else added blocks to it.
    #[error("the chain's last block is {0}, whose header is not in the file")]
    UnknownHead(Hash),
}

/// Decodes a record or a part of one, named by `what`.
pub(super) fn read<T: Decode<()>>(what: &'static str, octets: &[u8]) -> Result<T, ArchiveError> {
    decode_all(octets).map_err(|error| ArchiveError::Record { what, error })
}

/// [`read`] of an encoding that depends on the protocol.
pub(super) fn read_with<T: Decode<Protocol>>(
    what: &'static str,
    octets: &[u8],
    protocol: &Protocol,
) -> Result<T, ArchiveError> {
    decode_all_with(octets, protocol).map_err(|error| ArchiveError::Record { what, error })
}

/// The head of the chain.
pub(super) struct HeadRecord {
    pub number: u64,
    pub root: Hash,
    pub next_order: u64,
    pub oldest_block: u64,
    pub oldest_order: u64,
}

/// A block.
pub(crate) struct BlockRecord {
    pub(super) descriptor: Descriptor,
    pub(super) root: Hash,
    pub(super) accumulation_root: Hash,
    /// The header of a block that has no more.
    pub(super) header: Vec<u8>,
    /// The whole block, if it has more than a header; else empty.
    pub(super) block: Vec<u8>,
    /// The account of its effects; empty for a block that did nothing.
    pub(super) account: Vec<u8>,
}

/// The input of a package, and its result in core.
pub(super) struct PackageBody {
    pub core: u16,
    pub report: Option<Vec<u8>>,
    pub account: Vec<u8>,
    pub input: Input,
}

/// The progress of a package.
pub(super) struct Progress {
    pub order: u64,
    pub reported: Option<Descriptor>,
    pub ready: Option<Descriptor>,
    pub accumulated: Option<Descriptor>,
    pub failed: Option<Vec<u8>>,
}

/// A preimage that waits.
pub(super) struct Waiting {
    pub service: ServiceId,
    pub data: Vec<u8>,
}

impl_codec!(HeadRecord { number, root, next_order, oldest_block, oldest_order });
impl_codec!(BlockRecord { descriptor, root, accumulation_root, header, block, account });
impl_codec!(PackageBody { core, report, account, input });
impl_codec!(Progress { order, reported, ready, accumulated, failed });
impl_codec!(Waiting { service, data });

impl BlockRecord {
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
