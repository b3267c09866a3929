//! Making chains, and writing states for others.

use std::collections::BTreeMap;
use std::fs;
use std::io::{self, Write};
use std::path::{Path, PathBuf};

use clap::Args;
use serde::Serialize;

use jambox_chain::block::genesis;
use jambox_package::ChainSpec;
use jambox_state::{Blob, Changes, StateKey, trie};
use jambox_store::{Damage, FileStore, StoreError};
use jambox_types::{Hash, Protocol};

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

    /// Of a damaged chain: write what can be read, and say what is lost
    #[arg(long)]
    salvage: bool,
}

/// What was made.
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
        make(&self.chain, &protocol, &genesis(&protocol), None, output)
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
        make(&self.chain, &state.protocol, &changes, Some(&state), output)
    }
}

fn make(
    path: &Path,
    protocol: &Protocol,
    changes: &Changes,
    from: Option<&AnyState>,
    output: &Output,
) -> Result {
    let spinner = output.spinner("writing");
    let store = FileStore::create(path, protocol);
    let store = store.map_err(|error| chain::failure(path, error))?;
    let written = fill(&store, changes, from);
    drop(store);
    if written.is_err() {
        // As in creating it: the beginning of a chain is of use to nobody.
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
    from: Option<&AnyState>,
) -> std::result::Result<Hash, StoreError> {
    let names = from.map(|state| state.names.clone()).unwrap_or_default();
    if let Some(id) = from.and_then(|state| state.id.as_ref()) {
        store.set_note("id", id.as_bytes())?;
    }
    if let Some(header) = from.and_then(|state| state.header.as_ref()) {
        store.set_note("header", header)?;
    }
    store.write(changes, &names, None)
}

impl Export {
    pub fn run(&self, protocol: &ProtocolArgs, output: &Output) -> Result {
        let (state, values, lost) = self.read(protocol, output)?;
        let mut spec = ChainSpec {
            id: self.id.clone().or_else(|| state.id.clone()).unwrap_or_else(|| "jambox".into()),
            genesis_header: state.header.clone().unwrap_or_default(),
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
            return Err(Diagnosis::new("this is the state itself").in_file(path).into());
        }
        input::write(path, text.as_bytes())?;
        let values = &spec.genesis_state;
        let root = trie::root(values.iter().map(|(key, value)| (*key, &**value))).to_string();
        spinner.finish_and_clear();
        let file = path.display().to_string();
        output.emit(&Made { file, values: values.len(), root })?;
        Ok(verdict)
    }

    /// The state, its values, and what of them is lost.
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

type Exported = (AnyState, BTreeMap<StateKey, Blob>, Vec<Damage>);
