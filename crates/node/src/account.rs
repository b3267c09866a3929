//! The account of a package or a block: the parts of it that only a node has. The rest is
//! `jambox-inspect`'s, in the form in which `jambox run` tells of a package.

use std::collections::BTreeMap;
use std::sync::Arc;

use jambox_chain::accumulation::output_root;
use jambox_chain::block::{Applied, read_accumulation};
use jambox_chain::{Computed, ServiceCall};
use jambox_inspect::account::{
    Call, Change, Detail, InCore, Invocation, Names, OnChain, PackageSummary, Recorded, Recorder,
    Service, Setting, Transfer, WorkReport, Yielded,
};
use jambox_state::{Accounts, Base, PartialState, StateError};
use jambox_symbols::Symbols;
use jambox_types::{Block, CoreIndex, Hash, Protocol, ServiceId, TimeSlot, WorkPackage};
use serde::Serialize;
use serde_json::Value;

use crate::records::Descriptor;
use crate::world::World;

/// The symbols of programs, by code hash.
pub type SymbolTable = BTreeMap<Hash, Symbols>;

/// The version of the form that accounts have, as the command's `--json` numbers it.
const FORMAT: u32 = 1;
/// Nobody names services on a chain.
static NO_NAMES: Names = Names::new();

/// Sets a member of an object.
pub fn set(object: &mut Value, name: &str, value: impl Into<Value>) {
    if let Some(members) = object.as_object_mut() {
        members.insert(name.to_owned(), value.into());
    }
}

/// `0x` and the octets.
#[must_use]
pub fn hex(octets: &[u8]) -> String {
    const_hex::encode_prefixed(octets)
}

/// An observer that keeps so much detail of all that runs upon the state of a slot.
#[must_use]
pub fn recorder<'a>(
    protocol: &'a Protocol,
    slot: TimeSlot,
    symbols: &'a SymbolTable,
    detail: Detail,
) -> Recorder<'a> {
    Recorder::new(Setting { protocol, slot, names: &NO_NAMES, symbols }, detail)
}

/// The account of a package in core; the node adds how it went on.
#[derive(Serialize)]
struct PackageAccount {
    format: u32,
    package: PackageSummary,
    /// The authorizer that it names.
    authorizer: String,
    /// The reason of its refusal; `None` when it was taken in.
    refused: Option<String>,
    #[serde(flatten)]
    in_core: InCore,
    failures: Vec<String>,
}

/// A package on its way through the core, with the state that it runs upon.
#[derive(Clone, Copy, Debug)]
pub struct Handed<'a> {
    /// The package.
    pub package: &'a WorkPackage,
    /// The core that it is for.
    pub core: CoreIndex,
    /// The slot of the head.
    pub slot: TimeSlot,
    /// The protocol.
    pub protocol: &'a Protocol,
}

impl Handed<'_> {
    /// The account of a package that was refused, with the invocations that ran until then.
    #[must_use]
    pub fn refused(&self, reason: &str, mut recorded: Recorded) -> Value {
        let refine = recorded.refined();
        let is_authorized = recorded.is_authorized;
        let in_core = InCore { is_authorized, refine, work_report: None };
        self.told(Some(reason.to_owned()), in_core)
    }

    /// The account of a package that came to a report.
    #[must_use]
    pub fn accepted(&self, computed: &Computed, mut recorded: Recorded) -> Value {
        let Computed { report, bundle, exports, .. } = computed;
        let refine = recorded.refine(&self.package.items, &report.digests, &NO_NAMES);
        let sizes = (bundle.len(), exports.len());
        let work_report = Some(WorkReport::new(report, sizes, &NO_NAMES, self.protocol));
        let is_authorized = recorded.is_authorized;
        self.told(None, InCore { is_authorized, refine, work_report })
    }

    fn told(&self, refused: Option<String>, in_core: InCore) -> Value {
        let mut failures: Vec<String> = refused.iter().cloned().collect();
        failures.extend(in_core.refine.iter().filter_map(Invocation::failed));
        json_of(&PackageAccount {
            format: FORMAT,
            package: PackageSummary::new(self.package, self.core, self.slot, self.protocol),
            authorizer: self.package.authorizer().to_string(),
            refused,
            in_core,
            failures,
        })
    }
}

