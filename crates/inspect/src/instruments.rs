//! Profiler, coverage counter and instruction log of a run, as one observer.

use std::collections::BTreeMap;

use jambox_engine::{Exit, Inspector, Instance};
use jambox_hostcall::{Form, Registers};
use jambox_invocation::{CallEnded, CallStarted, Finished, Machine, Observer, Started};
use jambox_isa::Instruction;
use jambox_symbols::Symbols;
use jambox_types::{Hash, Revision};

use crate::account::SymbolsByHash;
use crate::coverage::{Counter, Counts, Coverage};
use crate::profile::{Profile, Profiler};
use crate::steps::InstructionLog;

/// An observer that makes profiles of invocations, counts of lines and functions, and a log of
/// instructions, each on request. Without a request, runs are as fast as without the observer.
#[derive(Debug)]
pub struct Instruments<'s> {
    /// The symbols of all programs.
    symbols: &'s dyn SymbolsByHash,
    /// Profiles are made.
    profiles: bool,
    profiler: Profiler,
    made: Vec<Profile>,
    counter: Option<Counter<'s>>,
    log: Option<InstructionLog>,
    /// The symbols of the running program.
    running: Option<&'s Symbols>,
    code_hash: Hash,
    revision: Revision,
    /// The hashes of the programs of inner machines, by handle.
    inner: BTreeMap<u64, Hash>,
    /// The gas before the current host call.
    gas: u64,
}

impl<'s> Instruments<'s> {
    /// An observer without requests. `symbols` has the symbols of all programs.
    #[must_use]
    pub fn new(symbols: &'s dyn SymbolsByHash) -> Self {
        Self {
            symbols,
            profiles: false,
            profiler: Profiler::default(),
            made: Vec::new(),
            counter: None,
            log: None,
            running: None,
            code_hash: Hash::ZERO,
            revision: Revision::default(),
            inner: BTreeMap::new(),
            gas: 0,
        }
    }

    /// The same observer, with profiles if `true`.
    #[must_use]
    pub fn with_profiles(self, profiles: bool) -> Self {
        Self { profiles, ..self }
    }

    /// The same observer, with counts of lines and functions if `true`.
    #[must_use]
    pub fn with_coverage(self, coverage: bool) -> Self {
        Self { counter: coverage.then(Counter::default), ..self }
    }

    /// The same observer, with this log of instructions.
    #[must_use]
    pub fn with_log(self, log: Option<InstructionLog>) -> Self {
        Self { log, ..self }
    }

    /// Takes the log of instructions out; `None` without one.
    pub fn take_log(&mut self) -> Option<InstructionLog> {
        self.log.take()
    }

    /// The profiles of the invocations that have ended, in order.
    #[must_use]
    pub fn profiles(&self) -> &[Profile] {
        &self.made
    }

    /// The counts so far; `None` without a request for them.
    #[must_use]
    pub fn coverage(&self) -> Option<Coverage> {
        self.counter.as_ref().map(Counter::finish)
    }

    /// The counts of instructions so far; `None` without a request for coverage.
    #[must_use]
    pub fn counts(&self) -> Option<Counts> {
        self.counter.as_ref().map(Counter::counts)
    }

    fn is_on(&self) -> bool {
        let logs = self.log.as_ref().is_some_and(InstructionLog::is_on);
        self.profiles || self.counter.is_some() || logs
    }

    /// A program starts, of an invocation or of a trace.
    pub fn start(&mut self, code_hash: Hash, revision: Revision) {
        (self.code_hash, self.revision) = (code_hash, revision);
        self.profiler = Profiler::default();
        self.inner.clear();
        if let Some(counter) = &mut self.counter {
            counter.invocation_started();
        }
    }

    /// A program ended; its profile gets this title.
    pub fn end(&mut self, title: String) {
        if let Some(log) = &mut self.log {
            log.ended();
        }
        if self.profiles {
            let profiler = std::mem::take(&mut self.profiler);
            let symbols = self.symbols;
            let inner = |program| symbols.of_program(program);
            self.made.push(profiler.finish(title, symbols.of_code(self.code_hash), &inner));
        }
    }

    /// The outer guest makes a host call; `gas` is left before it.
    pub fn called(
        &mut self,
        pc: Option<u64>,
        form: Option<&'static Form>,
        registers: &Registers,
        gas: u64,
    ) {
        self.gas = gas;
        self.profiler.called(pc, form, self.revision, registers);
    }

    /// The host call ended; `gas` is left after it.
    pub fn returned(&mut self, gas: u64) {
        self.profiler.returned(self.gas.saturating_sub(gas));
    }

    /// The hash of an inner machine's program; `None` for the outer machine.
    fn program(&mut self, machine: Machine, instance: &Instance) -> Option<Hash> {
        let hash = || Hash::blake2b(&instance.module().program().encode());
        match machine {
            Machine::Outer => None,
            // All children share a handle, so their hash is not kept.
            Machine::Inner(Machine::CHILD) => Some(hash()),
            Machine::Inner(handle) => Some(*self.inner.entry(handle).or_insert_with(hash)),
        }
    }
}

impl Observer for Instruments<'_> {
    fn invocation_started(&mut self, started: &Started<'_>) {
        self.start(started.code_hash, started.revision);
        if let Some(log) = &mut self.log {
            log.started(started.invocation);
        }
    }

    fn run(&mut self, machine: Machine, instance: &mut Instance) -> Exit {
        if !self.is_on() {
            return instance.run();
        }
        let program = self.program(machine, instance);
        self.running = match program {
            None => self.symbols.of_code(self.code_hash),
            Some(program) => self.symbols.of_program(program),
        };
        if let Some(counter) = &mut self.counter {
            counter.enter(machine, program.unwrap_or(self.code_hash), self.running);
        }
        if let Some(log) = self.log.as_mut().filter(|log| log.is_on()) {
            log.enter(machine);
        }
        self.profiler.enter(machine, program, instance);
        let exit = instance.run_with(self);
        self.profiler.leave(machine, instance);
        if let Some(counter) = &mut self.counter {
            counter.leave();
        }
        exit
    }

    fn host_call_started(&mut self, call: &CallStarted<'_>) {
        self.called(call.pc, call.form, call.registers, call.gas);
    }

    fn host_call_ended(&mut self, call: &CallEnded<'_>) {
        self.returned(call.gas);
    }

    fn inner_created(&mut self, handle: u64, _: &[u8]) {
        self.inner.remove(&handle);
        self.profiler.created(handle);
        if let Some(counter) = &mut self.counter {
            counter.created(handle);
        }
    }

    fn inner_started(&mut self, handle: u64, _: &Instance) {
        if handle == Machine::CHILD {
            self.inner_created(handle, &[]);
        }
    }

    fn invocation_ended(&mut self, finished: &Finished<'_>) {
        self.end(finished.invocation.to_string());
    }
}

impl Inspector for Instruments<'_> {
    fn before_instruction(&mut self, instance: &Instance, instruction: &Instruction) {
        if self.profiles {
            self.profiler.before_instruction(instance, instruction);
        }
        if let Some(counter) = &mut self.counter {
            counter.before_instruction(instance, instruction);
        }
        if let Some(log) = &mut self.log {
            log.before(instance, instruction, self.running);
        }
    }

    fn after_instruction(&mut self, instance: &Instance, exit: Option<Exit>) {
        if self.profiles {
            self.profiler.after_instruction(instance, exit);
        }
        if let Some(counter) = &mut self.counter {
            counter.after_instruction(instance, exit);
        }
        if let Some(log) = &mut self.log {
            log.after(instance, exit);
        }
    }
}
