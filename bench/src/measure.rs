//! Measuring one engine.

use std::path::PathBuf;
use std::time::Duration;

use jambox_program::StandardProgram;

use crate::clock::Clock;
use crate::engines::Entry;
use crate::figures::Figures;
use crate::machine::{Machine, Peer, Stop};
use crate::memory;
use crate::single::{self, Single};
use crate::workload::{Differences, Workload, check, play};

/// Workloads to measure with.
pub struct Task {
    pub logs: Vec<Workload>,
    /// The folder that the logs are from, if it is there.
    pub folder: Option<PathBuf>,
    pub kernels: Vec<Workload>,
    /// The most times that each thing is timed.
    pub rounds: u32,
    /// True to run each log only once, from scratch: the time of an engine in a new process.
    pub is_once: bool,
}

/// The longest time that one thing is timed, once it was timed twice.
const LOG_BUDGET: Duration = Duration::from_millis(40);
const KERNEL_BUDGET: Duration = Duration::from_millis(400);
const SINGLE_BUDGET: Duration = Duration::from_millis(400);

/// Number of times that the logs are gone through in turn.
const TURNS: u32 = 10;

/// Number of host calls, faults and instances that are timed together.
const BATCH: u32 = 1000;
const INSTANCES: u32 = 20;

/// Number of instances there when their memory is looked at.
const RESIDENT: usize = 64;
const RESIDENT_PROCESSES: usize = 16;

/// Measures everything that there is to measure of an engine.
///
/// # Errors
/// When it refuses a program.
pub fn measure<P: Peer>(
    peer: &P,
    entry: &Entry,
    task: &Task,
    figures: &mut Figures,
) -> Result<(), String> {
    let clock = entry.clock;
    if task.is_once {
        return once(peer, clock, task, figures);
    }
    // First, while the allocator has nothing to give away again.
    singles(peer, clock, figures)?;
    compare(peer, entry.is_exact(), task, figures)?;
    for (index, log) in task.logs.iter().enumerate() {
        let name = |phase: &str| format!("log.{phase}.{index:02}");
        let run = Run::new(peer, clock, log)?;
        figures.set_time(name("warm"), run.warm(task.rounds, LOG_BUDGET)?);
        figures.set_time(name("instance"), run.with_instance(task.rounds, LOG_BUDGET)?);
        figures.set_time(name("cold"), run.cold(task.rounds, LOG_BUDGET)?);
    }
    in_turn(peer, clock, task, figures)?;
    for kernel in &task.kernels {
        let run = Run::new(peer, clock, kernel)?;
        let time = run.again(task.rounds, KERNEL_BUDGET)?;
        figures.set_time(format!("kernel.warm.{}", kernel.name), time);
    }
    if let Some(log) = task.logs.first() {
        let program = peer.adapt(&log.program, log.arguments.len())?;
        if peer.compile_all(&program).is_ok() {
            let time = clock.least(200, SINGLE_BUDGET, || {
                peer.compile_all(&program).expect("compiled before");
            });
            let code = log.program.program().map_err(|error| error.to_string())?;
            figures.set("compile", time.as_secs_f64() / f64::from(code.code_len()));
        }
    }
    Ok(())
}

/// Each log once, from scratch, one after the other, nothing having run before.
fn once<P: Peer>(peer: &P, clock: Clock, task: &Task, figures: &mut Figures) -> Result<(), String> {
    for (index, log) in task.logs.iter().enumerate() {
        let program = peer.adapt(&log.program, log.arguments.len())?;
        let (done, time) = clock.time(|| {
            let module = peer.compile(&program)?;
            play(&mut peer.instantiate(&module, &program, &log.arguments)?, log);
            Ok::<_, String>(())
        });
        done?;
        figures.set_time(format!("log.once.{index:02}"), time);
    }
    Ok(())
}

/// Execution alone, of one log after the other: each finds the processor's caches and predictors
/// as 62 other modules left them.
fn in_turn<P: Peer>(
    peer: &P,
    clock: Clock,
    task: &Task,
    figures: &mut Figures,
) -> Result<(), String> {
    let runs = task.logs.iter().map(|log| Run::new(peer, clock, log));
    let runs: Vec<_> = runs.collect::<Result<_, _>>()?;
    for _ in 0..task.rounds.clamp(2, TURNS) {
        for (index, run) in runs.iter().enumerate() {
            let mut machine = run.make()?;
            let (_, time) = clock.time(|| play(&mut machine, run.workload));
            figures.set_time(format!("log.turn.{index:02}"), time);
        }
    }
    Ok(())
}

/// Runs everything once and compares.
fn compare<P: Peer>(
    peer: &P,
    is_exact: bool,
    task: &Task,
    figures: &mut Figures,
) -> Result<(), String> {
    let mut differences = Differences::default();
    for (index, log) in task.logs.iter().enumerate() {
        let gas = check(peer, log, is_exact, &mut differences)?;
        figures.set(format!("log.gas.{index:02}"), gas as f64);
    }
    if !task.logs.is_empty() {
        figures.set("differences.gas", differences.gas as f64);
    }
    for kernel in &task.kernels {
        let gas = check(peer, kernel, is_exact, &mut differences)?;
        figures.set(format!("kernel.gas.{}", kernel.name), gas as f64);
    }
    figures.set("differences.other", differences.other as f64);
    if let Some(first) = differences.first {
        eprintln!("{first}");
    }
    Ok(())
}

