//! Compares the interpreter with polkavm's: service logs and compute kernels, one run, one table.
//!
//! `cargo xtask bench interpreter [rounds]`. The logs are those of the public archive (folder
//! `dev/ecalli/storage` in `$JAMBOX_VECTORS`, or in `../shared/vectors` beside the checkout).

use std::path::{Path, PathBuf};
use std::process::ExitCode;

use jambox_bench::log;
use jambox_bench::machine::Ours;
use jambox_bench::measure::{Phase, Times, both};
use jambox_bench::peer_polkavm::Polkavm;
use jambox_bench::workload::{self, Differences, Workload, check};
use jambox_engine::{Backend, Config};

/// How many times as fast as the peer this project says to be, on logs and on kernels.
const REQUIRED_RATIO: f64 = 3.0;

fn main() -> ExitCode {
    let rounds = std::env::args().nth(1).map_or(Ok(20), |rounds| rounds.parse());
    let Ok(rounds) = rounds else {
        eprintln!("usage: interpreter [rounds]");
        return ExitCode::from(2);
    };
    match run(rounds) {
        Ok(true) => ExitCode::SUCCESS,
        Ok(false) => ExitCode::FAILURE,
        Err(problem) => {
            eprintln!("{problem}");
            ExitCode::from(2)
        }
    }
}

fn run(rounds: u32) -> Result<bool, String> {
    let bench = Path::new(env!("CARGO_MANIFEST_DIR"));
    let archive = std::env::var_os("JAMBOX_VECTORS")
        .map_or_else(|| bench.join("../../shared/vectors"), PathBuf::from);
    let folder = archive.join("dev/ecalli/storage");
    let (ours, theirs) =
        (Ours::new(Config { backend: Backend::Interpreter, ..Config::default() }), Polkavm::new());
    println!(
        "Execution time, jambox interpreter against polkavm 0.30.0 interpreter (JamV1, gas per"
    );
    println!("instruction). Minimum of {rounds} interleaved rounds; medians in brackets.\n");

    let mut passed = true;
    if folder.is_dir() {
        let logs = log::read_folder(&folder)?;
        passed &= agree(&ours, &theirs, &logs);
        println!("\n{} executions of the `storage` logs, sum:", logs.len());
        let times = both(&ours, &theirs, &logs, rounds);
        let ratios = Phase::ALL.map(|phase| row(phase.name(), phase, &times));
        passed &= ratios[0] >= REQUIRED_RATIO;
    } else {
        println!("skipped: {} is not there; set JAMBOX_VECTORS", folder.display());
    }

    let kernels = workload::read_kernels(&bench.join("kernels"))?;
    println!();
    passed &= agree(&ours, &theirs, &kernels);
    println!("\nkernels, warm:");
    let times = both(&ours, &theirs, &kernels, rounds);
    let ratio = |(kernel, times): (&Workload, &(Times, Times))| {
        row(&kernel.name, Phase::Warm, std::slice::from_ref(times))
    };
    let logs: f64 = kernels.iter().zip(&times).map(ratio).map(f64::ln).sum();
    let mean = (logs / kernels.len() as f64).exp();
    println!("  {:<12} {:>49.2} x", "geomean", mean);
    passed &= mean >= REQUIRED_RATIO;
    println!(
        "\n{} (at least {REQUIRED_RATIO} x, no differences)",
        if passed { "passed" } else { "FAILED" }
    );
    Ok(passed)
}

/// Runs everything on both engines once and compares.
fn agree(ours: &Ours, theirs: &Polkavm, workloads: &[Workload]) -> bool {
    let (mut our_differences, mut their_differences) =
        (Differences::default(), Differences::default());
    let (mut gas, mut gas_differences) = (0, 0);
    for workload in workloads {
        let our_gas = check(ours, workload, &mut our_differences);
        let their_gas = check(theirs, workload, &mut their_differences);
        gas_differences += usize::from(our_gas != their_gas);
        gas += our_gas;
    }
    gas_differences += our_differences.gas;
    println!(
        "{} executions, {gas} gas: {gas_differences} gas differences, {} others (polkavm: {}, {})",
        workloads.len(),
        our_differences.other,
        their_differences.gas,
        their_differences.other
    );
    gas_differences == 0 && our_differences.other == 0
}

/// Prints the sums of a phase and returns their ratio.
fn row(name: &str, phase: Phase, times: &[(Times, Times)]) -> f64 {
    let sum = |time: fn(&(Times, Times), Phase) -> f64| -> f64 {
        times.iter().map(|both| time(both, phase)).sum::<f64>() * 1e3
    };
    let (ours, theirs) =
        (sum(|both, phase| both.0.min(phase)), sum(|both, phase| both.1.min(phase)));
    let our_median = sum(|both, phase| both.0.median(phase));
    let their_median = sum(|both, phase| both.1.median(phase));
    println!(
        "  {name:<12} {ours:>9.3} ms ({our_median:>8.3}) {theirs:>10.3} ms ({their_median:>8.3}) {:>6.2} x",
        theirs / ours
    );
    theirs / ours
}
