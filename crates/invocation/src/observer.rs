//! Observation of invocations: for the command's output, for traces, for debuggers.

use std::fmt;

use jambox_engine::{Exit, Instance};
use jambox_hostcall::{Form, LogLevel, Registers, Reply, Request};
use jambox_types::{CoreIndex, Hash, Revision, ServiceId, TimeSlot};

use crate::{End, Failure, Stop};

/// An invocation with its context.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Invocation {
    /// `eq:isauthinvocation`.
    IsAuthorized {
        /// The core of the package.
        core: CoreIndex,
    },
    /// `eq:refinvocation`.
    Refine {
        /// The core of the work.
        core: CoreIndex,
        /// Index of the work item in its package.
        item: usize,
        /// The service of the code.
        service: ServiceId,
    },
    /// `eq:accinvocation`.
    Accumulate {
        /// Slot of the block.
        slot: TimeSlot,
        /// The service of the code.
        service: ServiceId,
    },
}

impl Invocation {
    /// The core; `None` for accumulation, which runs on chain.
    #[must_use]
    pub const fn core(self) -> Option<CoreIndex> {
        match self {
            Self::IsAuthorized { core } | Self::Refine { core, .. } => Some(core),
            Self::Accumulate { .. } => None,
        }
    }

    /// The service; `None` for an authorizer.
    #[must_use]
    pub const fn service(self) -> Option<ServiceId> {
        match self {
            Self::IsAuthorized { .. } => None,
            Self::Refine { service, .. } | Self::Accumulate { service, .. } => Some(service),
        }
    }
}

impl fmt::Display for Invocation {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::IsAuthorized { core } => write!(f, "is-authorized on core {core}"),
            Self::Refine { core, item, service } => {
                write!(f, "refine of service {service} on core {core}, item {item}")
            }
            Self::Accumulate { slot, service } => {
                write!(f, "accumulate of service {service} in slot {slot}")
            }
        }
    }
}

/// A machine of an invocation.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub enum Machine {
    /// The machine started by the invocation.
    Outer,
    /// An inner machine, by its handle.
    Inner(u64),
}

impl Machine {
    /// Handle of the child of an `invoke_child` in events. There is only one child at a time, and
    /// no other machine has this handle.
    pub const CHILD: u64 = u64::MAX;
}

/// Event: an invocation is about to start.
#[derive(Clone, Copy, Debug)]
pub struct Started<'a> {
    /// The invocation.
    pub invocation: Invocation,
    /// Hash of the code.
    pub code_hash: Hash,
    /// The content of the code preimage: metadata, then the standard program.
    pub code: &'a [u8],
    /// The standard program.
    pub program: &'a [u8],
    /// Initial program counter.
    pub entry_pc: u64,
    /// Gas limit.
    pub gas_limit: u64,
    /// The encoded arguments.
    pub arguments: &'a [u8],
    /// Revision of the protocol.
    pub revision: Revision,
}

/// Event: an invocation is over.
#[derive(Clone, Copy, Debug)]
pub struct Finished<'a> {
    /// The invocation.
    pub invocation: Invocation,
    /// The guest's end, with its output.
    pub end: &'a End,
    /// Gas used.
    pub gas_used: u64,
}

/// Event: the outer guest makes a host call.
#[derive(Clone, Copy, Debug)]
pub struct CallStarted<'a> {
    /// The invocation.
    pub invocation: Invocation,
    /// Number of the call.
    pub number: u64,
    /// Row of the table; `None` for a call that is unknown or not offered here.
    pub form: Option<&'static Form>,
    /// The request read from the registers; `None` for such a call.
    pub request: Option<&'a Request>,
    /// Position of the call; `None` for a native guest.
    pub pc: Option<u64>,
    /// The registers before the call.
    pub registers: &'a Registers,
    /// Gas before the call's charge.
    pub gas: u64,
}

/// Event: a host call is over.
#[derive(Clone, Copy, Debug)]
pub struct CallEnded<'a> {
    /// The invocation.
    pub invocation: Invocation,
    /// Number of the call.
    pub number: u64,
    /// The reply; `None` for a call that is unknown or not offered here, or was
    /// [answered](crate::Answers) in place of its handler.
    pub reply: Result<Option<&'a Reply>, &'a Stop>,
    /// The registers after the call.
    pub registers: &'a Registers,
    /// Gas left.
    pub gas: u64,
}

/// Event: a guest logs a line (JIP-1).
#[derive(Clone, Copy, Debug)]
pub struct LogLine<'a> {
    /// The invocation.
    pub invocation: Invocation,
    /// Level of the line.
    pub level: LogLevel,
    /// Target of the line: the part of the guest that logs.
    pub target: Option<&'a [u8]>,
    /// Message of the line: text by convention, but any octets.
    pub message: &'a [u8],
}

