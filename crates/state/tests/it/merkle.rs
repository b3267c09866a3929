//! Merkle trees, spelt out by hand from `sec:merklization`.

use jambox_state::merkle::{constant_depth, well_balanced};
use jambox_types::Hash;

fn hash(parts: &[&[u8]]) -> Hash {
    Hash::blake2b(&parts.concat())
}

#[test]
fn well_balanced_trees() {
    let root = |blobs: &[&[u8]]| well_balanced(blobs, Hash::blake2b);
    assert_eq!(root(&[]), Hash::ZERO);
    assert_eq!(root(&[b"a"]), hash(&[b"a"]));
    assert_eq!(root(&[b"a", b"b"]), hash(&[b"node", b"a", b"b"]));
    let left = hash(&[b"node", b"a", b"b"]);
    assert_eq!(root(&[b"a", b"b", b"c"]), hash(&[b"node", &left.0, b"c"]));
    assert_eq!(well_balanced(&[b"a"], Hash::keccak), Hash::keccak(b"a"));
}

#[test]
fn constant_depth_trees() {
    let root = |blobs: &[&[u8]]| constant_depth(blobs, Hash::blake2b);
    let [a, b, c] = [b"a", b"b", b"c"].map(|blob| hash(&[b"leaf", blob]));
    assert_eq!(root(&[]), Hash::ZERO);
    assert_eq!(root(&[b"a"]), a);
    let left = hash(&[b"node", &a.0, &b.0]);
    assert_eq!(root(&[b"a", b"b"]), left);
    let right = hash(&[b"node", &c.0, &Hash::ZERO.0]);
    assert_eq!(root(&[b"a", b"b", b"c"]), hash(&[b"node", &left.0, &right.0]));
}
