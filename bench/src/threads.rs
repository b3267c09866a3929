//! One thread and two, doing the same.

use std::sync::Barrier;
use std::time::Instant;

use crate::figures::Figures;
use crate::machine::Peer;
use crate::measure::Task;
use crate::ours::Ours;
use crate::workload::play;

/// Number of times that a thread goes through the logs, and number of times that is timed.
const ROUNDS: u32 = 3;
const PASSES: u32 = 7;

/// Times one thread, and two at the same time, that run the logs with an instance each of shared
/// modules. The clock is elapsed time, so other work of the machine counts.
///
/// # Errors
/// When the engine refuses a program.
pub fn time(engine: &Ours, task: &Task, figures: &mut Figures) -> Result<(), String> {
    let modules = task.logs.iter().map(|log| {
        let program = engine.adapt(&log.program, log.arguments.len())?;
        engine.compile(&program)
    });
    let modules: Vec<_> = modules.collect::<Result<_, String>>()?;
    let work = |barrier: &Barrier| {
        let adapt = |log: &_| engine.adapt(log, 0).expect("adapted before");
        let programs: Vec<_> = task.logs.iter().map(|log| adapt(&log.program)).collect();
        let play_all = || {
            for ((program, module), log) in programs.iter().zip(&modules).zip(&task.logs) {
                let machine = engine.instantiate(module, program, &log.arguments);
                play(&mut machine.expect("as for every engine"), log);
            }
        };
        play_all();
        barrier.wait();
        // Each thread looks at the clock itself: one that only waits for the others may get a
        // processor when they are through.
        let start = Instant::now();
        (0..ROUNDS).for_each(|_| play_all());
        (start, Instant::now())
    };
    for (name, count) in [("threads.one", 1), ("threads.two", 2)].repeat(PASSES as usize) {
        let barrier = Barrier::new(count);
        let times: Vec<_> = std::thread::scope(|scope| {
            let threads: Vec<_> = (0..count).map(|_| scope.spawn(|| work(&barrier))).collect();
            threads.into_iter().map(|thread| thread.join().expect("it did before")).collect()
        });
        let start = times.iter().map(|(start, _)| *start).min();
        let end = times.iter().map(|(_, end)| *end).max();
        if let Some((start, end)) = start.zip(end) {
            figures.set_time(name, end.duration_since(start));
        }
    }
    Ok(())
}
