//! Work packages: what a builder asks a core to do.

use alloc::collections::BTreeSet;
use alloc::vec::Vec;

use jambox_codec::{Decode, DecodeError, Encode, Reader, encode_natural, encode_with, impl_codec};

use crate::{Gas, Hash, Revised, ServiceId, TimeSlot};

/// The chain as it was where a package was evaluated (`eq:workcontext`).
#[derive(Debug, Clone, PartialEq, Eq, Default)]
pub struct RefineContext {
    /// The header hash of the anchor block.
    pub anchor: Hash,
    /// The slot of the anchor block; 0 under revisions whose contexts do not name it.
    pub anchor_slot: TimeSlot,
    /// The state root after the anchor block.
    pub state_root: Hash,
    /// The root of the accumulation-output log after the anchor block.
    pub accumulation_root: Hash,
    /// The header hash of the block at which preimages are looked up.
    pub lookup_anchor: Hash,
    /// The slot of that block.
    pub lookup_anchor_slot: TimeSlot,
    /// The state root after that block; zeros under revisions whose contexts do not name it.
    pub lookup_anchor_state_root: Hash,
    /// Hashes of the packages that must be reported before.
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

/// What identifies the segments that an import is taken from.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub enum ImportSource {
    /// The root of the tree of segments.
    SegmentRoot(Hash),
    /// The hash of the package that exported them.
    WorkPackage(Hash),
}

/// A segment to import (`eq:workitem`, 0.7.2).
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub struct ImportSpec {
    source: ImportSource,
    index: u16,
}

impl ImportSpec {
    /// The first number that is no index: the bit that it would set tells the kinds of source
    /// apart.
    const INDEX_END: u16 = 1 << 15;

    /// The segment of this index; there are none from 2^15 on.
    #[must_use]
    pub const fn new(source: ImportSource, index: u16) -> Option<Self> {
        if index < Self::INDEX_END { Some(Self { source, index }) } else { None }
    }

    /// Where the segment is taken from.
    #[must_use]
    pub const fn source(&self) -> ImportSource {
        self.source
    }

    /// The index of the segment there.
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

/// A blob that is handed in along with a package (`eq:workitem`, 0.7.2).
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct ExtrinsicSpec {
    /// Its hash.
    pub hash: Hash,
    /// Its length in octets.
    pub length: u32,
}

impl_codec!(ExtrinsicSpec { hash, length });

/// A piece of work for one service (`eq:workitem`, 0.7.2).
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct WorkItem {
    /// The service that does the work.
    pub service: ServiceId,
    /// The hash of its code at the time of reporting.
    pub code_hash: Hash,
    /// Gas for refine.
    pub refine_gas_limit: Gas,
    /// Gas for accumulate.
    pub accumulate_gas_limit: Gas,
    /// Segments that the item exports.
    pub export_count: u16,
    /// What the service is given to work on.
    pub payload: Vec<u8>,
    /// Segments that the item imports.
    pub imports: Vec<ImportSpec>,
    /// Blobs handed in for the item.
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
    /// The summary that `fetch` gives for kinds 11 and 12: the item without its variable parts,
    /// whose sizes it names. 62 octets (`fetch`, 0.7.2).
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

/// A package of work for a core (`eq:workpackage`, 0.7.2).
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct WorkPackage {
    /// The service that hosts the authorizer's code.
    pub auth_code_host: ServiceId,
    /// The hash of the authorizer's code.
    pub auth_code_hash: Hash,
    /// The chain as the package sees it.
    pub context: RefineContext,
    /// What proves to the authorizer that the package may use the core.
    pub auth_token: Vec<u8>,
    /// What the authorizer's code is configured with.
    pub auth_config: Vec<u8>,
    /// The work.
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
    /// The hash of the package's encoding, by which other packages and its report name it.
    #[must_use]
    pub fn hash(&self, revised: &(impl Revised + ?Sized)) -> Hash {
        Hash::blake2b(&encode_with(self, revised))
    }

    /// The authorizer: the hash of code hash and configuration (`sec:packagesanditems`, 0.7.2).
    #[must_use]
    pub fn authorizer(&self) -> Hash {
        Hash::blake2b_of(&[self.auth_code_hash.as_ref(), &self.auth_config])
    }

    /// The summaries of all items as `fetch` gives them for kind 11.
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

/// A length in two octets; lengths that need more are beyond every limit of a package.
fn low_half(length: usize) -> u16 {
    u16::try_from(length).unwrap_or(u16::MAX)
}

/// A length in four octets; lengths that need more are beyond every limit of a package.
fn low_word(length: usize) -> u32 {
    u32::try_from(length).unwrap_or(u32::MAX)
}
