//! State files: the services' state after a run, to start the next run from.
//!
//! A state file is JSON. The first key names the format. Keys and values of storage and preimages
//! are unhashed and complete, so that the file can be read, compared and edited.

use std::collections::BTreeMap;
use std::path::Path;
use std::sync::Arc;

use serde::{Deserialize, Serialize};

use jambox_codec::{decode_all, encode};
use jambox_files::without_mark;
use jambox_state::{
    AccountChange, AccountInfo, Accounts, Blob, PartialState, RequestHistory, RequestKey,
    StateError,
};
use jambox_types::{
    Balance, Gas, Hash, LengthError, Parameters, PerCore, PerQueuePosition, PerValidator,
    Privileges, Protocol, Revision, ServiceId, TimeSlot, UnknownRevision, ValidatorKey,
};

use crate::files::Files;
use crate::placed::Place;
use crate::problem::{Problem, ProblemKind};
use crate::problems::Invalid;

/// Value of the first key in every state file.
const FORMAT: &str = "jambox-state/2";
/// The earlier format, without a revision: there was only one then.
const WITHOUT_REVISION: &str = "jambox-state/1";
/// Largest state file, in octets.
const LIMIT: u64 = 256 << 20;

/// Content of a state file.
#[derive(Clone, Debug)]
pub struct Snapshot {
    /// Revision of the state.
    pub revision: Revision,
    /// Slot of the block that left the state.
    pub slot: TimeSlot,
    /// The entropy accumulator after that block.
    pub entropy: Hash,
    /// The state.
    pub state: PartialState,
    /// The services' names, for people.
    pub names: BTreeMap<ServiceId, String>,
}

#[derive(Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
struct StateFile {
    format: String,
    revision: String,
    slot: TimeSlot,
    entropy: Hash,
    services: Vec<ServiceEntry>,
    privileges: PrivilegesEntry,
    /// Omitted if no keys were ever designated.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    staging_set: Vec<Octets>,
    /// Omitted if no queue was ever assigned.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    authorizer_queues: Vec<Vec<Hash>>,
}

#[derive(Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
struct ServiceEntry {
    id: ServiceId,
    #[serde(default, skip_serializing_if = "Option::is_none")]
    name: Option<String>,
    code_hash: Hash,
    balance: Balance,
    min_accumulate_gas: Gas,
    min_memo_gas: Gas,
    gratis: Balance,
    created: TimeSlot,
    last_accumulation: TimeSlot,
    parent: ServiceId,
    storage: Vec<StorageEntry>,
    preimages: Vec<Octets>,
    requests: Vec<RequestEntry>,
}

#[derive(Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
struct StorageEntry {
    key: Octets,
    value: Octets,
}

#[derive(Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
struct RequestEntry {
    hash: Hash,
    length: u32,
    history: Vec<TimeSlot>,
}

#[derive(Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
struct PrivilegesEntry {
    manager: ServiceId,
    assigners: Vec<ServiceId>,
    delegator: ServiceId,
    registrar: ServiceId,
    always_accumulate: BTreeMap<ServiceId, Gas>,
}

