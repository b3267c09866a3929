//! Recorder of an invocation: keeps enough to see it again.

use std::collections::{BTreeMap, BTreeSet};

use jambox_engine::{Exit, Instance, Module, PAGE_SIZE, Snapshot};
use jambox_hostcall::{Form, Registers, Request};
use jambox_invocation::{
    CallEnded, CallStarted, Failure, Finished, Invocation, Machine, Observer, Started, Stop,
};
use jambox_symbols::Symbols;
use jambox_types::{Hash, ServiceId};

use crate::recording::{Answer, Call, CallMemory, Ending, RanProgram, Recording, Stretch};

/// The invocation to record.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Target {
    /// The one that asks the authorizer.
    IsAuthorized,
    /// The refinement of an item.
    Refine(usize),
    /// The first accumulation of a service.
    Accumulate(ServiceId),
    /// The one of this number, in the order in which they run, from 0 on.
    Number(usize),
}

impl Target {
    fn is(self, invocation: Invocation, number: usize) -> bool {
        match (self, invocation) {
            (Self::Number(wanted), _) => wanted == number,
            (Self::IsAuthorized, Invocation::IsAuthorized { .. }) => true,
            (Self::Refine(wanted), Invocation::Refine { item, .. }) => wanted == item,
            (Self::Accumulate(wanted), Invocation::Accumulate { service, .. }) => wanted == service,
            _ => false,
        }
    }
}

/// Bounds of a recording.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Bounds {
    /// Octets of memory contents in snapshots and host calls. Default: 256 MiB.
    pub octets: usize,
    /// Number of instructions between two snapshots, roughly, which bounds the time of going back.
    /// It doubles each time that the recording exceeds its octets. Default: 2,000,000.
    pub spacing: u64,
}

impl Default for Bounds {
    fn default() -> Self {
        Self { octets: 256 << 20, spacing: 2_000_000 }
    }
}

/// Number of a program's instructions from which the gas of one is estimated.
const SAMPLED: usize = 4096;

/// The most octets of one read of a host call that are kept: a whole segment.
const READ_LIMIT: usize = 4104;

/// Records one invocation, the first that is the target, while all others run as ever.
///
/// It is the observer of a package, a block or an invocation. Such a run must have no limit of
/// time, which would cut it in pieces.
pub struct Recorder<'a> {
    target: Target,
    bounds: Bounds,
    symbols: &'a BTreeMap<Hash, Symbols>,
    /// All invocations so far.
    ran: Vec<Invocation>,
    recording: Option<Recording>,
    is_active: bool,
    /// The hash of the invocation's code.
    code_hash: Hash,
    /// Gas between two snapshots.
    spacing: u64,
    /// Gas until the next snapshot.
    left: u64,
    /// Octets kept so far, at most: sharing among snapshots that are not neighbours is found when
    /// it matters.
    octets: usize,
    call: Option<Call>,
    /// The end of the outer machine's heap when it stopped last.
    heap_end: u64,
    /// The hashes of the programs of inner machines, by handle.
    inner_programs: BTreeMap<u64, Hash>,
}

impl<'a> Recorder<'a> {
    /// A recorder of this invocation, with the symbols of all known programs, by code hash.
    #[must_use]
    pub fn new(target: Target, bounds: Bounds, symbols: &'a BTreeMap<Hash, Symbols>) -> Self {
        let spacing = bounds.spacing.max(1);
        Self {
            target,
            bounds,
            symbols,
            ran: Vec::new(),
            recording: None,
            is_active: false,
            code_hash: Hash::ZERO,
            spacing,
            left: spacing,
            octets: 0,
            call: None,
            heap_end: 0,
            inner_programs: BTreeMap::new(),
        }
    }

    /// Runs a program by itself and records it; its first host call ends it. Its symbols are under
    /// the hash.
    #[must_use]
    pub fn record_program(mut self, instance: &mut Instance, hash: Hash) -> Option<Recording> {
        self.start(hash, instance.gas());
        self.run(Machine::Outer, instance);
        self.stopped(instance, None);
        self.finish()
    }

