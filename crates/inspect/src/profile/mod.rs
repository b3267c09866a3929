//! Gas by call stack, with inlined functions, host calls and inner machines as frames.

#[cfg(feature = "formats")]
mod format;
mod kept;
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
pub use kept::{Profiles, ProfilesError};

/// The gas of one invocation by call stack and by function.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Profile {
    /// Title of the invocation.
    pub title: String,
    /// The frames of all stacks, each once.
    pub frames: Vec<ProfileFrame>,
    /// The gas of each call stack; together the gas of the invocation.
    pub stacks: Vec<Stack>,
    /// The gas of inner machines that the invocation was not charged for, by stack.
    pub uncharged: Vec<Stack>,
    /// Gas by function and host call, the most first; together the gas of the invocation. A
    /// function has the gas of its own instructions, without its callees. So has an inlined
    /// function, except one of the standard library: its gas counts for the function around it.
    pub spent: Vec<Spent>,
}

/// A frame of a call stack.
#[derive(Clone, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub struct ProfileFrame {
    /// The kind of the frame.
    pub kind: FrameKind,
    /// Name of the frame, on one line.
    pub name: String,
    /// The source file of a function; empty if it is unknown.
    pub file: String,
}

/// Kind of a frame.
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
    /// Gas of the innermost frame itself.
    pub gas: u64,
}

/// A function or host call and its gas.
#[derive(Clone, Debug, PartialEq, Eq)]
#[cfg_attr(feature = "serde", derive(Serialize))]
pub struct Spent {
    /// Name of the function with its file, or of the host call.
    pub what: String,
    /// Gas of the function itself, without its callees.
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

/// Sum of the gas of one invocation by call stack.
///
/// The caller reports every run of a machine and every host call, in the order in which an
/// [`Observer`](jambox_invocation::Observer) gets them. Gas counts where it is charged: under a
/// revision that charges basic blocks whole, for the first instruction of the block. A call is a
/// jump that leaves a return address in `r0`.
#[derive(Debug, Default)]
pub struct Profiler {
    tree: Tree,
    /// The walks of the machines that do not run.
    walks: BTreeMap<Machine, Walk>,
    current: Walk,
    /// The gas left before the next instruction.
    left: u64,
    /// The gas left when the machine started to run.
    start: u64,
    call: Option<HostCall>,
}

/// Position of a machine in the tree of calls.
#[derive(Debug, Default)]
struct Walk {
    calls: Calls,
    /// The node of the innermost call.
    node: usize,
}

#[derive(Debug)]
struct HostCall {
    node: usize,
    /// The price of the call includes the gas of inner machines.
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
        // A machine that runs out of gas may lose the rest, which did not cover its next charge.
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
        // The outer machine may run the inner one again from another place.
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

    /// A host call ended. `gas` is its whole price.
    pub fn returned(&mut self, gas: u64) {
        let Some(call) = self.call.take() else { return };
        let inside = if call.is_charged_inside { call.inside } else { 0 };
        self.tree.add_own(call.node, gas.saturating_sub(inside));
    }

    /// The profile. `outer` has the symbols of the outer machine, and `inner` finds the symbols of
    /// inner machines.
    pub fn finish<'s>(
        self,
        title: impl Into<String>,
        outer: Option<&'s Symbols>,
        inner: &dyn Fn(Hash) -> Option<&'s Symbols>,
    ) -> Profile {
        self.tree.profile(title.into(), outer, inner)
    }
}
