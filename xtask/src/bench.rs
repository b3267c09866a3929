//! `cargo xtask bench`: measurements of costs, and the comparisons in `bench/`, a workspace of its
//! own.

use std::path::PathBuf;
use std::process::Command;

use jambox_types::Revision;
use jambox_vectors::archive;

use crate::command::{cache, cargo, root, succeed};

/// Options of `cargo xtask bench`. Without a view: every engine in one table.
#[derive(clap::Args)]
pub struct Options {
    #[command(subcommand)]
    view: Option<View>,
    /// Largest number of timings of each measurement, in each of three passes.
    #[arg(long, global = true, default_value_t = 30)]
    rounds: u32,
    /// Print numbers for machines instead of a table.
    #[arg(long, global = true)]
    json: bool,
    /// Write the page, picture and numbers in bench/results anew.
    #[arg(long)]
    save: bool,
    /// The revision of the paper whose programs are run.
    #[arg(long, global = true, default_value_t = Revision::GrayPaper080)]
    revision: Revision,
    /// Leave out a peer, for instance because it cannot be built here.
    #[arg(long, global = true, value_name = "PEER", value_parser = PEERS)]
    without: Vec<String>,
}

/// The peers, as the comparison's features are called.
const PEERS: [&str; 4] = ["polkavm-0-30", "polkavm-0-37", "javm-0-4", ANAN_AS];

/// The peer that is no crate but a package of npm, and its release.
const ANAN_AS: &str = "anan-as";
const ANAN_AS_PACKAGE: &str = "@fluffylabs/anan-as@1.2.0";

#[derive(clap::Subcommand)]
enum View {
    /// The interpreters only. Fails when ours is not three times as fast as polkavm 0.30's.
    Interpreter,
    /// The recompilers only.
    Recompiler,
    /// Blocks: those of public traces, and some on a chain of many entries. Fails when they exceed
    /// their limits of time or memory.
    Blocks {
        /// Number of entries of the chain.
        #[arg(long, default_value_t = 1_000_000)]
        entries: u32,
    },
    /// The cost of recording an invocation, and of going back in one of a hundred million
    /// instructions. Fails when it exceeds its limit.
    Debug,
    /// The host's time for a unit of gas, for every host call and instruction. Fails when one takes
    /// more than a microsecond and is not listed with its reason.
    Costs,
}

/// Builds and runs a benchmark.
pub fn run(options: &Options) -> Result<(), String> {
    let variable = std::env::var_os(archive::VARIABLE);
    let found = archive::find_at(&archive::GRAY_PAPER_072, variable.as_deref(), &root(), &cache());
    let vectors = found.map_err(|error| error.to_string())?;
    match options.view {
        Some(View::Interpreter) => comparison(Some("interpreter"), vectors, options),
        Some(View::Recompiler) => comparison(Some("recompiler"), vectors, options),
        Some(View::Blocks { entries }) => blocks(vectors, entries),
        Some(View::Costs) => crate_bench("jambox-invocation", "costs"),
        Some(View::Debug) => crate_bench("jambox-debug", "revisiting"),
        None => comparison(None, vectors, options),
    }
}

fn blocks(vectors: Option<PathBuf>, entries: u32) -> Result<(), String> {
    let mut command = cargo();
    command.args(["run", "--quiet", "--release", "--package", "jambox-vectors"]);
    command.args(["--example", "bench-blocks", "--", "--entries", &entries.to_string()]);
    succeed(command.args(vectors))
}

fn crate_bench(package: &str, name: &str) -> Result<(), String> {
    succeed(cargo().args(["bench", "--quiet", "--package", package, "--bench", name]))
}

fn comparison(
    view: Option<&str>,
    vectors: Option<PathBuf>,
    options: &Options,
) -> Result<(), String> {
    let mut command = cargo();
    if let Some(vectors) = vectors {
        command.env(archive::VARIABLE, vectors);
    }
    command.args([
        "run",
        "--quiet",
        "--release",
        "--locked",
        "--manifest-path",
        "bench/Cargo.toml",
    ]);
    command.arg("--target-dir").arg(cache().join("bench"));
    if !options.without.is_empty() {
        let is_there = |peer: &&str| !options.without.iter().any(|without| without == peer);
        let peers: Vec<_> = PEERS.into_iter().filter(is_there).collect();
        command.args(["--no-default-features", "--features", &peers.join(",")]);
    }
    // The logs, all that it can run, are of this revision.
    let is_compared = options.revision == Revision::GrayPaper072
        && view != Some("recompiler")
        && !options.without.iter().any(|without| without == ANAN_AS);
    if is_compared {
        match install_anan_as() {
            Ok(path) => drop(command.env("ANAN_AS", path)),
            Err(problem) => eprintln!("{ANAN_AS} is left out: {problem}"),
        }
    }
    command.arg("--").args(view).args(["--rounds", &options.rounds.to_string()]);
    command.args(["--revision", options.revision.name()]);
    command.args(options.json.then_some("--json"));
    command.args(options.save.then_some("--save"));
    succeed(&mut command)
}

/// Installs the package into the cache of chores, and gives the path of its command.
fn install_anan_as() -> Result<PathBuf, String> {
    let folder = cache().join(ANAN_AS);
    let mut install = Command::new("npm");
    install.args(["install", "--no-audit", "--no-fund", "--silent", "--prefix"]).arg(&folder);
    let status = install.arg(ANAN_AS_PACKAGE).status();
    let status = status.map_err(|error| format!("npm: {error}: apt-get install npm"))?;
    if status.success() {
        Ok(folder.join("node_modules/.bin").join(ANAN_AS))
    } else {
        Err(format!("npm install {ANAN_AS_PACKAGE}: {status}"))
    }
}
