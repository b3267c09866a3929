//! The recorder: an observer that makes the account of invocations.

use std::collections::BTreeMap;
use std::fmt;

use jambox_engine::{Exit, Instance};
use jambox_hostcall::{Interface, Registers};
use jambox_invocation::{
    CallEnded, CallStarted, End, Failure as GuestFailure, Finished, Invocation as Which, LogLine,
    Machine, Observer, Started,
};
use jambox_program::{Container, StandardProgram};
use jambox_symbols::Symbols;
use jambox_types::{Hash, Protocol, TimeSlot};

use super::{
    CallGas, Event, Failure, Gas, HostCall, InnerRun, Invocation, JipLog, Names, Outcome, Service,
    What,
};
use crate::hostcalls::{self, MemoryDirection, MemoryEvent};
use crate::{Explanation, Octets, Regions, of_another_revision};

/// The largest number of kept octets of one memory access: a whole segment.
const OCTETS_LIMIT: usize = 4104;
/// The largest number of kept octets of one log line.
const LOG_LIMIT: usize = 16 << 10;
/// Facts of a run that a recorder needs.
#[derive(Clone, Copy, Debug)]
pub struct Setting<'a> {
    /// The protocol of the run.
    pub protocol: &'a Protocol,
    /// The slot of log lines.
    pub slot: TimeSlot,
    /// The names of services.
    pub names: &'a Names,
    /// The symbols of programs, for explanations of failures.
    pub symbols: &'a dyn SymbolsByHash,
}

/// Symbols by the hash of the code or program. A map by code hash is the simplest implementation;
/// others read a file when its program fails.
pub trait SymbolsByHash: fmt::Debug {
    /// The symbols of a blob, by its code hash; `None` if it has none.
    fn of_code(&self, code_hash: Hash) -> Option<&Symbols>;

    /// The symbols of a program without metadata, the form of inner machines, by its hash; `None`
    /// if it has none.
    fn of_program(&self, hash: Hash) -> Option<&Symbols>;

    /// True without any symbols: then no program needs to be hashed.
    fn is_empty(&self) -> bool;
}

impl SymbolsByHash for BTreeMap<Hash, Symbols> {
    fn of_code(&self, code_hash: Hash) -> Option<&Symbols> {
        self.get(&code_hash)
    }

    fn of_program(&self, hash: Hash) -> Option<&Symbols> {
        self.values().find(|symbols| symbols.are_for(hash))
    }

    fn is_empty(&self) -> bool {
        self.is_empty()
    }
}

/// Limits of a recorder, so that no guest fills the host's memory.
#[derive(Clone, Copy, Debug)]
pub struct Detail {
    /// Keeps host calls, with their reads and writes.
    pub calls: bool,
    /// Keeps exported segments.
    pub segments: bool,
    /// The largest number of events of one invocation.
    pub events: usize,
    /// The largest number of octets of all memory accesses and log lines together.
    pub octets: usize,
}

impl Detail {
    /// Everything: for the account of one run that a user asks for.
    pub const WHOLE: Self = Self { calls: true, segments: true, events: 100_000, octets: 64 << 20 };
    /// No host calls and no segments: small enough to keep for every block.
    pub const KEPT: Self = Self { calls: false, segments: false, events: 1000, octets: 4 << 20 };
}

/// An observer that records the events of invocations.
pub struct Recorder<'a> {
    detail: Detail,
    protocol: Protocol,
    interface: Interface,
    slot: TimeSlot,
    names: &'a Names,
    invocations: Vec<(Which, Invocation)>,
    regions: Regions,
    symbols: &'a dyn SymbolsByHash,
    code_hash: Hash,
    /// The code of the current invocation, with its metadata.
    code: Vec<u8>,
    call: Option<OpenCall>,
    /// Hint for the invocation's first call that only another ABI offers.
    foreign_call: Option<String>,
    /// The hashes of the programs of inner machines, by handle.
    inner_programs: BTreeMap<u64, Hash>,
    inner_gas: u64,
    octets_kept: usize,
}

/// A host call that has started and not ended.
struct OpenCall {
    registers: Registers,
    pc: Option<u64>,
    gas: u64,
    memory: Vec<MemoryEvent>,
    /// Events within the call.
    within: Vec<Event>,
    form: Option<&'static jambox_hostcall::Form>,
}

