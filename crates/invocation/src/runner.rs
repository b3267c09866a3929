//! Runs of the outer guest: its standard program on the engine, or a replacement.

use jambox_engine::{Engine, Exit, Instance, Parts};
use jambox_hostcall::Context;
use jambox_program::{StandardProgram, ZONE_SIZE};
use jambox_types::{Hash, Rules};

use crate::failure::{Cause, MachineState};
use crate::limits::Meter;
use crate::program_cache::ProgramCache;
use crate::{CallSite, End, Failure, Host, HostError, Machine, Observer};

/// Initial program counter of a program in an invocation (`eq:isauthinvocation`,
/// `eq:refinvocation`, `eq:accinvocation`, 0.7.2).
#[must_use]
pub const fn entry_pc(context: Context) -> u32 {
    match context {
        Context::IsAuthorized | Context::Refine => 0,
        Context::Accumulate => 5,
    }
}

/// Arguments of a run (the paper's argument invocation, `sec:standardprograminit`, 0.7.2).
#[derive(Clone, Copy, Debug)]
pub struct Job<'a> {
    /// Hash of the code.
    pub code_hash: Hash,
    /// The content of the code preimage: metadata, then the standard program.
    pub code: &'a [u8],
    /// The standard program.
    pub program: &'a [u8],
    /// Initial program counter.
    pub entry_pc: u64,
    /// Gas limit.
    pub gas_limit: u64,
    /// The encoded arguments.
    pub arguments: &'a [u8],
}

/// Result of a run.
#[derive(Clone, Debug)]
pub struct Ran {
    /// The guest's end, with its output.
    pub end: End,
    /// Gas left of the limit.
    pub gas_left: u64,
}

/// Runner of an invocation's guest. It serves the guest's host calls through [`Host::serve`].
///
/// One runner is the engine; another runs services natively with the same handlers.
pub trait Runner: Send + Sync {
    /// Runs a guest to its end.
    ///
    /// # Errors
    ///
    /// When the host cannot go on. The guest's end is an [`End`].
    fn run(&self, job: &Job<'_>, host: &mut Host<'_>) -> Result<Ran, HostError>;
}

/// Runner of standard programs on the engine. All runners of the process share a cache of decoded
/// and compiled programs: up to 16 MiB of programs and 256 MiB of native code, the least recently
/// used leaving first.
pub struct EngineRunner {
    engine: Engine,
}

impl EngineRunner {
    /// A runner on an engine.
    #[must_use]
    pub const fn new(engine: Engine) -> Self {
        Self { engine }
    }
}

impl Runner for EngineRunner {
    fn run(&self, job: &Job<'_>, host: &mut Host<'_>) -> Result<Ran, HostError> {
        let refused = |cause| {
            let end = End::of_failure(Failure { cause, machine: None });
            Ok(Ran { end, gas_left: job.gas_limit })
        };
        let programs = ProgramCache::of_process();
        let program = match programs.program(&self.engine, job.code_hash, job.program)? {
            Ok(program) => program,
            Err(cause) => return refused(cause),
        };
        let (standard, module) = (program.ready.program(), program.ready.module());
        let set = self.engine.instruction_set();
        if let Err(reason) = module.program().validate_entry(set, job.entry_pc) {
            return refused(Cause::InvalidProgram(reason));
        }
        if standard.layout(job.arguments.len() as u64).is_none() {
            return refused(Cause::ArgumentsTooLong(job.arguments.len()));
        }
        let mut instance = program.ready.instance(job.arguments)?;
        instance.set_pc(job.entry_pc);
        instance.set_gas(job.gas_limit);
        let rules = Rules::of(self.engine.config().revision);
        let end = instance.memory().heap_end();
        instance.memory_mut().set_heap(end, heap_limit(standard, rules));
        let failure = run_to_end(&mut instance, host)?;
        programs.settle(&self.engine, job.code_hash);
        host.observer().stopped(&instance, failure.as_ref());
        let end = match failure {
            None => End::Halt(host.output(&instance)?),
            Some(failure) => End::of_failure(failure),
        };
        Ok(Ran { end, gas_left: instance.gas() })
    }
}

