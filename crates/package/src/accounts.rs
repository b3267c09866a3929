//! The initial state described by a package file.

use std::collections::{BTreeMap, BTreeSet};
use std::path::{Path, PathBuf};
use std::sync::Arc;

use jambox_state::{Accounts, Blob, PartialState, RequestHistory, RequestKey, StateError};
use jambox_types::{Balance, Gas, Hash, PerCore, Privileges, Protocol, ServiceId, TimeSlot};

use crate::code;
use crate::description::Kind;
use crate::draft::Gaps;
use crate::manifest::{self, Authorizer, Preimage, Service, ServiceName};
use crate::placed::{Place, Placed};
use crate::problem::ProblemKind;
use crate::sources::Sources;
use crate::state_file::{self, Snapshot};
use crate::value::Value;

/// Builds the state, one service section after another.
pub(crate) struct Builder<'a> {
    protocol: Protocol,
    sources: &'a Sources<'a>,
    ids: BTreeMap<String, ServiceId>,
    names: BTreeMap<ServiceId, String>,
    /// For each service, the file with the description of its payloads, and whether the package
    /// file names it.
    descriptions: BTreeMap<ServiceId, (Placed<PathBuf>, bool)>,
    state: PartialState,
    gaps: &'a Gaps,
    /// True if the initial state cannot be read, so that any service may be in it.
    lacks_state: bool,
    /// Slot of the initial state; `None` without one.
    prior_slot: Option<TimeSlot>,
    entropy: Hash,
}

impl<'a> Builder<'a> {
    pub(crate) fn new(protocol: Protocol, sources: &'a Sources<'a>, gaps: &'a Gaps) -> Self {
        Self {
            protocol,
            sources,
            ids: BTreeMap::new(),
            names: BTreeMap::new(),
            descriptions: BTreeMap::new(),
            state: PartialState::empty(&protocol),
            gaps,
            lacks_state: false,
            prior_slot: None,
            entropy: Hash::ZERO,
        }
    }

    /// Starts from a state file named by the caller.
    pub(crate) fn start_from_file(&mut self, path: &Path) {
        match state_file::load(self.sources.files(), path, &self.protocol) {
            Ok(snapshot) => self.start_from(snapshot),
            Err(invalid) => {
                self.sources.problems.add_apart(invalid);
                self.lacks_state = true;
            }
        }
    }

    /// Starts from the state file named in the package file.
    pub(crate) fn start_from_value(&mut self, written: &Placed<Value>) {
        match self.snapshot(written) {
            Some(snapshot) => self.start_from(snapshot),
            None => self.lacks_state = true,
        }
    }

    /// Starts from an unknown state: the file names one, in a way that cannot be read.
    pub(crate) fn start_from_unknown(&mut self) {
        self.lacks_state = true;
    }

    fn snapshot(&self, written: &Placed<Value>) -> Option<Snapshot> {
        let path = match self.sources.chosen(&written.value, &written.place)? {
            Value::File(path) => self.sources.resolve(path),
            _ => Path::new("the value of `state`").to_owned(),
        };
        let octets = self.sources.octets(written)?;
        let snapshot = state_file::parse(&path, &octets, &self.protocol);
        snapshot.map_err(|invalid| self.sources.problems.add_all(invalid, &written.place)).ok()
    }

    /// Starts from a state of the caller.
    pub(crate) fn start_from(&mut self, snapshot: Snapshot) {
        self.ids = snapshot.names.iter().map(|(id, name)| (name.clone(), *id)).collect();
        self.names = snapshot.names;
        self.state = snapshot.state;
        self.prior_slot = Some(snapshot.slot);
        self.entropy = snapshot.entropy;
    }

    /// Records the services' names first, so that sections may refer to each other in any order.
    pub(crate) fn name_services(&mut self, services: &[(Placed<String>, Service)]) {
        let mut taken: BTreeMap<ServiceId, &str> = BTreeMap::new();
        for (name, service) in services {
            let id = ServiceId(service.id.value);
            if let Some(other) = taken.insert(id, &name.value) {
                let reason =
                    format!("services `{other}` and `{}` have the same id {id}", name.value);
                self.sources.problems.add(service.id.place.clone(), ProblemKind::Conflict(reason));
            }
            self.ids.insert(name.value.clone(), id);
            self.names.insert(id, name.value.clone());
        }
    }