/// The account of a block.
#[derive(Serialize)]
struct BlockAccount {
    format: u32,
    block: String,
    slot: u32,
    parent: String,
    state_root: String,
    /// The packages that it reports.
    reported: Vec<String>,
    /// The packages whose data became available.
    available: Vec<String>,
    preimages: Vec<ProvidedPreimage>,
    #[serde(flatten)]
    on_chain: OnChain,
    #[serde(serialize_with = "jambox_inspect::wide::number")]
    gas_used: u64,
    failures: Vec<String>,
}

/// A preimage in a block.
#[derive(Serialize)]
struct ProvidedPreimage {
    service: Service,
    hash: String,
    octets: usize,
}

/// The account of a block that led from one state to another.
///
/// # Errors
///
/// One of the states cannot be read.
pub fn of_block(
    (block, here): (&Block, Descriptor),
    (before, after): (&World, &World),
    applied: &Applied,
    mut recorded: Recorded,
    protocol: &Protocol,
) -> Result<Value, StateError> {
    let call = |call: &ServiceCall| -> Call {
        (call.service, call.gas, call.no_code.map(|reason| reason.to_string()))
    };
    let accumulate = recorded.accumulate(applied.calls.iter().map(call), &NO_NAMES);
    let yielded = |(service, hash): &(ServiceId, Hash)| Yielded {
        service: Service::new(*service, &NO_NAMES),
        hash: hash.to_string(),
    };
    let outputs = &applied.outputs;
    let on_chain = OnChain {
        transfers: applied.transfers.iter().map(|it| Transfer::new(it, &NO_NAMES)).collect(),
        outputs: outputs.iter().map(yielded).collect(),
        output_root: (!outputs.is_empty()).then(|| output_root(outputs).to_string()),
        state: differences(before, after, &applied.accounts, protocol)?,
        accumulate,
    };
    let preimages = block.extrinsic.preimages.iter().map(|preimage| ProvidedPreimage {
        service: Service::new(preimage.service, &NO_NAMES),
        hash: Hash::blake2b(&preimage.data).to_string(),
        octets: preimage.data.len(),
    });
    let reported = block.extrinsic.guarantees.iter().map(|guarantee| &guarantee.report);
    let package = |report: &jambox_types::WorkReport| report.availability.package_hash.to_string();
    Ok(json_of(&BlockAccount {
        format: FORMAT,
        block: here.hash.to_string(),
        slot: here.slot,
        parent: block.header.parent.to_string(),
        state_root: after.root.to_string(),
        reported: reported.map(package).collect(),
        available: applied.available.iter().map(package).collect(),
        preimages: preimages.collect(),
        failures: on_chain.accumulate.iter().filter_map(Invocation::failed).collect(),
        on_chain,
        gas_used: applied.gas_used.0,
    }))
}

/// Changes of the state by services, and the outcome of the values that they alone may change.
fn differences(
    before: &World,
    after: &World,
    accounts: &Accounts,
    protocol: &Protocol,
) -> Result<Vec<Change>, StateError> {
    let prior = read_accumulation(&before.values, protocol)?.state;
    let later = read_accumulation(&after.values, protocol)?.state;
    // Two overlays can be compared over one base.
    let base = Arc::clone(&before.values) as Arc<dyn Base>;
    let prior = PartialState { accounts: Accounts::new(base), ..prior };
    let later = PartialState { accounts: accounts.clone(), ..later };
    let differences = prior.diff(&later)?;
    Ok(differences.iter().map(|difference| Change::new(difference, &NO_NAMES)).collect())
}

/// An account as JSON.
#[must_use]
pub fn json_of(account: &impl Serialize) -> Value {
    // Maps with keys that are no strings, and numbers that are none, have no place in accounts.
    serde_json::to_value(account).unwrap_or_default()
}
