//! The account of a run as data: the events of each invocation, its end and its changes.
//!
//! One observer, the [`Recorder`], makes it for every program that runs guests, so that all report
//! the same facts in the same form. Serialised, octets are complete and in hexadecimal, and numbers
//! that can exceed 2^53 are decimal strings, in all fields of their kind.

mod change;
mod log;
mod package;
mod recorder;

use std::collections::BTreeMap;
use std::fmt;

#[cfg(feature = "serde")]
use serde::Serialize;

use jambox_engine::Exit;
use jambox_types::{DeferredTransfer, ServiceId};

pub use change::{Change, Entry, Standing};
pub use log::JipLog;
pub use package::{
    Call, Digest, DigestResult, InCore, OnChain, PackageSummary, Recorded, WorkReport,
};
pub use recorder::{Detail, Recorder, Setting, SymbolsByHash, unreadable_output};

use crate::hostcalls::{Argument, CallOutcome, MemoryEvent};
use crate::profile::Spent;
#[cfg(feature = "serde")]
use crate::wide;
use crate::{Explanation, Octets};

/// Names of services, as given by the user.
pub type Names = BTreeMap<ServiceId, String>;

/// A service with its name.
#[derive(Clone, Debug, PartialEq, Eq)]
#[cfg_attr(feature = "serde", derive(Serialize))]
pub struct Service {
    /// Index of the service.
    pub id: u32,
    /// Name of the service; `None` if the user gave none.
    #[cfg_attr(feature = "serde", serde(skip_serializing_if = "Option::is_none"))]
    pub name: Option<String>,
}

impl Service {
    /// A service by its index.
    #[must_use]
    pub fn new(id: ServiceId, names: &Names) -> Self {
        Self { id: id.0, name: names.get(&id).cloned() }
    }
}

/// The name as it is; a program that shows it escapes it.
impl fmt::Display for Service {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match &self.name {
            Some(name) => write!(f, "{name} ({})", self.id),
            None => write!(f, "service {}", self.id),
        }
    }
}

/// Purpose of an invocation.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
#[cfg_attr(feature = "serde", derive(Serialize))]
#[cfg_attr(feature = "serde", serde(rename_all = "kebab-case"))]
pub enum What {
    /// The authorizer's decision on a package.
    IsAuthorized,
    /// The refinement of a work item.
    Refine,
    /// The accumulation of a service.
    Accumulate,
}

impl What {
    /// Name in the paper.
    #[must_use]
    pub const fn name(self) -> &'static str {
        match self {
            Self::IsAuthorized => "is-authorized",
            Self::Refine => "refine",
            Self::Accumulate => "accumulate",
        }
    }
}

/// One invocation of a guest.
#[derive(Clone, Debug)]
#[cfg_attr(feature = "serde", derive(Serialize))]
pub struct Invocation {
    /// The purpose: is-authorized, refine or accumulate.
    pub what: What,
    /// The service whose code runs; `None` for an authorizer.
    pub service: Option<Service>,
    /// The index of the work item; `None` for other purposes than refine.
    pub item: Option<usize>,
    /// The hash of the code; `None` where there was no code to run.
    pub code_hash: Option<String>,
    /// The gas.
    pub gas: Gas,
    /// The end of the invocation.
    pub outcome: Outcome,
    /// The guest's output; `None` if it failed.
    pub output: Option<Octets>,
    /// A remark on the end; `None` if the outcome says it all.
    #[cfg_attr(feature = "serde", serde(skip_serializing_if = "Option::is_none"))]
    pub note: Option<String>,
    /// The events, in order.
    pub events: Vec<Event>,
    /// The number of events beyond the limit, which were not kept.
    pub events_dropped: u64,
    /// The failure; `None` if it did not fail.
    pub failure: Option<Failure>,
    /// Gas by function and host call, the most first; empty unless a profile was asked for.
    #[cfg_attr(feature = "serde", serde(skip_serializing_if = "Vec::is_empty"))]
    pub profile: Vec<Spent>,
}

impl Invocation {
    /// The invocation of code that never ran.
    #[must_use]
    pub fn not_run(what: What, service: Option<Service>, limit: u64, reason: String) -> Self {
        Self {
            failure: Some(Failure { reason, explanation: None, hint: None }),
            outcome: Outcome::NotRun,
            ..Self::begun(what, service, limit)
        }
    }

