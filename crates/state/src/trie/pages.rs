//! A trie with incremental updates, in pages that are never changed.
//!
//! A page covers one nibble (four bits) of a path: all branches of the trie within the nibble. Its
//! children are leaves and further pages, each with its hash. Runs of nibbles without a branch have
//! no page.
//!
//! An update writes new pages along the changed paths and shares all others, so a reader with an
//! earlier root sees the earlier trie.

use std::collections::BTreeMap;
use std::fmt::Debug;
use std::sync::Arc;

use jambox_types::Hash;

pub use super::path::{NIBBLES, Path};
use super::path::{common, nibble};
use super::{BitOrder, bit};
use crate::StateKey;

const ORDER: BitOrder = BitOrder::MostSignificantFirst;

/// Read access to pages.
pub trait Pages {
    /// Error of reading or writing.
    type Error;
    /// Address of a page.
    type PageAt: Clone + Debug;
    /// Address of a leaf's value.
    type ValueAt: Clone + Debug;

    /// Reads a page.
    ///
    /// # Errors
    ///
    /// When the page cannot be read, or is not the page with this hash.
    fn page(
        &self,
        path: &Path,
        at: &Self::PageAt,
        hash: &Hash,
    ) -> Result<Arc<PageOf<Self>>, Self::Error>;
}

/// Write access to pages.
pub trait WritePages: Pages {
    /// Writes a page.
    ///
    /// # Errors
    ///
    /// When the page cannot be written.
    fn add_page(&mut self, path: &Path, page: PageOf<Self>) -> Result<Self::PageAt, Self::Error>;

    /// Records that a page is no longer part of the trie.
    fn drop_page(&mut self, at: &Self::PageAt);

    /// Records that the value of a leaf is no longer part of the trie.
    fn drop_value(&mut self, at: &Self::ValueAt);
}

/// The page type of `P`.
pub type PageOf<P> = Page<<P as Pages>::PageAt, <P as Pages>::ValueAt>;
type ChildOf<P> = Child<<P as Pages>::PageAt, <P as Pages>::ValueAt>;

/// A trie: the address of its first page, and its root.
#[derive(Clone, Debug)]
pub struct Root<At> {
    /// Address of the first page.
    pub at: At,
    /// The root.
    pub hash: Hash,
}

/// A value set (`Some`, with the hash of its [leaf](leaf_hash)) or removed (`None`) under a key.
pub type LeafChange<V> = (StateKey, Option<(Hash, V)>);

/// Identity of a leaf.
#[must_use]
pub fn leaf_hash(key: &StateKey, value: &[u8]) -> Hash {
    Hash::blake2b(&ORDER.leaf(key, value))
}

/// A page: its children, in the order of their paths.
#[derive(Clone, Debug)]
pub struct Page<P, V> {
    children: Vec<Child<P, V>>,
}

/// A leaf, or a page further down.
#[derive(Clone, Debug)]
pub struct Child<P, V> {
    /// Key of the leaf, or path to the page with zeros after its end.
    pub key: [u8; 31],
    /// Identity of the leaf, or of the sub-trie at the page's own depth.
    pub hash: Hash,
    /// Kind and address of the child.
    pub place: Place<P, V>,
}

/// Kind and address of a child.
#[derive(Clone, Debug)]
pub enum Place<P, V> {
    /// A leaf, with the address of its value.
    Leaf(V),
    /// A page: the length of its path in nibbles, and its address.
    Page(u8, P),
}

/// Updates a trie and returns the new one. Of changes of one key the last counts. Removing an
/// absent key changes nothing.
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

/// The leaf of a key: its hash, and the address of its value; `None` if there is none.
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
    // Every page is deeper than the one before, so the loop ends.
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

/// An item found by a walk.
#[derive(Debug)]
pub enum Met<'a, P: Pages + ?Sized> {
    /// A leaf: its key, its hash, and the address of its value.
    Leaf(StateKey, Hash, &'a P::ValueAt),
    /// A page that cannot be read, with its path and the error.
    Lost(Path, P::Error),
}

/// Visits the leaves of a trie in the order of their keys. Sub-tries under paths for which `enter`
/// is false are skipped.
///
/// # Errors
///
/// Errors of `visit`.
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
                // Only deeper pages are entered, so the walk ends.
                if below.nibbles > path.nibbles && enter(&below) {
                    walk_page(pages, (&below, at, &child.hash), enter, visit)?;
                }
            }
        }
    }
    Ok(())
}

impl<P, V> Child<P, V> {
    /// Identity of the sub-trie at `depth` bits: from the child's own depth up, each level is a
    /// branch with one empty side. A leaf has the same identity at every depth.
    fn hash_at(&self, depth: usize) -> Hash {
        let Place::Page(nibbles, _) = self.place else { return self.hash };
        let bits = depth..usize::from(nibbles).saturating_mul(4);
        bits.rev().fold(self.hash, |hash, index| branch(bit(&self.key, index), hash))
    }

    fn is_leaf(&self) -> bool {
        matches!(self.place, Place::Leaf(_))
    }
}

/// Identity of a branch with one empty side.
fn branch(is_right: bool, hash: Hash) -> Hash {
    let (left, right) = if is_right { (Hash::ZERO, hash) } else { (hash, Hash::ZERO) };
    Hash::blake2b(&ORDER.branch(&left, &right))
}

impl<P, V> Page<P, V> {
    /// A page with these children; `None` unless they are in the order of different nibbles and all
    /// below the path.
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

    /// The children, in the order of their paths.
    #[must_use]
    pub fn children(&self) -> &[Child<P, V>] {
        &self.children
    }

    /// Identity of the sub-trie at the page's own depth.
    #[must_use]
    pub fn hash(&self, nibbles: u8) -> Hash {
        let depth = usize::from(nibbles).saturating_mul(4);
        subtrie(&self.children, depth, depth.saturating_add(4))
    }
}

impl<At: Clone + Debug, V: Clone + Debug> Page<At, V> {
    /// Applies changes to the children, and writes new pages below. The page itself is not written.
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

    /// The page as a child of its parent: `None` if it is empty, its only child, or itself,
    /// written.
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

/// Leaves of a sub-trie, in order.
type Leaves<V> = Vec<(StateKey, Hash, V)>;

/// Applies changes to one child of a page, all of them with the child's nibble.
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
    // Number of nibbles common to the page's path and every leaf to be set. Removals on other paths
    // are of absent keys.
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

/// Builds the sub-trie of leaves, which are in order and share their next nibble.
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

/// Identity of the sub-trie of some children at `depth` bits. The page's nibble ends at bit `end`.
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

/// Pages in memory, each held by its parent pages.
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
