//! Work packages, the orders of builders to a core.

use alloc::collections::BTreeSet;
use alloc::vec::Vec;

use jambox_codec::{Decode, DecodeError, Encode, Reader, encode_natural, encode_with, impl_codec};

use crate::{Gas, Hash, Revised, ServiceId, TimeSlot};

/// Chain state assumed by a package's evaluation (`eq:workcontext`, 0.7.2).
#[derive(Debug, Clone, PartialEq, Eq, Default)]
pub struct RefineContext {
    /// Hash of the anchor block's header.
    pub anchor: Hash,
    /// Slot of the anchor block; 0 under revisions whose contexts lack it.
    pub anchor_slot: TimeSlot,
    /// State root after the anchor block.
    pub state_root: Hash,
    /// Root of the accumulation-output log after the anchor block.
    pub accumulation_root: Hash,
    /// Hash of the lookup anchor's header: preimages are looked up as of this block.
    pub lookup_anchor: Hash,
    /// Slot of the lookup anchor.
    pub lookup_anchor_slot: TimeSlot,
    /// State root after the lookup anchor; zeros under revisions whose contexts lack it.
    pub lookup_anchor_state_root: Hash,
    /// Hashes of the packages to be reported before.
    pub prerequisites: BTreeSet<Hash>,
}

impl_codec!(RefineContext for Revised {
    anchor,
    anchor_slot if anchor_slot_in_context,
    state_root,
    accumulation_root,
    lookup_anchor,
    lookup_anchor_slot,
    lookup_anchor_state_root if lookup_state_root_in_context,
    prerequisites,
});

/// Identification of the segments that an import is taken from.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub enum ImportSource {
    /// Root of the tree of segments.
    SegmentRoot(Hash),
    /// Hash of the package that exported the segments.
    WorkPackage(Hash),
}

/// A segment to import (`eq:workitem`, 0.7.2).
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub struct ImportSpec {
    source: ImportSource,
    index: u16,
}

impl ImportSpec {
    /// End of the valid indices. The next higher bit is used in the encoding to tell the two kinds
    /// of source apart.
    const INDEX_END: u16 = 1 << 15;

    /// The segment of this index; `None` from 2^15 on.
    #[must_use]
    pub const fn new(source: ImportSource, index: u16) -> Option<Self> {
        if index < Self::INDEX_END { Some(Self { source, index }) } else { None }
    }

    /// The exported segments that the segment is one of.
    #[must_use]
    pub const fn source(&self) -> ImportSource {
        self.source
    }

    /// Index of the segment among them.
    #[must_use]
    pub const fn index(&self) -> u16 {
        self.index
    }
}

impl<C: ?Sized> Encode<C> for ImportSpec {
    fn encode_to(&self, out: &mut Vec<u8>, context: &C) {
        let (hash, mark) = match self.source {
            ImportSource::SegmentRoot(hash) => (hash, 0),
            ImportSource::WorkPackage(hash) => (hash, Self::INDEX_END),
        };
        hash.encode_to(out, context);
        (self.index | mark).encode_to(out, context);
    }
}

impl<C: ?Sized> Decode<C> for ImportSpec {
    fn decode(reader: &mut Reader<'_>, context: &C) -> Result<Self, DecodeError> {
        let hash = Hash::decode(reader, context)?;
        let marked = u16::decode(reader, context)?;
        let index = marked & !Self::INDEX_END;
        let source = if marked == index {
            ImportSource::SegmentRoot(hash)
        } else {
            ImportSource::WorkPackage(hash)
        };
        Ok(Self { source, index })
    }
}

/// An extrinsic blob of a package, by hash and length (`eq:workitem`, 0.7.2).
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct ExtrinsicSpec {
    /// Hash of the blob.
    pub hash: Hash,
    /// Length of the blob, in octets.
    pub length: u32,
}

impl_codec!(ExtrinsicSpec { hash, length });

/// A work item: work for one service (`eq:workitem`, 0.7.2).
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct WorkItem {
    /// The service.
    pub service: ServiceId,
    /// Hash of the service's code at the time of reporting.
    pub code_hash: Hash,
    /// Gas for refine.
    pub refine_gas_limit: Gas,
    /// Gas for accumulate.
    pub accumulate_gas_limit: Gas,
    /// Number of exported segments.
    pub export_count: u16,
    /// Input of refine, opaque to the protocol.
    pub payload: Vec<u8>,
    /// Segments that the item imports.
    pub imports: Vec<ImportSpec>,
    /// Extrinsic blobs of the item.
    pub extrinsics: Vec<ExtrinsicSpec>,
}

impl_codec!(WorkItem {
    service,
    code_hash,
    refine_gas_limit,
    accumulate_gas_limit,
    export_count,
    payload,
    imports,
    extrinsics,
});

impl WorkItem {
    /// Summary of the item for `fetch` kinds 11 and 12: the fields of fixed size, and the sizes of
    /// the others. 62 octets (`fetch`, 0.7.2).
    #[must_use]
    pub fn summary(&self) -> Vec<u8> {
        let mut out = Vec::new();
        self.summary_to(&mut out);
        out
    }

    fn summary_to(&self, out: &mut Vec<u8>) {
        self.service.encode_to(out, &());
        self.code_hash.encode_to(out, &());
        self.refine_gas_limit.encode_to(out, &());
        self.accumulate_gas_limit.encode_to(out, &());
        self.export_count.encode_to(out, &());
        low_half(self.imports.len()).encode_to(out, &());
        low_half(self.extrinsics.len()).encode_to(out, &());
        low_word(self.payload.len()).encode_to(out, &());
    }
}

/// A work package (`eq:workpackage`, 0.7.2).
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct WorkPackage {
    /// The service whose preimages hold the authorizer's code.
    pub auth_code_host: ServiceId,
    /// Hash of the authorizer's code.
    pub auth_code_hash: Hash,
    /// Chain state assumed by the package.
    pub context: RefineContext,
    /// Input of the authorizer: the evidence that the package may use the core.
    pub auth_token: Vec<u8>,
    /// Configuration of the authorizer's code.
    pub auth_config: Vec<u8>,
    /// Work items.
    pub items: Vec<WorkItem>,
}

impl_codec!(WorkPackage for Revised {
    auth_code_host,
    auth_code_hash,
    context,
    auth_token,
    auth_config,
    items,
});

impl WorkPackage {
    /// Hash of the package's encoding: its name in other packages and in its report.
    #[must_use]
    pub fn hash(&self, revised: &(impl Revised + ?Sized)) -> Hash {
        Hash::blake2b(&encode_with(self, revised))
    }

    /// The authorizer: hash of its code hash and configuration (`sec:packagesanditems`, 0.7.2).
    #[must_use]
    pub fn authorizer(&self) -> Hash {
        Hash::blake2b_of(&[self.auth_code_hash.as_ref(), &self.auth_config])
    }

    /// Summaries of all items, the value of `fetch` kind 11.
    #[must_use]
    pub fn summaries(&self) -> Vec<u8> {
        let mut out = Vec::new();
        encode_natural(self.items.len() as u64, &mut out);
        for item in &self.items {
            item.summary_to(&mut out);
        }
        out
    }
}

/// Low two octets of a length. Longer lengths are beyond every limit of a package.
fn low_half(length: usize) -> u16 {
    u16::try_from(length).unwrap_or(u16::MAX)
}

/// Low four octets of a length. Longer lengths are beyond every limit of a package.
fn low_word(length: usize) -> u32 {
    u32::try_from(length).unwrap_or(u32::MAX)
}
