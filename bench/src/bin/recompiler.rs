//! Compares the recompiler with polkavm's (in-process) and with native code: service logs, compute
//! kernels and single operations, one run.
//!
//! `cargo xtask bench recompiler [rounds]`. The logs are those of the public archive, as for the
//! interpreter. polkavm's recompiler charges whole blocks, so its gas is not the paper's; ours is,
//! and is checked here.

use std::path::{Path, PathBuf};
use std::process::ExitCode;

use jambox_bench::machine::Ours;
use jambox_bench::measure::{Phase, Times, both};
use jambox_bench::peer_polkavm::Polkavm;
use jambox_bench::workload::{self, Differences, Workload, check};
use jambox_bench::{log, native, small};
use jambox_engine::{Backend, Config};

fn main() -> ExitCode {
    let rounds = std::env::args().nth(1).map_or(Ok(20), |rounds| rounds.parse());
    let Ok(rounds) = rounds else {
        eprintln!("usage: recompiler [rounds]");
        return ExitCode::from(2);
    };
    match run(rounds) {
        Ok(()) => ExitCode::SUCCESS,
        Err(problem) => {
            eprintln!("{problem}");
            ExitCode::from(2)
        }
    }
}

fn run(rounds: u32) -> Result<(), String> {
    let bench = Path::new(env!("CARGO_MANIFEST_DIR"));
    let archive = std::env::var_os("JAMBOX_VECTORS")
        .map_or_else(|| bench.join("../../shared/vectors"), PathBuf::from);
    let folder = archive.join("dev/ecalli/storage");
    let ours = Ours::new(Config { backend: Backend::Recompiler, ..Config::default() });
    let theirs = Polkavm::recompiler()?;
    println!("jambox recompiler (exact gas) against polkavm 0.30.0 recompiler, in-process (gas by");
    println!("block). Processor time, minimum of {rounds} interleaved rounds.\n");
    if folder.is_dir() {
        let logs = log::read_folder(&folder)?;
        agree(&ours, &logs);
        println!("{} executions of the `storage` logs, sum:", logs.len());
        let times = both(&ours, &theirs, &logs, rounds);
        for phase in Phase::ALL {
            let sum = |time: fn(&(Times, Times), Phase) -> f64| -> f64 {
                times.iter().map(|both| time(both, phase)).sum::<f64>() * 1e3
            };
            let (ours, theirs) =
                (sum(|both, phase| both.0.min(phase)), sum(|both, phase| both.1.min(phase)));
            let (name, ratio) = (phase.name(), theirs / ours);
            println!("  {name:<12} {ours:>9.3} ms {theirs:>10.3} ms {ratio:>6.2} x");
        }
    } else {
        println!("skipped: {} is not there; set JAMBOX_VECTORS", folder.display());
    }
    kernels(&ours, &theirs, &bench.join("kernels"), rounds)?;
    singles()
}

/// Says how our gas and state compare with the logs and the natively computed results.
fn agree(ours: &Ours, workloads: &[Workload]) {
    let mut differences = Differences::default();
    let gas: u64 = workloads.iter().map(|workload| check(ours, workload, &mut differences)).sum();
    let Differences { gas: of_gas, other } = differences;
    println!("{} executions, {gas} gas: {of_gas} gas differences, {other} others", workloads.len());
}

fn kernels(ours: &Ours, theirs: &Polkavm, folder: &Path, rounds: u32) -> Result<(), String> {
    let kernels = workload::read_kernels(folder)?;
    println!();
    agree(ours, &kernels);
    println!("kernels, warm: native, ours / native, polkavm / native");
    let times = both(ours, theirs, &kernels, rounds);
    let (mut our_product, mut their_product, mut compiler) = (1.0, 1.0, String::new());
    for (kernel, (our_times, their_times)) in kernels.iter().zip(&times) {
        let (native, name) = native::time(folder, &kernel.name, rounds)?;
        compiler = name;
        let our_ratio = our_times.min(Phase::Warm) / native;
        let their_ratio = their_times.min(Phase::Warm) / native;
        our_product *= our_ratio;
        their_product *= their_ratio;
        println!(
            "  {:<12} {:>9.3} ms {our_ratio:>6.2} x {their_ratio:>6.2} x",
            kernel.name,
            native * 1e3
        );
    }
    let root = |product: f64| product.powf(1.0 / kernels.len() as f64);
    println!(
        "  {:<12} {:>12} {:>6.2} x {:>6.2} x   (native: {compiler} -O2)",
        "geomean",
        "",
        root(our_product),
        root(their_product)
    );
    Ok(())
}

fn singles() -> Result<(), String> {
    println!("\nsingle operations, ours:");
    println!(
        "  {:<14} {:>10} {:>10} {:>10} {:>14}",
        "", "host call", "fault", "instance", "inner machine"
    );
    for backend in [Backend::Interpreter, Backend::Recompiler, Backend::AUTO] {
        let costs = small::measure(backend)?;
        println!(
            "  {:<14} {:>10.1?} {:>10.1?} {:>10.1?} {:>14.1?}",
            backend.to_string(),
            costs.host_call,
            costs.fault,
            costs.instance,
            costs.inner_machine
        );
    }
    Ok(())
}
