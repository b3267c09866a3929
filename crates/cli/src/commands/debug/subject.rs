//! Debugged subjects: a program, a package, a trace, a block; and the recording of one invocation
//! of them.

mod blocks;
mod traces;

use std::collections::BTreeMap;
use std::io::{Read, Write};
use std::path::Path;

use clap::Args;

use jambox_debug::{Bounds, Recorder, Recording, Session, Target};
use jambox_engine::{EngineError, Instance, Module, StandardModule};
use jambox_hostcall::Interface;
use jambox_invocation::Invocation;
use jambox_package::{Capsule, Disk, Package, load, symbols_beside, symbols_in};
use jambox_symbols::Symbols;
use jambox_types::{Hash, ServiceId};

use crate::capsule;
use crate::chain::{self, Chain};
use crate::diagnosis::Diagnosis;
use crate::end_to_end;
use crate::engine::engine;
use crate::input;
use crate::outcome::{Failure, Result, Verdict};
use crate::output::Output;
use crate::package_file;
use crate::plain::{Escape, Plain};
use crate::program::{FormArg, Program};
use crate::protocol::{ProtocolArgs, interface};

use super::Debug;
use super::ready::Ready;

/// Octets of a file that tell whether it is a trace.
const HEAD: u64 = 1 << 16;

/// The most invocations that a message lists.
const LISTED: usize = 12;

/// The choice of an invocation.
#[derive(Debug, Default, Args)]
#[group(id = "target", multiple = false)]
pub struct Choice {
    /// Debug the refinement of this item, from 0 on [default: 0]
    #[arg(long, value_name = "ITEM")]
    pub refine: Option<usize>,

    /// Debug the first accumulation of this service, by id or name
    #[arg(long, value_name = "SERVICE")]
    pub accumulate: Option<String>,

    /// Debug the authorizer
    #[arg(long)]
    pub is_authorized: bool,

    /// Debug the invocation of this number, from 1 on in the order in which they run, or the
    /// execution of this number of a trace
    #[arg(long, value_name = "N")]
    pub invocation: Option<usize>,
}

/// A subject that has been read.
pub enum Subject {
    Program(Box<Program>),
    Package(Box<Loaded>),
    Trace,
    Block(blocks::Loaded),
}

/// A package with the chain that it starts from.
pub struct Loaded {
    package: Package,
    chain: Option<Chain>,
}

/// Outcome of a run with a recorder.
struct Ran {
    recording: Option<Recording>,
    /// All invocations that ran.
    invocations: Vec<Invocation>,
    /// Reason why there are not more of them.
    why_not: Option<String>,
    note: Option<String>,
}

impl Choice {
    /// The invocation that is meant, if one is named.
    fn target(&self, names: &BTreeMap<ServiceId, String>) -> Result<Option<Target>> {
        if self.is_authorized {
            return Ok(Some(Target::IsAuthorized));
        }
        if let Some(number) = self.number()? {
            return Ok(Some(Target::Number(number)));
        }
        let Some(service) = &self.accumulate else { return Ok(self.refine.map(Target::Refine)) };
        let named = names.iter().find(|(_, name)| *name == service).map(|(id, _)| *id);
        let id = named.or_else(|| service.parse().ok().map(ServiceId));
        let known: Vec<_> = names.values().map(String::as_str).collect();
        let expected = match known.is_empty() {
            true => "expected an id, for the services have no names here".to_owned(),
            false => format!("expected an id, or one of: {}", known.join(", ")),
        };
        let id =
            id.ok_or_else(|| Diagnosis::new(format!("no service `{service}`")).expected(expected))?;
        Ok(Some(Target::Accumulate(id)))
    }

    /// True if an invocation is named.
    const fn is_made(&self) -> bool {
        let is_by_number = self.refine.is_some() || self.invocation.is_some();
        self.is_authorized || is_by_number || self.accumulate.is_some()
    }

    /// Index of the invocation of a number.
    fn number(&self) -> Result<Option<usize>> {
        let Some(number) = self.invocation else { return Ok(None) };
        let index = number.checked_sub(1);
        let index = index.ok_or_else(|| Diagnosis::new("invocations are numbered from 1 on"))?;
        Ok(Some(index))
    }
}

