//! A trie that changes a little at a time.
//!
//! The trie is cut into pages, one for each place where paths part within the same four bits. A
//! page names what stands under it: leaves with their hashes, and further pages with theirs. A page
//! is never changed. A change makes the pages of its path anew and leaves the others alone, so that
//! whoever holds an earlier root sees the earlier trie. Stretches of a path where nothing parts
//! have no page.

use std::collections::BTreeMap;
use std::fmt::Debug;
use std::sync::Arc;

use jambox_types::Hash;

use super::{BitOrder, bit};
use crate::StateKey;

const ORDER: BitOrder = BitOrder::MostSignificantFirst;
/// The length of a whole key in steps of four bits.
pub const NIBBLES: u8 = 62;

/// The path that leads to a page.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, PartialOrd, Ord)]
pub struct Path {
    /// Its octets, zeros after its end.
    pub octets: [u8; 31],
    /// Its length in steps of four bits.
    pub nibbles: u8,
}

impl Path {
    /// The path to the first page.
    pub const ROOT: Self = Self { octets: [0; 31], nibbles: 0 };

    fn new(key: &[u8; 31], nibbles: u8) -> Self {
        let mut octets = [0; 31];
        let whole = usize::from(nibbles / 2);
        for (index, (to, from)) in octets.iter_mut().zip(key).enumerate() {
            if index < whole {
                *to = *from;
            } else if index == whole && nibbles % 2 == 1 {
                *to = *from & 0xf0;
            }
        }
        Self { octets, nibbles }
    }

    /// The part of `key` on this path that is known, as octets and the bits of each that count.
    fn known(&self, index: usize) -> u8 {
        match usize::from(self.nibbles).saturating_sub(index.saturating_mul(2)) {
            0 => 0,
            1 => 0xf0,
            _ => 0xff,
        }
    }

    /// Whether keys whose octets at the even places of the first eight are `octets` can be on it.
    /// Those are the places where a key has its service.
    #[must_use]
    pub fn may_lead_to(&self, octets: [u8; 4]) -> bool {
        octets.iter().enumerate().all(|(index, octet)| {
            let index = index.saturating_mul(2);
            let found = self.octets.get(index).copied().unwrap_or(0);
            (found ^ octet) & self.known(index) == 0
        })
    }
}

/// Where pages are read.
pub trait Pages {
    /// Why they cannot be read or written.
    type Error;
    /// Where a page is.
    type PageAt: Clone + Debug;
    /// Where the value of a leaf is.
    type ValueAt: Clone + Debug;

    /// A page as it was written.
    ///
    /// # Errors
    ///
    /// The page cannot be read, or is not the one whose hash this is.
    fn page(
        &self,
        path: &Path,
        at: &Self::PageAt,
        hash: &Hash,
    ) -> Result<Arc<PageOf<Self>>, Self::Error>;
}

/// Where pages are kept.
pub trait WritePages: Pages {
    /// Keeps a page.
    ///
    /// # Errors
    ///
    /// The page cannot be written.
    fn add_page(&mut self, path: &Path, page: PageOf<Self>) -> Result<Self::PageAt, Self::Error>;

    /// Takes note that a page is no longer part of the trie.
    fn drop_page(&mut self, at: &Self::PageAt);

    /// Takes note that the value of a leaf is no longer part of the trie.
    fn drop_value(&mut self, at: &Self::ValueAt);
}

/// A page of some pages.
pub type PageOf<P> = Page<<P as Pages>::PageAt, <P as Pages>::ValueAt>;
type ChildOf<P> = Child<<P as Pages>::PageAt, <P as Pages>::ValueAt>;

/// A trie: where its first page is, and its root.
#[derive(Clone, Debug)]
pub struct Root<At> {
    /// Where the first page is.
    pub at: At,
    /// The root.
    pub hash: Hash,
}

/// A value set (`Some`, with the hash of its [leaf](leaf_hash)) or removed (`None`) under a key.
pub type LeafChange<V> = (StateKey, Option<(Hash, V)>);