/// Limit of a program's heap, an address: one zone below its stack (`eq:memlayout`).
fn heap_limit(standard: &StandardProgram, rules: &Rules) -> u64 {
    let stack = standard.stack_size().checked_next_multiple_of(rules.heap_limit_rounding);
    let stack = stack.unwrap_or(u32::MAX);
    StandardProgram::STACK_END.saturating_sub(stack.into()).saturating_sub(ZONE_SIZE)
}

/// The host-call loop: runs the guest until it halts (`None`) or fails.
fn run_to_end(instance: &mut Instance, host: &mut Host<'_>) -> Result<Option<Failure>, HostError> {
    loop {
        let exit = host.run(instance)?;
        let Exit::HostCall(number) = exit else {
            return Ok(Failure::of_exit(instance, exit));
        };
        let pc = Some(instance.pc());
        let Parts { regs: registers, gas, memory } = instance.parts_mut();
        match host.serve(number, CallSite { pc, registers, gas, memory }) {
            Ok(()) => instance.skip_host_call(),
            Err(stop) => {
                let call = host.form(number).map(|form| form.call);
                let machine = Some(MachineState::of(instance));
                return Ok(Some(Failure { cause: Cause::of_stop(number, call, stop)?, machine }));
            }
        }
    }
}

/// Runs a machine until it exits. Under a limit of time it is given its gas in slices, and the
/// clock is read between them, without a difference to the guest.
pub(crate) fn run_within(
    meter: &mut Meter,
    observer: &mut dyn Observer,
    machine: Machine,
    instance: &mut Instance,
) -> Result<Exit, HostError> {
    let mut slice = meter.slice();
    loop {
        let gas = instance.gas();
        let given = gas.min(slice);
        instance.set_gas(given);
        let exit = observer.run(machine, instance);
        if exit == Exit::OutOfGas && instance.gas() == given {
            // The next charge exceeds the slice.
            slice = slice.saturating_mul(2);
        }
        let withheld = gas.saturating_sub(given);
        instance.set_gas(instance.gas().saturating_add(withheld));
        meter.check_time()?;
        if exit != Exit::OutOfGas || withheld == 0 {
            return Ok(exit);
        }
    }
}

/// Output of a guest that halted: the range in `r7` and `r8`; empty unless all of it is readable.
pub(crate) fn output(meter: &mut Meter, instance: &Instance) -> Result<Vec<u8>, HostError> {
    let [_, _, _, _, _, _, _, address, length, ..] = *instance.regs();
    if !instance.memory().is_readable(address, length) {
        return Ok(Vec::new());
    }
    meter.copy(length)?;
    meter.keep(length)?;
    let mut output = meter.room(length)?;
    output.resize(usize::try_from(length).unwrap_or(0), 0);
    // The range is readable, as checked.
    let _ = instance.memory().read_into(address, &mut output);
    Ok(output)
}

#[cfg(test)]
mod tests {
    use jambox_types::Revision;

    use super::*;

    #[test]
    fn the_heap_ends_a_zone_below_the_stack_as_the_rules_round_it() {
        let limit = |stack: u32, revision: Revision| {
            let program = StandardProgram::new([], [], 0, stack, []).expect("the sizes fit");
            heap_limit(&program, Rules::of(revision))
        };
        // 2^32 - 3 * 2^16 - 2^24, without the stack.
        for revision in Revision::ALL {
            assert_eq!(limit(0, revision), 0xfefd_0000);
        }
        assert_eq!(limit(1, Revision::GrayPaper072), 0xfefd_0000 - 0x1000);
        assert_eq!(limit(1, Revision::GrayPaper080), 0xfefd_0000 - 0x1_0000);
        assert_eq!(limit(0x1_0001, Revision::GrayPaper072), 0xfefd_0000 - 0x1_1000);
        assert_eq!(limit(0x1_0001, Revision::GrayPaper080), 0xfefd_0000 - 0x2_0000);
        assert_eq!(limit((1 << 24) - 1, Revision::GrayPaper080), 0xfdfd_0000);
    }
}
