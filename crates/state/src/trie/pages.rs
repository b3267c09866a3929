//! The root of a trie that changes a little at a time.
//!
//! The trie is cut into pages, one for each place where paths part within the same four bits. A
//! page names what stands under it, leaves with their hashes and further pages with theirs, so a
//! change touches the pages on its path and no others. Stretches of a path where nothing parts
//! have no page.

use std::collections::BTreeMap;

use jambox_codec::{DecodeError, DecodeErrorKind, Encode, decode_all, impl_codec};
use jambox_types::Hash;

use super::{BitOrder, bit};
use crate::StateKey;

const ORDER: BitOrder = BitOrder::MostSignificantFirst;
const NIBBLES: u8 = 62;

/// Where a page is: the path that leads to it.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub struct PageKey {
    /// The path, zeros after its end.
    path: [u8; 31],
    /// Its length in steps of four bits.
    nibbles: u8,
}

impl PageKey {
    /// The first page, which always is.
    pub const ROOT: Self = Self { path: [0; 31], nibbles: 0 };

    fn new(key: &[u8; 31], nibbles: u8) -> Self {
        let mut path = [0; 31];
        let whole = usize::from(nibbles / 2);
        for (index, (to, from)) in path.iter_mut().zip(key).enumerate() {
            if index < whole {
                *to = *from;
            } else if index == whole && nibbles % 2 == 1 {
                *to = *from & 0xf0;
            }
        }
        Self { path, nibbles }
    }

    /// The form under which a store keeps it; pages of one path stand close together.
    #[must_use]
    pub fn to_octets(self) -> [u8; 32] {
        let mut octets = [0; 32];
        octets[..31].copy_from_slice(&self.path);
        octets[31] = self.nibbles;
        octets
    }
}

/// Where pages are read.
pub trait ReadPages {
    /// Why they cannot be read or written.
    type Error: From<DecodeError>;

    /// A page as it was written.
    ///
    /// # Errors
    ///
    /// The page cannot be read.
    fn page(&self, key: &PageKey) -> Result<Option<Vec<u8>>, Self::Error>;
}

/// Where pages are kept.
pub trait Pages: ReadPages {
    /// Writes (`Some`) or removes (`None`) a page.
    ///
    /// # Errors
    ///
    /// The page cannot be written.
    fn set_page(&mut self, key: &PageKey, page: Option<Vec<u8>>) -> Result<(), Self::Error>;
}

impl ReadPages for BTreeMap<PageKey, Vec<u8>> {
    type Error = DecodeError;

    fn page(&self, key: &PageKey) -> Result<Option<Vec<u8>>, DecodeError> {
        Ok(self.get(key).cloned())
    }
}

impl Pages for BTreeMap<PageKey, Vec<u8>> {
    fn set_page(&mut self, key: &PageKey, page: Option<Vec<u8>>) -> Result<(), DecodeError> {
        match page {
            Some(page) => drop(self.insert(*key, page)),
            None => drop(self.remove(key)),
        }
        Ok(())
    }
}

/// A leaf set (`Some`, the hash of its node) or removed (`None`).
type LeafChange = (StateKey, Option<Hash>);

/// Changes the trie that `pages` hold and gives its new root. Of changes of one key the last
/// counts; a key that is not there can be removed.
///
/// # Errors
///
/// Pages cannot be read, do not decode, or cannot be written.
pub fn update<P: Pages, V: AsRef<[u8]>>(
    pages: &mut P,
    changes: impl IntoIterator<Item = (StateKey, Option<V>)>,
) -> Result<Hash, P::Error> {
    let leaf = |(key, value): (StateKey, Option<V>)| {
        (key, value.map(|value| Hash::blake2b(&ORDER.leaf(&key, value.as_ref()))))
    };
    let changes: BTreeMap<StateKey, Option<Hash>> = changes.into_iter().map(leaf).collect();
    let changes: Vec<LeafChange> = changes.into_iter().collect();
    let mut root = read(pages, &PageKey::ROOT)?.unwrap_or_default();
    root.change(pages, 0, &changes)?;
    root.write(pages, PageKey::ROOT)?;
    Ok(root.hash(0))
}

