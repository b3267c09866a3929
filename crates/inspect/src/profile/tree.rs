//! The tree of calls, with the gas of each instruction in each call.

use std::collections::BTreeMap;

use jambox_symbols::{Frame, Symbols};
use jambox_types::Hash;

use super::{FrameKind, Profile, ProfileFrame, Spent, Stack};

/// Name of the row for instructions without a place in the source.
const UNKNOWN: &str = "code without symbols";

/// Beginning of the compiler's names for files of the standard library.
const STANDARD_LIBRARY: &str = "/rust/";

/// The largest number of nodes, and the largest depth. Gas of a call beyond either counts for its
/// nearest caller in the tree.
const MOST_NODES: usize = 1 << 15;
const DEEPEST: usize = 128;

/// Edge from a node to a node below it.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub(super) enum Edge {
    /// A call by the instruction at a pc.
    Call { at: u64, to: u64 },
    /// A host call by the instruction at a pc.
    HostCall { at: u64, name: &'static str },
    /// A run of an inner machine.
    Machine { handle: u64, program: Option<Hash> },
}

/// A call.
#[derive(Debug, Default)]
struct Node {
    parent: usize,
    /// Number of open calls of its machine.
    open: usize,
    /// Distance from the root.
    depth: usize,
    /// The pc at which its code starts.
    entry: Option<u64>,
    /// Gas that no instruction used.
    own: u64,
    /// Gas of its instructions, by pc.
    gas: BTreeMap<u64, u64>,
    children: BTreeMap<Edge, usize>,
}

#[derive(Debug)]
pub(super) struct Tree {
    nodes: Vec<Node>,
}

impl Default for Tree {
    fn default() -> Self {
        Self { nodes: vec![Node::default(), Node::default()] }
    }
}

impl Tree {
    /// The root of the outer machine.
    pub const CHARGED: usize = 0;
    /// The root of inner machines whose gas is not charged to the outer one.
    pub const UNCHARGED: usize = 1;

    fn node(&mut self, index: usize) -> Option<&mut Node> {
        self.nodes.get_mut(index)
    }

    /// The node below `parent` by an edge; `parent` itself if the tree is full.
    pub fn child(&mut self, parent: usize, edge: Edge) -> usize {
        let (count, is_call) = (self.nodes.len(), matches!(edge, Edge::Call { .. }));
        let Some(node) = self.node(parent) else { return parent };
        if let Some(child) = node.children.get(&edge) {
            return *child;
        }
        let depth = node.depth.saturating_add(1);
        if count >= MOST_NODES || (is_call && depth > DEEPEST) {
            return parent;
        }
        node.children.insert(edge, count);
        let open = match edge {
            Edge::Call { .. } => node.open.saturating_add(1),
            Edge::HostCall { .. } => node.open,
            Edge::Machine { .. } => 0,
        };
        let entry = match edge {
            Edge::Call { to, .. } => Some(to),
            Edge::HostCall { .. } | Edge::Machine { .. } => None,
        };
        self.nodes.push(Node { parent, open, depth, entry, ..Node::default() });
        count
    }

    /// The node around another in which at most `open` calls are open. In a full tree, a machine
    /// has more open calls than nodes.
    pub fn ancestor(&self, mut index: usize, open: usize) -> usize {
        while let Some(node) = self.nodes.get(index).filter(|node| node.open > open) {
            index = node.parent;
        }
        index
    }

    /// Counts gas for an instruction.
    pub fn add(&mut self, index: usize, pc: u64, gas: u64) {
        let Some(node) = self.node(index) else { return };
        node.entry.get_or_insert(pc);
        if gas > 0 {
            let sum = node.gas.entry(pc).or_default();
            *sum = sum.saturating_add(gas);
        }
    }

    /// Counts gas that no instruction used.
    pub fn add_own(&mut self, index: usize, gas: u64) {
        if let Some(node) = self.node(index) {
            node.own = node.own.saturating_add(gas);
        }
    }

    pub fn profile<'s>(
        &self,
        title: String,
        outer: Option<&'s Symbols>,
        inner: &dyn Fn(Hash) -> Option<&'s Symbols>,
    ) -> Profile {
        let mut unfolding = Unfolding::new(self, inner);
        let code = Code { symbols: outer, suffix: "" };
        unfolding.unfold(Self::CHARGED, &[], code);
        let stacks = std::mem::take(&mut unfolding.stacks);
        let spent = std::mem::take(&mut unfolding.spent);
        unfolding.unfold(Self::UNCHARGED, &[], code);
        let uncharged = unfolding.stacks;
        let mut frames: Vec<_> = unfolding.frames.into_iter().collect();
        frames.sort_by_key(|(_, index)| *index);
        let frames = frames.into_iter().map(|(frame, _)| frame).collect();
        let in_order = |stacks: BTreeMap<Vec<usize>, u64>| {
            stacks.into_iter().map(|(frames, gas)| Stack { frames, gas }).collect()
        };
        let mut spent: Vec<_> = spent.into_iter().map(|(what, gas)| Spent { what, gas }).collect();
        spent.sort_by_key(|spent| std::cmp::Reverse(spent.gas));
        let (stacks, uncharged) = (in_order(stacks), in_order(uncharged));
        Profile { title, frames, stacks, uncharged, spent }
    }
}

