//! Watching invocations: what the command prints, what traces record, what debuggers stop at.

use std::fmt;

use jambox_engine::{Exit, Instance};
use jambox_hostcall::{Form, LogLevel, Registers, Reply, Request};
use jambox_types::{CoreIndex, Hash, Revision, ServiceId, TimeSlot};

use crate::{End, Failure, Stop};

/// Which invocation runs, and for whom.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Invocation {
    /// `eq:isauthinvocation`.
    IsAuthorized {
        /// The core that the package asks for.
        core: CoreIndex,
    },
    /// `eq:refinvocation`.
    Refine {
        /// The core that does the work.
        core: CoreIndex,
        /// The index of the work item within its package.
        item: usize,
        /// The service whose code runs.
        service: ServiceId,
    },
    /// `eq:accinvocation`.
    Accumulate {
        /// The block's slot.
        slot: TimeSlot,
        /// The service whose code runs.
        service: ServiceId,
    },
}

impl Invocation {
    /// The core that it runs on; accumulation runs on chain.
    #[must_use]
    pub const fn core(self) -> Option<CoreIndex> {
        match self {
            Self::IsAuthorized { core } | Self::Refine { core, .. } => Some(core),
            Self::Accumulate { .. } => None,
        }
    }

    /// The service that it runs for; an authorizer runs for none.
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

/// Which machine of an invocation runs.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub enum Machine {
    /// The one that the invocation started.
    Outer,
    /// One that the guest made, by its handle.
    Inner(u64),
}

impl Machine {
    /// The handle by which observers know the child of an `invoke_child`, of which there is only
    /// one at a time; no other machine has it.
    pub const CHILD: u64 = u64::MAX;
}

/// An invocation is about to start.
#[derive(Clone, Copy, Debug)]
pub struct Started<'a> {
    /// Which.
    pub invocation: Invocation,
    /// The hash of the code.
    pub code_hash: Hash,
    /// The code as its preimage has it: metadata, then the standard program.
    pub code: &'a [u8],
    /// The standard program.
    pub program: &'a [u8],
    /// Where it starts.
    pub entry_pc: u64,
    /// The gas that it may use.
    pub gas_limit: u64,
    /// Its encoded arguments.
    pub arguments: &'a [u8],
    /// The revision that it runs under.
    pub revision: Revision,
}

/// An invocation is over.
#[derive(Clone, Copy, Debug)]
pub struct Finished<'a> {
    /// Which.
    pub invocation: Invocation,
    /// How the guest ended, with its output.
    pub end: &'a End,
    /// The gas that it used.
    pub gas_used: u64,
}

/// The outer guest makes a host call.
#[derive(Clone, Copy, Debug)]
pub struct CallStarted<'a> {
    /// Who calls.
    pub invocation: Invocation,
    /// The number that it gave.
    pub number: u64,
    /// The table's row; none for a call that is unknown or not offered here.
    pub form: Option<&'static Form>,
    /// The arguments as read from the registers.
    pub request: Option<&'a Request>,
    /// Where the call is; not known of a native guest.
    pub pc: Option<u64>,
    /// The registers before the call.
    pub registers: &'a Registers,
    /// The gas before the call's charge.
    pub gas: u64,
}

/// A host call is over.
#[derive(Clone, Copy, Debug)]
pub struct CallEnded<'a> {
    /// Who called.
    pub invocation: Invocation,
    /// The number that it gave.
    pub number: u64,
    /// What came of it; none for a call that is unknown or not offered here.
    pub reply: Result<Option<&'a Reply>, &'a Stop>,
    /// The registers after the call.
    pub registers: &'a Registers,
    /// The gas left.
    pub gas: u64,
}

/// A guest speaks (JIP-1).
#[derive(Clone, Copy, Debug)]
pub struct LogLine<'a> {
    /// Who.
    pub invocation: Invocation,
    /// How urgently.
    pub level: LogLevel,
    /// In which part of it.
    pub target: Option<&'a [u8]>,
    /// What. Meant to be text, but any octets.
    pub message: &'a [u8],
}

/// Is told what invocations do. Every method does nothing by default.
///
/// The order of events is: `invocation_started`; for each run of the outer machine `run`; for each
/// host call `host_call_started`, what it does, `host_call_ended`; `stopped` while the outer
/// machine still stands; `invocation_ended`. Runs of inner machines come within the host call
/// that causes them.
pub trait Observer {
    /// An invocation is about to start.
    fn invocation_started(&mut self, started: &Started<'_>) {
        let _ = started;
    }

    /// Runs a machine until it exits. Override it to step, inspect or profile.
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

    /// An inner machine was made, from this program blob.
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

    /// The outer machine stopped for good and can still be looked at. `failure` tells why, unless
    /// it halted.
    fn stopped(&mut self, instance: &Instance, failure: Option<&Failure>) {
        let _ = (instance, failure);
    }

    /// An invocation is over.
    fn invocation_ended(&mut self, finished: &Finished<'_>) {
        let _ = finished;
    }
}

/// Watches nothing.
impl Observer for () {}

/// Both are told everything, the first one first. The first one runs the machines.
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