impl Debug {
    /// Reads the subject, as far as it can be without running it.
    pub fn load(&self, args: &ProtocolArgs) -> Result<Subject> {
        let path = &self.subject;
        let capsule = capsule::read(path)?;
        let is_package = capsule.is_some()
            || !path.is_file()
            || path.extension().is_some_and(|extension| extension == "toml");
        if is_package {
            return Ok(Subject::Package(Box::new(self.load_package(args, capsule.as_ref())?)));
        }
        let mut head = Vec::new();
        let opened = input::open(path)?;
        opened.take(HEAD).read_to_end(&mut head).map_err(|it| input::unreadable(path, &it))?;
        if jambox_trace::begins_trace(&head) {
            return Ok(Subject::Trace);
        }
        if let Some(block) = self.load_block(args)? {
            return Ok(Subject::Block(block));
        }
        match Program::load(path, FormArg::Auto, args) {
            Err(_) if is_named_as_block(path) => Err(self.no_step(args)?.into()),
            program => Ok(Subject::Program(Box::new(program?))),
        }
    }

    /// Runs the subject and records the chosen invocation.
    pub fn record(&self, subject: Subject, args: &ProtocolArgs, output: &Output) -> Result<Ready> {
        let spinner = output.spinner("recording");
        let ready = match subject {
            Subject::Program(program) => self.record_program(*program, args),
            Subject::Package(loaded) => self.record_package(&loaded, args),
            Subject::Trace => self.record_trace(args),
            Subject::Block(block) => self.record_block(&block, args),
        };
        spinner.finish_and_clear();
        ready
    }

    /// Prints the invocations of a subject, a line each.
    pub fn print_list(
        &self,
        subject: &Subject,
        args: &ProtocolArgs,
        output: &Output,
    ) -> Result<Verdict> {
        // No invocation has this number, so that none is recorded.
        let none = Target::Number(usize::MAX);
        let ran = match subject {
            Subject::Trace => return self.print_executions(output),
            Subject::Program(_) => {
                return Err(Diagnosis::new("a program alone has no invocations")
                    .in_file(&self.subject)
                    .help("leave --list out")
                    .into());
            }
            Subject::Package(loaded) => self.run_package(loaded, none, args)?,
            Subject::Block(block) => self.run_block(block, none, args)?,
        };
        let stdout = anstream::AutoStream::new(std::io::stdout().lock(), output.color);
        let mut out = Plain::new(stdout, Escape::Text);
        for (number, invocation) in (1..).zip(&ran.invocations) {
            writeln!(out, "{number:>3}  {invocation}")?;
        }
        for line in ran.why_not.iter().chain(&ran.note) {
            writeln!(out, "{line}")?;
        }
        out.flush()?;
        Ok(Verdict::Done)
    }

    fn bounds(&self) -> Bounds {
        let octets = usize::try_from(self.memory.saturating_mul(1 << 20)).unwrap_or(usize::MAX);
        Bounds { octets, spacing: self.spacing }
    }

    fn record_program(&self, program: Program, args: &ProtocolArgs) -> Result<Ready> {
        let protocol = program.protocol;
        let failed = |error: EngineError| Diagnosis::new(error.to_string());
        let engine = engine(&protocol, args.backend())?;
        let mut instance = match program.standard() {
            Some(standard) => {
                StandardModule::new(&engine, standard.clone()).and_then(|ready| ready.instance(&[]))
            }
            None => Module::new(&engine, program.blob().clone())
                .and_then(|module| Instance::new(&module)),
        }
        .map_err(failed)?;
        instance.set_gas(self.gas);
        let hash = Hash::blake2b(&program.octets);
        let symbols = program.symbols.into_iter().map(|symbols| (hash, symbols)).collect();
        // The first code to run is the whole program, so the recording is never empty.
        let recorder = Recorder::new(Target::Refine(0), self.bounds(), &symbols);
        let recording = recorder.record_program(&mut instance, hash);
        let session = recording.and_then(Session::new);
        let session = session.ok_or_else(|| Diagnosis::new("nothing ran"))?;
        Ok(Ready { session, interface: interface(&protocol)?, note: None })
    }

