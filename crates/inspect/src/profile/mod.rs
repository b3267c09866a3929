//! Where gas goes: by call stack, with inlined functions, host calls and inner machines as frames.

#[cfg(feature = "formats")]
mod format;
mod tree;

use std::collections::BTreeMap;

#[cfg(feature = "serde")]
use serde::Serialize;

use jambox_engine::{Exit, Inspector, Instance};
use jambox_hostcall::{Form, Quantity, Registers, Revision};
use jambox_invocation::Machine;
use jambox_isa::Instruction;
use jambox_symbols::Symbols;
use jambox_types::Hash;

use crate::calls::{Calls, Change};
#[cfg(feature = "serde")]
use crate::wide;
use tree::{Edge, Tree};

#[cfg(feature = "formats")]
pub use format::{ProfileError, ProfileFormat};

/// Where the gas of one invocation went.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Profile {
    /// Which invocation.
    pub title: String,
    /// The frames that stacks are made of, each once.
    pub frames: Vec<ProfileFrame>,
    /// The gas of each call stack; together the gas of the invocation.
    pub stacks: Vec<Stack>,
    /// The gas that inner machines used and the invocation was not charged for, by stack.
    pub uncharged: Vec<Stack>,
    /// What took gas, the most first; together the gas of the invocation. A function counts for
    /// what it does itself. An inlined function counts for itself, too, unless it is one of the
    /// standard library: then for the one that it was inlined into.
    pub spent: Vec<Spent>,
}

/// A frame of a call stack.
#[derive(Clone, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub struct ProfileFrame {
    /// What it is.
    pub kind: FrameKind,
    /// Its name, on one line.
    pub name: String,
    /// The file of a function; empty where that is unknown.
    pub file: String,
}

/// What a frame is.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub enum FrameKind {
    /// A function of the guest.
    Function,
    /// A host call.
    HostCall,
    /// An inner machine.
    Machine,
}

/// A call stack and its gas.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Stack {
    /// Indices of frames, the outermost first.
    pub frames: Vec<usize>,
    /// What the innermost frame used itself.
    pub gas: u64,
}

/// What took gas, and how much.
#[derive(Clone, Debug, PartialEq, Eq)]
#[cfg_attr(feature = "serde", derive(Serialize))]
pub struct Spent {
    /// A function with its file, or a host call.
    pub what: String,
    /// The gas.
    #[cfg_attr(feature = "serde", serde(serialize_with = "wide::number"))]
    pub gas: u64,
}

impl Profile {
    /// The gas of all stacks that the invocation was charged for.
    #[must_use]
    pub fn gas(&self) -> u64 {
        self.stacks.iter().fold(0, |sum, stack| sum.saturating_add(stack.gas))
    }
}

/// Sums up where the gas of one invocation goes.
///
/// Tell it of every run of a machine and of every host call, as an
/// [`Observer`](jambox_invocation::Observer) hears of them. Gas counts where it is charged: under a
/// revision that charges basic blocks whole, for the first instruction of the block. A call is a
/// jump that leaves a return address in `r0`.
#[derive(Debug, Default)]
pub struct Profiler {
    tree: Tree,
    /// The machines of the invocation that do not run.
    walks: BTreeMap<Machine, Walk>,
    current: Walk,
    /// The gas left before the instruction that comes next.
    left: u64,
    /// The gas left when the machine started to run.
    start: u64,
    call: Option<HostCall>,
}

/// Where a machine is in its calls.
#[derive(Debug, Default)]
struct Walk {
    calls: Calls,
    /// The node of the innermost call.
    node: usize,
}

#[derive(Debug)]
struct HostCall {
    node: usize,
    /// Whether its price has the gas of inner machines.
    is_charged_inside: bool,
    /// The gas of inner machines that ran within it.
    inside: u64,
}

impl Inspector for Profiler {
    fn before_instruction(&mut self, instance: &Instance, instruction: &Instruction) {
        let Walk { calls, node } = &mut self.current;
        match calls.before(instance, instruction) {
            Change::None => {}
            Change::Called => {
                if let Some(call) = calls.open().last() {
                    *node = self.tree.child(*node, Edge::Call { at: call.at, to: call.to });
                }
            }
            Change::Returned => *node = self.tree.ancestor(*node, calls.open().len()),
        }
        let spent = self.left.saturating_sub(instance.gas());
        self.left = instance.gas();
        self.tree.add(*node, instance.pc(), spent);
    }

    fn after_instruction(&mut self, instance: &Instance, exit: Option<Exit>) {
        let Some(exit) = exit else { return };
        // What is left when it does not cover what comes next may be taken, too.
        let spent = self.left.saturating_sub(instance.gas());
        self.left = instance.gas();
        self.tree.add(self.current.node, instance.pc(), spent);
        self.current.calls.stopped(exit);
    }
}

impl Profiler {
    /// A machine is about to run. `program` is the hash of an inner machine's program.
    pub fn enter(&mut self, machine: Machine, program: Option<Hash>, instance: &Instance) {
        (self.left, self.start) = (instance.gas(), instance.gas());
        self.current = self.walks.remove(&machine).unwrap_or_default();
        let Machine::Inner(handle) = machine else { return };
        // An inner machine may go on from another place of the outer one.
        let above = match &self.call {
            Some(call) if call.is_charged_inside => call.node,
            _ => Tree::UNCHARGED,
        };
        self.current.node = self.tree.child(above, Edge::Machine { handle, program });
        for call in self.current.calls.open() {
            let edge = Edge::Call { at: call.at, to: call.to };
            self.current.node = self.tree.child(self.current.node, edge);
        }
    }

    /// The machine stopped.
    pub fn leave(&mut self, machine: Machine, instance: &Instance) {
        let used = self.start.saturating_sub(instance.gas());
        if let (Some(call), Machine::Inner(_)) = (&mut self.call, machine) {
            call.inside = call.inside.saturating_add(used);
        }
        self.walks.insert(machine, std::mem::take(&mut self.current));
    }

    /// A machine was made anew under a handle.
    pub fn created(&mut self, handle: u64) {
        self.walks.remove(&Machine::Inner(handle));
    }

    /// A host call starts.
    pub fn called(
        &mut self,
        pc: Option<u64>,
        form: Option<&'static Form>,
        revision: Revision,
        registers: &Registers,
    ) {
        let name = form.map_or("of no known number", |form| form.call.name());
        let node = self.walks.get(&Machine::Outer).map_or(Tree::CHARGED, |walk| walk.node);
        let node = self.tree.child(node, Edge::HostCall { at: pc.unwrap_or_default(), name });
        let terms = form.map(|form| form.price(revision).sum(registers).terms);
        let is_inner = |term: &jambox_hostcall::Term| term.quantity == Quantity::InnerGas;
        let is_charged_inside = terms.is_some_and(|terms| terms.iter().any(is_inner));
        self.call = Some(HostCall { node, is_charged_inside, inside: 0 });
    }

    /// A host call ended and has cost so much gas in all.
    pub fn returned(&mut self, gas: u64) {
        let Some(call) = self.call.take() else { return };
        let inside = if call.is_charged_inside { call.inside } else { 0 };
        self.tree.add_own(call.node, gas.saturating_sub(inside));
    }

    /// The profile. `outer` are the symbols of the outer machine, `inner` finds those of inner
    /// ones.
    pub fn finish<'s>(
        self,
        title: impl Into<String>,
        outer: Option<&'s Symbols>,
        inner: &dyn Fn(Hash) -> Option<&'s Symbols>,
    ) -> Profile {
        self.tree.profile(title.into(), outer, inner)
    }
}