/// The code of a machine.
#[derive(Clone, Copy)]
struct Code<'s> {
    symbols: Option<&'s Symbols>,
    /// Suffix of its functions' names in the sum.
    suffix: &'static str,
}

/// The conversion of nodes into stacks.
struct Unfolding<'t, 's> {
    tree: &'t Tree,
    inner: &'t dyn Fn(Hash) -> Option<&'s Symbols>,
    frames: BTreeMap<ProfileFrame, usize>,
    stacks: BTreeMap<Vec<usize>, u64>,
    spent: BTreeMap<String, u64>,
}

impl<'t, 's> Unfolding<'t, 's> {
    fn new(tree: &'t Tree, inner: &'t dyn Fn(Hash) -> Option<&'s Symbols>) -> Self {
        Self {
            tree,
            inner,
            frames: BTreeMap::new(),
            stacks: BTreeMap::new(),
            spent: BTreeMap::new(),
        }
    }

    /// Adds the stacks of a node and of the nodes below it; `above` has the outer frames. The depth
    /// of the recursion is bounded by that of the tree.
    fn unfold(&mut self, index: usize, above: &[usize], code: Code<'s>) {
        let Some(node) = self.tree.nodes.get(index) else { return };
        for (pc, gas) in &node.gas {
            let stack = self.stack(above, code, *pc, node);
            count(&mut self.stacks, stack, *gas);
            count(&mut self.spent, format!("{}{}", place(code.symbols, *pc), code.suffix), *gas);
        }
        if node.own > 0 {
            count(&mut self.stacks, above.to_vec(), node.own);
        }
        for (edge, child) in &node.children {
            match edge {
                Edge::Call { at, .. } => {
                    let stack = self.stack(above, code, *at, node);
                    self.unfold(*child, &stack, code);
                }
                Edge::HostCall { at, name } => {
                    let mut stack = self.stack(above, code, *at, node);
                    let name = format!("host call {name}");
                    let own = self.tree.nodes.get(*child).map_or(0, |node| node.own);
                    count(&mut self.spent, name.clone(), own);
                    stack.push(self.frame(FrameKind::HostCall, name, String::new()));
                    self.unfold(*child, &stack, code);
                }
                Edge::Machine { handle, program } => {
                    let name = match *handle {
                        jambox_invocation::Machine::CHILD => "child".to_owned(),
                        handle => format!("inner machine {handle}"),
                    };
                    let mut stack = above.to_vec();
                    stack.push(self.frame(FrameKind::Machine, name, String::new()));
                    let symbols = program.and_then(self.inner);
                    self.unfold(*child, &stack, Code { symbols, suffix: ", in inner machines" });
                }
            }
        }
    }

    /// The stack of an instruction: the outer frames, then its functions, inlined ones innermost.
    fn stack(&mut self, above: &[usize], code: Code<'s>, pc: u64, node: &Node) -> Vec<usize> {
        let mut stack = above.to_vec();
        let frames = code.symbols.map_or(&[][..], |symbols| symbols.frames_at(pc));
        for Frame { function, file, .. } in frames.iter().rev() {
            let name = if function.is_empty() { "?" } else { function };
            stack.push(self.frame(FrameKind::Function, name.to_owned(), file.to_string()));
        }
        if frames.is_empty() {
            let name = format!("function at pc {}", node.entry.unwrap_or(pc));
            stack.push(self.frame(FrameKind::Function, name, String::new()));
        }
        stack
    }

    /// The index of a frame.
    fn frame(&mut self, kind: FrameKind, name: String, file: String) -> usize {
        let name = name.replace(char::is_control, " ");
        let next = self.frames.len();
        *self.frames.entry(ProfileFrame { kind, name, file }).or_insert(next)
    }
}

fn count<K: Ord>(sums: &mut BTreeMap<K, u64>, key: K, gas: u64) {
    if gas > 0 {
        let sum = sums.entry(key).or_default();
        *sum = sum.saturating_add(gas);
    }
}

/// Name of an instruction's row in the sum.
fn place(symbols: Option<&Symbols>, pc: u64) -> String {
    let frames = symbols.map_or(&[][..], |symbols| symbols.frames_at(pc));
    // Small functions of the standard library are inlined everywhere: their rows would say little.
    let inner = frames.iter().find(|frame| !frame.file.starts_with(STANDARD_LIBRARY));
    // The form of a frame's `Display` without the line, for a row is for a whole function.
    inner
        .or(frames.last())
        .map_or_else(|| UNKNOWN.to_owned(), |frame| Frame { line: 0, ..frame.clone() }.to_string())
}
