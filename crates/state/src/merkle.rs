//! Merkle trees over sequences of blobs: the commitments of `sec:merklization`, 0.7.2. The state
//! [trie](crate::trie) is not one of them.

use jambox_types::Hash;

/// A hash function.
pub type HashFunction = fn(&[u8]) -> Hash;

/// The root of the well-balanced tree (`eq:simplemerkleroot`, 0.7.2).
#[must_use]
pub fn well_balanced<T: AsRef<[u8]>>(blobs: &[T], hash: HashFunction) -> Hash {
    match blobs {
        [] => Hash::ZERO,
        [blob] => hash(blob.as_ref()),
        _ => inner(blobs, hash),
    }
}

/// The root of the constant-depth tree (`eq:constantdepthmerkleroot`, 0.7.2).
#[must_use]
pub fn constant_depth<T: AsRef<[u8]>>(blobs: &[T], hash: HashFunction) -> Hash {
    let leaf = |blob: &T| hash(&[b"leaf", blob.as_ref()].concat());
    let mut leaves: Vec<Hash> = blobs.iter().map(leaf).collect();
    leaves.resize(blobs.len().next_power_of_two(), Hash::ZERO);
    match *leaves.as_slice() {
        [only] => only,
        _ => inner(&leaves, hash),
    }
}

/// Appends a leaf to a Merkle mountain range, given by its peaks (`eq:mmrappend`, 0.7.2).
pub fn append(peaks: &mut Vec<Option<Hash>>, leaf: Hash, hash: HashFunction) {
    let mut carried = leaf;
    for peak in peaks.iter_mut() {
        match peak.take() {
            Some(left) => carried = hash(&[left.0, carried.0].concat()),
            None => {
                *peak = Some(carried);
                return;
            }
        }
    }
    peaks.push(Some(carried));
}

/// The commitment to a Merkle mountain range (`sec:mmr`, 0.7.2).
#[must_use]
pub fn super_peak(peaks: &[Option<Hash>]) -> Hash {
    let joined = |low: Hash, high: Hash| Hash::keccak(&[b"peak", &low.0[..], &high.0].concat());
    peaks.iter().copied().flatten().reduce(joined).unwrap_or(Hash::ZERO)
}

/// Hash of a node with two children (`eq:merklenode`, 0.7.2).
fn inner<T: AsRef<[u8]>>(blobs: &[T], hash: HashFunction) -> Hash {
    let (left, right) = blobs.split_at(blobs.len().div_ceil(2));
    let mut node = b"node".to_vec();
    for half in [left, right] {
        match half {
            [blob] => node.extend_from_slice(blob.as_ref()),
            _ => node.extend_from_slice(&inner(half, hash).0),
        }
    }
    hash(&node)
}