    /// Adds a service, over the state's service with the same id.
    pub(crate) fn add_service(&mut self, name: &str, service: &Service) -> Option<()> {
        let id = ServiceId(service.id.value);
        let known = self.checked(self.state.accounts.get(id))?;
        let mut info = known.unwrap_or_default();
        let is_whole = !self.gaps.services.contains(name) && !self.lacks_state;
        if known.is_none() && service.balance.is_none() && is_whole {
            let section = format!("[services.{name}]");
            let kind = ProblemKind::MissingKey { key: "balance", section };
            self.sources.problems.add(service.place.clone(), kind);
        }
        self.note_description(id, service);
        let parent = service.parent.as_ref().and_then(|parent| self.service(parent));
        set(&mut info.balance, service.balance.as_ref().map(|placed| Balance(placed.value)));
        let gas = |placed: &Option<Placed<u64>>| placed.as_ref().map(|placed| Gas(placed.value));
        set(&mut info.min_accumulate_gas, gas(&service.min_accumulate_gas));
        set(&mut info.min_memo_gas, gas(&service.min_memo_gas));
        set(&mut info.gratis, service.gratis.as_ref().map(|placed| Balance(placed.value)));
        let slot = |placed: &Option<Placed<u32>>| placed.as_ref().map(|p| TimeSlot(p.value));
        set(&mut info.created, slot(&service.created));
        set(&mut info.last_accumulation, slot(&service.last_accumulation));
        set(&mut info.parent, parent);
        if let (Some(_), Some(hash)) = (&service.code, &service.code_hash) {
            self.exclusive_codes(hash);
        }
        set(&mut info.code_hash, service.code_hash.as_ref().map(|hash| Hash(hash.value)));
        let code = service.code.as_ref().map(|code| {
            code::load(self.sources, code, &format!("the code of service `{name}`"), &self.protocol)
        });
        if let Some(code) = code.as_ref().and_then(Option::as_ref) {
            info.code_hash = Hash::blake2b(code);
        }
        self.change(|accounts| match known {
            Some(_) => accounts.update(id, |account| *account = info),
            None => accounts.create(id, info),
        })?;
        if let Some(code) = code.flatten() {
            self.add_preimage(id, code, RequestHistory::Available(TimeSlot(0)))?;
        }
        self.add_dictionaries(id, service)
    }

    /// Records the file with the description of a service's payloads: the named file, or else the
    /// file beside its code.
    fn note_description(&mut self, id: ServiceId, service: &Service) {
        let sources = self.sources;
        let file = |written: &Option<Placed<Value>>| {
            let written = written.as_ref()?;
            let path = sources.path_of(&written.value)?.to_owned();
            Some(Placed { value: path, place: written.place.clone() })
        };
        let beside = |code: Placed<PathBuf>| code.map(|path| path.with_extension("payload"));
        let named = file(&service.payload).map(|path| (path, true));
        let found = named.or_else(|| file(&service.code).map(|code| (beside(code), false)));
        if let Some(found) = found {
            self.descriptions.insert(id, found);
        } else if let Some(written) = &service.payload {
            let (key, found) = ("payload".to_owned(), "no file");
            let expected = "\"file:..\", a file that `jambox build` has written".to_owned();
            let kind = ProblemKind::NotOfType { key, expected, found };
            self.sources.problems.add(written.place.clone(), kind);
        }
    }

    /// Description of a service's payloads; `None` and a problem if there is none.
    pub(crate) fn description(&self, service: ServiceId, place: &Place) -> Option<Kind> {
        let problems = self.sources.problems;
        let unknown = || {
            let name = self.names.get(&service).cloned().unwrap_or_else(|| service.to_string());
            if !self.gaps.services.contains(&name) {
                problems.add(place.clone(), ProblemKind::NoDescription { service: name });
            }
            None
        };
        let Some((file, is_named)) = self.descriptions.get(&service) else { return unknown() };
        let octets = match is_named {
            true => self.sources.file(&file.value, &file.place)?.1,
            false => match self.sources.file_if_there(&file.value) {
                Some(octets) => octets,
                None => return unknown(),
            },
        };
        match Kind::parse(&String::from_utf8_lossy(&octets)) {
            Ok(kind) => Some(kind),
            Err(reason) => {
                let path = self.sources.resolve(&file.value);
                problems.add(file.place.clone(), ProblemKind::Description { path, reason });
                None
            }
        }
    }

    fn exclusive_codes(&self, hash: &Placed<[u8; 32]>) {
        let reason = "`code` and `code_hash` exclude each other".to_owned();
        self.sources.problems.add(hash.place.clone(), ProblemKind::Conflict(reason));
    }

