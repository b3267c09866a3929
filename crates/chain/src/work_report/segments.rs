//! Exported segments of a package, for imports.

use std::sync::Arc;

use jambox_state::Blob;
use jambox_types::{Hash, Parameters};

/// All exported segments of one package, with the tree over them (`eq:constantdepthmerkleroot`,
/// 0.7.2).
#[derive(Clone, Debug)]
pub struct ExportedSegments {
    segments: Vec<Blob>,
    /// Levels of the tree, from the leaves to the root.
    levels: Vec<Vec<Hash>>,
}

/// Error: a segment of the wrong length.
#[derive(Clone, Copy, Debug, PartialEq, Eq, thiserror::Error)]
#[error("segment {index} has {length} octets: expected {expected}")]
pub struct BadSegment {
    /// Index of the segment.
    pub index: usize,
    /// Length of the segment, in octets.
    pub length: usize,
    /// Length of segments, in octets.
    pub expected: usize,
}

impl ExportedSegments {
    /// All exported segments of a package, in order.
    ///
    /// # Errors
    ///
    /// When one has the wrong length.
    pub fn new(segments: Vec<Blob>, parameters: &Parameters) -> Result<Self, BadSegment> {
        let expected = parameters.segment_size();
        let lengths = segments.iter().map(|segment| segment.len()).enumerate();
        for (index, length) in lengths {
            if length != expected {
                return Err(BadSegment { index, length, expected });
            }
        }
        Ok(Self::of_size(segments))
    }

    /// The tree over segments of the right length.
    pub(super) fn of_size(segments: Vec<Blob>) -> Self {
        let leaf = |segment: &Blob| Hash::blake2b_of(&[b"leaf", segment]);
        let mut level: Vec<Hash> = segments.iter().map(leaf).collect();
        level.resize(segments.len().next_power_of_two(), Hash::ZERO);
        let mut levels = vec![level];
        while let Some(level) = levels.last().filter(|level| level.len() > 1) {
            let pairs = level.as_chunks::<2>().0.iter();
            let above = pairs.map(|[left, right]| node(left, right)).collect();
            levels.push(above);
        }
        Self { segments, levels }
    }

    /// The segment root, which identifies the segments in imports.
    #[must_use]
    pub fn root(&self) -> Hash {
        self.levels.last().and_then(|level| level.first()).copied().unwrap_or(Hash::ZERO)
    }

    /// The segments.
    #[must_use]
    pub fn segments(&self) -> &[Blob] {
        &self.segments
    }

    /// Hashes of the segments: the leaves of the tree, without its padding.
    #[must_use]
    pub fn leaves(&self) -> &[Hash] {
        let leaves = self.levels.first().map_or(&[][..], Vec::as_slice);
        leaves.get(..self.segments.len()).unwrap_or(leaves)
    }

    /// Number of segments.
    #[must_use]
    pub fn len(&self) -> usize {
        self.segments.len()
    }

    /// True if there are no segments.
    #[must_use]
    pub fn is_empty(&self) -> bool {
        self.segments.is_empty()
    }

    /// The segment with this index; `None` beyond the last.
    #[must_use]
    pub fn get(&self, index: u16) -> Option<Blob> {
        self.segments.get(usize::from(index)).map(Arc::clone)
    }

    /// Justification of a segment: the hashes, from the top down, that prove it against the root
    /// (`eq:constantdepthsubtreemerklejust` with pages of one segment, 0.7.2).
    #[must_use]
    pub fn justification(&self, index: u16) -> Vec<Hash> {
        let below_root = self.levels.split_last().map_or(&[][..], |(_, below)| below);
        let mut position = usize::from(index);
        let mut path = Vec::new();
        for level in below_root {
            path.push(level.get(position ^ 1).copied().unwrap_or(Hash::ZERO));
            position >>= 1;
        }
        path.reverse();
        path
    }
}

/// Hash of a node with two children (`eq:merklenode`, 0.7.2).
fn node(left: &Hash, right: &Hash) -> Hash {
    Hash::blake2b_of(&[b"node", left.as_ref(), right.as_ref()])
}
