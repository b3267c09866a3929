//! Compares the engine with its peers and with native code: one run, one table.
//!
//! `cargo xtask bench`. The logs are those of the public archive (folder `dev/ecalli/storage` in
//! `$JAMBOX_VECTORS`, or in `../shared/vectors` beside the checkout).

use std::path::{Path, PathBuf};
use std::process::{Command, ExitCode, Stdio};
use std::time::{Duration, Instant};

use jambox_bench::engines::{self, Entry, Kind, Owner};
use jambox_bench::figures::Figures;
use jambox_bench::measure::Task;
use jambox_bench::report::{self, Place};
use jambox_bench::table::{self, Row};
use jambox_bench::{aims, log, workload};
use jambox_isa::Revision;

const USAGE: &str = "usage: compare [interpreter | recompiler] [--revision REVISION] [--rounds N] \
                     [--json] [--save]";

/// Number of times that each engine is measured, in turn with the others.
const PASSES: u32 = 3;

/// The longest time that an engine may take for a pass. Workers that have to share a processor with
/// other work of the machine can take very long.
const PATIENCE: Duration = Duration::from_secs(300);

struct Options {
    /// Engines of this kind only, and native code.
    only: Option<Kind>,
    /// The revision whose programs are run.
    revision: Revision,
    /// The most times that each thing is timed in a pass.
    rounds: u32,
    is_json: bool,
    is_saved: bool,
    /// Measure this engine here and print its figures.
    engine: Option<String>,
    /// Measure only the first run in a new process.
    is_once: bool,
}

fn main() -> ExitCode {
    let Some(options) = options() else {
        eprintln!("{USAGE}");
        return ExitCode::from(2);
    };
    let done = match &options.engine {
        Some(name) => measure_here(name, &options).map(|()| true),
        None => compare(&options),
    };
    match done {
        Ok(true) => ExitCode::SUCCESS,
        Ok(false) => ExitCode::FAILURE,
        Err(problem) => {
            eprintln!("{problem}");
            ExitCode::from(2)
        }
    }
}

fn options() -> Option<Options> {
    let mut options = Options {
        only: None,
        revision: Revision::GrayPaper080,
        rounds: 30,
        is_json: false,
        is_saved: false,
        engine: None,
        is_once: false,
    };
    let mut words = std::env::args().skip(1);
    while let Some(word) = words.next() {
        match word.as_str() {
            "interpreter" => options.only = Some(Kind::Interpreter),
            "recompiler" => options.only = Some(Kind::Recompiler),
            "--revision" => options.revision = words.next()?.parse().ok()?,
            "--rounds" => options.rounds = words.next()?.parse().ok()?,
            "--json" => options.is_json = true,
            "--save" => options.is_saved = true,
            "--once" => options.is_once = true,
            "--engine" => options.engine = Some(words.next()?),
            _ => return None,
        }
    }
    Some(options)
}

fn bench() -> &'static Path {
    Path::new(env!("CARGO_MANIFEST_DIR"))
}

/// The folder of the logs, if it is there.
fn logs() -> Option<PathBuf> {
    let archive = std::env::var_os("JAMBOX_VECTORS")
        .map_or_else(|| bench().join("../../shared/vectors"), PathBuf::from);
    Some(archive.join("dev/ecalli/storage")).filter(|folder| folder.is_dir())
}

fn measure_here(name: &str, options: &Options) -> Result<(), String> {
    let all = engines::all(options.revision);
    let entry = all.iter().find(|entry| entry.name == name).ok_or("no such engine")?;
    let kernels = bench().join("kernels");
    let folder = logs();
    let logs = folder.as_deref().map_or_else(|| Ok(Vec::new()), log::read_folder)?;
    let task = Task {
        logs: logs.into_iter().map(|log| log.under(options.revision)).collect(),
        folder,
        kernels: workload::read_kernels(&kernels)?,
        rounds: options.rounds,
        is_once: options.is_once,
    };
    let mut figures = Figures::default();
    entry.run(&kernels, &task, &mut figures)?;
    print!("{figures}");
    Ok(())
}

fn compare(options: &Options) -> Result<bool, String> {
    let is_wanted = |entry: &Entry| {
        options.only.is_none_or(|only| entry.kind == only || entry.kind == Kind::Native)
    };
    let entries = engines::all(options.revision).into_iter().filter(is_wanted);
    let empty = |entry| Row { entry, figures: Ok(Figures::default()) };
    let mut rows: Vec<Row> = entries.map(empty).collect();
    for pass in 1..=PASSES {
        for row in &mut rows {
            eprintln!("{pass} of {PASSES}: {}", row.entry.name);
            measure_elsewhere(row, options);
        }
    }
    let place = Place::here();
    let aims = aims::of(options.revision, &rows);
    if options.is_json {
        print!("{}", report::json(options.revision, &rows, &aims, &place));
    } else {
        print!("{}\n{}", table::render(&rows, false), report::outcomes(&aims));
        if logs().is_none() {
            println!("skipped: the logs are not there; set JAMBOX_VECTORS");
        }
    }
    if options.is_saved {
        let folder = bench().join("results").join(options.revision.name());
        report::save(&folder, options.revision, &rows, &aims, &place)
            .map_err(|error| error.to_string())?;
    }
    let ratios = aims::interpreter(&rows);
    let is_fast = options.only != Some(Kind::Interpreter) || ratios.iter().all(|aim| aim.is_met);
    Ok(is_fast && rows.iter().all(is_sound))
}

/// True if an engine, if it is ours, ran and did everything as it has to be done.
fn is_sound(row: &Row) -> bool {
    row.entry.owner != Owner::Ours || row.figures.is_ok() && row.is_right()
}

/// Measures an engine in a process of its own and adds its figures, unless it failed before.
fn measure_elsewhere(row: &mut Row, options: &Options) {
    let Ok(figures) = &mut row.figures else { return };
    let mut measure = |more: &[&str]| run(&row.entry, options.rounds, more, figures);
    let mut done = measure(&[]);
    if row.entry.kind != Kind::Native {
        done = done.and_then(|()| measure(&["--once"]));
    }
    if let Err(problem) = done {
        row.figures = Err(problem);
    }
}

fn run(entry: &Entry, rounds: u32, more: &[&str], figures: &mut Figures) -> Result<(), String> {
    let this = std::env::current_exe().map_err(|error| error.to_string())?;
    let mut command = Command::new(this);
    command.args(["--engine", entry.name, "--rounds", &rounds.to_string()]);
    command.args(["--revision", entry.revision.name()]).args(more);
    let child = command.stdout(Stdio::piped()).stderr(Stdio::piped()).spawn();
    let mut child = child.map_err(|error| error.to_string())?;
    let started = Instant::now();
    // The child's output fits in the pipes.
    while child.try_wait().is_ok_and(|status| status.is_none()) {
        if started.elapsed() > PATIENCE {
            let _ = child.kill();
            let _ = child.wait();
            return Err(format!("it was not done after {} s", PATIENCE.as_secs()));
        }
        std::thread::sleep(Duration::from_millis(20));
    }
    let output = child.wait_with_output().map_err(|error| error.to_string())?;
    let text = String::from_utf8_lossy(&output.stderr).into_owned();
    eprint!("{text}");
    if !output.status.success() {
        let first = text.lines().next().unwrap_or_default();
        return Err(format!("{}, {first}", output.status));
    }
    figures.read(&String::from_utf8_lossy(&output.stdout))
}