    fn add_dictionaries(&mut self, id: ServiceId, service: &Service) -> Option<()> {
        let mut keys = BTreeSet::new();
        for entry in &service.storage {
            let (key, value) = (self.sources.octets(&entry.key), self.sources.octets(&entry.value));
            let (Some(key), Some(value)) = (key, value) else { continue };
            if !keys.insert(key.clone()) {
                let what = format!("the storage has two values under {}", shown(&key));
                self.sources.problems.add(entry.key.place.clone(), ProblemKind::Twice(what));
            }
            self.change(|accounts| accounts.set_storage(id, &key, Some(value)).map(drop))?;
        }
        let mut requests = BTreeSet::new();
        let mut note = |key: RequestKey, place: &Place| {
            if !requests.insert(key) {
                let what = format!("there are two requests of {}, {} octets", key.hash, key.length);
                self.sources.problems.add(place.clone(), ProblemKind::Twice(what));
            }
        };
        for preimage in &service.preimages {
            let Some(history) = self.preimage_history(preimage) else { continue };
            let Some(data) = self.sources.octets(&preimage.data) else { continue };
            note(request_key(&data), &preimage.data.place);
            self.add_preimage(id, data, history)?;
        }
        for request in &service.requests {
            let key = RequestKey { hash: Hash(request.hash.value), length: request.length.value };
            let place = &request.hash.place;
            note(key, place);
            let Some(history) = self.history(&request.history, place) else { continue };
            self.change(|accounts| accounts.set_request(id, key, Some(history)))?;
        }
        Some(())
    }

    fn preimage_history(&self, preimage: &Preimage) -> Option<RequestHistory> {
        match &preimage.history {
            Some(slots) => self.history(slots, &preimage.data.place),
            None => Some(RequestHistory::Available(TimeSlot(0))),
        }
    }

    fn history(&self, slots: &[Placed<u32>], place: &Place) -> Option<RequestHistory> {
        let slots: Vec<_> = slots.iter().map(|slot| TimeSlot(slot.value)).collect();
        let history = RequestHistory::from_slots(&slots);
        if history.is_none() {
            let what = "the number of slots in a request's history".to_owned();
            let kind = ProblemKind::Limit { what, found: slots.len() as u64, limit: 3 };
            self.sources.problems.add(place.clone(), kind);
        }
        history
    }

    fn add_preimage(&mut self, id: ServiceId, data: Blob, history: RequestHistory) -> Option<()> {
        let key = request_key(&data);
        let hash = key.hash;
        self.change(|accounts| {
            accounts.set_request(id, key, Some(history))?;
            accounts.set_preimage(id, hash, Some(data))
        })
    }

    /// Adds the authorizer's code to the host's preimages; returns the host and the code's hash.
    pub(crate) fn add_authorizer(&mut self, authorizer: &Authorizer) -> Option<(ServiceId, Hash)> {
        let host = self.existing_service(&authorizer.host);
        let problems = self.sources.problems;
        match (&authorizer.code, &authorizer.code_hash) {
            (None, None) => {
                let section = "[authorizer]".to_owned();
                let kind = ProblemKind::MissingKey { key: "code", section };
                problems.add(authorizer.place.clone(), kind);
                None
            }
            (Some(_), Some(hash)) => {
                self.exclusive_codes(hash);
                None
            }
            (None, Some(hash)) => Some((host?, Hash(hash.value))),
            (Some(code), None) => {
                let code = code::load(self.sources, code, "the authorizer's code", &self.protocol);
                let (host, code) = (host?, code?);
                let hash = Hash::blake2b(&code);
                self.add_preimage(host, code, RequestHistory::Available(TimeSlot(0)))?;
                Some((host, hash))
            }
        }
    }

    pub(crate) fn set_privileges(&mut self, written: &manifest::Privileges) {
        let service = |name: &Option<Placed<ServiceName>>, before: ServiceId| {
            name.as_ref().and_then(|name| self.service(name)).unwrap_or(before)
        };
        let before = Arc::clone(&self.state.privileges);
        let assigners = match &written.assigners {
            None => before.assigners.clone(),
            Some(names) => self.assigners(names),
        };
        let always = written.always_accumulate.iter();
        let always = always.filter_map(|(name, gas)| Some((self.service(name)?, Gas(gas.value))));
        let mut always_accumulate = before.always_accumulate.clone();
        always_accumulate.extend(always);
        let privileges = Privileges {
            manager: service(&written.manager, before.manager),
            assigners,
            delegator: service(&written.delegator, before.delegator),
            registrar: service(&written.registrar, before.registrar),
            always_accumulate,
        };
        self.state.privileges = Arc::new(privileges);
    }

    fn assigners(&self, names: &[Placed<ServiceName>]) -> PerCore<ServiceId> {
        let parameters = &self.protocol.parameters;
        let ids: Vec<_> = names.iter().map(|name| self.service(name).unwrap_or_default()).collect();
        if let (Some(extra), true) = (names.get(parameters.core_count()), ids.len() > 1) {
            let kind = ProblemKind::Limit {
                what: "the number of assigners".to_owned(),
                found: ids.len() as u64,
                limit: parameters.core_count() as u64,
            };
            self.sources.problems.add(extra.place.clone(), kind);
        }
        PerCore::from_fn(parameters, |core| match ids.as_slice() {
            [one] => *one,
            ids => ids.get(core).copied().unwrap_or_default(),
        })
    }

