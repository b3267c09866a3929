//! The state trie: a binary Patricia Merkle trie over keys of 31 octets.

pub mod pages;
mod path;

use std::collections::BTreeMap;

use jambox_types::Hash;

use crate::StateKey;

const NODE: usize = 64;
const EMBEDDED: usize = 32;
/// The bit cleared in branches and set in leaves.
const NOT_BRANCH_MARK: u8 = 0b10;
const EMBEDDED_LEAF_MARK: u8 = 0b10;
const HASHED_LEAF_MARK: u8 = 0b11;

/// Order of the bits of an octet in a path.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum BitOrder {
    /// The paper's order, from 0.7.2 on.
    MostSignificantFirst,
    /// The order of earlier revisions, in which the public `trie` vectors are still written.
    LeastSignificantFirst,
}

/// The root of the trie of `entries` (function `M` of `sec:statemerklization`, 0.7.2).
///
/// Of entries with the same key the last counts.
pub fn root<V: AsRef<[u8]>>(entries: impl IntoIterator<Item = (StateKey, V)>) -> Hash {
    root_in(BitOrder::MostSignificantFirst, entries)
}

/// [`root`] with the bits in another order.
pub fn root_in<V: AsRef<[u8]>>(
    order: BitOrder,
    entries: impl IntoIterator<Item = (StateKey, V)>,
) -> Hash {
    let node = |(key, value): (StateKey, V)| (order.path(&key), order.leaf(&key, value.as_ref()));
    let leaves: BTreeMap<_, _> = entries.into_iter().map(node).collect();
    order.subtrie(&leaves.into_iter().collect::<Vec<_>>(), 0)
}

impl BitOrder {
    /// The bits of a key in the order of the trie's levels, from the root down.
    fn path(self, key: &StateKey) -> [u8; 31] {
        match self {
            Self::MostSignificantFirst => key.0,
            Self::LeastSignificantFirst => key.0.map(u8::reverse_bits),
        }
    }

    /// An octet with the two bits of `mark` first, then six bits of `rest`.
    fn head(self, mark: u8, rest: u8) -> u8 {
        match self {
            Self::MostSignificantFirst => mark << 6 | rest,
            Self::LeastSignificantFirst => mark.reverse_bits() >> 6 | rest << 2,
        }
    }

    /// Identity of the sub-trie of `leaves`, which are in the order of their paths and share the
    /// first `depth` bits.
    fn subtrie(self, leaves: &[([u8; 31], [u8; NODE])], depth: usize) -> Hash {
        match leaves {
            [] => Hash::ZERO,
            [(_, node)] => Hash::blake2b(node),
            _ => {
                let middle = leaves.partition_point(|(path, _)| !bit(path, depth));
                let (left, right) = leaves.split_at(middle);
                let depth = depth.saturating_add(1);
                Hash::blake2b(&self.branch(&self.subtrie(left, depth), &self.subtrie(right, depth)))
            }
        }
    }

    fn branch(self, left: &Hash, right: &Hash) -> [u8; NODE] {
        let mut node = [0; NODE];
        node[..32].copy_from_slice(&left.0);
        node[32..].copy_from_slice(&right.0);
        node[0] &= !self.head(NOT_BRANCH_MARK, 0);
        node
    }

    fn leaf(self, key: &StateKey, value: &[u8]) -> [u8; NODE] {
        let mut node = [0; NODE];
        node[1..32].copy_from_slice(&key.0);
        match u8::try_from(value.len()) {
            Ok(length) if value.len() <= EMBEDDED => {
                node[0] = self.head(EMBEDDED_LEAF_MARK, length);
                node[32..].iter_mut().zip(value).for_each(|(to, from)| *to = *from);
            }
            _ => {
                node[0] = self.head(HASHED_LEAF_MARK, 0);
                node[32..].copy_from_slice(&Hash::blake2b(value).0);
            }
        }
        node
    }
}

fn bit(path: &[u8; 31], index: usize) -> bool {
    path.get(index / 8).is_some_and(|octet| octet << (index % 8) & 0b1000_0000 != 0)
}