/// Octets in hexadecimal.
#[derive(Serialize, Deserialize)]
#[serde(transparent)]
struct Octets(#[serde(with = "const_hex")] Vec<u8>);

/// Loads a state file.
///
/// # Errors
///
/// When the file cannot be read, is no state file, is incomplete, or does not fit the protocol: it
/// is of another revision or other parameters.
pub fn load(files: &dyn Files, path: &Path, protocol: &Protocol) -> Result<Snapshot, Invalid> {
    let octets = files.read(path, LIMIT).map_err(|reason| {
        let kind = ProblemKind::Unreadable(reason);
        Invalid::new(path, "", vec![Problem { file: None, place: None, kind }])
    })?;
    parse(path, &octets, protocol)
}

/// Reads the content of a state file; `path` is for messages.
///
/// # Errors
///
/// The errors of [`load`].
pub fn parse(path: &Path, octets: &[u8], protocol: &Protocol) -> Result<Snapshot, Invalid> {
    let octets = without_mark(octets);
    let text = String::from_utf8_lossy(octets);
    let fail = |place: Option<Place>, reason: String| {
        let kind = ProblemKind::State(reason);
        // The text of a large file helps nobody, and some files are no text.
        let text = if place.is_some() { &*text } else { "" };
        Invalid::new(path, text, vec![Problem { file: None, place, kind }])
    };
    if std::str::from_utf8(octets).is_err() || octets.contains(&0) {
        return Err(fail(None, "it is not text".to_owned()));
    }
    let fail_json = |error: serde_json::Error| {
        let place = offset(&text, error.line(), error.column());
        if error.is_eof() {
            return fail(Some(place..place), "it ends too soon: it was cut off".to_owned());
        }
        let message = error.to_string();
        let reason = message.rsplit_once(" at line ").map_or(&*message, |(reason, _)| reason);
        fail(Some(place..place), reason.to_owned())
    };
    check_format(octets, fail_json, fail)?;
    let file: StateFile = serde_json::from_slice(octets).map_err(fail_json)?;
    let revision: Revision = file.revision.parse().map_err(|error: UnknownRevision| {
        fail(None, format!("its `revision` is \"{}\": {error}", file.revision))
    })?;
    if !revision.is(protocol.revision) {
        let (what, wanted) = ("the state file".to_owned(), protocol.revision);
        let kind = ProblemKind::Revision { what, found: revision, wanted };
        return Err(Invalid::new(path, "", vec![Problem { file: None, place: None, kind }]));
    }
    file.into_snapshot(protocol).map_err(|reason| fail(None, reason))
}

/// Checks the format alone, so that another tool's file is named in the message.
fn check_format(
    octets: &[u8],
    fail_json: impl Fn(serde_json::Error) -> Invalid,
    fail: impl Fn(Option<Place>, String) -> Invalid,
) -> Result<(), Invalid> {
    #[derive(Deserialize)]
    struct Probe {
        format: Option<serde_json::Value>,
        revision: Option<serde_json::Value>,
    }
    let probe: Probe = serde_json::from_slice(octets).map_err(|error| match error.classify() {
        serde_json::error::Category::Data => {
            fail(None, format!("expected an object whose first key is `format`: \"{FORMAT}\""))
        }
        _ => fail_json(error),
    })?;
    match probe.format {
        Some(serde_json::Value::String(format)) if format == FORMAT => match probe.revision {
            Some(_) => Ok(()),
            None => Err(fail(None, without_revision())),
        },
        Some(serde_json::Value::String(format)) if format == WITHOUT_REVISION => {
            Err(fail(None, without_revision()))
        }
        Some(other) => Err(fail(None, format!("its `format` is {other}, expected \"{FORMAT}\""))),
        None => Err(fail(None, format!("it has no `format`, expected \"{FORMAT}\""))),
    }
}

fn without_revision() -> String {
    let known = Revision::ALL.map(Revision::name).join("\" or \"");
    format!(
        "it does not say its revision, expected `format`: \"{FORMAT}\" and `revision`: \"{known}\" \
         (files of the format {WITHOUT_REVISION} are of gray-paper-0.7.2)"
    )
}

/// Offset in octets of a line and column, both counted from one.
fn offset(text: &str, line: usize, column: usize) -> usize {
    let before = text.split_inclusive('\n').take(line.saturating_sub(1));
    let start = before.fold(0_usize, |sum, line| sum.saturating_add(line.len()));
    start.saturating_add(column.saturating_sub(1)).min(text.len())
}

impl StateFile {
    fn into_snapshot(self, protocol: &Protocol) -> Result<Snapshot, String> {
        let parameters = &protocol.parameters;
        let mut state = PartialState::empty(protocol);
        let mut names = BTreeMap::new();
        for service in self.services {
            let id = service.id;
            if let Some(name) = &service.name {
                names.insert(id, name.clone());
            }
            let added = service.add_to(&mut state.accounts);
            added.map_err(|reason| format!("service {id}: {reason}"))?;
        }
        let sized = |what: &str, error: LengthError| {
            format!("{what}: {error}; was it written under other parameters?")
        };
        state.privileges = Arc::new(
            self.privileges
                .into_privileges(parameters)
                .map_err(|error| sized("`assigners`", error))?,
        );
        if !self.staging_set.is_empty() {
            let keys = self.staging_set.iter().map(|key| decode_all::<ValidatorKey>(&key.0));
            let keys = keys.collect::<Result<_, _>>();
            let keys = keys.map_err(|error| format!("`staging_set`: {error}"))?;
            let keys = PerValidator::new(keys, protocol);
            state.staging_set = Arc::new(keys.map_err(|error| sized("`staging_set`", error))?);
        }
        if !self.authorizer_queues.is_empty() {
            let queues = self.authorizer_queues.into_iter();
            let queues = queues.map(|queue| PerQueuePosition::new(queue, parameters).map(Arc::new));
            let queues = queues
                .collect::<Result<_, _>>()
                .and_then(|queues| PerCore::new(queues, parameters))
                .map_err(|error| sized("`authorizer_queues`", error))?;
            state.authorizer_queues = Arc::new(queues);
        }
        Ok(Snapshot {
            revision: protocol.revision,
            slot: self.slot,
            entropy: self.entropy,
            state,
            names,
        })
    }
}

impl ServiceEntry {
    fn add_to(self, accounts: &mut Accounts) -> Result<(), String> {
        let requests = self.requests.iter().map(|request| {
            let key = RequestKey { hash: request.hash, length: request.length };
            let history = RequestHistory::from_slots(&request.history);
            history.map(|history| (key, history)).ok_or(request.hash)
        });
        let requests: Result<Vec<_>, Hash> = requests.collect();
        let requests =
            requests.map_err(|hash| format!("the request of {hash} has more than three slots"))?;
        self.put(requests, accounts).map_err(|error| error.to_string())
    }

    fn put(
        self,
        requests: Vec<(RequestKey, RequestHistory)>,
        accounts: &mut Accounts,
    ) -> Result<(), StateError> {
        let info = AccountInfo {
            code_hash: self.code_hash,
            balance: self.balance,
            min_accumulate_gas: self.min_accumulate_gas,
            min_memo_gas: self.min_memo_gas,
            gratis: self.gratis,
            created: self.created,
            last_accumulation: self.last_accumulation,
            parent: self.parent,
            ..AccountInfo::default()
        };
        accounts.create(self.id, info)?;
        for StorageEntry { key, value } in self.storage {
            accounts.set_storage(self.id, &key.0, Some(Blob::from(value.0)))?;
        }
        for preimage in self.preimages {
            let hash = Hash::blake2b(&preimage.0);
            accounts.set_preimage(self.id, hash, Some(Blob::from(preimage.0)))?;
        }
        for (key, history) in requests {
            accounts.set_request(self.id, key, Some(history))?;
        }
        Ok(())
    }
}

impl ServiceEntry {
    /// The entry of an account, which a state without a base holds whole.
    fn new(id: ServiceId, name: Option<String>, account: &AccountChange) -> Self {
        let info = account.info();
        let storage = account.storage().filter_map(|(key, value)| {
            Some(StorageEntry { key: octets(key), value: octets(value?) })
        });
        let requests = account.requests().filter_map(|(key, history)| {
            let history = history?.slots().collect();
            Some(RequestEntry { hash: key.hash, length: key.length, history })
        });
        Self {
            id,
            name,
            code_hash: info.code_hash,
            balance: info.balance,
            min_accumulate_gas: info.min_accumulate_gas,
            min_memo_gas: info.min_memo_gas,
            gratis: info.gratis,
            created: info.created,
            last_accumulation: info.last_accumulation,
            parent: info.parent,
            storage: storage.collect(),
            preimages: account.preimages().filter_map(|(_, data)| data.map(octets)).collect(),
            requests: requests.collect(),
        }
    }
}

impl PrivilegesEntry {
    fn new(privileges: &Privileges) -> Self {
        Self {
            manager: privileges.manager,
            assigners: privileges.assigners.to_vec(),
            delegator: privileges.delegator,
            registrar: privileges.registrar,
            always_accumulate: privileges.always_accumulate.clone(),
        }
    }

    fn into_privileges(self, parameters: &Parameters) -> Result<Privileges, LengthError> {
        Ok(Privileges {
            manager: self.manager,
            assigners: PerCore::new(self.assigners, parameters)?,
            delegator: self.delegator,
            registrar: self.registrar,
            always_accumulate: self.always_accumulate,
        })
    }
}

impl Snapshot {
    /// The content of a state file.
    #[must_use]
    pub fn to_json(&self) -> String {
        let state = &self.state;
        let services = state.accounts.changes().filter_map(|(id, change)| {
            Some(ServiceEntry::new(id, self.names.get(&id).cloned(), change?))
        });
        let is_designated = state.staging_set.iter().any(|key| *key != ValidatorKey::default());
        let keys = is_designated.then_some(&state.staging_set).into_iter();
        let keys = keys.flat_map(|keys| keys.iter()).map(|key| Octets(encode(key)));
        let is_assigned = state
            .authorizer_queues
            .iter()
            .any(|queue| queue.iter().any(|hash| *hash != Hash::ZERO));
        let queues = is_assigned.then_some(&state.authorizer_queues).into_iter();
        let file = StateFile {
            format: FORMAT.to_owned(),
            revision: self.revision.name().to_owned(),
            slot: self.slot,
            entropy: self.entropy,
            services: services.collect(),
            privileges: PrivilegesEntry::new(&state.privileges),
            staging_set: keys.collect(),
            authorizer_queues: queues
                .flat_map(|queues| queues.iter())
                .map(|queue| queue.to_vec())
                .collect(),
        };
        serde_json::to_string_pretty(&file).unwrap_or_default()
    }
}

fn octets(blob: &Blob) -> Octets {
    Octets(blob.to_vec())
}