    /// Checks that the balance of every service in the file covers its threshold balance, as on a
    /// chain.
    pub(crate) fn check_balances(&self, services: &[(Placed<String>, Service)]) {
        for (name, service) in services {
            let id = ServiceId(service.id.value);
            if self.lacks_state || self.gaps.services.contains(&name.value) {
                continue;
            }
            if self.names.get(&id) != Some(&name.value) {
                // Two services have this id, which is reported already.
                continue;
            }
            let Some(Some(info)) = self.checked(self.state.accounts.get(id)) else { continue };
            let threshold = info.threshold_balance(&self.protocol.parameters);
            let place = service.balance.as_ref().map_or(&service.place, |balance| &balance.place);
            if info.balance < threshold {
                let kind = ProblemKind::Balance {
                    service: name.value.clone(),
                    balance: info.balance.0,
                    threshold: threshold.0,
                };
                self.sources.problems.add(place.clone(), kind);
            }
        }
    }

    /// The id of a service given by name or id. An unknown name is a problem.
    fn service(&self, name: &Placed<ServiceName>) -> Option<ServiceId> {
        match &name.value {
            ServiceName::Id(id) => Some(ServiceId(*id)),
            ServiceName::Name(word) => {
                let id = self.ids.get(word).copied();
                if id.is_none() {
                    self.unknown_service(&name.place, word.clone());
                }
                id
            }
        }
    }

    /// The id of a service that must exist.
    pub(crate) fn existing_service(&self, name: &Placed<ServiceName>) -> Option<ServiceId> {
        let id = self.service(name)?;
        if self.checked(self.state.accounts.contains(id))? {
            return Some(id);
        }
        self.unknown_service(&name.place, id.to_string());
        None
    }

    fn unknown_service(&self, place: &Place, found: String) {
        // Of an unreadable service, nothing but perhaps its name is known.
        let gaps = self.gaps;
        let may_be_there = gaps.any_service
            || self.lacks_state
            || gaps.services.contains(&found)
            || !gaps.services.is_empty() && found.parse::<u32>().is_ok();
        if may_be_there {
            return;
        }
        let known = self.ids.keys().cloned().collect();
        let kind = ProblemKind::UnknownWord { what: "service", found, known };
        self.sources.problems.add(place.clone(), kind);
    }

    /// Code hash of an existing service.
    pub(crate) fn code_hash(&self, service: ServiceId) -> Hash {
        let info = self.checked(self.state.accounts.get(service)).flatten();
        info.unwrap_or_default().code_hash
    }

    /// Slot of the initial state.
    pub(crate) fn prior_slot(&self) -> Option<TimeSlot> {
        self.prior_slot
    }

    /// The slot after it; 0 without an initial state. The last slot is followed by itself.
    pub(crate) fn next_slot(&self) -> TimeSlot {
        self.prior_slot.map_or(TimeSlot(0), |slot| TimeSlot(slot.0.saturating_add(1)))
    }

    pub(crate) fn entropy(&self) -> Hash {
        self.entropy
    }

    pub(crate) fn finish(self) -> (PartialState, BTreeMap<ServiceId, String>) {
        (self.state, self.names)
    }

    fn change(
        &mut self,
        change: impl FnOnce(&mut Accounts) -> Result<(), StateError>,
    ) -> Option<()> {
        let result = change(&mut self.state.accounts);
        self.checked(result)
    }

    /// Reading state in memory does not fail; if it does nevertheless, a problem is reported.
    fn checked<T>(&self, result: Result<T, StateError>) -> Option<T> {
        result
            .map_err(|error| self.sources.problems.add(None, ProblemKind::State(error.to_string())))
            .ok()
    }
}

/// The request of a preimage.
fn request_key(data: &[u8]) -> RequestKey {
    let length = u32::try_from(data.len()).unwrap_or(u32::MAX);
    RequestKey { hash: Hash::blake2b(data), length }
}

/// A key in a message: as text if it is text, and shortened.
fn shown(key: &[u8]) -> String {
    let text = std::str::from_utf8(key).ok().filter(|text| !text.contains(char::is_control));
    let whole = text.map_or_else(|| const_hex::encode_prefixed(key), |text| format!("{text:?}"));
    match whole.char_indices().nth(80) {
        Some((end, _)) => format!("{}..", whole.get(..end).unwrap_or_default()),
        None => whole,
    }
}

fn set<T>(field: &mut T, value: Option<T>) {
    if let Some(value) = value {
        *field = value;
    }
}