    fn load_package(&self, args: &ProtocolArgs, capsule: Option<&Capsule>) -> Result<Loaded> {
        let switches = args.switches()?;
        let state = self.state.as_deref();
        if let Some(capsule) = capsule {
            let package = capsule::load(capsule, &switches, state)?;
            return Ok(Loaded { package, chain: None });
        }
        let path = package_file::locate(&self.subject)?;
        if let Some(state) = state.filter(|state| chain::is_store(state)) {
            let chain = Chain::open(state)?;
            let package = chain.load(&Disk, &path, switches)?;
            return Ok(Loaded { package, chain: Some(chain) });
        }
        let package = load(&Disk, &path, &switches, state)
            .map_err(|invalid| Failure::Input(end_to_end::mistakes(&invalid)))?;
        Ok(Loaded { package, chain: None })
    }

    fn record_package(&self, loaded: &Loaded, args: &ProtocolArgs) -> Result<Ready> {
        let target = self.choice.target(&loaded.package.names)?.unwrap_or(Target::Refine(0));
        let ran = self.run_package(loaded, target, args)?;
        self.ready(ran, interface(&loaded.package.protocol)?)
    }

    fn run_package(&self, loaded: &Loaded, target: Target, args: &ProtocolArgs) -> Result<Ran> {
        let Loaded { package, chain } = loaded;
        let mut execution = args.execution();
        // A limit of time would cut the recorded runs short.
        execution.limits.time = None;
        let env = end_to_end::env(package, execution)?;
        let mut recorder = Recorder::new(target, self.bounds(), &package.symbols);
        let computed = end_to_end::in_core(&env, package, &mut recorder)?;
        let goes_on_chain = matches!(target, Target::Accumulate(_) | Target::Number(_));
        let why_not = match &computed {
            Ok(computed) => {
                if goes_on_chain {
                    let history = chain.as_ref().map(Chain::history).transpose()?;
                    let report = &computed.report;
                    end_to_end::on_chain(&env, package, report, history, &mut recorder)?;
                }
                None
            }
            Err(end_to_end::NotAuthorized(reason)) => Some(reason.clone()),
        };
        let invocations = recorder.ran().to_vec();
        Ok(Ran { invocations, recording: recorder.finish(), why_not, note: None })
    }

    /// A session on the recording. Error: the invocation did not run.
    fn ready(&self, ran: Ran, interface: Interface) -> Result<Ready> {
        let Ran { recording, invocations, why_not, note } = ran;
        let session = recording.and_then(|mut recording| {
            self.find_symbols(&mut recording);
            Session::new(recording)
        });
        let session = session.ok_or_else(|| {
            let why = why_not.unwrap_or_else(|| "its service has no code, or the package has no such item".to_owned());
            let diagnosis = Diagnosis::new(format!("the invocation did not run: {why}"));
            let diagnosis = match listed(&invocations) {
                Some(listed) => diagnosis.expected(format!("these ran: {listed}")),
                None => diagnosis.expected("none ran"),
            };
            diagnosis.in_file(&self.subject).help(
                "--invocation N chooses one of them by its number; --refine ITEM, --accumulate SERVICE \
                 and --is-authorized by its kind",
            )
        })?;
        Ok(Ready { session, interface, note })
    }

    /// Looks for the symbols of programs that the subject did not come with.
    fn find_symbols(&self, recording: &mut Recording) {
        for code in recording.codes.iter_mut().filter(|code| code.symbols.is_none()) {
            code.symbols = self.symbols_of(code.hash);
        }
    }

    /// Symbols of a program, beside the subject or in the folder that is named for them.
    fn symbols_of(&self, hash: Hash) -> Option<Symbols> {
        match &self.symbols {
            Some(folder) => symbols_in(&Disk, folder, hash),
            None => symbols_beside(&Disk, &self.subject, hash),
        }
    }
}

/// Invocations with their numbers; none if there are none.
fn listed(invocations: &[Invocation]) -> Option<String> {
    let shown = (1..).zip(invocations).take(LISTED);
    let mut all: Vec<_> = shown.map(|(number, it)| format!("{number} {it}")).collect();
    if invocations.len() > LISTED {
        all.push(format!("and {} more", invocations.len() - LISTED));
    }
    (!all.is_empty()).then(|| all.join("; "))
}

/// True if a file is named as blocks and steps of traces are.
fn is_named_as_block(path: &Path) -> bool {
    path.extension().is_some_and(|extension| extension == "bin")
}