    /// An invocation that has just begun.
    fn begun(what: What, service: Option<Service>, limit: u64) -> Self {
        Self {
            what,
            service,
            item: None,
            code_hash: None,
            gas: Gas { limit, used: 0 },
            outcome: Outcome::Halt,
            output: None,
            note: None,
            events: Vec::new(),
            events_dropped: 0,
            failure: None,
            profile: Vec::new(),
        }
    }

    /// Marks the invocation: the guest halted, and its output was refused for this reason.
    pub fn refuse(&mut self, reason: String) {
        self.outcome = Outcome::Refused;
        self.failure = Some(Failure { reason, explanation: None, hint: None });
    }

    /// The end in words, with the reason where the outcome alone says little.
    #[must_use]
    pub fn ending(&self) -> String {
        match (&self.outcome, &self.failure) {
            (Outcome::NotRun | Outcome::Refused, Some(failure)) => {
                format!("{}: {}", self.outcome, failure.reason)
            }
            _ => self.outcome.to_string(),
        }
    }

    /// A line for a list of failures: the invocation and its end; `None` if it did not fail.
    #[must_use]
    pub fn failed(&self) -> Option<String> {
        if self.outcome == Outcome::Halt {
            return None;
        }
        let of_service = self.service.as_ref().map(|service| format!(" of {service}"));
        let item = self.item.map(|item| format!(", item {item}"));
        let (service, item) = (of_service.unwrap_or_default(), item.unwrap_or_default());
        Some(format!("{}{service}{item}: {}", self.what.name(), self.ending()))
    }
}

/// The gas of a run.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
#[cfg_attr(feature = "serde", derive(Serialize))]
pub struct Gas {
    /// The gas limit.
    #[cfg_attr(feature = "serde", serde(serialize_with = "wide::number"))]
    pub limit: u64,
    /// The gas used.
    #[cfg_attr(feature = "serde", serde(serialize_with = "wide::number"))]
    pub used: u64,
}

/// End of an invocation.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
#[cfg_attr(feature = "serde", derive(Serialize))]
#[cfg_attr(feature = "serde", serde(rename_all = "kebab-case"))]
pub enum Outcome {
    /// The guest halted.
    Halt,
    /// The guest panicked.
    Panic,
    /// The guest ran out of gas.
    OutOfGas,
    /// No code was run.
    NotRun,
    /// The guest halted and its result was refused.
    Refused,
}

impl fmt::Display for Outcome {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(match self {
            Self::Halt => "halt",
            Self::Panic => "panic",
            Self::OutOfGas => "out of gas",
            Self::NotRun => "not run",
            Self::Refused => "refused",
        })
    }
}

/// Failure of an invocation.
#[derive(Clone, Debug)]
#[cfg_attr(feature = "serde", derive(Serialize))]
pub struct Failure {
    /// The reason, in a sentence.
    pub reason: String,
    /// Place and reason of the machine's stop; `None` if there was no machine.
    pub explanation: Option<Explanation>,
    /// A hint at a probable cause outside the code; `None` without signs of one.
    pub hint: Option<String>,
}

/// An event of an invocation.
#[derive(Clone, Debug)]
#[cfg_attr(feature = "serde", derive(Serialize))]
#[cfg_attr(feature = "serde", serde(tag = "kind", rename_all = "kebab-case"))]
pub enum Event {
    /// The guest made a host call.
    HostCall(HostCall),
    /// The guest logged a line.
    Log(JipLog),
    /// The guest exported a segment.
    Export {
        /// Index of the segment within the package.
        index: u64,
        /// The segment.
        segment: Octets,
    },
    /// The guest made an inner machine.
    InnerCreated {
        /// Handle of the machine.
        machine: u64,
        /// The size of its program blob, in octets.
        octets: usize,
    },
    /// An inner machine ran.
    InnerRan(InnerRun),
}

/// A run of an inner machine.
#[derive(Clone, Debug)]
#[cfg_attr(feature = "serde", derive(Serialize))]
pub struct InnerRun {
    /// Handle of the machine; `None` for the child of an `invoke_child`.
    pub machine: Option<u64>,
    /// Exit of the run.
    pub exit: ExitKind,
    /// Pc after the exit.
    #[cfg_attr(feature = "serde", serde(serialize_with = "wide::number"))]
    pub pc: u64,
    /// Gas of the run.
    pub gas: Gas,
    /// Place and reason of its failure; `None` if it did not fail.
    pub explanation: Option<Explanation>,
}

