//! Making of chains, and export of states.

use std::collections::BTreeMap;
use std::fs;
use std::io::{self, Write};
use std::path::{Path, PathBuf};

use clap::Args;
use serde::Serialize;

use jambox_chain::block::genesis;
use jambox_codec::encode_with;
use jambox_node::genesis as node;
use jambox_package::ChainSpec;
use jambox_state::{Blob, Changes, Component, StateKey, trie};
use jambox_store::{Damage, FileStore, StoreError};
use jambox_types::{Hash, Protocol, ServiceId, TimeSlot};

use super::any::AnyState;
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

    /// Begin with the development chain of `jambox node`: the bootstrap service, the null
    /// authorizer in every pool
    #[arg(long)]
    dev: bool,
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

    /// Write the readable values of a damaged chain, and list the lost ones
    #[arg(long)]
    salvage: bool,
}

/// The file that was made.
#[derive(Serialize)]
struct Made {
    file: String,
    values: usize,
    root: String,
}

impl Report for Made {
    fn write(&self, out: &mut dyn Write) -> io::Result<()> {
        writeln!(out, "{}: {} values, root {}", self.file, self.values, self.root)
    }
}

impl Init {
    pub fn run(&self, protocol: &ProtocolArgs, output: &Output) -> Result {
        let protocol = protocol.protocol()?;
        let header = node::header(&protocol);
        let changes = match self.dev {
            true => {
                node::development(&protocol)
                    .map_err(|error| Diagnosis::new(error.to_string()))?
                    .changes
            }
            false => genesis(&protocol),
        };
        let notes = Notes { header: Some(encode_with(&header, &protocol)), ..Notes::default() };
        make(&self.chain, &protocol, &changes, notes, output)
    }
}

impl Import {
    pub fn run(&self, protocol: &ProtocolArgs, output: &Output) -> Result {
        let state = AnyState::open(&self.state, protocol, output)?;
        let mut changes = Changes::default();
        for (key, value) in state.all(output)? {
            match state.meaning(&key) {
                Some(meaning) => changes.set(meaning, Some(value)),
                None => changes.set_key(key, Some(value)),
            }
        }
        let AnyState { names, id, header, .. } = &state;
        let (names, id, header) = (names.clone(), id.clone(), header.clone());
        make(&self.chain, &state.protocol, &changes, Notes { names, id, header }, output)
    }
}

/// Records of a chain beside its state.
#[derive(Default)]
struct Notes {
    names: BTreeMap<ServiceId, String>,
    id: Option<String>,
    /// The encoded header from which the chain descends.
    header: Option<Vec<u8>>,
}

fn make(
    path: &Path,
    protocol: &Protocol,
    changes: &Changes,
    notes: Notes,
    output: &Output,
) -> Result {
    let spinner = output.spinner("writing");
    let store = FileStore::create(path, protocol);
    let store = store.map_err(|error| chain::failure(path, error))?;
    let written = fill(&store, changes, &notes);
    drop(store);
    if written.is_err() {
        // A chain that is written in part is of no use.
        let _ = fs::remove_file(path);
    }
    let root = written.map_err(|error| chain::failure(path, error))?;
    spinner.finish_and_clear();
    let file = path.display().to_string();
    output.emit(&Made { file, values: changes.len(), root: root.to_string() })?;
    Ok(Verdict::Done)
}

fn fill(
    store: &FileStore,
    changes: &Changes,
    notes: &Notes,
) -> std::result::Result<Hash, StoreError> {
    if let Some(id) = &notes.id {
        store.set_note("id", id.as_bytes())?;
    }
    if let Some(header) = &notes.header {
        store.set_note("header", header)?;
    }
    store.write(changes, &notes.names, None)
}

impl Export {
    pub fn run(&self, protocol: &ProtocolArgs, output: &Output) -> Result {
        let (state, values, lost) = self.read(protocol, output)?;
        let mut spec = ChainSpec {
            id: self.id.clone().or_else(|| state.id.clone()).unwrap_or_else(|| "jambox".into()),
            genesis_header: state.header.clone().unwrap_or_else(|| first_header(&state)),
            genesis_state: values,
            ..ChainSpec::default()
        };
        spec.set_protocol(&state.protocol);
        let verdict = Verdict::failed_if(!lost.is_empty());
        for damage in &lost {
            writeln!(io::stderr(), "lost: {damage}")?;
        }
        let spinner = output.spinner("writing");
        let text = spec.to_json();
        let Some(path) = &self.output else {
            writeln!(io::stdout().lock(), "{text}")?;
            return Ok(verdict);
        };
        if path.canonicalize().ok().is_some_and(|to| Some(to) == self.state.canonicalize().ok()) {
            return Err(Diagnosis::new("the output would overwrite the state")
                .in_file(path)
                .into());
        }
        input::write(path, text.as_bytes())?;
        let values = &spec.genesis_state;
        let root = trie::root(values.iter().map(|(key, value)| (*key, &**value))).to_string();
        spinner.finish_and_clear();
        let file = path.display().to_string();
        output.emit(&Made { file, values: values.len(), root })?;
        Ok(verdict)
    }

    /// The state, its values, and the damage.
    fn read(&self, protocol: &ProtocolArgs, output: &Output) -> Result<Exported> {
        if !self.salvage {
            let state = AnyState::open(&self.state, protocol, output)?;
            let values = state.all(output)?;
            return Ok((state, values, Vec::new()));
        }
        let (state, chain) = AnyState::of_damaged(&self.state, protocol)?;
        let (mut values, mut lost) = (BTreeMap::new(), Vec::new());
        let spinner = output.spinner("reading");
        let read = chain.salvage(&mut |entry| match entry {
            Ok((key, value)) => drop(values.insert(key, value)),
            Err(damage) => lost.push(damage),
        });
        spinner.finish_and_clear();
        read.map_err(|error| chain::failure(&self.state, error))?;
        Ok((state, values, lost))
    }
}

/// Header from which blocks descend on a state without one: an empty header of the state's slot.
fn first_header(state: &AnyState) -> Vec<u8> {
    let slot: Option<TimeSlot> = Component::Slot.read(&*state.values, &state.protocol).ok();
    let mut header = node::header(&state.protocol);
    header.slot = slot.unwrap_or_default();
    encode_with(&header, &state.protocol)
}

type Exported = (AnyState, BTreeMap<StateKey, Blob>, Vec<Damage>);
