//! The state trie: a binary Patricia Merkle trie over keys of 31 octets.

use jambox_types::Hash;

use crate::StateKey;

const NODE: usize = 64;
const EMBEDDED: usize = 32;
const FIRST_BIT: u8 = 0b1000_0000;
const LEAF: u8 = 0b1000_0000;
const HASHED_LEAF: u8 = 0b1100_0000;

/// The root of the trie of `entries` (function `M` of `sec:statemerklization`, 0.7.2).
///
/// Of entries with the same key the last one counts.
pub fn root<V: AsRef<[u8]>>(entries: impl IntoIterator<Item = (StateKey, V)>) -> Hash {
    let mut leaves: Vec<(StateKey, [u8; NODE])> =
        entries.into_iter().map(|(key, value)| (key, leaf(&key, value.as_ref()))).collect();
    leaves.sort_by_key(|(key, _)| *key);
    leaves.reverse();
    leaves.dedup_by_key(|(key, _)| *key);
    leaves.reverse();
    subtrie(&leaves, 0)
}

/// The identity of the sub-trie of `leaves`, which are in order of their keys and agree on the
/// first `depth` bits.
fn subtrie(leaves: &[(StateKey, [u8; NODE])], depth: usize) -> Hash {
    match leaves {
        [] => Hash([0; 32]),
        [(_, node)] => Hash::blake2b(node),
        _ => {
            let middle = leaves.partition_point(|(key, _)| !bit(key, depth));
            let (left, right) = leaves.split_at(middle);
            let depth = depth.saturating_add(1);
            Hash::blake2b(&branch(&subtrie(left, depth), &subtrie(right, depth)))
        }
    }
}

fn bit(key: &StateKey, index: usize) -> bool {
    key.0.get(index / 8).is_some_and(|octet| octet & (FIRST_BIT >> (index % 8)) != 0)
}

fn branch(left: &Hash, right: &Hash) -> [u8; NODE] {
    let mut node = [0; NODE];
    node[..32].copy_from_slice(&left.0);
    node[32..].copy_from_slice(&right.0);
    node[0] &= !FIRST_BIT;
    node
}

fn leaf(key: &StateKey, value: &[u8]) -> [u8; NODE] {
    let mut node = [0; NODE];
    node[1..32].copy_from_slice(&key.0);
    if value.len() <= EMBEDDED {
        node[0] = LEAF | value.len() as u8;
        node[32..].iter_mut().zip(value).for_each(|(to, from)| *to = *from);
    } else {
        node[0] = HASHED_LEAF;
        node[32..].copy_from_slice(&Hash::blake2b(value).0);
    }
    node
}