/// Exit of a machine.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
#[cfg_attr(feature = "serde", derive(Serialize))]
#[cfg_attr(feature = "serde", serde(tag = "kind", rename_all = "kebab-case"))]
pub enum ExitKind {
    /// The machine halted.
    Halt,
    /// The machine panicked.
    Panic,
    /// The machine ran out of gas.
    OutOfGas,
    /// The machine accessed a page that does not allow the access.
    PageFault {
        /// The address of the page.
        #[cfg_attr(feature = "serde", serde(serialize_with = "wide::number"))]
        address: u32,
    },
    /// The machine made a host call.
    HostCall {
        /// The number that it gave.
        #[cfg_attr(feature = "serde", serde(serialize_with = "wide::number"))]
        number: u64,
    },
}

impl From<Exit> for ExitKind {
    fn from(exit: Exit) -> Self {
        match exit {
            Exit::Halt => Self::Halt,
            Exit::Panic => Self::Panic,
            Exit::OutOfGas => Self::OutOfGas,
            Exit::PageFault(address) => Self::PageFault { address },
            Exit::HostCall(number) => Self::HostCall { number },
        }
    }
}

impl fmt::Display for ExitKind {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Halt => Exit::Halt.fmt(f),
            Self::Panic => Exit::Panic.fmt(f),
            Self::OutOfGas => Exit::OutOfGas.fmt(f),
            Self::PageFault { address } => Exit::PageFault(*address).fmt(f),
            Self::HostCall { number } => Exit::HostCall(*number).fmt(f),
        }
    }
}

/// A host call with its arguments and result decoded.
#[derive(Clone, Debug)]
#[cfg_attr(feature = "serde", derive(Serialize))]
pub struct HostCall {
    /// The number that the guest gave.
    #[cfg_attr(feature = "serde", serde(serialize_with = "wide::number"))]
    pub number: u64,
    /// Name of the call; `None` for a call that is unknown or not offered here.
    pub name: Option<&'static str>,
    /// The pc of its `ecalli`; `None` for a native guest.
    #[cfg_attr(feature = "serde", serde(serialize_with = "wide::option"))]
    pub pc: Option<u64>,
    /// Arguments of the call.
    pub arguments: Vec<Argument>,
    /// The result code in the guest's register 7; `None` if the result is no code.
    pub code: Option<&'static str>,
    /// The result in words.
    pub result: String,
    /// The call's outcome; `None` where the host-call table does not tell the outcomes apart.
    pub outcome: Option<CallOutcome>,
    /// Register 7 after the call.
    #[cfg_attr(feature = "serde", serde(serialize_with = "wide::number"))]
    pub r7: u64,
    /// Register 8 after the call.
    #[cfg_attr(feature = "serde", serde(serialize_with = "wide::number"))]
    pub r8: u64,
    /// The gas before and after.
    pub gas: CallGas,
    /// The host's reads and writes of the guest's memory.
    pub memory: Vec<MemoryEvent>,
}

/// The gas before and after a host call.
#[derive(Clone, Copy, Debug)]
#[cfg_attr(feature = "serde", derive(Serialize))]
pub struct CallGas {
    /// The gas before the call was charged.
    #[cfg_attr(feature = "serde", serde(serialize_with = "wide::number"))]
    pub before: u64,
    /// The gas after the call.
    #[cfg_attr(feature = "serde", serde(serialize_with = "wide::number"))]
    pub after: u64,
}

/// A deferred transfer.
#[derive(Clone, Debug)]
#[cfg_attr(feature = "serde", derive(Serialize))]
pub struct Transfer {
    /// The sender.
    pub from: Service,
    /// The receiver.
    pub to: Service,
    /// The amount.
    #[cfg_attr(feature = "serde", serde(serialize_with = "wide::number"))]
    pub amount: u64,
    /// The gas for the receiver.
    #[cfg_attr(feature = "serde", serde(serialize_with = "wide::number"))]
    pub gas: u64,
    /// The memo.
    pub memo: Octets,
}

impl Transfer {
    /// The account of a transfer of the chain.
    #[must_use]
    pub fn new(transfer: &DeferredTransfer, names: &Names) -> Self {
        Self {
            from: Service::new(transfer.source, names),
            to: Service::new(transfer.destination, names),
            amount: transfer.amount.0,
            gas: transfer.gas_limit.0,
            memo: Octets::new(transfer.memo.0),
        }
    }
}

/// A hash that a service yielded.
#[derive(Clone, Debug)]
#[cfg_attr(feature = "serde", derive(Serialize))]
pub struct Yielded {
    /// The service.
    pub service: Service,
    /// The hash.
    pub hash: String,
}