/// The identity of a leaf.
#[must_use]
pub fn leaf_hash(key: &StateKey, value: &[u8]) -> Hash {
    Hash::blake2b(&ORDER.leaf(key, value))
}

/// What stands under a page, in the order of the paths.
#[derive(Clone, Debug)]
pub struct Page<P, V> {
    children: Vec<Child<P, V>>,
}

/// A leaf, or a page further down.
#[derive(Clone, Debug)]
pub struct Child<P, V> {
    /// The leaf's key, or the path to the page with zeros after its end.
    pub key: [u8; 31],
    /// The identity of the leaf, or of the sub-trie as it is where its page stands.
    pub hash: Hash,
    /// Which of the two it is.
    pub place: Place<P, V>,
}

/// Where what a child stands for is.
#[derive(Clone, Debug)]
pub enum Place<P, V> {
    /// The value of a leaf.
    Leaf(V),
    /// A page, and the length of the path to it in steps of four bits.
    Page(u8, P),
}

/// Changes a trie and gives the one that comes of it. Of changes of one key the last counts; a key
/// that is not there can be removed.
///
/// # Errors
///
/// Pages cannot be read or written.
pub fn update<P: WritePages>(
    pages: &mut P,
    root: Option<&Root<P::PageAt>>,
    changes: impl IntoIterator<Item = LeafChange<P::ValueAt>>,
) -> Result<Root<P::PageAt>, P::Error> {
    let changes: BTreeMap<StateKey, _> = changes.into_iter().collect();
    let changes: Vec<LeafChange<P::ValueAt>> = changes.into_iter().collect();
    let mut page = match root {
        Some(root) => Page::clone(&*pages.page(&Path::ROOT, &root.at, &root.hash)?),
        None => Page { children: Vec::new() },
    };
    page.change(pages, 0, &changes)?;
    if let Some(root) = root {
        pages.drop_page(&root.at);
    }
    let hash = page.hash(0);
    Ok(Root { at: pages.add_page(&Path::ROOT, page)?, hash })
}

/// The leaf of a key: its hash, and where its value is.
///
/// # Errors
///
/// Pages cannot be read.
pub fn find<P: Pages + ?Sized>(
    pages: &P,
    root: &Root<P::PageAt>,
    key: &StateKey,
) -> Result<Option<(Hash, P::ValueAt)>, P::Error> {
    let mut page = pages.page(&Path::ROOT, &root.at, &root.hash)?;
    let mut depth = 0;
    // Every page is deeper than the one before, so this ends.
    loop {
        let step = nibble(&key.0, depth);
        let Some(child) = page.children.iter().find(|child| nibble(&child.key, depth) == step)
        else {
            return Ok(None);
        };
        match &child.place {
            Place::Leaf(at) => {
                return Ok((child.key == key.0).then(|| (child.hash, at.clone())));
            }
            Place::Page(nibbles, at) => {
                if *nibbles <= depth || common(&child.key, &key.0) < *nibbles {
                    return Ok(None);
                }
                depth = *nibbles;
                let path = Path { octets: child.key, nibbles: depth };
                page = pages.page(&path, at, &child.hash)?;
            }
        }
    }
}

/// What is met on a walk.
#[derive(Debug)]
pub enum Met<'a, P: Pages + ?Sized> {
    /// A leaf: its key, its hash, where its value is.
    Leaf(StateKey, Hash, &'a P::ValueAt),
    /// A page that cannot be read, and why.
    Lost(Path, P::Error),
}