    /// Begins the recording of a program that is no invocation.
    pub(crate) fn start(&mut self, hash: Hash, gas: u64) {
        self.is_active = true;
        self.code_hash = hash;
        self.recording = Some(Recording::new(None, gas));
    }

    /// The recording; none if the invocation never came, or never got a machine.
    #[must_use]
    pub fn finish(self) -> Option<Recording> {
        self.recording.filter(|recording| !recording.stretches.is_empty())
    }

    /// True if the outer machine has stopped for good.
    pub(crate) fn has_ended(&self) -> bool {
        self.recording.as_ref().is_some_and(|recording| recording.end.is_some())
    }

    /// All invocations so far, in the order in which they ran; the recorded one among them.
    #[must_use]
    pub fn ran(&self) -> &[Invocation] {
        &self.ran
    }

    /// The recording in progress; `None` if nothing is recorded, or if it was cut.
    fn open(&mut self) -> Option<&mut Recording> {
        self.recording.as_mut().filter(|recording| self.is_active && !recording.is_cut)
    }

    /// The index of a program, which is noted if it is new.
    fn code(&mut self, machine: Machine, module: &Module) -> usize {
        let hash = match machine {
            Machine::Outer => self.code_hash,
            Machine::Inner(handle) => {
                self.inner_programs.get(&handle).copied().unwrap_or(Hash::ZERO)
            }
        };
        let Some(recording) = self.recording.as_mut() else { return 0 };
        // Machines of the same program need not share a module, and children have no known hash.
        let is_known = |code: &RanProgram| {
            code.hash == hash
                && code.module.program().code() == module.program().code()
                && code.module.program().jump_table() == module.program().jump_table()
        };
        if let Some(index) = recording.codes.iter().position(is_known) {
            return index;
        }
        let symbols = self.symbols.values().find(|symbols| symbols.are_for(hash)).cloned();
        recording.codes.push(RanProgram { module: module.clone(), hash, symbols });
        recording.codes.len() - 1
    }

    fn begin(&mut self, machine: Machine, instance: &Instance) {
        let code = self.code(machine, instance.module());
        if self.recording.as_ref().is_some_and(|it| it.stretches.is_empty()) {
            self.spacing = self.spacing.saturating_mul(gas_of_instruction(instance.module()));
            self.left = self.spacing;
        }
        let Some(recording) = self.open() else { return };
        let is_behind_call = match recording.stretches.last() {
            None => false,
            Some(_) => machine == Machine::Outer,
        };
        if is_behind_call {
            let outer = recording.stretches.iter().rev();
            let last = outer.clone().find(|stretch| stretch.machine == Machine::Outer);
            debug_assert!(last.is_some_and(|last| last.ending.call().is_some()));
            self.push(machine, code, None, false);
        } else {
            let parent = self.last_snapshot(machine);
            let start = instance.snapshot(parent);
            self.push(machine, code, Some(start), true);
        }
    }

    /// The last snapshot of a machine, which the next shares pages with.
    fn last_snapshot(&self, machine: Machine) -> Option<&Snapshot> {
        let stretches = self.recording.as_ref()?.stretches.iter().rev();
        stretches.filter(|it| it.machine == machine).find_map(|it| it.start.as_ref())
    }

    fn push(&mut self, machine: Machine, code: usize, start: Option<Snapshot>, is_first: bool) {
        self.octets += start.as_ref().map_or(0, Snapshot::own_octets) + size_of::<Stretch>();
        let Some(recording) = self.open() else { return };
        recording.stretches.push(Stretch { machine, code, start, is_first, ending: Ending::Cut });
        self.keep_bounds();
    }

    fn end(&mut self, ending: Ending) {
        if let Some(stretch) = self.open().and_then(|recording| recording.stretches.last_mut()) {
            stretch.ending = ending;
        }
    }

