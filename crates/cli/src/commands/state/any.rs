//! A state in any of its file formats.

use std::collections::BTreeMap;
use std::path::{Path, PathBuf};
use std::sync::Arc;

use serde::Deserialize;

use jambox_chain::block::{self, set_partial};
use jambox_codec::encode_with;
use jambox_files::without_mark;
use jambox_package::{ChainSpec, Disk, Snapshot, Switches, load_state};
use jambox_state::{
    Blob, Changes, Component, KeyedBase, Meaning, StateError, StateKey, Values, trie,
};
use jambox_store::FileState;
use jambox_types::{Hash, Parameters, Protocol, Revision, ServiceId};
use jambox_vectors::steps::{Genesis, RawState, Step};
use jambox_vectors::traces::keyed;

use crate::chain;
use crate::diagnosis::Diagnosis;
use crate::input;
use crate::outcome::{Failure, Result};
use crate::output::Output;
use crate::protocol::ProtocolArgs;

/// A state, with the other contents of its file.
pub struct AnyState {
    pub path: PathBuf,
    pub values: Arc<dyn Values>,
    pub protocol: Protocol,
    pub names: BTreeMap<ServiceId, String>,
    /// The name of the chain.
    pub id: Option<String>,
    /// The encoded header from which the chain descends.
    pub header: Option<Vec<u8>>,
    chain: Option<Arc<FileState>>,
    /// Meanings of the keys that a state file spells out.
    meanings: BTreeMap<StateKey, Meaning>,
}

impl AnyState {
    pub fn open(path: &Path, protocol: &ProtocolArgs, output: &Output) -> Result<Self> {
        let spinner = output.spinner("reading");
        let state = Self::open_unseen(path, protocol);
        spinner.finish_and_clear();
        state
    }

    fn open_unseen(path: &Path, protocol: &ProtocolArgs) -> Result<Self> {
        if chain::is_store(path) {
            return Self::of_chain(path, &protocol.switches()?);
        }
        let switches = protocol.switches()?;
        let (path, is_before) = match path.to_str().and_then(|path| path.strip_suffix(":before")) {
            Some(path) => (Path::new(path), true),
            None => (path, false),
        };
        let octets = input::read_up_to(path, input::STATE_LIMIT)?;
        let octets = without_mark(&octets);
        if octets.first() != Some(&b'{') {
            return of_trace(path, octets, switches, is_before);
        }
        let problem = match ChainSpec::parse(octets) {
            Ok(spec) => return of_spec(path, spec, switches),
            Err(problem) => problem,
        };
        #[derive(Deserialize)]
        struct Probe {
            format: Option<serde_json::Value>,
            revision: Option<String>,
        }
        match serde_json::from_slice::<Probe>(octets) {
            Ok(Probe { format: Some(_), revision }) => {
                // Reading a state takes no `--revision`; one that is given has to match.
                let said = revision.and_then(|revision| revision.parse().ok());
                let revision = said.unwrap_or_default();
                let unsaid = Protocol { revision, ..Protocol::default() };
                let protocol = switches.over(unsaid);
                let snapshot = load_state(&Disk, path, &protocol);
                let snapshot =
                    snapshot.map_err(|invalid| Failure::Input(Diagnosis::of_reading(&invalid)))?;
                of_snapshot(path, snapshot, &protocol)
            }
            _ => Err(Diagnosis::new(problem.to_string())
                .in_file(path)
                .help("a chain specification is JSON with `id` and `genesis_state` (JIP-4)")
                .into()),
        }
    }

    fn of_chain(path: &Path, switches: &Switches) -> Result<Self> {
        let failure = |error| chain::failure(path, error);
        let chain = FileState::open(path).map_err(failure)?;
        chain.expect(switches.revision, switches.parameters.as_ref()).map_err(failure)?;
        let id = chain.note("id").map_err(failure)?;
        Ok(Self {
            id: id.map(|id| String::from_utf8_lossy(&id).into_owned()),
            header: chain.note("header").map_err(failure)?.map(|header| header.to_vec()),
            protocol: chain.protocol(),
            names: chain.names().map_err(failure)?,
            ..Self::over(path, Arc::new(chain))
        })
    }

    /// Opens a damaged chain, whose losses may go beyond its state.
    pub fn of_damaged(path: &Path, protocol: &ProtocolArgs) -> Result<(Self, Arc<FileState>)> {
        let chain = FileState::open_damaged(path, protocol.protocol()?);
        let chain = Arc::new(chain.map_err(|error| chain::failure(path, error))?);
        let note = |name| chain.note(name).ok().flatten();
        let state = Self {
            id: note("id").map(|id| String::from_utf8_lossy(&id).into_owned()),
            header: note("header").map(|header| header.to_vec()),
            protocol: chain.protocol(),
            ..Self::over(path, Arc::clone(&chain))
        };
        Ok((state, chain))
    }

    fn over(path: &Path, chain: Arc<FileState>) -> Self {
        let values = Arc::clone(&chain) as Arc<dyn Values>;
        let state = Self::new(path, KeyedBase::default(), Protocol::default());
        Self { values, chain: Some(chain), ..state }
    }

