//! Replay of a trace: the program runs, and the trace replaces the host.

use jambox_engine::{Access, Engine, Exit, Instance, Module, PAGE_SIZE, StandardModule};
use jambox_hostcall::{Context, HostCall, Interface};
use jambox_program::{Container, ProgramKind, StandardProgram};

use crate::difference::{Compared, between_states};
use crate::{Action, Block, Call, Difference, DifferenceKind, End, EndKind, Error, Event};
use crate::{Execution, Step, TracedState};

/// Result of a replay.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Replayed {
    /// The machine agrees with the trace.
    Same,
    /// The machine agrees with the trace, except for a last host call that the trace omits because
    /// the gas left did not cover its price: out of gas in the trace, a host call in the machine.
    SameButForLastCall {
        /// Number of the call.
        number: u64,
        /// Gas left before the call.
        gas: u64,
    },
    /// The machine agrees with the trace, which is cut off before the end.
    CutOff,
    /// The machine disagrees with the trace.
    Different(Difference),
}

/// Runs the program of a trace on a bare machine and compares the machine with the trace at every
/// host call and at the end: number, program counter, gas, registers, and memory read by the host.
///
/// A trace does not show pages that a host makes accessible. The pages of `grow_heap` follow from
/// the value that the call left in `r7`.
///
/// # Errors
///
/// When the program is in no known form or the engine cannot set it up.
pub fn replay(execution: &Execution, engine: &Engine) -> Result<Replayed, Error> {
    replay_watched(execution, engine, &mut ())
}

/// Observer of a replay.
pub trait Watch {
    /// Runs the machine until it exits. An implementation may step or inspect instead.
    fn run(&mut self, instance: &mut Instance) -> Exit {
        instance.run()
    }

    /// The machine is at a host call and agrees with the trace.
    fn called(&mut self, instance: &Instance, call: &Call) {
        let _ = (instance, call);
    }

    /// The call has been served from the trace.
    fn served(&mut self, instance: &Instance, call: &Call) {
        let _ = (instance, call);
    }
}

/// Observes nothing.
impl Watch for () {}

/// [`replay`] with an observer.
///
/// # Errors
///
/// As [`replay`].
pub fn replay_watched<W: Watch>(
    execution: &Execution,
    engine: &Engine,
    watch: &mut W,
) -> Result<Replayed, Error> {
    let mut instance = set_up(execution, engine)?;
    let mut served = None;
    for (index, call) in execution.calls.iter().enumerate() {
        let number = index.saturating_add(1);
        let at = |step| move |kind| Difference { line: call.line, step, kind };
        let exit = watch.run(&mut instance);
        if let Some(kind) = check_call(call, exit, &instance) {
            return Ok(Replayed::Different(at(Step::Call(number))(kind)));
        }
        watch.called(&instance, call);
        for action in &call.actions {
            if let Err(kind) = perform(action, &mut instance) {
                return Ok(Replayed::Different(at(Step::Served(number))(kind)));
            }
        }
        grow_heap(call, &mut instance);
        watch.served(&instance, call);
        served = Some((call, state_of(&instance)));
        instance.skip_host_call();
    }
    match &execution.end {
        Some(end) => Ok(finish(end, served, &mut instance, watch)),
        None => Ok(Replayed::CutOff),
    }
}

fn set_up(execution: &Execution, engine: &Engine) -> Result<Instance, Error> {
    let container = Container::parse(&execution.program)
        .map_err(|error| Error::Program { line: execution.line, error })?;
    let mut instance = match &container.kind {
        ProgramKind::Standard(standard, _) => {
            let arguments = arguments(standard, &execution.writes);
            StandardModule::new(engine, standard.clone())?.instance(arguments)?
        }
        ProgramKind::Bare(code) => Instance::new(&Module::new(engine, code.clone())?)?,
    };
    for block in &execution.writes {
        let is_writable =
            instance.memory().is_writable(block.address.into(), block.octets.len() as u64);
        let memory = instance.memory_mut();
        // A bare program has no memory of its own: it has the pages that the trace writes.
        if !is_writable && matches!(container.kind, ProgramKind::Bare(_)) {
            let first = block.address / PAGE_SIZE;
            let end = block.end().div_ceil(u64::from(PAGE_SIZE));
            let count = u32::try_from(end).unwrap_or(u32::MAX).saturating_sub(first);
            memory.set_access(first, count, Access::ReadWrite);
        }
        memory.poke_raw(block.address.into(), &block.octets);
    }
    *instance.regs_mut() = execution.start.registers;
    instance.set_pc(execution.start.pc);
    instance.set_gas(execution.start.gas);
    Ok(instance)
}

/// Arguments of a standard program: the octets written at the start of the argument zone.
fn arguments<'a>(standard: &StandardProgram, writes: &'a [Block]) -> &'a [u8] {
    let start = standard.layout(0).map(|layout| layout.arguments.start);
    let block = writes.iter().find(|block| Some(block.address) == start);
    block.map_or(&[], |block| block.octets.as_slice())
}

fn check_call(call: &Call, exit: Exit, instance: &Instance) -> Option<DifferenceKind> {
    Compared::differing(Event::HostCall(call.number), event_of(exit))
        .map(DifferenceKind::Event)
        .or_else(|| between_states(&call.state, &state_of(instance)))
}