    /// Thins the snapshots once the recording exceeds its bound, and cuts the recording short if
    /// that does not suffice.
    fn keep_bounds(&mut self) {
        if self.octets <= self.bounds.octets {
            return;
        }
        let most = self.bounds.octets;
        let Some(recording) = self.open() else { return };
        let mut kept = octets(&recording.stretches);
        let mut is_thinner = false;
        // Down to half of the bound, so that the next thinning is far off.
        while kept > most / 2 && thin(&mut recording.stretches) {
            kept = octets(&recording.stretches);
            is_thinner = true;
        }
        recording.is_cut = kept > most;
        self.octets = kept;
        if is_thinner {
            self.spacing = self.spacing.saturating_mul(2);
        }
    }
}

/// Estimated gas of one instruction of a program: at least 1. Gas is all that a machine counts.
fn gas_of_instruction(module: &Module) -> u64 {
    let all = module.program().instructions(module.engine().instruction_set());
    let costs = all.take(SAMPLED).map(|it| u64::from(module.cost_at(it.pc.into())));
    let (gas, count) = costs.fold((0, 0), |(gas, count), cost| (gas + cost, count + 1));
    (gas / u64::max(count, 1)).max(1)
}

/// Octets that snapshots, host calls and the list of stretches take.
pub(crate) fn octets(stretches: &[Stretch]) -> usize {
    let snapshots = stretches.iter().filter_map(|stretch| stretch.start.as_ref());
    let pages: BTreeSet<usize> = snapshots.flat_map(Snapshot::shares).collect();
    let calls = stretches.iter().filter_map(|stretch| stretch.ending.call()).map(size_of_call);
    pages.len() * PAGE_SIZE as usize + calls.sum::<usize>() + size_of_val(stretches)
}

fn size_of_call(call: &Call) -> usize {
    let memory = call.memory.iter().map(|it| it.octets.len() + size_of::<CallMemory>());
    size_of::<Call>() + memory.sum::<usize>()
}

/// Drops every second snapshot within a run of a machine, whose stretches are then joined; false if
/// there was none to drop.
fn thin(stretches: &mut Vec<Stretch>) -> bool {
    let before = stretches.len();
    let mut is_kept = true;
    let mut thinner: Vec<Stretch> = Vec::with_capacity(before);
    for stretch in stretches.drain(..) {
        match thinner.last_mut() {
            Some(last) if matches!(last.ending, Ending::Snapshot) => {
                is_kept = !is_kept;
                if is_kept {
                    thinner.push(stretch);
                } else {
                    last.ending = stretch.ending;
                }
            }
            _ => thinner.push(stretch),
        }
    }
    *stretches = thinner;
    stretches.len() < before
}