    fn new(path: &Path, values: KeyedBase, protocol: Protocol) -> Self {
        Self {
            path: path.to_owned(),
            values: Arc::new(values),
            protocol,
            names: BTreeMap::new(),
            id: None,
            header: None,
            chain: None,
            meanings: BTreeMap::new(),
        }
    }

    /// Meaning of a key; `None` if unknown.
    pub fn meaning(&self, key: &StateKey) -> Option<Meaning> {
        let known = self.chain.as_ref().and_then(|chain| chain.meaning(key).ok().flatten());
        known.or_else(|| self.meanings.get(key).cloned()).or_else(|| Meaning::of(key))
    }

    pub fn root(&self, output: &Output) -> Result<Hash> {
        if let Some(chain) = &self.chain {
            return Ok(chain.root());
        }
        let all = self.all(output)?;
        Ok(trie::root(all.iter().map(|(key, value)| (*key, &**value))))
    }

    /// All keys and values.
    pub fn all(&self, output: &Output) -> Result<BTreeMap<StateKey, Blob>> {
        let length = self.chain.as_ref().map_or(0, |chain| chain.len());
        let bar = output.progress(usize::try_from(length).unwrap_or(usize::MAX));
        let mut all = BTreeMap::new();
        let visited = self.values.for_each(&mut |key, value| {
            all.insert(key, value);
            bar.inc(1);
            Ok(())
        });
        bar.finish_and_clear();
        visited.map_err(|error| self.failure(&error))?;
        Ok(all)
    }

    pub fn failure(&self, error: &StateError) -> Failure {
        chain::state_failure(&self.path, error)
    }

    /// A name that tells the two states of a trace step apart.
    pub fn title(&self) -> String {
        self.path.display().to_string()
    }
}

fn of_spec(path: &Path, spec: ChainSpec, switches: Switches) -> Result<AnyState> {
    let own = match switches.parameters {
        Some(_) => None,
        None => spec.protocol().map_err(|error| {
            Diagnosis::new(error.to_string())
                .in_file(path)
                .expected(
                    "the octets that `fetch` gives for kind 0: 134 under 0.7.2, 122 under 0.8.0",
                )
                .help("say which they are with --params")
        })?,
    };
    let protocol = own.unwrap_or_else(|| switches.over(Protocol::default()));
    let values = spec.genesis_state.into_iter().collect();
    let header = Some(spec.genesis_header).filter(|header| !header.is_empty());
    Ok(AnyState { id: Some(spec.id), header, ..AnyState::new(path, values, protocol) })
}

fn of_snapshot(path: &Path, snapshot: Snapshot, protocol: &Protocol) -> Result<AnyState> {
    let mut changes = block::genesis(protocol);
    let accounts = changes.set_accounts(&KeyedBase::default(), &snapshot.state.accounts);
    accounts.map_err(|error| Diagnosis::new(error.to_string()).in_file(path))?;
    set_partial(&mut changes, &snapshot.state, protocol);
    changes.set_component(Component::Slot, &snapshot.slot, protocol);
    let entropy = [snapshot.entropy, Hash::ZERO, Hash::ZERO, Hash::ZERO];
    changes.set_component(Component::Entropy, &entropy, protocol);
    let mut values = KeyedBase::default();
    values.change(&changes);
    let state = AnyState::new(path, values, *protocol);
    Ok(AnyState { meanings: meanings(&changes), names: snapshot.names, ..state })
}

/// Meanings of the keys of changes, as far as they are known.
fn meanings(changes: &Changes) -> BTreeMap<StateKey, Meaning> {
    let known = changes.iter().filter_map(|(key, change)| Some((*key, change.meaning.clone()?)));
    known.collect()
}

/// A step of a trace, or the state that the trace begins with.
fn of_trace(path: &Path, octets: &[u8], switches: Switches, is_before: bool) -> Result<AnyState> {
    let revisions = switches.revision.map_or(Revision::ALL.to_vec(), |given| vec![given]);
    let presets = vec![Parameters::TINY, Parameters::FULL];
    let presets = switches.parameters.map_or(presets, |given| vec![given]);
    let candidates = presets.into_iter().flat_map(|parameters| {
        revisions.iter().map(move |revision| Protocol::new(*revision, parameters))
    });
    let mut problem = None;
    for protocol in candidates {
        let step = jambox_codec::decode_all_with::<Step, _>(octets, &protocol);
        let (state, header): (RawState, _) = match step {
            Ok(step) if is_before => (step.pre_state, None),
            Ok(step) => (step.post_state, Some(encode_with(&step.block.header, &protocol))),
            Err(error) => {
                problem = problem.or(Some(error));
                match jambox_codec::decode_all_with::<Genesis, _>(octets, &protocol) {
                    Ok(genesis) => (genesis.state, Some(encode_with(&genesis.header, &protocol))),
                    Err(_) => continue,
                }
            }
        };
        let values = keyed(&state);
        return Ok(AnyState { header, ..AnyState::new(path, values, protocol) });
    }
    let (offset, reason) =
        problem.map_or((0, String::new()), |error| (error.offset, error.kind.to_string()));
    let message = format!("the file is not a state: read as a step of a trace, {reason}");
    Err(Diagnosis::new(message)
        .at_octet(path, offset as u64)
        .help("a state is a chain (.redb), a chain specification, a state file, or a trace step")
        .into())
}
