//! Costs of recording and of going back: `cargo xtask bench debug`. Fails where they are more than
//! they may be.
//!
//! A program of a hundred million instructions, which writes over a MiB of memory again and again,
//! is run alone and recorded, and gone back in by one instruction from places all over it.

use std::collections::BTreeMap;
use std::process::ExitCode;
use std::sync::LazyLock;
use std::time::{Duration, Instant};

use jambox_asm::{Dialect, assemble};
use jambox_debug::{Bounds, Recorder, Recording, Session, Target};
use jambox_engine::{Backend, Config, Engine, Exit, Instance, StandardModule};
use jambox_isa::{InstructionSet, Revision};
use jambox_program::StandardProgram;
use jambox_types::Hash;

/// Ten instructions a round.
const PROGRAM: &str = "
.stack_size 4096
.rw
memory: .zero 0x101000
.code
    load_imm s0, 10_000_000
    load_imm t0, 0
    fallthrough
round:
    add_imm_64 t0, t0, 72
    and_imm t1, t0, 0xfffff
    load_ind_u64 t2, [t1 + memory]
    add_64 t2, t2, t0
    store_ind_u64 [t1 + memory], t2
    xor a0, a0, t2
    mul_imm_64 a1, a0, 31
    or a2, a1, t2
    add_imm_64 s0, s0, -1
    branch_ne_imm s0, 0, round
    trap
";

/// Number of times that a run is timed; the quickest counts.
const ROUNDS: usize = 3;

/// Number of places from which one goes back.
const PLACES: u64 = 24;

/// Time that going back may take, and the factor on the plain run's time that recording may take.
const LONGEST_BACK: Duration = Duration::from_millis(100);
const MOST_RECORDING: f64 = 2.0;

fn instance(revision: Revision) -> Instance {
    let dialect = Dialect { set: InstructionSet::of(revision), host_calls: &[] };
    let assembly = assemble(PROGRAM, &dialect).expect("the program is right");
    let standard: &StandardProgram = assembly.container.standard().expect("it is a standard one");
    let config = Config { revision, backend: Backend::Interpreter, ..Config::default() };
    let engine = Engine::new(config).expect("the interpreter is everywhere");
    let ready = StandardModule::new(&engine, standard.clone()).expect("it is valid");
    let mut instance = ready.instance(&[]).expect("there is memory");
    instance.set_gas(1 << 40);
    instance
}

/// The processor time that this thread has had, so that other work on the machine does not count;
/// where the system does not tell it, the time that has passed.
fn now() -> Duration {
    static START: LazyLock<Instant> = LazyLock::new(Instant::now);
    let told = std::fs::read_to_string("/proc/thread-self/schedstat").ok();
    let nanoseconds = told.and_then(|text| text.split(' ').next()?.parse().ok());
    nanoseconds.map_or_else(|| START.elapsed(), Duration::from_nanos)
}

fn timed<T>(run: impl FnOnce() -> T) -> (T, Duration) {
    let start = now();
    let result = run();
    (result, now().saturating_sub(start))
}

fn plain(revision: Revision) -> Duration {
    let once = |_| {
        let mut instance = instance(revision);
        let (exit, time) = timed(|| instance.run());
        assert_eq!(exit, Exit::Panic);
        time
    };
    (0..ROUNDS).map(once).min().unwrap_or_default()
}

fn recorded(revision: Revision, bounds: Bounds) -> (Recording, Duration) {
    let symbols = BTreeMap::new();
    let once = |_| {
        let mut instance = instance(revision);
        let recorder = Recorder::new(Target::Refine(0), bounds, &symbols);
        timed(|| recorder.record_program(&mut instance, Hash::ZERO).expect("it ran"))
    };
    (0..ROUNDS).map(once).min_by_key(|(_, time)| *time).expect("there is a round")
}

/// Prints a figure and its verdict, which it returns.
fn told(what: &str, figure: &str, is_well: bool) -> bool {
    println!("  {what:<34} {figure}{}", if is_well { "" } else { "  TOO MUCH" });
    is_well
}

fn measure(revision: Revision) -> bool {
    println!("{revision}, interpreter");
    let plain = plain(revision);
    let mut is_well = told("plain run", &format!("{plain:.0?}"), true);
    for mebibytes in [256, 16] {
        let bounds = Bounds { octets: mebibytes << 20, ..Bounds::default() };
        let (recording, time) = recorded(revision, bounds);
        let times = time.as_secs_f64() / plain.as_secs_f64();
        is_well &= told(
            &format!("recording within {mebibytes} MiB"),
            &format!("{time:.0?}, {times:.2} times the plain run"),
            times <= MOST_RECORDING,
        );
        let octets = recording.octets();
        is_well &= told(
            "memory of the recording",
            &format!(
                "{:.1} MiB, {} states",
                octets as f64 / f64::from(1 << 20),
                recording.stretches.len()
            ),
            octets <= bounds.octets && !recording.is_cut,
        );
        let mut session = Session::new(recording).expect("it has a start");
        let (all, time) = timed(|| session.starts().last().copied().unwrap_or(0));
        is_well &= told("instructions", &all.to_string(), all > 100_000_000);
        is_well &= told("first pass over them", &format!("{time:.1?}"), true);
        let back = |place: u64| {
            session.seek_instruction(all - all / PLACES * place);
            let (_, time) = timed(|| session.step_back());
            time
        };
        let longest = (0..PLACES).map(back).max().unwrap_or_default();
        is_well &= told(
            &format!("back by one, longest of {PLACES}"),
            &format!("{longest:.1?}"),
            // With less memory, states are rarer.
            bounds != Bounds::default() || longest < LONGEST_BACK,
        );
    }
    is_well
}

fn main() -> ExitCode {
    let is_well = Revision::ALL.map(measure).into_iter().all(|is_well| is_well);
    if is_well { ExitCode::SUCCESS } else { ExitCode::FAILURE }
}
