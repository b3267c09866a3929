//! Writes down what invocations do.

use std::collections::BTreeMap;

use jambox_engine::{Exit, Instance};
use jambox_hostcall::{Interface, Registers};
use jambox_inspect::{Explanation, Instruments, Octets, Regions};
use jambox_invocation::{
    CallEnded, CallStarted, End, Failure as GuestFailure, Finished, Invocation as Which, LogLine,
    Machine, Observer, Started,
};
use jambox_package::Package;
use jambox_program::{Container, StandardProgram};
use jambox_symbols::Symbols;
use jambox_types::{Hash, Protocol, ServiceId, TimeSlot};

use crate::calls::{self, MemoryDirection, MemoryEvent};
use crate::program::of_another_revision;

use super::log::JipLog;
use super::model::{
    CallGas, Event, Failure, Gas, HostCall, InnerRun, Invocation, Outcome, Service,
};

/// The most events of one invocation that are kept: a guest must not fill this machine's memory.
const EVENT_LIMIT: usize = 100_000;
/// The most octets of one memory access that are kept: a whole segment.
const OCTETS_LIMIT: usize = 4104;
/// The most octets of one log line that are kept.
const LOG_LIMIT: usize = 16 << 10;
/// The most octets of memory accesses and log lines that are kept in all.
const TOTAL_OCTETS_LIMIT: usize = 64 << 20;

/// An observer that keeps everything worth telling.
pub struct Recorder<'a> {
    /// Whether host calls are told of.
    calls: bool,
    /// Whether profiles are told of.
    profiles: bool,
    instruments: Instruments<'a>,
    protocol: Protocol,
    interface: Interface,
    slot: TimeSlot,
    names: &'a BTreeMap<ServiceId, String>,
    invocations: Vec<(Which, Invocation)>,
    regions: Regions,
    /// The symbols of all programs, by code hash.
    symbols: &'a BTreeMap<Hash, Symbols>,
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
    /// A recorder of what a package does; of host calls and of profiles only when asked.
    pub fn new(
        calls: bool,
        profiles: bool,
        instruments: Instruments<'a>,
        package: &'a Package,
    ) -> Self {
        let protocol = &package.protocol;
        Self {
            calls,
            profiles,
            instruments,
            interface: Interface { abi: protocol.abi, revision: protocol.revision },
            protocol: *protocol,
            slot: package.slot,
            names: &package.names,
            invocations: Vec::new(),
            regions: Regions::default(),
            symbols: &package.symbols,
            code_hash: Hash::ZERO,
            code: Vec::new(),
            call: None,
            foreign_call: None,
            inner_programs: BTreeMap::new(),
            inner_gas: 0,
            octets_kept: 0,
        }
    }

    /// What was recorded, in the order in which the invocations ran, and what was measured.
    pub fn finish(self) -> (Vec<(Which, Invocation)>, Instruments<'a>) {
        (self.invocations, self.instruments)
    }

    /// Adds an event; one within a host call that is told of comes after the call.
    fn add(&mut self, event: Event) {
        match self.call.as_mut().filter(|_| self.calls) {
            Some(call) if call.within.len() < EVENT_LIMIT => call.within.push(event),
            _ => self.add_now(event),
        }
    }

    fn add_now(&mut self, event: Event) {
        let Some((_, invocation)) = self.invocations.last_mut() else { return };
        if invocation.events.len() < EVENT_LIMIT {
            invocation.events.push(event);
        } else {
            invocation.events_dropped += 1;
        }
    }

    fn memory(&mut self, access: MemoryDirection, address: u64, octets: &[u8]) {
        let is_told = self.calls && !octets.is_empty();
        let Some(call) = self.call.as_mut().filter(|_| is_told) else { return };
        let kept = keep(&mut self.octets_kept, octets, OCTETS_LIMIT);
        let (length, octets) = (octets.len(), Octets::new(kept));
        call.memory.push(MemoryEvent { access, address, length, octets });
    }
}