/// Goes through the leaves of a trie in the order of their keys, but for what is under paths that
/// `enter` does not want.
///
/// # Errors
///
/// What `visit` fails with.
pub fn walk<P: Pages + ?Sized, E>(
    pages: &P,
    root: &Root<P::PageAt>,
    enter: &dyn Fn(&Path) -> bool,
    visit: &mut dyn FnMut(Met<'_, P>) -> Result<(), E>,
) -> Result<(), E> {
    walk_page(pages, (&Path::ROOT, &root.at, &root.hash), enter, visit)
}

fn walk_page<P: Pages + ?Sized, E>(
    pages: &P,
    (path, at, hash): (&Path, &P::PageAt, &Hash),
    enter: &dyn Fn(&Path) -> bool,
    visit: &mut dyn FnMut(Met<'_, P>) -> Result<(), E>,
) -> Result<(), E> {
    let page = match pages.page(path, at, hash) {
        Ok(page) => page,
        Err(error) => return visit(Met::Lost(*path, error)),
    };
    for child in &page.children {
        match &child.place {
            Place::Leaf(at) => {
                if enter(&Path { octets: child.key, nibbles: NIBBLES }) {
                    visit(Met::Leaf(StateKey(child.key), child.hash, at))?;
                }
            }
            Place::Page(nibbles, at) => {
                let below = Path { octets: child.key, nibbles: *nibbles };
                // Deeper than the page itself, so that the walk ends.
                if below.nibbles > path.nibbles && enter(&below) {
                    walk_page(pages, (&below, at, &child.hash), enter, visit)?;
                }
            }
        }
    }
    Ok(())
}

impl<P, V> Child<P, V> {
    /// The identity of the sub-trie as it is at `depth` bits: branches with one empty side lead
    /// down to a page, and none to a leaf.
    fn hash_at(&self, depth: usize) -> Hash {
        let Place::Page(nibbles, _) = self.place else { return self.hash };
        let bits = depth..usize::from(nibbles).saturating_mul(4);
        bits.rev().fold(self.hash, |hash, index| branch(bit(&self.key, index), hash))
    }

    fn is_leaf(&self) -> bool {
        matches!(self.place, Place::Leaf(_))
    }
}

/// A branch whose other side is empty.
fn branch(is_right: bool, hash: Hash) -> Hash {
    let (left, right) = if is_right { (Hash::ZERO, hash) } else { (hash, Hash::ZERO) };
    Hash::blake2b(&ORDER.branch(&left, &right))
}

impl<P, V> Page<P, V> {
    /// A page of what stands under it, if that can be: no two on one step, all of them on the path
    /// and further down.
    #[must_use]
    pub fn new(path: &Path, children: Vec<Child<P, V>>) -> Option<Self> {
        let step = |child: &Child<P, V>| nibble(&child.key, path.nibbles);
        let is_ordered = children.is_sorted_by(|a, b| step(a) < step(b));
        let is_below = children.iter().all(|child| {
            let length = match child.place {
                Place::Leaf(_) => NIBBLES,
                Place::Page(nibbles, _) => nibbles,
            };
            length > path.nibbles
                && length <= NIBBLES
                && common(&child.key, &path.octets) >= path.nibbles
        });
        (is_ordered && is_below).then_some(Self { children })
    }

    /// What stands under it.
    #[must_use]
    pub fn children(&self) -> &[Child<P, V>] {
        &self.children
    }

    /// The identity of the sub-trie as it is where the page stands.
    #[must_use]
    pub fn hash(&self, nibbles: u8) -> Hash {
        let depth = usize::from(nibbles).saturating_mul(4);
        subtrie(&self.children, depth, depth.saturating_add(4))
    }
}

impl<At: Clone + Debug, V: Clone + Debug> Page<At, V> {
    /// Changes what stands under a page, further pages included; the page itself is not written.
    fn change<P: WritePages<PageAt = At, ValueAt = V>>(
        &mut self,
        pages: &mut P,
        nibbles: u8,
        changes: &[LeafChange<V>],
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
    fn into_child<P: WritePages<PageAt = At, ValueAt = V>>(
        mut self,
        pages: &mut P,
        path: Path,
    ) -> Result<Option<Child<At, V>>, P::Error> {
        if self.children.len() <= 1 {
            return Ok(self.children.pop());
        }
        let hash = self.hash(path.nibbles);
        let at = pages.add_page(&path, self)?;
        Ok(Some(Child { key: path.octets, hash, place: Place::Page(path.nibbles, at) }))
    }
}

/// Leaves to be built a sub-trie of, in order.
type Leaves<V> = Vec<(StateKey, Hash, V)>;

/// Changes what stands under one step of a page.
fn change_child<P: WritePages>(
    pages: &mut P,
    old: Option<ChildOf<P>>,
    changes: &[LeafChange<P::ValueAt>],
) -> Result<Option<ChildOf<P>>, P::Error> {
    let set = |(key, leaf): &LeafChange<P::ValueAt>| {
        let (hash, at) = leaf.as_ref()?;
        Some((*key, *hash, at.clone()))
    };
    let leaves = || changes.iter().filter_map(set);
    let Some(old) = old else { return build(pages, &leaves().collect::<Vec<_>>()) };
    let (nibbles, at) = match &old.place {
        Place::Leaf(at) => {
            let key = StateKey(old.key);
            let mut all: Leaves<P::ValueAt> = leaves().collect();
            if changes.iter().all(|(changed, _)| *changed != key) {
                all.push((key, old.hash, at.clone()));
                all.sort_unstable_by_key(|(key, ..)| *key);
            } else {
                pages.drop_value(at);
            }
            return build(pages, &all);
        }
        Place::Page(nibbles, at) => (*nibbles, at.clone()),
    };
    // How far the path to the page is also that of every leaf to be set. What is to be removed
    // elsewhere is not there.
    let shared = leaves().map(|(key, ..)| common(&key.0, &old.key)).min().unwrap_or(NIBBLES);
    let depth = shared.min(nibbles);
    let is_below = |(key, _): &&LeafChange<P::ValueAt>| common(&key.0, &old.key) >= depth;
    let below: Vec<_> = changes.iter().filter(is_below).cloned().collect();
    if below.is_empty() {
        return Ok(Some(old));
    }
    let path = Path::new(&old.key, depth);
    let mut page = if shared < nibbles {
        Page { children: vec![old] }
    } else {
        let page = Page::clone(&*pages.page(&path, &at, &old.hash)?);
        pages.drop_page(&at);
        page
    };
    page.change(pages, depth, &below)?;
    page.into_child(pages, path)
}

/// The sub-trie of leaves, which are in order and share their next step.
fn build<P: WritePages>(
    pages: &mut P,
    leaves: &[(StateKey, Hash, P::ValueAt)],
) -> Result<Option<ChildOf<P>>, P::Error> {
    let (Some(first), Some(last)) = (leaves.first(), leaves.last()) else { return Ok(None) };
    if leaves.len() == 1 {
        let (StateKey(key), hash, at) = first.clone();
        return Ok(Some(Child { key, hash, place: Place::Leaf(at) }));
    }
    let path = Path::new(&first.0.0, common(&first.0.0, &last.0.0));
    let mut children = Vec::new();
    let mut rest = leaves;
    while let Some((next, ..)) = rest.first() {
        let step = nibble(&next.0, path.nibbles);
        let count = rest.partition_point(|(leaf, ..)| nibble(&leaf.0, path.nibbles) == step);
        let (here, later) = rest.split_at(count);
        rest = later;
        children.extend(build(pages, here)?);
    }
    Page { children }.into_child(pages, path)
}

/// The sub-trie of some children of a page at `depth` bits; the page's own step ends at `end`.
fn subtrie<P, V>(children: &[Child<P, V>], depth: usize, end: usize) -> Hash {
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

/// Pages in memory, each held by the ones that name it.
#[derive(Clone, Copy, Debug, Default)]
pub struct MemoryPages;

/// A page in memory.
#[derive(Clone, Debug)]
pub struct MemoryPage(Arc<Page<MemoryPage, ()>>);

impl Pages for MemoryPages {
    type Error = std::convert::Infallible;
    type PageAt = MemoryPage;
    type ValueAt = ();

    fn page(&self, _: &Path, at: &MemoryPage, _: &Hash) -> Result<Arc<PageOf<Self>>, Self::Error> {
        Ok(Arc::clone(&at.0))
    }
}

impl WritePages for MemoryPages {
    fn add_page(&mut self, _: &Path, page: PageOf<Self>) -> Result<MemoryPage, Self::Error> {
        Ok(MemoryPage(Arc::new(page)))
    }

    fn drop_page(&mut self, _: &MemoryPage) {}

    fn drop_value(&mut self, (): &()) {}
}
