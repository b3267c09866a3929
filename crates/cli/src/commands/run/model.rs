//! What a run has to tell: one model for the text and for JSON.

use std::collections::BTreeMap;

use serde::Serialize;

use jambox_inspect::profile::Spent;
use jambox_inspect::{Explanation, Octets};
use jambox_types::ServiceId;

use crate::calls::{Argument, MemoryEvent};
use crate::chain::Kept;
use crate::measuring::Covered;
use crate::plain::plain;

use super::log::JipLog;

/// The whole account of a run.
#[derive(Serialize)]
pub struct RunReport {
    pub package: PackageSummary,
    pub is_authorized: Option<Invocation>,
    pub refine: Vec<Invocation>,
    /// Nothing when the package was not authorized.
    pub work_report: Option<WorkReport>,
    pub accumulate: Vec<Invocation>,
    pub transfers: Vec<Transfer>,
    pub outputs: Vec<Output>,
    /// The commitment to the outputs; nothing when there are none.
    pub output_root: Option<String>,
    pub state: Vec<Change>,
    /// Where the state is kept; nothing unless the run went on with a chain.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub chain: Option<Kept>,
    /// How much of the sources ran; nothing unless asked for.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub coverage: Option<Covered>,
    /// What went wrong, a line each; empty when all went well.
    pub failures: Vec<String>,
}

/// The package and what it runs under.
#[derive(Serialize)]
pub struct PackageSummary {
    pub file: String,
    pub hash: String,
    pub octets: usize,
    pub items: usize,
    pub core: u16,
    pub slot: u32,
    pub revision: &'static str,
    pub abi: &'static str,
    /// Whether nodes agree on the ABI.
    pub consensus: bool,
    pub parameters: String,
}

/// A service with the name that the package file gives it.
#[derive(Clone, Serialize)]
pub struct Service {
    pub id: u32,
    #[serde(skip_serializing_if = "Option::is_none")]
    pub name: Option<String>,
}

impl Service {
    pub fn new(id: ServiceId, names: &BTreeMap<ServiceId, String>) -> Self {
        Self { id: id.0, name: names.get(&id).cloned() }
    }
}

impl std::fmt::Display for Service {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        match &self.name {
            Some(name) => write!(f, "{} ({})", plain(name), self.id),
            None => write!(f, "service {}", self.id),
        }
    }
}

/// One invocation of a guest.
#[derive(Serialize)]
pub struct Invocation {
    #[serde(skip_serializing_if = "Option::is_none")]
    pub service: Option<Service>,
    #[serde(skip_serializing_if = "Option::is_none")]
    pub item: Option<usize>,
    pub gas: Gas,
    pub outcome: Outcome,
    /// What the guest returned, unless it failed.
    pub output: Option<Octets>,
    pub events: Vec<Event>,
    /// Events that were not kept because there were too many.
    #[serde(skip_serializing_if = "is_zero")]
    pub events_dropped: u64,
    #[serde(skip_serializing_if = "Option::is_none")]
    pub failure: Option<Failure>,
    /// What took the gas, the most first; empty unless asked for.
    #[serde(skip_serializing_if = "Vec::is_empty")]
    pub profile: Vec<Spent>,
}

fn is_zero(number: &u64) -> bool {
    *number == 0
}

#[derive(Serialize, Clone, Copy)]
pub struct Gas {
    pub limit: u64,
    pub used: u64,
}

/// How an invocation ended.
#[derive(Serialize, Clone, PartialEq, Eq)]
#[serde(rename_all = "kebab-case")]
pub enum Outcome {
    Halt,
    Panic,
    OutOfGas,
    /// No code was run; the text says why.
    NotRun(String),
    /// The guest halted and its result was refused; the text says why.
    Refused(String),
}

impl Outcome {
    pub fn is_good(&self) -> bool {
        *self == Self::Halt
    }
}

impl std::fmt::Display for Outcome {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        match self {
            Self::Halt => f.write_str("halt"),
            Self::Panic => f.write_str("panic"),
            Self::OutOfGas => f.write_str("out of gas"),
            Self::NotRun(why) => write!(f, "not run: {why}"),
            Self::Refused(why) => write!(f, "refused: {why}"),
        }
    }
}

/// Why a guest failed.
#[derive(Serialize)]
pub struct Failure {
    pub what: String,
    #[serde(skip_serializing_if = "Option::is_none")]
    pub explanation: Option<Explanation>,
    /// What else may be the matter.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub hint: Option<String>,
}

/// Something that happened within an invocation.
#[derive(Serialize)]
#[serde(tag = "kind", rename_all = "kebab-case")]
pub enum Event {
    HostCall(HostCall),
    Log(JipLog),
    Export { index: u64, segment: Octets },
    InnerCreated { machine: u64, octets: usize },
    InnerRan(InnerRun),
}

/// A run of an inner machine.
#[derive(Serialize)]
pub struct InnerRun {
    /// Its handle; nothing for the child of an `invoke_child`.
    pub machine: Option<u64>,
    pub exit: String,
    pub pc: u64,
    pub gas: Gas,
    #[serde(skip_serializing_if = "Option::is_none")]
    pub explanation: Option<Explanation>,
}

/// A host call with its arguments and result decoded.
#[derive(Serialize)]
pub struct HostCall {
    pub number: u64,
    /// Nothing for a call that is unknown or not offered here.
    pub name: Option<&'static str>,
    pub pc: Option<u64>,
    pub arguments: Vec<Argument>,
    pub result: String,
    pub r7: u64,
    pub r8: u64,
    pub gas: CallGas,
    pub memory: Vec<MemoryEvent>,
}

#[derive(Serialize)]
pub struct CallGas {
    pub before: u64,
    pub after: u64,
}

/// The work report.
#[derive(Serialize)]
pub struct WorkReport {
    pub hash: String,
    pub package_hash: String,
    pub authorizer: String,
    pub authorizer_trace: Octets,
    pub bundle_octets: usize,
    pub erasure_root: String,
    pub segment_root: String,
    pub segments: usize,
    pub digests: Vec<Digest>,
}

/// What came of an item.
#[derive(Serialize)]
pub struct Digest {
    pub service: Service,
    pub code_hash: String,
    pub payload_hash: String,
    pub result: DigestResult,
    pub gas_used: u64,
    pub imports: u64,
    pub extrinsics: u64,
    pub extrinsic_octets: u64,
    pub exports: u64,
}

#[derive(Serialize)]
#[serde(rename_all = "kebab-case")]
pub enum DigestResult {
    Output(Octets),
    Error(String),
}

/// A deferred transfer.
#[derive(Serialize)]
pub struct Transfer {
    pub from: Service,
    pub to: Service,
    pub amount: u64,
    pub gas: u64,
    pub memo: Octets,
}

/// A hash that a service yielded.
#[derive(Serialize)]
pub struct Output {
    pub service: Service,
    pub hash: String,
}

/// A place of the state that changed.
#[derive(Serialize)]
pub struct Change {
    #[serde(skip_serializing_if = "Option::is_none")]
    pub service: Option<Service>,
    pub place: String,
    pub before: Option<String>,
    pub after: Option<String>,
}
