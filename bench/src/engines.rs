//! The engines, each measured in a process of its own: signal handlers, allocators and pinned
//! threads of one are nothing to another.

use std::path::Path;

use jambox_engine::{Backend, Config};
use jambox_isa::Revision;

use crate::clock::Clock;
use crate::figures::Figures;
use crate::measure::{Task, measure};
use crate::ours::Ours;
use crate::{inner, native, threads};

/// An engine's way of executing.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Kind {
    Native,
    Interpreter,
    Recompiler,
    /// The mode that the engine finds best.
    Auto,
}

/// The owner of an engine.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Owner {
    Compiler,
    Ours,
    Peer,
}

/// An engine in the comparison.
pub struct Entry {
    pub name: &'static str,
    pub owner: Owner,
    pub kind: Kind,
    /// The way of taking gas; empty for none.
    pub gas: &'static str,
    pub clock: Clock,
    /// The revision of the paper that the programs are in.
    pub revision: Revision,
    measure: fn(&Entry, &Path, &Task, &mut Figures) -> Result<(), String>,
}

impl Entry {
    /// True if its gas is the paper's.
    #[must_use]
    pub fn is_exact(&self) -> bool {
        self.gas == EXACT
    }

    /// Measures the engine.
    ///
    /// # Errors
    /// When it cannot be run here.
    pub fn run(&self, kernels: &Path, task: &Task, figures: &mut Figures) -> Result<(), String> {
        (self.measure)(self, kernels, task, figures)
    }
}

const EXACT: &str = "exact";
#[cfg(any(feature = "polkavm-0-30", feature = "polkavm-0-37"))]
const BLOCK: &str = "block";
#[cfg(any(feature = "javm-0-4", feature = "anan-as"))]
const OTHER: &str = "other";

/// The engines that were built in and can be compared under a revision, in the order of the table.
#[must_use]
pub fn all(revision: Revision) -> Vec<Entry> {
    let mut all = vec![
        Entry {
            name: "native",
            owner: Owner::Compiler,
            kind: Kind::Native,
            gas: "none",
            clock: Clock::Processor,
            revision,
            measure: limit,
        },
        ours(revision, "jambox interpreter", Kind::Interpreter, |entry, _, task, figures| {
            jambox(Backend::Interpreter, entry, task, figures)
        }),
        ours(revision, "jambox recompiler", Kind::Recompiler, |entry, _, task, figures| {
            jambox(Backend::Recompiler, entry, task, figures)
        }),
        ours(revision, "jambox auto", Kind::Auto, |entry, _, task, figures| {
            jambox(Backend::AUTO, entry, task, figures)
        }),
    ];
    all.extend(peers(revision));
    all
}

fn ours(
    revision: Revision,
    name: &'static str,
    kind: Kind,
    measure: fn(&Entry, &Path, &Task, &mut Figures) -> Result<(), String>,
) -> Entry {
    let (owner, clock) = (Owner::Ours, Clock::Processor);
    Entry { name, owner, kind, gas: EXACT, clock, revision, measure }
}

fn jambox(
    backend: Backend,
    entry: &Entry,
    task: &Task,
    figures: &mut Figures,
) -> Result<(), String> {
    let config = Config { revision: entry.revision, backend, ..Config::default() };
    let engine = Ours::new(config)?;
    measure(&engine, entry, task, figures)?;
    if task.is_once {
        return Ok(());
    }
    threads::time(&engine, task, figures)?;
    if let Some(log) = task.logs.first() {
        figures.set("block-costs", engine.gas_plan_time(&log.program)?);
    }
    figures.set_time("inner-machine", inner::time(config)?);
    Ok(())
}

fn limit(_: &Entry, folder: &Path, task: &Task, figures: &mut Figures) -> Result<(), String> {
    for kernel in &task.kernels {
        let time = native::time(folder, &kernel.name, task.rounds)?;
        figures.set(format!("kernel.warm.{}", kernel.name), time);
    }
    Ok(())
}