/// Observer of invocations. Every method does nothing by default.
///
/// The order of events is: `invocation_started`; for each run of the outer machine `run`; for each
/// host call `host_call_started`, the events of its handler, `host_call_ended`; `stopped` while the
/// outer machine still exists; `invocation_ended`. Runs of inner machines are within the host call
/// that causes them.
pub trait Observer {
    /// An invocation is about to start.
    fn invocation_started(&mut self, started: &Started<'_>) {
        let _ = started;
    }

    /// Runs a machine until it exits. An implementation may step, inspect or profile instead.
    fn run(&mut self, machine: Machine, instance: &mut Instance) -> Exit {
        let _ = machine;
        instance.run()
    }

    /// A host call of the outer guest starts.
    fn host_call_started(&mut self, call: &CallStarted<'_>) {
        let _ = call;
    }

    /// The host read memory of the outer guest.
    fn memory_read(&mut self, address: u64, octets: &[u8]) {
        let _ = (address, octets);
    }

    /// The host wrote memory of the outer guest.
    fn memory_written(&mut self, address: u64, octets: &[u8]) {
        let _ = (address, octets);
    }

    /// A host call ended, successfully or not.
    fn host_call_ended(&mut self, call: &CallEnded<'_>) {
        let _ = call;
    }

    /// The guest logs a line.
    fn log(&mut self, line: &LogLine<'_>) {
        let _ = line;
    }

    /// The guest exported a segment; `index` counts within the work package.
    fn exported(&mut self, index: u64, segment: &[u8]) {
        let _ = (index, segment);
    }

    /// An inner machine was made from this program blob.
    fn inner_created(&mut self, handle: u64, blob: &[u8]) {
        let _ = (handle, blob);
    }

    /// An inner machine is about to run.
    fn inner_started(&mut self, handle: u64, instance: &Instance) {
        let _ = (handle, instance);
    }

    /// An inner machine stopped.
    fn inner_ended(&mut self, handle: u64, instance: &Instance, exit: Exit) {
        let _ = (handle, instance, exit);
    }

    /// The outer machine stopped for good and can still be inspected. `failure` is `None` after a
    /// halt.
    fn stopped(&mut self, instance: &Instance, failure: Option<&Failure>) {
        let _ = (instance, failure);
    }

    /// An invocation is over.
    fn invocation_ended(&mut self, finished: &Finished<'_>) {
        let _ = finished;
    }
}

/// Observes nothing.
impl Observer for () {}

/// Both observe every event, the first one first. The first one runs the machines.
impl<A: Observer, B: Observer> Observer for (A, B) {
    fn invocation_started(&mut self, started: &Started<'_>) {
        self.0.invocation_started(started);
        self.1.invocation_started(started);
    }

    fn run(&mut self, machine: Machine, instance: &mut Instance) -> Exit {
        self.0.run(machine, instance)
    }

    fn host_call_started(&mut self, call: &CallStarted<'_>) {
        self.0.host_call_started(call);
        self.1.host_call_started(call);
    }

    fn memory_read(&mut self, address: u64, octets: &[u8]) {
        self.0.memory_read(address, octets);
        self.1.memory_read(address, octets);
    }

    fn memory_written(&mut self, address: u64, octets: &[u8]) {
        self.0.memory_written(address, octets);
        self.1.memory_written(address, octets);
    }

    fn host_call_ended(&mut self, call: &CallEnded<'_>) {
        self.0.host_call_ended(call);
        self.1.host_call_ended(call);
    }

    fn log(&mut self, line: &LogLine<'_>) {
        self.0.log(line);
        self.1.log(line);
    }

    fn exported(&mut self, index: u64, segment: &[u8]) {
        self.0.exported(index, segment);
        self.1.exported(index, segment);
    }

    fn inner_created(&mut self, handle: u64, blob: &[u8]) {
        self.0.inner_created(handle, blob);
        self.1.inner_created(handle, blob);
    }

    fn inner_started(&mut self, handle: u64, instance: &Instance) {
        self.0.inner_started(handle, instance);
        self.1.inner_started(handle, instance);
    }

    fn inner_ended(&mut self, handle: u64, instance: &Instance, exit: Exit) {
        self.0.inner_ended(handle, instance, exit);
        self.1.inner_ended(handle, instance, exit);
    }

    fn stopped(&mut self, instance: &Instance, failure: Option<&Failure>) {
        self.0.stopped(instance, failure);
        self.1.stopped(instance, failure);
    }

    fn invocation_ended(&mut self, finished: &Finished<'_>) {
        self.0.invocation_ended(finished);
        self.1.invocation_ended(finished);
    }
}
