//! Timing two engines side by side, in processor time of the one thread that both run in: what
//! else the machine does then matters little.

use std::time::Duration;

use cpu_time::ThreadTime;

use crate::machine::Peer;
use crate::workload::{Workload, play};

/// What is inside a time.
#[derive(Clone, Copy, PartialEq, Eq)]
pub enum Phase {
    /// Execution alone, right after another: the module has run before, the instance is there.
    Warm,
    /// Making and dropping the instance too.
    Instance,
    /// Making the module from its octets too, every time.
    Compile,
}

impl Phase {
    pub const ALL: [Self; 3] = [Self::Warm, Self::Instance, Self::Compile];

    pub const fn name(self) -> &'static str {
        match self {
            Self::Warm => "warm",
            Self::Instance => "+ instance",
            Self::Compile => "+ compile",
        }
    }
}

/// The times of one workload on one engine, by phase, one for each round.
#[derive(Clone, Default)]
pub struct Times([Vec<Duration>; 3]);

impl Times {
    pub fn min(&self, phase: Phase) -> f64 {
        self.0[phase as usize].iter().min().map_or(f64::NAN, Duration::as_secs_f64)
    }

    pub fn median(&self, phase: Phase) -> f64 {
        let mut times = self.0[phase as usize].clone();
        times.sort();
        times.get(times.len() / 2).map_or(f64::NAN, Duration::as_secs_f64)
    }

    /// Adds one round of every phase.
    pub fn measure<P: Peer>(&mut self, peer: &P, module: &P::Module, workload: &Workload) {
        let make = |module| peer.instantiate(module, &workload.program, &workload.arguments);
        // What the other engine left in the caches is not part of the warm figure.
        play(&mut make(module), workload);
        let start = ThreadTime::now();
        let mut machine = make(module);
        let made = ThreadTime::now();
        play(&mut machine, workload);
        self.0[Phase::Warm as usize].push(made.elapsed());
        drop(machine);
        self.0[Phase::Instance as usize].push(start.elapsed());

        let start = ThreadTime::now();
        let module = peer.compile(&workload.program);
        let mut machine = make(&module);
        play(&mut machine, workload);
        drop(machine);
        drop(module);
        self.0[Phase::Compile as usize].push(start.elapsed());
    }
}

/// Times each workload on both engines, turn about, so that whatever else the machine does hits
/// both alike.
pub fn both<A: Peer, B: Peer>(
    ours: &A,
    theirs: &B,
    workloads: &[Workload],
    rounds: u32,
) -> Vec<(Times, Times)> {
    let time = |workload: &Workload| {
        let (mut our_times, mut their_times) = (Times::default(), Times::default());
        let our_module = ours.compile(&workload.program);
        let their_module = theirs.compile(&workload.program);
        for _ in 0..rounds {
            our_times.measure(ours, &our_module, workload);
            their_times.measure(theirs, &their_module, workload);
        }
        (our_times, their_times)
    };
    workloads.iter().map(time).collect()
}
