//! Writes down what invocations do.

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

/// The most octets of one memory access that are kept: a whole segment.
const OCTETS_LIMIT: usize = 4104;
/// The most octets of one log line that are kept.
const LOG_LIMIT: usize = 16 << 10;
/// What a recorder needs to know of a run.
#[derive(Clone, Copy, Debug)]
pub struct Setting<'a> {
    /// What the programs run under.
    pub protocol: &'a Protocol,
    /// The slot that lines are logged at.
    pub slot: TimeSlot,
    /// The names of services.
    pub names: &'a Names,
    /// The symbols of programs, for failures.
    pub symbols: &'a dyn SymbolsByHash,
}

/// Symbols by what they are for. A map of them by code hash is the plainest; others read a file
/// when its program fails.
pub trait SymbolsByHash: fmt::Debug {
    /// Those of a blob, by its code hash.
    fn of_code(&self, code_hash: Hash) -> Option<&Symbols>;

    /// Those of a program alone, as inner machines are given it, by its hash.
    fn of_program(&self, hash: Hash) -> Option<&Symbols>;

    /// Whether there are none, so that no program needs to be hashed.
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

/// How much a recorder keeps: a guest must not fill the host's memory.
#[derive(Clone, Copy, Debug)]
pub struct Detail {
    /// Whether host calls are told of, with what they read and write.
    pub calls: bool,
    /// Whether exported segments are.
    pub segments: bool,
    /// The most events of one invocation.
    pub events: usize,
    /// The most octets of memory accesses and log lines in all.
    pub octets: usize,
}

impl Detail {
    /// What somebody reads who asks about one run.
    pub const WHOLE: Self = Self { calls: true, segments: true, events: 100_000, octets: 64 << 20 };
    /// What can be kept of every block.
    pub const KEPT: Self = Self { calls: false, segments: false, events: 1000, octets: 4 << 20 };
}

/// An observer that keeps everything worth telling.
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
    /// The code of the invocation that runs, with its metadata.
    code: Vec<u8>,
    call: Option<OpenCall>,
    /// What to say of the first call of the invocation that only another ABI offers.
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
    /// What happened within it.
    within: Vec<Event>,
    form: Option<&'static jambox_hostcall::Form>,
}

impl<'a> Recorder<'a> {
    /// One that has seen nothing.
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

    /// What was recorded, in the order in which the invocations ran.
    #[must_use]
    pub fn finish(self) -> Vec<(Which, Invocation)> {
        self.invocations
    }

    /// Adds an event; one within a host call that is told of comes after the call.
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

    /// The first of some octets, within the limits of what is kept.
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
        // A guest that never got a machine has not been told of as stopped.
        if let Some(failure) = finished.end.failure().filter(|_| invocation.failure.is_none()) {
            let reason = failure.cause.to_string();
            let container = Container::parse(&self.code).ok();
            let hint = container.and_then(|it| of_another_revision(&it, &self.protocol));
            invocation.failure = Some(Failure { reason, explanation: None, hint });
        }
    }
}

/// What to say when a guest fails that made a call which only another ABI offers.
fn foreign_call(interface: Interface, call: &CallStarted<'_>) -> Option<String> {
    let context = call.invocation.context();
    let (abi, form) = interface.offered_elsewhere(context, call.number)?;
    let (number, name, own) = (call.number, form.call.name(), interface.abi);
    Some(format!(
        "it made host call {number}, which the {own} ABI does not offer in {context}; the {abi} ABI \
         does, as {name}. Perhaps the program is written for it: try --abi {abi}"
    ))
}

/// What to say of a guest that halts and names output that it cannot have.
///
/// Its output is then empty, as the paper has it (`eq:invocation`, 0.7.2), and nothing else tells.
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
