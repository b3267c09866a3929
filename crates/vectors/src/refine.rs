//! Refinements with all data that their guests can fetch: exit, gas used, output and exports. The
//! format is of 0.8.0.

use std::collections::BTreeMap;
use std::path::Path;
use std::sync::Arc;

use jambox_hostcall::FetchKind;
use jambox_invocation::{Env, InCoreData, Observer, Refined, Refinement, refine_with};
use jambox_isa::Revision;
use jambox_state::{
    AccountInfo, Accounts, Blob, Footprint, MemoryBase, RequestHistory, RequestKey, StateError,
};
use jambox_types::{Abi, Balance, CoreIndex, Gas, Hash, Protocol, ServiceId, TimeSlot, WorkError};
use serde::de::Error as _;
use serde::{Deserialize, Deserializer};

use crate::campaign::whole;
use crate::{Campaign, Error, Outcome, Report, files};

/// Octets, in hexadecimal with `0x` in the file.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Octets(Vec<u8>);

impl<'de> Deserialize<'de> for Octets {
    fn deserialize<D: Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
        let text = String::deserialize(deserializer)?;
        const_hex::decode(text).map(Self).map_err(D::Error::custom)
    }
}

impl Octets {
    fn blob(&self) -> Blob {
        Blob::from(self.0.as_slice())
    }
}

/// Data of a kind of `fetch`: one blob, or one for each item.
#[derive(Debug, Clone, PartialEq, Eq, Deserialize)]
#[serde(untagged)]
pub enum Fetched {
    /// The same for every index.
    One(Octets),
    /// By index.
    ByIndex(Vec<Octets>),
}

/// A case, as in its file.
#[derive(Debug, Clone, PartialEq, Eq, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Case {
    /// Name of the case, equal to that of the file.
    pub name: String,
    /// The code with its metadata.
    pub code: Octets,
    /// The encoded arguments.
    pub arguments: Octets,
    /// The gas limit.
    pub gas: u64,
    /// The service.
    pub service: u32,
    /// Index of the item.
    pub item: usize,
    /// Number of segments exported by the package's earlier items.
    pub export_offset: u64,
    /// Preimages for `historical_lookup`, by service and hash.
    pub historical: BTreeMap<u32, BTreeMap<String, Octets>>,
    /// Data for `fetch`, by kind.
    pub fetch: BTreeMap<u64, Fetched>,
    /// The extrinsics of each item.
    pub extrinsics: Vec<Vec<Octets>>,
    /// The imported segments of each item.
    pub imports: Vec<Vec<Octets>>,
    /// The expected result.
    pub expected: Expected,
}

/// Result of a refinement.
#[derive(Debug, Clone, PartialEq, Eq, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Expected {
    /// Exit of the program.
    pub status: Status,
    /// Gas used.
    pub gas_used: u64,
    /// The output; empty unless it halts.
    pub output: Octets,
    /// BLAKE2b hash of each segment exported by the guest. By the paper, a refinement that fails
    /// exports nothing; the guest's exports are here nevertheless.
    pub exports: Vec<Octets>,
}

/// Exit of a refinement.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Deserialize)]
#[serde(rename_all = "lowercase")]
pub enum Status {
    /// A halt.
    Halt,
    /// A panic.
    Panic,
    /// Out of gas.
    Oog,
}

impl InCoreData for Case {
    fn fetch(&self, kind: FetchKind, first: u64) -> Option<Blob> {
        match self.fetch.get(&kind.number(Abi::GrayPaper)?)? {
            Fetched::One(octets) => Some(octets.blob()),
            Fetched::ByIndex(items) => at(items, first).map(Octets::blob),
        }
    }

    fn extrinsic(&self, item: u64, index: u64) -> Option<Blob> {
        at(at(&self.extrinsics, item)?, index).map(Octets::blob)
    }

    fn import(&self, item: u64, index: u64) -> Option<Blob> {
        at(at(&self.imports, item)?, index).map(Octets::blob)
    }
}

fn at<T>(items: &[T], index: u64) -> Option<&T> {
    usize::try_from(index).ok().and_then(|index| items.get(index))
}

/// Runs every case in a folder (`*.json`) with the parameters and the backend of an environment,
/// under 0.8.0, the revision of the format.
///
/// # Errors
///
/// When the folder cannot be read or holds no case.
pub fn run(folder: &Path, env: &Env) -> Result<Report, Error> {
    whole(|campaign| run_part(folder, env, campaign))
}