impl<'a> Recorder<'a> {
    /// A recorder without any record.
    #[must_use]
    pub fn new(setting: Setting<'a>, detail: Detail) -> Self {
        let Setting { protocol, slot, names, symbols } = setting;
        Self {
            detail,
            interface: Interface { abi: protocol.abi, revision: protocol.revision },
            protocol: *protocol,
            slot,
            names,
            invocations: Vec::new(),
            regions: Regions::default(),
            symbols,
            code_hash: Hash::ZERO,
            code: Vec::new(),
            call: None,
            foreign_call: None,
            inner_programs: BTreeMap::new(),
            inner_gas: 0,
            octets_kept: 0,
        }
    }

    /// The recorded invocations, in the order in which they ran.
    #[must_use]
    pub fn finish(self) -> Vec<(Which, Invocation)> {
        self.invocations
    }

    /// Adds an event. An event within a kept host call comes after the call.
    fn add(&mut self, event: Event) {
        match self.call.as_mut().filter(|_| self.detail.calls) {
            Some(call) if call.within.len() < self.detail.events => call.within.push(event),
            _ => self.add_now(event),
        }
    }

    fn add_now(&mut self, event: Event) {
        let Some((_, invocation)) = self.invocations.last_mut() else { return };
        if invocation.events.len() < self.detail.events {
            invocation.events.push(event);
        } else {
            invocation.events_dropped = invocation.events_dropped.saturating_add(1);
        }
    }

    fn memory(&mut self, access: MemoryDirection, address: u64, octets: &[u8]) {
        let is_told = self.detail.calls && !octets.is_empty();
        if self.call.is_none() || !is_told {
            return;
        }
        let kept = self.keep(octets, OCTETS_LIMIT);
        let (length, octets) = (octets.len(), Octets::new(kept));
        if let Some(call) = &mut self.call {
            call.memory.push(MemoryEvent { access, address, length, octets });
        }
    }

    /// The octets up to `limit` and up to the recorder's own limit, which they count towards.
    fn keep<'o>(&mut self, octets: &'o [u8], limit: usize) -> &'o [u8] {
        let left = self.detail.octets.saturating_sub(self.octets_kept).min(limit);
        let octets = octets.get(..left).unwrap_or(octets);
        self.octets_kept = self.octets_kept.saturating_add(octets.len());
        octets
    }
}