impl Observer for Recorder<'_> {
    fn invocation_started(&mut self, started: &Started<'_>) {
        let number = self.ran.len();
        self.ran.push(started.invocation);
        if self.recording.is_some() || !self.target.is(started.invocation, number) {
            return;
        }
        self.is_active = true;
        self.code_hash = started.code_hash;
        self.recording = Some(Recording::new(Some(started.invocation), started.gas_limit));
    }

    fn run(&mut self, machine: Machine, instance: &mut Instance) -> Exit {
        if self.open().is_none() {
            return instance.run();
        }
        if machine == Machine::Outer {
            let growth = instance.memory().heap_end().saturating_sub(self.heap_end);
            self.note_growth(growth);
        }
        self.begin(machine, instance);
        loop {
            let gas = instance.gas();
            let given = gas.min(self.left);
            instance.set_gas(given);
            let exit = instance.run();
            let used = given.saturating_sub(instance.gas());
            instance.set_gas(instance.gas().saturating_add(gas.saturating_sub(given)));
            if exit != Exit::OutOfGas || given == gas {
                self.left = self.left.saturating_sub(used).max(1);
                if machine == Machine::Outer {
                    self.heap_end = instance.memory().heap_end();
                }
                self.end(Ending::Exit(exit));
                return exit;
            }
            // The next run may cost more than a stretch that is nearly over has left.
            self.left = self.spacing.max(if used == 0 { self.left.saturating_mul(2) } else { 0 });
            if used > 0 {
                let code = self.code(machine, instance.module());
                let start = instance.snapshot(self.last_snapshot(machine));
                self.end(Ending::Snapshot);
                self.push(machine, code, Some(start), false);
            }
        }
    }

    fn host_call_started(&mut self, call: &CallStarted<'_>) {
        self.begin_call(Called {
            number: call.number,
            form: call.form,
            request: call.request.copied(),
            registers: *call.registers,
            gas: call.gas,
        });
    }

    fn memory_read(&mut self, address: u64, octets: &[u8]) {
        let kept = octets.get(..READ_LIMIT).unwrap_or(octets);
        self.note_memory(false, address, octets.len(), kept);
    }

    fn memory_written(&mut self, address: u64, octets: &[u8]) {
        self.note_memory(true, address, octets.len(), octets);
    }

    fn host_call_ended(&mut self, ended: &CallEnded<'_>) {
        let answer = match ended.reply {
            Ok(reply) => Answer::Reply(reply.cloned()),
            Err(stop) => Answer::Stopped {
                reason: stop.to_string(),
                is_out_of_gas: matches!(stop, Stop::OutOfGas { .. }),
            },
        };
        self.end_call(*ended.registers, ended.gas, answer);
    }

    fn inner_created(&mut self, handle: u64, blob: &[u8]) {
        if self.is_active {
            self.inner_programs.insert(handle, Hash::blake2b(blob));
        }
    }

    fn stopped(&mut self, instance: &Instance, failure: Option<&Failure>) {
        let end = instance.snapshot(self.last_snapshot(Machine::Outer));
        if let Some(recording) = self.open() {
            recording.end = Some(end);
            recording.failure = failure.cloned();
        }
    }

    fn invocation_ended(&mut self, _: &Finished<'_>) {
        self.is_active = false;
    }
}

/// A host call as it begins.
pub(crate) struct Called {
    pub number: u64,
    pub form: Option<&'static Form>,
    pub request: Option<Request>,
    pub registers: Registers,
    pub gas: u64,
}

impl Recorder<'_> {
    pub(crate) fn begin_call(&mut self, called: Called) {
        if self.open().is_none() {
            return;
        }
        let Called { number, form, request, registers, gas } = called;
        self.call = Some(Call {
            number,
            form,
            request,
            before: registers,
            after: registers,
            gas_before: gas,
            gas_after: gas,
            memory: Vec::new(),
            heap_growth: 0,
            answer: Answer::Reply(None),
        });
    }

    pub(crate) fn end_call(&mut self, after: Registers, gas_after: u64, answer: Answer) {
        let Some(call) = self.call.take() else { return };
        let call = Box::new(Call { after, gas_after, answer, ..call });
        self.octets += size_of_call(&call);
        let Some(recording) = self.open() else { return };
        let mut stretches = recording.stretches.iter_mut().rev();
        if let Some(outer) = stretches.find(|stretch| stretch.machine == Machine::Outer) {
            outer.ending = match call.has_stopped_guest() {
                false => Ending::Call(call),
                true => Ending::Stopped(call),
            };
        }
        self.keep_bounds();
    }

    fn note_memory(&mut self, is_write: bool, address: u64, length: usize, octets: &[u8]) {
        if let Some(call) = self.call.as_mut().filter(|_| length > 0) {
            let (length, octets) = (length as u64, octets.to_vec());
            call.memory.push(CallMemory { is_write, address, length, octets });
        }
    }

    /// Notes the last host call's growth of the heap, which no event tells.
    fn note_growth(&mut self, growth: u64) {
        let stretches = self.open().map(|recording| recording.stretches.iter_mut().rev());
        let last = stretches.and_then(|mut it| it.find(|it| it.machine == Machine::Outer));
        if let Some(Stretch { ending: Ending::Call(call), .. }) = last {
            call.heap_growth = growth;
        }
    }
}
