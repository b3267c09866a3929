//! The two runs that are compared: packages and traces.

use std::collections::BTreeMap;
use std::io::BufReader;
use std::path::{Path, PathBuf};

use jambox_engine::{Engine, Exit, Instance};
use jambox_hostcall::Interface;
use jambox_inspect::difference::{Ending, Run, Witness};
use jambox_invocation::{Env, Machine, Observer};
use jambox_package::{Disk, Package, Switches, load, symbols_beside};
use jambox_symbols::Symbols;
use jambox_trace::{Action, EndKind, Execution, Reader, Watch, replay_watched};
use jambox_types::{Hash, Protocol, Revision};

use crate::commands::trace::context;
use crate::diagnosis::Diagnosis;
use crate::end_to_end;
use crate::engine::{self, engine};
use crate::input;
use crate::outcome::{Failure, Result};
use crate::package_file::locate;
use crate::protocol::ProtocolArgs;

/// One of the two runs.
pub struct Side {
    label: String,
    symbols: BTreeMap<Hash, Symbols>,
    what: Kind,
}

enum Kind {
    Package { package: Box<Package>, env: Box<Env> },
    Trace { path: PathBuf, engines: Vec<Engine> },
}

/// True if a path names a package, false for a trace.
pub fn is_package(path: &Path) -> bool {
    path.is_dir() || path.extension().is_some_and(|ends| ends == "toml")
}

/// Two traces.
pub fn traces(paths: [&Path; 2], protocol: &ProtocolArgs) -> Result<[Side; 2]> {
    let side = |path: &Path| Side::trace(path.display().to_string(), path, protocol);
    let [one, other] = paths;
    Ok([side(one)?, side(other)?])
}

impl Side {
    /// A package under these switches.
    pub fn package(
        label: String,
        path: &Path,
        switches: Switches,
        execution: engine::Execution,
    ) -> Result<Self> {
        let path = locate(path)?;
        let package = load(&Disk, &path, &switches, None);
        let package = package.map_err(|invalid| Failure::Input(end_to_end::mistakes(&invalid)))?;
        let env = end_to_end::env(&package, execution)?;
        let symbols = package.symbols.clone();
        Ok(Self {
            label,
            symbols,
            what: Kind::Package { package: Box::new(package), env: Box::new(env) },
        })
    }

    /// A trace, replayed under the revision that it names.
    pub fn trace(label: String, path: &Path, protocol: &ProtocolArgs) -> Result<Self> {
        let default = protocol.protocol()?;
        // Executions that name no revision run under the first.
        let revisions = match protocol.revision() {
            Some(revision) => vec![revision],
            None => {
                let others = Revision::ALL.into_iter().filter(|it| !it.is(default.revision));
                std::iter::once(default.revision).chain(others).collect()
            }
        };
        let engines = revisions
            .into_iter()
            .map(|revision| engine(&Protocol { revision, ..default }, protocol.backend()));
        let engines = engines.collect::<Result<Vec<_>>>()?;
        let mut symbols = BTreeMap::new();
        for execution in read(path)? {
            let hash = Hash::blake2b(&execution?.program);
            symbols.extend(symbols_beside(&Disk, path, hash).map(|symbols| (hash, symbols)));
        }
        Ok(Self { label, symbols, what: Kind::Trace { path: path.to_owned(), engines } })
    }

    /// Name of the run in the report.
    pub fn label(&self) -> &str {
        &self.label
    }

    /// True if `other` is a package under the same revision; false for traces, which may hold
    /// several.
    pub fn has_revision_of(&self, other: &Self) -> bool {
        let revision = |side: &Self| match &side.what {
            Kind::Package { package, .. } => Some(package.protocol.revision),
            Kind::Trace { .. } => None,
        };
        match (revision(self), revision(other)) {
            (Some(one), Some(other)) => one.is(other),
            _ => true,
        }
    }

    /// Source positions of an instruction, the innermost function first; empty if unknown.
    pub fn source(&self, code: Hash, pc: u64) -> Vec<String> {
        let mut symbols = self.symbols.values();
        let found = symbols.find(|symbols| symbols.are_for(code));
        let frames = found.map_or(&[][..], |symbols| symbols.frames_at(pc));
        frames.iter().map(ToString::to_string).collect()
    }
}

impl Run for Side {
    type Error = Failure;

    fn run(&mut self, witness: &mut Witness) -> Result<()> {
        match &self.what {
            Kind::Package { package, env } => {
                if let Ok(computed) = end_to_end::in_core(env, package, witness)? {
                    end_to_end::on_chain(env, package, &computed.report, None, witness)?;
                }
                Ok(())
            }
            Kind::Trace { path, engines } => {
                for (number, execution) in (1..).zip(read(path)?) {
                    follow(&execution?, number, engines, witness);
                }
                Ok(())
            }
        }
    }
}

/// The executions of a trace.
fn read(path: &Path) -> Result<impl Iterator<Item = Result<Execution>>> {
    let reader = Reader::new(BufReader::new(input::open(path)?));
    let path = path.to_owned();
    Ok(reader.map(move |execution| {
        execution.map_err(|error| Diagnosis::new(error.to_string()).in_file(&path).into())
    }))
}

/// Shows an execution to a witness: the events of the trace, and the instructions of a replay.
fn follow(execution: &Execution, number: usize, engines: &[Engine], witness: &mut Witness) {
    let named = execution.revision();
    let is_named = |engine: &&Engine| named.is_none_or(|it| engine.config().revision.is(it));
    let Some(engine) = engines.iter().find(is_named).or(engines.first()) else { return };
    let interface = Interface::gray_paper(engine.config().revision);
    let context = context(execution.start.pc);
    let title = match execution.comments.last() {
        Some(comment) => format!("execution {number}, {comment}"),
        None => format!("execution {number}"),
    };
    let written: Vec<u8> = execution.writes.iter().flat_map(|block| block.octets.clone()).collect();
    let start = execution.start;
    witness.starts(title, Hash::blake2b(&execution.program), start.pc, start.gas, &written);
    if witness.sees_instructions() {
        // A replay that fails is no error here: the steps until the first wrong one are compared.
        let _ = replay_watched(execution, engine, &mut Seen(witness));
        return;
    }
    for call in &execution.calls {
        let form = interface.form(context, call.number);
        let name = form.map_or_else(|| call.number.to_string(), |form| form.call.name().to_owned());
        let mut state = call.state;
        witness.calls(name, Some(state.pc), &state.registers, state.gas);
        for action in &call.actions {
            match action {
                Action::Read(block) | Action::Write(block) => {
                    witness.touches(block.address.into(), &block.octets);
                }
                Action::SetRegister { register, value } => {
                    if let Some(to) = state.registers.get_mut(usize::from(*register)) {
                        *to = *value;
                    }
                }
                Action::SetGas(gas) => state.gas = *gas,
            }
        }
        witness.served(&state.registers, state.gas);
    }
    if let Some(end) = execution.end {
        let ending = match end.kind {
            EndKind::Halt => Ending::Halt,
            EndKind::Panic(_) => Ending::Panic,
            EndKind::OutOfGas => Ending::OutOfGas,
        };
        witness.stops(end.state.pc, &end.state.registers);
        witness.ends(ending, end.state.gas, &[]);
    }
}

/// Sees the instructions of a replay.
struct Seen<'a>(&'a mut Witness);

impl Watch for Seen<'_> {
    fn run(&mut self, instance: &mut Instance) -> Exit {
        self.0.run(Machine::Outer, instance)
    }
}