/// The root of the trie that `pages` hold.
///
/// # Errors
///
/// The first page cannot be read or does not decode.
pub fn root<P: ReadPages>(pages: &P) -> Result<Hash, P::Error> {
    Ok(read(pages, &PageKey::ROOT)?.unwrap_or_default().hash(0))
}

/// What stands under a page, in the order of the paths.
#[derive(Clone, Debug, Default)]
struct Page {
    children: Vec<Child>,
}

/// A leaf, or a page further down.
#[derive(Clone, Debug)]
struct Child {
    /// The leaf's key, or the path to the page with zeros after its end.
    key: [u8; 31],
    /// The length of the path to the page in steps of four bits; that of a whole key for a leaf.
    nibbles: u8,
    /// The identity of the leaf, or of the sub-trie as it is where its page stands.
    hash: Hash,
}

impl_codec!(Child { key, nibbles, hash });

impl Child {
    fn leaf((key, hash): (StateKey, Hash)) -> Self {
        Self { key: key.0, nibbles: NIBBLES, hash }
    }

    fn is_leaf(&self) -> bool {
        self.nibbles >= NIBBLES
    }

    /// The identity of the sub-trie as it is at `depth` bits: branches with one empty side lead
    /// down to a page, and none to a leaf.
    fn hash_at(&self, depth: usize) -> Hash {
        if self.is_leaf() {
            return self.hash;
        }
        let bits = depth..usize::from(self.nibbles).saturating_mul(4);
        bits.rev().fold(self.hash, |hash, index| branch(bit(&self.key, index), hash))
    }
}

/// A branch whose other side is empty.
fn branch(is_right: bool, hash: Hash) -> Hash {
    let (left, right) = if is_right { (Hash::ZERO, hash) } else { (hash, Hash::ZERO) };
    Hash::blake2b(&ORDER.branch(&left, &right))
}

fn read<P: ReadPages>(pages: &P, key: &PageKey) -> Result<Option<Page>, P::Error> {
    let Some(octets) = pages.page(key)? else { return Ok(None) };
    Ok(Some(Page { children: decode_all(&octets)? }))
}

impl Page {
    fn write<P: Pages>(&self, pages: &mut P, key: PageKey) -> Result<(), P::Error> {
        let mut octets = Vec::with_capacity(self.children.len().saturating_mul(64));
        self.children.encode_to(&mut octets, &());
        pages.set_page(&key, Some(octets))
    }

    /// The identity of the sub-trie as it is where the page stands.
    fn hash(&self, nibbles: u8) -> Hash {
        let depth = usize::from(nibbles).saturating_mul(4);
        subtrie(&self.children, depth, depth.saturating_add(4))
    }

    /// Changes what stands under a page, further pages included; the page itself is not written.
    fn change<P: Pages>(
        &mut self,
        pages: &mut P,
        nibbles: u8,
        changes: &[LeafChange],
    ) -> Result<(), P::Error> {
        let mut rest = changes;
        while let Some((first, _)) = rest.first() {
            let step = nibble(&first.0, nibbles);
            let count = rest.partition_point(|(key, _)| nibble(&key.0, nibbles) == step);
            let (here, later) = rest.split_at(count);
            rest = later;
            let at = self.children.partition_point(|child| nibble(&child.key, nibbles) < step);
            let old = self.children.get(at).filter(|child| nibble(&child.key, nibbles) == step);
            let old = old.is_some().then(|| self.children.remove(at));
            if let Some(new) = change_child(pages, old, here)? {
                self.children.insert(at, new);
            }
        }
        Ok(())
    }

    /// What the page is to the one above: nothing, its only child, or itself, written.
    fn into_child<P: Pages>(
        mut self,
        pages: &mut P,
        key: PageKey,
        was_written: bool,
    ) -> Result<Option<Child>, P::Error> {
        if self.children.len() > 1 {
            self.write(pages, key)?;
            let hash = self.hash(key.nibbles);
            return Ok(Some(Child { key: key.path, nibbles: key.nibbles, hash }));
        }
        if was_written {
            pages.set_page(&key, None)?;
        }
        Ok(self.children.pop())
    }
}