/// One workload on one engine.
struct Run<'a, P: Peer> {
    peer: &'a P,
    clock: Clock,
    workload: &'a Workload,
    program: P::Program,
    module: P::Module,
}

impl<'a, P: Peer> Run<'a, P> {
    fn new(peer: &'a P, clock: Clock, workload: &'a Workload) -> Result<Self, String> {
        let program = peer.adapt(&workload.program, workload.arguments.len())?;
        let module = peer.compile(&program)?;
        let run = Self { peer, clock, workload, program, module };
        // Code and tables that are made lazily are there from now on.
        play(&mut run.make()?, workload);
        Ok(run)
    }

    fn make(&self) -> Result<P::Machine, String> {
        self.peer.instantiate(&self.module, &self.program, &self.workload.arguments)
    }

    /// Execution alone: the module has run before, and the instance is there.
    fn warm(&self, rounds: u32, budget: Duration) -> Result<Duration, String> {
        let started = std::time::Instant::now();
        let mut least = Duration::MAX;
        for round in 0..rounds.max(2) {
            if round >= 2 && started.elapsed() > budget {
                break;
            }
            let mut machine = self.make()?;
            let (_, time) = self.clock.time(|| play(&mut machine, self.workload));
            least = least.min(time);
        }
        Ok(least)
    }

    /// Execution alone in an instance that ran before, as native code in its process.
    fn again(&self, rounds: u32, budget: Duration) -> Result<Duration, String> {
        let mut machine = self.make()?;
        play(&mut machine, self.workload);
        Ok(self.clock.least(rounds, budget, || {
            let arguments = self.workload.arguments.len() as u64;
            for (reg, value) in StandardProgram::registers(arguments).into_iter().enumerate() {
                machine.set_reg(reg, value);
            }
            assert_eq!(play(&mut machine, self.workload), Stop::Halt, "as before");
        }))
    }

    /// Making and dropping the instance too.
    fn with_instance(&self, rounds: u32, budget: Duration) -> Result<Duration, String> {
        Ok(self.clock.least(rounds, budget, || {
            play(&mut self.make().expect("made before"), self.workload);
        }))
    }

    /// Making the module too, from scratch.
    fn cold(&self, rounds: u32, budget: Duration) -> Result<Duration, String> {
        Ok(self.clock.least(rounds, budget, || {
            let module = self.peer.compile(&self.program).expect("compiled before");
            let arguments = &self.workload.arguments;
            let machine = self.peer.instantiate(&module, &self.program, arguments);
            play(&mut machine.expect("made before"), self.workload);
        }))
    }
}

/// Instances, host calls, faults and memory.
fn singles<P: Peer>(peer: &P, clock: Clock, figures: &mut Figures) -> Result<(), String> {
    let single = Single::new();
    let program = peer.adapt(&single.program, 0)?;
    let module = peer.compile(&program)?;
    let make = || -> Result<P::Machine, String> {
        let mut machine = peer.instantiate(&module, &program, &[])?;
        machine.set_reg(8, single.writable);
        machine.set_reg(9, 1);
        machine.start(single::STORE, u64::from(u32::MAX));
        if machine.run() != Stop::HostCall(single::NUMBER) {
            return Err("no host call".to_owned());
        }
        Ok(machine)
    };
    let resident = if clock == Clock::Wall { RESIDENT_PROCESSES } else { RESIDENT };
    let mut instances = vec![make()?];
    let before = memory::resident();
    for _ in 0..resident {
        instances.push(make()?);
    }
    if let (Some(before), Some(after)) = (before, memory::resident()) {
        figures.set("memory", after.saturating_sub(before) as f64 / resident as f64);
    }
    drop(instances);
    let mut machine = make()?;
    let time = clock.least(200, SINGLE_BUDGET, || {
        for _ in 0..INSTANCES {
            make().expect("made before");
        }
    });
    figures.set_time("instance", time / INSTANCES);
    let time = clock.least(100, SINGLE_BUDGET, || {
        machine.set_gas(u64::from(u32::MAX));
        for _ in 0..BATCH {
            machine.skip_host_call();
            machine.run();
        }
    });
    figures.set_time("host-call", time / BATCH);
    machine.set_reg(8, single::INACCESSIBLE);
    machine.start(single::STORE, u64::from(u32::MAX));
    if machine.run() != Stop::Panic {
        return Err("no fault".to_owned());
    }
    let time = clock.least(100, SINGLE_BUDGET, || {
        for _ in 0..BATCH {
            machine.start(single::STORE, u64::from(u32::MAX));
            machine.run();
        }
    });
    figures.set_time("fault", time / BATCH);
    Ok(())
}
