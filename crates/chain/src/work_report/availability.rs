//! Availability specifications (`sec:availabiltyspecifier`, 0.7.2).

use jambox_codec::{Encode, encode_natural};
use jambox_erasure::{ErasureCode, Error};
use jambox_state::Blob;
use jambox_state::merkle::well_balanced;
use jambox_types::{AvailabilitySpec, Hash, Parameters, Protocol};

use super::segments::ExportedSegments;

/// Pages of proofs hold the hashes of 2^6 segments each (`eq:pagedproofs`, 0.7.2).
const PAGE_DEPTH: usize = 6;

/// The availability specification of a package: commitments to the auditors' bundle and to the
/// exported segments, with a chunk for each of `validators`.
///
/// # Errors
///
/// When the protocol has no erasure code for this number of validators.
pub fn specify_availability(
    package_hash: Hash,
    bundle: &[u8],
    exports: &ExportedSegments,
    validators: usize,
    protocol: &Protocol,
) -> Result<AvailabilitySpec, Error> {
    let erasure_shards = if protocol.rules().shards_in_availability { validators } else { 0 };
    let code = ErasureCode::new(protocol.data_shards(validators), validators)?;
    Ok(AvailabilitySpec {
        package_hash,
        bundle_length: u32::try_from(bundle.len()).unwrap_or(u32::MAX),
        erasure_root: erasure_root(code, bundle, exports, &protocol.parameters)?,
        erasure_shards: u16::try_from(erasure_shards).unwrap_or(u16::MAX),
        segment_root: exports.root(),
        segment_count: u16::try_from(exports.len()).unwrap_or(u16::MAX),
    })
}

/// Root of the tree with one leaf for each validator: the hash of its chunk of the bundle, and the
/// root over its chunks of the exported segments and their pages of proofs.
fn erasure_root(
    code: ErasureCode,
    bundle: &[u8],
    exports: &ExportedSegments,
    parameters: &Parameters,
) -> Result<Hash, Error> {
    let bundle_chunks = code.encode(bundle)?;
    let segment_roots = segment_chunk_roots(code, exports, parameters)?;
    let leaf = |(chunk, root): (&Vec<u8>, &Hash)| [Hash::blake2b(chunk).0, root.0].concat();
    let leaves: Vec<Vec<u8>> = bundle_chunks.iter().zip(&segment_roots).map(leaf).collect();
    Ok(well_balanced(&leaves, Hash::blake2b))
}

/// For each validator the root over its chunks of all segments. Without segments, the paper's
/// transposition of an empty sequence is read as an empty sequence for each validator, with root
/// zero.
fn segment_chunk_roots(
    code: ErasureCode,
    exports: &ExportedSegments,
    parameters: &Parameters,
) -> Result<Vec<Hash>, Error> {
    let pages = paged_proofs(exports, parameters);
    let segments: Vec<&Blob> = exports.segments().iter().chain(&pages).collect();
    // The code works on each word of the chunks independently. All segments are therefore encoded
    // at once, as one whose original chunks are the concatenations of theirs.
    let chunk_length = parameters.segment_size().checked_div(code.originals()).unwrap_or(0);
    let mut together = Vec::new();
    for index in 0..code.originals() {
        let start = index.saturating_mul(chunk_length);
        let end = start.saturating_add(chunk_length);
        for segment in &segments {
            together.extend_from_slice(segment.get(start..end).unwrap_or_default());
        }
    }
    let root = |chunks: &Vec<u8>| {
        let chunks: Vec<&[u8]> = chunks.chunks(chunk_length.max(1)).collect();
        well_balanced(&chunks, Hash::blake2b)
    };
    Ok(code.encode(&together)?.iter().map(root).collect())
}

/// Segments that hold, for each page of exported segments, the path from the segment root to the
/// page and the hashes in it (`eq:pagedproofs`, 0.7.2).
fn paged_proofs(exports: &ExportedSegments, parameters: &Parameters) -> Vec<Blob> {
    let pages = exports.leaves().chunks(1 << PAGE_DEPTH);
    let page = |(index, hashes): (usize, &[Hash])| {
        let first = u16::try_from(index << PAGE_DEPTH).unwrap_or(u16::MAX);
        let path = exports.justification(first);
        let above = path.len().saturating_sub(PAGE_DEPTH);
        let mut octets = Vec::new();
        for sequence in [path.get(..above).unwrap_or_default(), hashes] {
            encode_natural(sequence.len() as u64, &mut octets);
            Hash::encode_slice(sequence, &mut octets, &());
        }
        let size = parameters.segment_size().max(1);
        octets.resize(octets.len().next_multiple_of(size), 0);
        Blob::from(octets)
    };
    pages.enumerate().map(page).collect()
}
