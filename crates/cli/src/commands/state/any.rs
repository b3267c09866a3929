//! A state, wherever it is written.

use std::collections::BTreeMap;
use std::path::{Path, PathBuf};
use std::sync::Arc;

use serde::{Deserialize, Serialize};

use jambox_codec::{decode_all, encode};
use jambox_invocation::block::set_partial;
use jambox_package::{Disk, Snapshot, load_state};
use jambox_state::{
    Blob, Changes, Component, KeyedBase, Meaning, StateError, StateKey, Values, trie,
};
use jambox_store::FileState;
use jambox_types::{Hash, Parameters, ServiceId};
use jambox_vectors::steps::{Genesis, RawState, Step};
use jambox_vectors::traces::keyed;

use crate::chain::{self, Chain};
use crate::diagnosis::Diagnosis;
use crate::input;
use crate::outcome::{Failure, Result};
use crate::protocol::ProtocolArgs;

/// The most octets of a file that holds a state and is no chain.
const LIMIT: u64 = 1 << 30;

/// A JIP-4 chain specification.
#[derive(Serialize, Deserialize)]
pub struct ChainSpec {
    pub id: String,
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub bootnodes: Vec<String>,
    #[serde(default)]
    pub genesis_header: Hex,
    pub genesis_state: BTreeMap<Hex, Hex>,
    #[serde(default)]
    pub protocol_parameters: Hex,
}

/// Octets in hexadecimal, with or without `0x`.
#[derive(Clone, Default, PartialEq, Eq, PartialOrd, Ord)]
pub struct Hex(pub Vec<u8>);

impl Serialize for Hex {
    fn serialize<S: serde::Serializer>(&self, to: S) -> std::result::Result<S::Ok, S::Error> {
        to.serialize_str(&const_hex::encode(&self.0))
    }
}

impl<'de> Deserialize<'de> for Hex {
    fn deserialize<D: serde::Deserializer<'de>>(from: D) -> std::result::Result<Self, D::Error> {
        let text = String::deserialize(from)?;
        const_hex::decode(&text).map(Self).map_err(serde::de::Error::custom)
    }
}

/// A state with what else its file says.
pub struct AnyState {
    pub path: PathBuf,
    pub values: Arc<dyn Values>,
    pub parameters: Parameters,
    pub names: BTreeMap<ServiceId, String>,
    /// The name of the chain.
    pub id: Option<String>,
    /// The encoded header from which the chain descends.
    pub header: Option<Vec<u8>>,
    chain: Option<Arc<FileState>>,
    /// What keys mean that a state file says in full.
    meanings: BTreeMap<StateKey, Meaning>,
}

impl AnyState {
    pub fn open(path: &Path, protocol: &ProtocolArgs) -> Result<Self> {
        if chain::is_store(path) {
            return Self::of_chain(path);
        }
        let switches = protocol.switches()?;
        let (path, is_before) = match path.to_str().and_then(|path| path.strip_suffix(":before")) {
            Some(path) => (Path::new(path), true),
            None => (path, false),
        };
        let octets = input::read_up_to(path, LIMIT)?;
        if octets.first() != Some(&b'{') {
            return of_trace(path, &octets, switches.parameters, is_before);
        }
        if let Ok(spec) = serde_json::from_slice::<ChainSpec>(&octets) {
            return of_spec(path, spec, switches.parameters);
        }
        #[derive(Deserialize)]
        struct Probe {
            format: Option<serde_json::Value>,
        }
        match serde_json::from_slice::<Probe>(&octets) {
            Ok(Probe { format: Some(_) }) => {
                let parameters = switches.parameters.unwrap_or_default();
                let snapshot = load_state(&Disk, path, &parameters);
                let snapshot =
                    snapshot.map_err(|invalid| Failure::Input(Diagnosis::of_package(&invalid)))?;
                of_snapshot(path, snapshot, &parameters)
            }
            _ => {
                let error = serde_json::from_slice::<ChainSpec>(&octets).err();
                let reason = error.map_or_else(String::new, |error| error.to_string());
                Err(Diagnosis::new(format!("it is no chain specification: {reason}"))
                    .in_file(path)
                    .help("a chain specification is JSON with `id` and `genesis_state` (JIP-4)")
                    .into())
            }
        }
    }

    fn of_chain(path: &Path) -> Result<Self> {
        let chain = Chain::open(path)?;
        let note = |name| chain.store.note(name).map_err(|error| chain::failure(path, error));
        let names = chain.state.names().map_err(|error| chain::failure(path, error))?;
        let id = note("id")?.map(|id| String::from_utf8_lossy(&id).into_owned());
        Ok(Self {
            id,
            header: note("header")?,
            parameters: *chain.store.parameters(),
            names,
            values: Arc::clone(&chain.state) as Arc<dyn Values>,
            chain: Some(chain.state),
            ..Self::new(path, KeyedBase::default(), Parameters::FULL)
        })
    }