/// Runs to the end. `served` is the last call, with the machine after its service and before it
/// went on.
fn finish<W: Watch>(
    end: &End,
    served: Option<(&Call, TracedState)>,
    instance: &mut Instance,
    watch: &mut W,
) -> Replayed {
    let exit = watch.run(instance);
    let state = state_of(instance);
    let expected = match end.kind {
        EndKind::Panic(_) => EndKind::Panic(0),
        kind => kind,
    };
    let kind = Compared::differing(Event::End(expected), event_of(exit))
        .map(DifferenceKind::Event)
        .or_else(|| between_states(&end.state, &state));
    let Some(kind) = kind else { return Replayed::Same };
    if served.is_some_and(|(call, served)| end.is_in_call(call, &served)) {
        return Replayed::Same;
    }
    match (exit, end.kind) {
        (Exit::HostCall(number), EndKind::OutOfGas) if is_same_but_for_gas(&end.state, &state) => {
            Replayed::SameButForLastCall { number, gas: state.gas }
        }
        _ => Replayed::Different(Difference { line: end.line, step: Step::End, kind }),
    }
}

impl End {
    /// True if the host did not return to the guest after the last call, which a bare machine
    /// cannot know. `served` is the machine after the host's actions, still at the `ecalli`.
    ///
    /// Some hosts show the price of such a call only in the gas of the end.
    #[must_use]
    pub fn is_in_call(&self, call: &Call, served: &TracedState) -> bool {
        let is_here = is_same_but_for_gas(&self.state, served);
        match self.kind {
            EndKind::Halt => false,
            EndKind::Panic(_) if call.sets_gas() => is_here && self.state.gas == served.gas,
            EndKind::Panic(_) => is_here && self.state.gas <= served.gas,
            EndKind::OutOfGas => is_here && self.state.gas == 0,
        }
    }
}

fn is_same_but_for_gas(one: &TracedState, other: &TracedState) -> bool {
    (one.pc, one.registers) == (other.pc, other.registers)
}

fn perform(action: &Action, instance: &mut Instance) -> Result<(), DifferenceKind> {
    match action {
        Action::Read(block) => check_read(block, instance)?,
        Action::Write(block) => {
            let write = instance.memory_mut().write(block.address.into(), &block.octets);
            write.map_err(|_| DifferenceKind::NotWritable {
                address: block.address,
                length: block.octets.len(),
            })?;
        }
        Action::SetRegister { register, value } => {
            if let Some(to) = instance.regs_mut().get_mut(usize::from(*register)) {
                *to = *value;
            }
        }
        Action::SetGas(gas) => instance.set_gas(*gas),
    }
    Ok(())
}

/// Makes the pages of a `grow_heap` accessible: the pages up to the index in `r7`. After an out of
/// gas, `r7` still has the requested index, but the guest never runs to see the pages.
fn grow_heap(call: &Call, instance: &mut Instance) {
    let interface = Interface::gray_paper(instance.module().engine().config().revision);
    let form = Context::ALL.iter().find_map(|context| interface.form(*context, call.number));
    if form.is_some_and(|form| form.call == HostCall::GrowHeap) {
        let [_, _, _, _, _, _, _, end, ..] = *instance.regs();
        let memory = instance.memory_mut();
        let end = end.saturating_mul(u64::from(PAGE_SIZE));
        // Beyond its limit the heap stays unchanged.
        let _ = memory.grow_heap(end.saturating_sub(memory.heap_end()));
    }
}

fn check_read(block: &Block, instance: &Instance) -> Result<(), DifferenceKind> {
    let memory = instance.memory();
    let addresses = block.address..=u32::MAX;
    match memory.read(block.address.into(), block.octets.len() as u64) {
        Ok(found) if found == block.octets => Ok(()),
        Ok(found) => {
            let pairs = addresses.zip(block.octets.iter().zip(found));
            let differing = pairs.into_iter().find_map(|(address, (expected, found))| {
                let compared = Compared::differing(Some(*expected), Some(found))?;
                Some(DifferenceKind::Read(address, compared))
            });
            differing.map_or(Ok(()), Err)
        }
        Err(_) => {
            let is_readable = |address: &u32| memory.is_readable(u64::from(*address), 1);
            let mut octets = addresses.zip(&block.octets);
            let inaccessible = octets.find(|(address, _)| !is_readable(address));
            inaccessible.map_or(Ok(()), |(address, expected)| {
                let compared = Compared { expected: Some(*expected), found: None };
                Err(DifferenceKind::Read(address, compared))
            })
        }
    }
}

fn state_of(instance: &Instance) -> TracedState {
    TracedState { pc: instance.pc(), gas: instance.gas(), registers: *instance.regs() }
}

/// Traces know no page faults and show them as panics.
fn event_of(exit: Exit) -> Event {
    match exit {
        Exit::HostCall(number) => Event::HostCall(number),
        Exit::Halt => Event::End(EndKind::Halt),
        Exit::Panic | Exit::PageFault(_) => Event::End(EndKind::Panic(0)),
        Exit::OutOfGas => Event::End(EndKind::OutOfGas),
    }
}
