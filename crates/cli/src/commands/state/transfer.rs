//! Making chains, and writing states for others.

use std::path::{Path, PathBuf};
use std::{fs, io};

use clap::Args;
use serde::Serialize;

use jambox_codec::encode;
use jambox_state::{Blob, Changes, Component, Meaning};
use jambox_store::FileStore;
use jambox_types::{
    AccumulatedQueue, CoreRecord, Hash, Parameters, PerCore, PerSlot, PerValidator, Privileges,
    ReadyQueue, ServiceId, ServiceStatistics, Statistics, TimeSlot, ValidatorKey, ValidatorRecord,
    WorkReport,
};

use super::any::{AnyState, ChainSpec, Hex};
use crate::chain;
use crate::diagnosis::Diagnosis;
use crate::input;
use crate::outcome::{Result, Verdict};
use crate::output::{Output, Report};
use crate::protocol::ProtocolArgs;

#[derive(Debug, Args)]
pub struct Init {
    /// The file to make
    chain: PathBuf,
}

#[derive(Debug, Args)]
pub struct Import {
    /// The file to make
    chain: PathBuf,
    /// The state: a JIP-4 chain specification, a state file, a step or the beginning of a trace
    state: PathBuf,
}

#[derive(Debug, Args)]
pub struct Export {
    /// The state
    state: PathBuf,

    /// The file to write [default: standard output]
    #[arg(short, long, value_name = "FILE")]
    output: Option<PathBuf>,

    /// The name of the chain [default: the one it was imported with, or jambox]
    #[arg(long)]
    id: Option<String>,
}

/// What was made.
#[derive(Serialize)]
struct Made {
    file: String,
    values: usize,
    root: String,
}

impl Report for Made {
    fn write(&self, out: &mut dyn io::Write) -> io::Result<()> {
        writeln!(out, "{}: {} values, root {}", self.file, self.values, self.root)
    }
}

impl Init {
    pub fn run(&self, protocol: &ProtocolArgs, output: &Output) -> Result {
        let parameters = protocol.protocol()?.parameters;
        make(&self.chain, &parameters, &genesis(&parameters), None, output)
    }
}

impl Import {
    pub fn run(&self, protocol: &ProtocolArgs, output: &Output) -> Result {
        let spinner = output.spinner("reading");
        let state = AnyState::open(&self.state, protocol)?;
        let mut changes = Changes::default();
        for (key, value) in state.all()? {
            match state.meaning(&key) {
                Some(meaning) => changes.set(meaning, Some(value)),
                None => changes.set_key(key, Some(value)),
            }
        }
        spinner.finish_and_clear();
        make(&self.chain, &state.parameters, &changes, Some(&state), output)
    }
}

fn make(
    path: &Path,
    parameters: &Parameters,
    changes: &Changes,
    from: Option<&AnyState>,
    output: &Output,
) -> Result {
    let spinner = output.spinner("writing");
    let write = || {
        let store = FileStore::create(path, parameters)?;
        let names = from.map(|state| state.names.clone()).unwrap_or_default();
        let root = store.write(changes, &names, None)?;
        if let Some(id) = from.and_then(|state| state.id.as_ref()) {
            store.set_note("id", id.as_bytes())?;
        }
        if let Some(header) = from.and_then(|state| state.header.as_ref()) {
            store.set_note("header", header)?;
        }
        Ok(root)
    };
    let root: Hash = write().map_err(|error| chain::failure(path, error))?;
    spinner.finish_and_clear();
    let file = path.display().to_string();
    output.emit(&Made { file, values: changes.len(), root: root.to_string() })?;
    Ok(Verdict::Done)
}

impl Export {
    pub fn run(&self, protocol: &ProtocolArgs, output: &Output) -> Result {
        let state = AnyState::open(&self.state, protocol)?;
        let values = state.all()?;
        let spec = ChainSpec {
            id: self.id.clone().or_else(|| state.id.clone()).unwrap_or_else(|| "jambox".into()),
            bootnodes: Vec::new(),
            genesis_header: Hex(state.header.clone().unwrap_or_default()),
            genesis_state: values
                .iter()
                .map(|(key, value)| (Hex(key.0.to_vec()), Hex(value.to_vec())))
                .collect(),
            protocol_parameters: Hex(encode(&state.parameters)),
        };
        let text = serde_json::to_string_pretty(&spec).map_err(io::Error::from)?;
        let Some(path) = &self.output else {
            use io::Write;
            writeln!(io::stdout().lock(), "{text}")?;
            return Ok(Verdict::Done);
        };
        if path.canonicalize().ok().is_some_and(|to| Some(to) == self.state.canonicalize().ok()) {
            return Err(Diagnosis::new("this is the state itself").in_file(path).into());
        }
        // Written aside first, so that a full disk costs nobody an earlier export.
        let aside = path.with_extension("partial");
        input::write(&aside, text.as_bytes())?;
        fs::rename(&aside, path)?;
        let root = state.root()?.to_string();
        let file = path.display().to_string();
        output.emit(&Made { file, values: values.len(), root })?;
        Ok(Verdict::Done)
    }
}

/// The components of a chain without services and without consensus, in which nobody has privileges that
/// service 0 does not have.
pub fn genesis(parameters: &Parameters) -> Changes {
    let mut changes = Changes::default();
    let queues = usize::from(parameters.cores).saturating_mul(parameters.auth_queue_size.into());
    let queues = Blob::from(vec![0; queues.saturating_mul(Hash::ZERO.0.len())]);
    changes.set(Meaning::Component(Component::AuthorizerQueues), Some(queues));
    let keys = PerValidator::from_fn(parameters, |_| ValidatorKey::default());
    changes.set_component(Component::StagingSet, &keys);
    changes.set_component(Component::Entropy, &[Hash::ZERO; 4]);
    let pending: PerCore<Option<(WorkReport, TimeSlot)>> = PerCore::from_fn(parameters, |_| None);
    changes.set_component(Component::PendingReports, &pending);
    changes.set_component(Component::Slot, &TimeSlot(0));
    let privileges = Privileges {
        manager: ServiceId(0),
        assigners: PerCore::from_fn(parameters, |_| ServiceId(0)),
        delegator: ServiceId(0),
        registrar: ServiceId(0),
        always_accumulate: [].into(),
    };
    changes.set_component(Component::Privileges, &privileges);
    let records = || PerValidator::from_fn(parameters, |_| ValidatorRecord::default());
    let statistics = Statistics {
        current: records(),
        previous: records(),
        cores: PerCore::from_fn(parameters, |_| CoreRecord::default()),
        services: ServiceStatistics::new(),
    };
    changes.set_component(Component::Statistics, &statistics);
    let ready: ReadyQueue = PerSlot::from_fn(parameters, |_| Vec::new());
    changes.set_component(Component::ReadyQueue, &ready);
    let accumulated: AccumulatedQueue = PerSlot::from_fn(parameters, |_| [].into());
    changes.set_component(Component::Accumulated, &accumulated);
    changes.set_component(Component::Outputs, &Vec::<(ServiceId, Hash)>::new());
    changes
}