    fn new(path: &Path, values: KeyedBase, parameters: Parameters) -> Self {
        Self {
            path: path.to_owned(),
            values: Arc::new(values),
            parameters,
            names: BTreeMap::new(),
            id: None,
            header: None,
            chain: None,
            meanings: BTreeMap::new(),
        }
    }

    /// What a key stands for, as far as is known.
    pub fn meaning(&self, key: &StateKey) -> Option<Meaning> {
        let known = self.chain.as_ref().and_then(|chain| chain.meaning(key).ok().flatten());
        known.or_else(|| self.meanings.get(key).cloned()).or_else(|| Meaning::of(key))
    }

    pub fn root(&self) -> Result<Hash> {
        if let Some(chain) = &self.chain {
            return chain.root().map_err(|error| chain::failure(&self.path, error));
        }
        let all = self.all()?;
        Ok(trie::root(all.iter().map(|(key, value)| (*key, &**value))))
    }

    /// All keys and values.
    pub fn all(&self) -> Result<BTreeMap<StateKey, Blob>> {
        let mut all = BTreeMap::new();
        let visited = self.values.for_each(&mut |key, value| {
            all.insert(key, value);
            Ok(())
        });
        visited.map_err(|error| self.failure(&error))?;
        Ok(all)
    }

    pub fn failure(&self, error: &StateError) -> Failure {
        Diagnosis::new(error.to_string()).in_file(&self.path).into()
    }

    /// A name that tells the two states of a trace step apart.
    pub fn title(&self) -> String {
        self.path.display().to_string()
    }
}

fn of_spec(path: &Path, spec: ChainSpec, given: Option<Parameters>) -> Result<AnyState> {
    let bad = |message: String| Diagnosis::new(message).in_file(path);
    let parameters = match (given, &*spec.protocol_parameters.0) {
        (Some(parameters), _) => parameters,
        (None, []) => Parameters::default(),
        (None, octets) => decode_all(octets).map_err(|error| {
            bad(format!("`protocol_parameters` are not valid: {error}"))
                .expected("the 134 octets that `fetch` gives for kind 0")
                .help("say which they are with --params")
        })?,
    };
    let mut values = KeyedBase::default();
    for (key, value) in spec.genesis_state {
        let key: [u8; 31] = key.0.try_into().map_err(|key: Vec<u8>| {
            bad(format!("`genesis_state` has a key of {} octets", key.len()))
                .expected("keys of 31 octets")
        })?;
        values.set(StateKey(key), Some(value.0.into()));
    }
    let header = Some(spec.genesis_header.0).filter(|header| !header.is_empty());
    Ok(AnyState { id: Some(spec.id), header, ..AnyState::new(path, values, parameters) })
}

fn of_snapshot(path: &Path, snapshot: Snapshot, parameters: &Parameters) -> Result<AnyState> {
    let mut changes = super::transfer::genesis(parameters);
    let accounts = changes.set_accounts(&KeyedBase::default(), &snapshot.state.accounts);
    accounts.map_err(|error| Diagnosis::new(error.to_string()).in_file(path))?;
    set_partial(&mut changes, &snapshot.state);
    changes.set_component(Component::Slot, &snapshot.slot);
    let entropy = [snapshot.entropy, Hash::ZERO, Hash::ZERO, Hash::ZERO];
    changes.set_component(Component::Entropy, &entropy);
    let mut values = KeyedBase::default();
    values.change(&changes);
    let state = AnyState::new(path, values, *parameters);
    Ok(AnyState { meanings: meanings(&changes), names: snapshot.names, ..state })
}

/// What the keys of changes stand for.
fn meanings(changes: &Changes) -> BTreeMap<StateKey, Meaning> {
    let known = changes.iter().filter_map(|(key, change)| Some((*key, change.meaning.clone()?)));
    known.collect()
}

/// A step of a trace, or the state that the trace begins with.
fn of_trace(
    path: &Path,
    octets: &[u8],
    given: Option<Parameters>,
    is_before: bool,
) -> Result<AnyState> {
    let candidates = given.map_or(vec![Parameters::TINY, Parameters::FULL], |given| vec![given]);
    let mut problem = None;
    for parameters in candidates {
        let step = jambox_codec::decode_all_with::<Step, _>(octets, &parameters);
        let (state, header): (RawState, _) = match step {
            Ok(step) if is_before => (step.pre_state, None),
            Ok(step) => (step.post_state, Some(encode(&step.block.header))),
            Err(error) => {
                problem = problem.or(Some(error));
                match jambox_codec::decode_all_with::<Genesis, _>(octets, &parameters) {
                    Ok(genesis) => (genesis.state, Some(encode(&genesis.header))),
                    Err(_) => continue,
                }
            }
        };
        let values = keyed(&state);
        return Ok(AnyState { header, ..AnyState::new(path, values, parameters) });
    }
    let (offset, reason) =
        problem.map_or((0, String::new()), |error| (error.offset, error.to_string()));
    let message = format!("it is no state: as a step of a trace it ends in an error, {reason}");
    Err(Diagnosis::new(message)
        .at_octet(path, offset as u64)
        .help("a state is a chain (.redb), a chain specification, a state file, or a trace step")
        .into())
}