/// Changes what stands under one step of a page.
fn change_child<P: Pages>(
    pages: &mut P,
    old: Option<Child>,
    changes: &[LeafChange],
) -> Result<Option<Child>, P::Error> {
    let leaves = || changes.iter().filter_map(|(key, hash)| Some((*key, (*hash)?)));
    let Some(old) = old else { return build(pages, &leaves().collect::<Vec<_>>()) };
    if old.is_leaf() {
        let key = StateKey(old.key);
        let is_kept = changes.iter().all(|(changed, _)| *changed != key);
        let kept = is_kept.then_some((key, old.hash));
        let mut all: Vec<_> = leaves().chain(kept).collect();
        all.sort_unstable_by_key(|(key, _)| *key);
        return build(pages, &all);
    }
    // How far the path to the page is also that of every leaf to be set. What is to be removed
    // elsewhere is not there.
    let shared = leaves().map(|(key, _)| common(&key.0, &old.key)).min().unwrap_or(NIBBLES);
    let depth = shared.min(old.nibbles);
    let is_below = |(key, _): &&LeafChange| common(&key.0, &old.key) >= depth;
    let changes: Vec<LeafChange> = changes.iter().filter(is_below).copied().collect();
    let is_split = shared < old.nibbles;
    let key = PageKey::new(&old.key, depth);
    let mut page =
        if is_split { Page { children: vec![old] } } else { read(pages, &key)?.ok_or(MISSING)? };
    page.change(pages, depth, &changes)?;
    page.into_child(pages, key, !is_split)
}

/// A page that another names is not there.
const MISSING: DecodeError =
    DecodeError { offset: 0, kind: DecodeErrorKind::UnexpectedEnd { needed: 1, available: 0 } };

/// The sub-trie of leaves, which are in order and share their next step.
fn build<P: Pages>(pages: &mut P, leaves: &[(StateKey, Hash)]) -> Result<Option<Child>, P::Error> {
    let (Some(first), Some(last)) = (leaves.first(), leaves.last()) else { return Ok(None) };
    if leaves.len() == 1 {
        return Ok(Some(Child::leaf(*first)));
    }
    let key = PageKey::new(&first.0.0, common(&first.0.0, &last.0.0));
    let mut page = Page::default();
    let mut rest = leaves;
    while let Some((next, _)) = rest.first() {
        let step = nibble(&next.0, key.nibbles);
        let count = rest.partition_point(|(leaf, _)| nibble(&leaf.0, key.nibbles) == step);
        let (here, later) = rest.split_at(count);
        rest = later;
        page.children.extend(build(pages, here)?);
    }
    page.into_child(pages, key, false)
}

/// The identity of the sub-trie of some children of a page at `depth` bits; the page's own step
/// ends at `end`.
fn subtrie(children: &[Child], depth: usize, end: usize) -> Hash {
    match children {
        [] => Hash::ZERO,
        [leaf] if leaf.is_leaf() => leaf.hash,
        [page] if depth >= end => page.hash_at(depth),
        _ => {
            let middle = children.partition_point(|child| !bit(&child.key, depth));
            let (left, right) = children.split_at(middle);
            let depth = depth.saturating_add(1);
            let (left, right) = (subtrie(left, depth, end), subtrie(right, depth, end));
            Hash::blake2b(&ORDER.branch(&left, &right))
        }
    }
}

/// The step that a path takes at a page.
fn nibble(key: &[u8; 31], index: u8) -> u8 {
    let octet = key.get(usize::from(index / 2)).copied().unwrap_or(0);
    if index.is_multiple_of(2) { octet >> 4 } else { octet & 0x0f }
}

/// How many steps two paths share.
fn common(a: &[u8; 31], b: &[u8; 31]) -> u8 {
    let same = a.iter().zip(b).take_while(|(a, b)| a == b).count();
    let steps = u8::try_from(same.saturating_mul(2)).unwrap_or(NIBBLES);
    if steps < NIBBLES && nibble(a, steps) == nibble(b, steps) {
        steps.saturating_add(1)
    } else {
        steps
    }
}
