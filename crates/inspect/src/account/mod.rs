//! The account of a run as data: what each invocation did, how it ended, what it changed.
//!
//! It is made by one observer, the [`Recorder`], for whoever runs programs, so that all tell the
//! same story in the same form. Serialised, octets are whole and in hexadecimal, and numbers that
//! can exceed 2^53 are decimal strings, in all fields of their kind.

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

/// The names that people gave to services.
pub type Names = BTreeMap<ServiceId, String>;

/// A service with the name that people gave it.
#[derive(Clone, Debug, PartialEq, Eq)]
#[cfg_attr(feature = "serde", derive(Serialize))]
pub struct Service {
    /// Its index.
    pub id: u32,
    /// Its name, if it has one.
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

/// The name as it is, for whoever shows it to escape.
impl fmt::Display for Service {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match &self.name {
            Some(name) => write!(f, "{name} ({})", self.id),
            None => write!(f, "service {}", self.id),
        }
    }
}

/// What an invocation is for.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
#[cfg_attr(feature = "serde", derive(Serialize))]
#[cfg_attr(feature = "serde", serde(rename_all = "kebab-case"))]
pub enum What {
    /// A package's authorizer is asked.
    IsAuthorized,
    /// A work item is refined.
    Refine,
    /// A service accumulates.
    Accumulate,
}

impl What {
    /// Its name in the paper.
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
    /// What it is for.
    pub what: What,
    /// The service whose code runs; nothing for an authorizer.
    pub service: Option<Service>,
    /// The index of the work item; nothing unless it is refined.
    pub item: Option<usize>,
    /// The hash of the code; nothing where there was none to run.
    pub code_hash: Option<String>,
    /// The gas.
    pub gas: Gas,
    /// How it ended.
    pub outcome: Outcome,
    /// What the guest returned, unless it failed.
    pub output: Option<Octets>,
    /// What else there is to know of the end.
    #[cfg_attr(feature = "serde", serde(skip_serializing_if = "Option::is_none"))]
    pub note: Option<String>,
    /// What happened within, in order.
    pub events: Vec<Event>,
    /// Events that were not kept because there were too many.
    pub events_dropped: u64,
    /// Why it failed; nothing if it did not.
    pub failure: Option<Failure>,
    /// What took the gas, the most first; empty unless asked for.
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

    /// One that has just begun.
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

    /// Says that the guest halted and what it returned was refused.
    pub fn refuse(&mut self, reason: String) {
        self.outcome = Outcome::Refused;
        self.failure = Some(Failure { reason, explanation: None, hint: None });
    }

    /// How it ended, with the reason where the outcome alone says little.
    #[must_use]
    pub fn ending(&self) -> String {
        match (&self.outcome, &self.failure) {
            (Outcome::NotRun | Outcome::Refused, Some(failure)) => {
                format!("{}: {}", self.outcome, failure.reason)
            }
            _ => self.outcome.to_string(),
        }
    }

    /// A line for a list of failures: which invocation failed, and how; nothing if it did not.
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
    /// How much there was.
    #[cfg_attr(feature = "serde", serde(serialize_with = "wide::number"))]
    pub limit: u64,
    /// How much was used.
    #[cfg_attr(feature = "serde", serde(serialize_with = "wide::number"))]
    pub used: u64,
}

/// How an invocation ended.
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

/// Why an invocation failed.
#[derive(Clone, Debug)]
#[cfg_attr(feature = "serde", derive(Serialize))]
pub struct Failure {
    /// What happened, in a sentence.
    pub reason: String,
    /// Where the machine stopped and why; nothing if there never was one.
    pub explanation: Option<Explanation>,
    /// What else may be the matter.
    pub hint: Option<String>,
}

/// Something that happened within an invocation.
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
        /// Its index within the package.
        index: u64,
        /// The segment.
        segment: Octets,
    },
    /// The guest made an inner machine.
    InnerCreated {
        /// Its handle.
        machine: u64,
        /// The size of its program blob.
        octets: usize,
    },
    /// An inner machine ran.
    InnerRan(InnerRun),
}

/// A run of an inner machine.
#[derive(Clone, Debug)]
#[cfg_attr(feature = "serde", derive(Serialize))]
pub struct InnerRun {
    /// Its handle; nothing for the child of an `invoke_child`.
    pub machine: Option<u64>,
    /// How it exited.
    pub exit: ExitKind,
    /// Where it stands.
    #[cfg_attr(feature = "serde", serde(serialize_with = "wide::number"))]
    pub pc: u64,
    /// Its gas.
    pub gas: Gas,
    /// Why it failed; nothing if it did not.
    pub explanation: Option<Explanation>,
}

/// How a machine exited.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
#[cfg_attr(feature = "serde", derive(Serialize))]
#[cfg_attr(feature = "serde", serde(tag = "kind", rename_all = "kebab-case"))]
pub enum ExitKind {
    /// It halted.
    Halt,
    /// It panicked.
    Panic,
    /// It ran out of gas.
    OutOfGas,
    /// It faulted.
    PageFault {
        /// The address of the page.
        #[cfg_attr(feature = "serde", serde(serialize_with = "wide::number"))]
        address: u32,
    },
    /// It made a host call.
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
    /// Its name; nothing for a call that is unknown or not offered here.
    pub name: Option<&'static str>,
    /// Where the call is.
    #[cfg_attr(feature = "serde", serde(serialize_with = "wide::option"))]
    pub pc: Option<u64>,
    /// Its arguments.
    pub arguments: Vec<Argument>,
    /// The result code that the guest was given, if it was one.
    pub code: Option<&'static str>,
    /// What came of it, in words.
    pub result: String,
    /// Which of the call's outcomes came about; nothing where the table does not tell them apart.
    pub outcome: Option<CallOutcome>,
    /// Register 7 after the call.
    #[cfg_attr(feature = "serde", serde(serialize_with = "wide::number"))]
    pub r7: u64,
    /// Register 8 after the call.
    #[cfg_attr(feature = "serde", serde(serialize_with = "wide::number"))]
    pub r8: u64,
    /// The gas before and after.
    pub gas: CallGas,
    /// What the host read from and wrote to the guest's memory.
    pub memory: Vec<MemoryEvent>,
}

/// The gas before and after a host call.
#[derive(Clone, Copy, Debug)]
#[cfg_attr(feature = "serde", derive(Serialize))]
pub struct CallGas {
    /// Before the call was charged.
    #[cfg_attr(feature = "serde", serde(serialize_with = "wide::number"))]
    pub before: u64,
    /// After the call.
    #[cfg_attr(feature = "serde", serde(serialize_with = "wide::number"))]
    pub after: u64,
}

/// A deferred transfer.
#[derive(Clone, Debug)]
#[cfg_attr(feature = "serde", derive(Serialize))]
pub struct Transfer {
    /// The service that gives.
    pub from: Service,
    /// The service that is given to.
    pub to: Service,
    /// How much.
    #[cfg_attr(feature = "serde", serde(serialize_with = "wide::number"))]
    pub amount: u64,
    /// The gas for the receiver.
    #[cfg_attr(feature = "serde", serde(serialize_with = "wide::number"))]
    pub gas: u64,
    /// The memo.
    pub memo: Octets,
}

impl Transfer {
    /// A transfer as the chain has it.
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