/// [`run`], as a part of a campaign.
///
/// # Errors
///
/// As [`run`].
pub fn run_part(folder: &Path, env: &Env, campaign: &mut Campaign<'_>) -> Result<(), Error> {
    let files = files::json_under::<Case>(folder, "refine vectors (`*.json`)")?;
    let protocol = Protocol { revision: Revision::GrayPaper080, ..*env.protocol() };
    let env = Env::with_backend(protocol, env.engine().config().backend)
        .map_err(|error| error.to_string());
    campaign.report.revisions.insert(protocol.revision);
    for (name, case) in files {
        if !campaign.wants(&name) {
            continue;
        }
        let outcome = match (case, &env) {
            (Err(error), _) => Outcome::Failed(format!("not a case: {error}")),
            (_, Err(error)) => Outcome::Failed(error.clone()),
            (Ok(case), Ok(env)) => run_case(&case, env),
        };
        campaign.add(name, outcome);
    }
    Ok(())
}

/// Runs a case.
#[must_use]
pub fn run_case(case: &Case, env: &Env) -> Outcome {
    let mut exports = Exports::default();
    let refined = refined(case, env, &mut exports);
    let differs = refined.map(|refined| difference(&case.expected, &refined, &exports.0));
    match differs {
        Ok(None) => Outcome::Passed,
        Ok(Some(difference)) => Outcome::Failed(difference),
        Err(error) => Outcome::Failed(error),
    }
}

/// Segments exported by a guest.
#[derive(Default)]
struct Exports(Vec<Hash>);

impl Observer for Exports {
    fn exported(&mut self, _: u64, segment: &[u8]) {
        self.0.push(Hash::blake2b(segment));
    }
}

fn refined(case: &Case, env: &Env, observer: &mut dyn Observer) -> Result<Refined, String> {
    const AUTHORIZER_TRACE: u64 = 2;
    let trace = match case.fetch.get(&AUTHORIZER_TRACE) {
        Some(Fetched::One(octets)) => octets.blob(),
        _ => return Err("the case has no authorizer trace".to_owned()),
    };
    let accounts = accounts(case)?;
    let refinement = Refinement {
        package: case,
        core: CoreIndex(0),
        item: case.item,
        service: ServiceId(case.service),
        code_hash: Hash::blake2b(&case.code.0),
        code: &case.code.0,
        gas_limit: Gas(case.gas),
        arguments: &case.arguments.0,
        trace: &trace,
        export_offset: case.export_offset,
        accounts: &accounts,
        lookup_slot: TimeSlot(0),
    };
    refine_with(env, refinement, observer).map_err(|error| error.to_string())
}

/// Accounts with the preimages of a case, available since slot 0.
fn accounts(case: &Case) -> Result<Accounts, String> {
    let mut accounts = Accounts::new(Arc::new(MemoryBase::default()));
    let failed = |error: StateError| error.to_string();
    for (service, preimages) in &case.historical {
        let service = ServiceId(*service);
        accounts.create(service, account()).map_err(failed)?;
        for (hash, preimage) in preimages {
            let hash = const_hex::decode_to_array(hash).map_err(|error| error.to_string())?;
            let length = preimage.0.len();
            let length = u32::try_from(length).map_err(|_| "a preimage is too long".to_owned())?;
            let key = RequestKey { hash: Hash(hash), length };
            let history = RequestHistory::Available(TimeSlot(0));
            accounts.set_request(service, key, Some(history)).map_err(failed)?;
            accounts.set_preimage(service, key.hash, Some(preimage.blob())).map_err(failed)?;
        }
    }
    Ok(accounts)
}

fn account() -> AccountInfo {
    AccountInfo {
        code_hash: Hash::ZERO,
        balance: Balance(0),
        min_accumulate_gas: Gas(0),
        min_memo_gas: Gas(0),
        gratis: Balance(0),
        created: TimeSlot(0),
        last_accumulation: TimeSlot(0),
        parent: ServiceId(0),
        footprint: Footprint::default(),
    }
}

/// The first difference from the expected result.
fn difference(expected: &Expected, refined: &Refined, exports: &[Hash]) -> Option<String> {
    let status = match refined.result {
        Ok(_) => Status::Halt,
        Err(WorkError::OutOfGas) => Status::Oog,
        Err(_) => Status::Panic,
    };
    if status != expected.status {
        return Some(format!("{:?} expected, {status:?} found", expected.status));
    }
    if refined.gas_used.0 != expected.gas_used {
        let (expected, found) = (expected.gas_used, refined.gas_used.0);
        return Some(format!("{expected} gas used expected, {found} found"));
    }
    let output = refined.result.as_deref().unwrap_or_default();
    if output != expected.output.0 {
        let (expected, found) = (const_hex::encode(&expected.output.0), const_hex::encode(output));
        return Some(format!("output 0x{expected} expected, 0x{found} found"));
    }
    if !exports.iter().map(|hash| hash.0.as_slice()).eq(expected.exports.iter().map(|it| &it.0)) {
        let (expected, found) = (expected.exports.len(), exports.len());
        return Some(format!("other exports ({expected} expected, {found} found)"));
    }
    let counted = refined.exports.iter().map(|segment| Hash::blake2b(segment));
    if !counted.eq(exports.iter().copied().filter(|_| status == Status::Halt)) {
        return Some("the exports that count are not those that were made".to_owned());
    }
    None
}