impl Observer for Recorder<'_> {
    fn invocation_started(&mut self, started: &Started<'_>) {
        self.regions = match StandardProgram::parse(started.program) {
            Ok(program) => Regions::standard(&program, started.arguments.len()),
            Err(_) => Regions::default(),
        };
        self.code_hash = started.code_hash;
        self.code = started.code.to_vec();
        let (what, item) = match started.invocation {
            Which::IsAuthorized { .. } => (What::IsAuthorized, None),
            Which::Refine { item, .. } => (What::Refine, Some(item)),
            Which::Accumulate { .. } => (What::Accumulate, None),
        };
        let service = started.invocation.service().map(|id| Service::new(id, self.names));
        let invocation = Invocation {
            item,
            code_hash: Some(started.code_hash.to_string()),
            ..Invocation::begun(what, service, started.gas_limit)
        };
        self.invocations.push((started.invocation, invocation));
        self.foreign_call = None;
    }

    fn host_call_started(&mut self, call: &CallStarted<'_>) {
        if call.form.is_none() && self.foreign_call.is_none() {
            self.foreign_call = foreign_call(self.interface, call);
        }
        self.call = Some(OpenCall {
            registers: *call.registers,
            pc: call.pc,
            gas: call.gas,
            memory: Vec::new(),
            within: Vec::new(),
            form: call.form,
        });
    }

    fn memory_read(&mut self, address: u64, octets: &[u8]) {
        self.memory(MemoryDirection::Read, address, octets);
    }

    fn memory_written(&mut self, address: u64, octets: &[u8]) {
        self.memory(MemoryDirection::Write, address, octets);
    }

    fn host_call_ended(&mut self, call: &CallEnded<'_>) {
        let Some(OpenCall { registers, pc, gas, memory, within, form }) = self.call.take() else {
            return;
        };
        if !self.detail.calls {
            return;
        }
        let [.., r7, r8, _, _, _, _] = *call.registers;
        let abi = self.interface.abi;
        let event = HostCall {
            number: call.number,
            name: form.map(|form| form.call.name()),
            pc,
            arguments: form
                .map(|form| hostcalls::arguments(form, &registers, &memory, abi))
                .unwrap_or_default(),
            code: hostcalls::code(call.reply, form, self.interface),
            result: hostcalls::result(call.reply, form, self.interface, r7),
            outcome: hostcalls::outcome(call.reply, form, self.interface),
            r7,
            r8,
            gas: CallGas { before: gas, after: call.gas },
            memory,
        };
        self.add_now(Event::HostCall(event));
        within.into_iter().for_each(|event| self.add_now(event));
    }

    fn log(&mut self, line: &LogLine<'_>) {
        let message = self.keep(line.message, LOG_LIMIT);
        let target = line.target.map(|target| self.keep(target, LOG_LIMIT));
        let line = LogLine { message, target, ..*line };
        let line = JipLog::new(&line, self.slot, &self.protocol.parameters);
        self.add(Event::Log(line));
    }

    fn exported(&mut self, index: u64, segment: &[u8]) {
        if self.detail.segments {
            self.add(Event::Export { index, segment: Octets::new(segment) });
        }
    }

    fn inner_created(&mut self, machine: u64, blob: &[u8]) {
        if !self.symbols.is_empty() {
            self.inner_programs.insert(machine, Hash::blake2b(blob));
        }
        self.add(Event::InnerCreated { machine, octets: blob.len() });
    }

    fn inner_started(&mut self, _: u64, instance: &Instance) {
        self.inner_gas = instance.gas();
    }

    fn inner_ended(&mut self, machine: u64, instance: &Instance, exit: Exit) {
        let gas =
            Gas { limit: self.inner_gas, used: self.inner_gas.saturating_sub(instance.gas()) };
        let program = self.inner_programs.get(&machine);
        let symbols = program.and_then(|hash| self.symbols.of_program(*hash));
        let explanation = Explanation::of(instance, exit, &Regions::default())
            .map(|explanation| explanation.with_stack(instance, symbols));
        self.add(Event::InnerRan(InnerRun {
            machine: Some(machine).filter(|machine| *machine != Machine::CHILD),
            exit: exit.into(),
            pc: instance.pc(),
            gas,
            explanation,
        }));
    }

    fn stopped(&mut self, instance: &Instance, failure: Option<&GuestFailure>) {
        let Some(failure) = failure else {
            let note = unreadable_output(instance);
            if let Some((_, invocation)) = self.invocations.last_mut() {
                invocation.note = note;
            }
            return;
        };
        let symbols = self.symbols.of_code(self.code_hash);
        let explanation = Explanation::of_failure(instance, failure, &self.regions)
            .map(|explanation| explanation.with_stack(instance, symbols));
        if let Some((_, invocation)) = self.invocations.last_mut() {
            let container = || Container::parse(&self.code).ok();
            let of_another = || of_another_revision(&container()?, &self.protocol);
            let hint = self.foreign_call.take().or_else(of_another);
            invocation.failure =
                Some(Failure { reason: failure.cause.to_string(), explanation, hint });
        }
    }

    fn invocation_ended(&mut self, finished: &Finished<'_>) {
        let Some((_, invocation)) = self.invocations.last_mut() else { return };
        invocation.gas.used = finished.gas_used;
        (invocation.outcome, invocation.output) = match finished.end {
            End::Halt(output) => (Outcome::Halt, Some(Octets::new(output.as_slice()))),
            End::Panic(_) => (Outcome::Panic, None),
            End::OutOfGas(_) => (Outcome::OutOfGas, None),
        };
        // The stop of a guest without a machine is reported only here.
        if let Some(failure) = finished.end.failure().filter(|_| invocation.failure.is_none()) {
            let reason = failure.cause.to_string();
            let container = Container::parse(&self.code).ok();
            let hint = container.and_then(|it| of_another_revision(&it, &self.protocol));
            invocation.failure = Some(Failure { reason, explanation: None, hint });
        }
    }
}

/// Hint for a failed guest about its call that only another ABI offers; `None` for other calls.
fn foreign_call(interface: Interface, call: &CallStarted<'_>) -> Option<String> {
    let context = call.invocation.context();
    let (abi, form) = interface.offered_elsewhere(context, call.number)?;
    let (number, name, own) = (call.number, form.call.name(), interface.abi);
    Some(format!(
        "it made host call {number}, which the {own} ABI does not offer in {context}; the {abi} ABI \
         does, as {name}. Perhaps the program is written for it: try --abi {abi}"
    ))
}

/// Note for a guest that halts with an output range that it cannot read; `None` for a readable one.
///
/// The guest's output is then empty (`eq:invocation`, 0.7.2), with no other sign of the fault.
#[must_use]
pub fn unreadable_output(instance: &Instance) -> Option<String> {
    let [.., r7, r8, _, _, _, _] = *instance.regs();
    let readable = instance.memory().is_readable(r7, r8);
    (!readable).then(|| {
        format!(
            "the output is empty because r7 and r8 name {r8} octets at {r7:#x}, not all readable"
        )
    })
}