fn peers(revision: Revision) -> Vec<Entry> {
    #[cfg_attr(
        not(any(
            feature = "polkavm-0-30",
            feature = "polkavm-0-37",
            feature = "javm-0-4",
            feature = "anan-as"
        )),
        expect(unused_mut, reason = "there are no peers")
    )]
    let mut all = Vec::new();
    match revision {
        Revision::GrayPaper072 => {
            #[cfg(feature = "polkavm-0-30")]
            polkavm!(all, revision, BLOCK, "polkavm 0.30.0", crate::peers::polkavm_0_30::engine);
            #[cfg(feature = "polkavm-0-37")]
            polkavm!(all, revision, BLOCK, "polkavm 0.37.0", crate::peers::polkavm_0_37::engine);
        }
        Revision::GrayPaper080 => {
            #[cfg(feature = "polkavm-0-37")]
            polkavm!(all, revision, EXACT, "polkavm 0.37.0", crate::peers::polkavm_0_37::engine);
        }
    }
    #[cfg(feature = "javm-0-4")]
    {
        use crate::peers::javm::{Interpreter, Recompiler};
        let peer = |name, kind, measure| Entry {
            name,
            owner: Owner::Peer,
            kind,
            gas: OTHER,
            clock: Clock::Processor,
            revision,
            measure,
        };
        all.push(peer("javm 0.4.0 interpreter", Kind::Interpreter, |entry, _, task, figures| {
            measure(&Interpreter, entry, task, figures)
        }));
        all.push(peer("javm 0.4.0 recompiler", Kind::Recompiler, |entry, _, task, figures| {
            measure(&Recompiler, entry, task, figures)
        }));
    }
    // It replays the logs as they are, which are those of 0.7.2.
    #[cfg(feature = "anan-as")]
    if revision == Revision::GrayPaper072 {
        all.push(Entry {
            name: "anan-as 1.2.0, whole processes",
            owner: Owner::Peer,
            kind: Kind::Interpreter,
            gas: OTHER,
            clock: Clock::Processor,
            revision,
            measure: |_, _, task, figures| {
                use crate::peers::anan_as;
                let folder = task.folder.as_ref().ok_or("the logs are not there")?;
                if task.is_once {
                    anan_as::measure(folder, &task.logs, figures)
                } else {
                    anan_as::command().map(drop)
                }
            },
        });
    }
    all
}

/// The ways to run a version of polkavm: `$gas` is how its gas compares with the paper's where it
/// is taken by block.
#[cfg(any(feature = "polkavm-0-30", feature = "polkavm-0-37"))]
macro_rules! polkavm {
    ($all:ident, $revision:ident, $gas:expr, $version:literal, $engine:path) => {{
        use $engine as engine;
        if $gas == BLOCK {
            polkavm!(
                $all, $revision, engine, $version " interpreter", Interpreter, EXACT, Processor
            );
        }
        polkavm!(
            $all, $revision, engine, $version " interpreter, block gas", Blockwise, $gas, Processor
        );
        polkavm!(
            $all, $revision, engine, $version " recompiler, in-process", InProcess, $gas, Processor
        );
        polkavm!($all, $revision, engine, $version " recompiler, worker", Worker, $gas, Wall);
    }};
    ($all:ident, $revision:ident, $engine:ident, $version:literal $name:literal, $mode:ident,
     $gas:expr, $clock:ident) => {
        $all.push(Entry {
            name: concat!($version, $name),
            owner: Owner::Peer,
            kind: $engine::Mode::$mode.kind(),
            gas: $gas,
            clock: Clock::$clock,
            revision: $revision,
            measure: |entry, _, task, figures| {
                let engine = $engine::Polkavm::new($engine::Mode::$mode, entry.revision)?;
                measure(&engine, entry, task, figures)
            },
        })
    };
}
#[cfg(any(feature = "polkavm-0-30", feature = "polkavm-0-37"))]
use polkavm;