impl Observer for Recorder<'_> {
    fn invocation_started(&mut self, started: &Started<'_>) {
        self.instruments.invocation_started(started);
        self.regions = match StandardProgram::parse(started.program) {
            Ok(program) => Regions::standard(&program, started.arguments.len()),
            Err(_) => Regions::default(),
        };
        self.code_hash = started.code_hash;
        self.code = started.code.to_vec();
        let item = match started.invocation {
            Which::Refine { item, .. } => Some(item),
            Which::IsAuthorized { .. } | Which::Accumulate { .. } => None,
        };
        let service = started.invocation.service().map(|id| Service::new(id, self.names));
        let invocation = Invocation {
            service,
            item,
            gas: Gas { limit: started.gas_limit, used: 0 },
            outcome: Outcome::Halt,
            output: None,
            events: Vec::new(),
            events_dropped: 0,
            failure: None,
            profile: Vec::new(),
        };
        self.invocations.push((started.invocation, invocation));
        self.foreign_call = None;
    }

    fn run(&mut self, machine: Machine, instance: &mut Instance) -> Exit {
        self.instruments.run(machine, instance)
    }

    fn host_call_started(&mut self, call: &CallStarted<'_>) {
        self.instruments.host_call_started(call);
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
        self.instruments.host_call_ended(call);
        let Some(OpenCall { registers, pc, gas, memory, within, form }) = self.call.take() else {
            return;
        };
        if !self.calls {
            return;
        }
        let [.., r7, r8, _, _, _, _] = *call.registers;
        let abi = self.interface.abi;
        let event = HostCall {
            number: call.number,
            name: form.map(|form| form.call.name()),
            pc,
            arguments: form
                .map(|form| calls::arguments(form, &registers, &memory, abi))
                .unwrap_or_default(),
            result: calls::result(call.reply, self.interface, r7),
            r7,
            r8,
            gas: CallGas { before: gas, after: call.gas },
            memory,
        };
        self.add_now(Event::HostCall(event));
        within.into_iter().for_each(|event| self.add_now(event));
    }

    fn log(&mut self, line: &LogLine<'_>) {
        let message = keep(&mut self.octets_kept, line.message, LOG_LIMIT);
        let target = line.target.map(|target| keep(&mut self.octets_kept, target, LOG_LIMIT));
        let line = LogLine { message, target, ..*line };
        let line = JipLog::new(&line, self.slot, &self.protocol.parameters);
        self.add(Event::Log(line));
    }

    fn exported(&mut self, index: u64, segment: &[u8]) {
        self.add(Event::Export { index, segment: Octets::new(segment) });
    }

    fn inner_created(&mut self, machine: u64, blob: &[u8]) {
        self.instruments.inner_created(machine, blob);
        if !self.symbols.is_empty() {
            self.inner_programs.insert(machine, Hash::blake2b(blob));
        }
        self.add(Event::InnerCreated { machine, octets: blob.len() });
    }

    fn inner_started(&mut self, machine: u64, instance: &Instance) {
        self.instruments.inner_started(machine, instance);
        self.inner_gas = instance.gas();
    }

    fn inner_ended(&mut self, machine: u64, instance: &Instance, exit: Exit) {
        let gas =
            Gas { limit: self.inner_gas, used: self.inner_gas.saturating_sub(instance.gas()) };
        let program = self.inner_programs.get(&machine);
        let symbols = program.and_then(|hash| self.symbols.values().find(|it| it.are_for(*hash)));
        let explanation = Explanation::of(instance, exit, &Regions::default())
            .map(|explanation| explanation.with_source(symbols));
        self.add(Event::InnerRan(InnerRun {
            machine: Some(machine).filter(|machine| *machine != Machine::CHILD),
            exit: exit.to_string(),
            pc: instance.pc(),
            gas,
            explanation,
        }));
    }

    fn stopped(&mut self, instance: &Instance, failure: Option<&GuestFailure>) {
        let Some(failure) = failure else { return };
        let symbols = self.symbols.get(&self.code_hash);
        let explanation = Explanation::of_failure(instance, failure, &self.regions)
            .map(|explanation| explanation.with_source(symbols));
        if let Some((_, invocation)) = self.invocations.last_mut() {
            let container = || Container::parse(&self.code).ok();
            let of_another = || of_another_revision(&container()?, &self.protocol);
            let hint = self.foreign_call.take().or_else(of_another);
            invocation.failure =
                Some(Failure { what: failure.cause.to_string(), explanation, hint });
        }
    }

    fn invocation_ended(&mut self, finished: &Finished<'_>) {
        self.instruments.invocation_ended(finished);
        let Some((_, invocation)) = self.invocations.last_mut() else { return };
        invocation.gas.used = finished.gas_used;
        if let Some(profile) = self.instruments.profiles().last().filter(|_| self.profiles) {
            invocation.profile = profile.spent.clone();
        }
        (invocation.outcome, invocation.output) = match finished.end {
            End::Halt(output) => (Outcome::Halt, Some(Octets::new(output.as_slice()))),
            End::Panic(_) => (Outcome::Panic, None),
            End::OutOfGas(_) => (Outcome::OutOfGas, None),
        };
        // A guest that never got a machine has not been told of as stopped.
        if let Some(failure) = finished.end.failure().filter(|_| invocation.failure.is_none()) {
            let what = failure.cause.to_string();
            let container = Container::parse(&self.code).ok();
            let hint = container.and_then(|it| of_another_revision(&it, &self.protocol));
            invocation.failure = Some(Failure { what, explanation: None, hint });
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

/// The first of some octets, within the limits of what is kept.
fn keep<'o>(kept: &mut usize, octets: &'o [u8], limit: usize) -> &'o [u8] {
    let left = TOTAL_OCTETS_LIMIT.saturating_sub(*kept);
    let octets = &octets[..octets.len().min(limit).min(left)];
    *kept += octets.len();
    octets
}
